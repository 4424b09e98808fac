//! The platform: splitting by receiver, transport nodes, and every error of table 7-1.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use std::collections::BTreeSet;

use stage::Declared;
use tongguan_crypto::{Scheme, TestSubject, provider};
use tongguan_messages::envelope::{Envelope, Opened, Report, open};
use tongguan_messages::{Level, Limits, SvNo, error_codes, read};
use tongguan_simulator::{Options, Reply, Scenario, Simulator};
use tongguan_xmldsig::{Enveloping, KeyInfo, Profile, Sm2Encoding};

const CLEARANCE: &str = "DXPEDCCEB0000002";
const US: &str = "DXPENT0000012345";
const OTHER: &str = "DXPENT0000054321";

fn platform(options: Options) -> Simulator {
    Simulator::new(Options {
        users: vec![US.to_owned(), OTHER.to_owned()],
        ..options
    })
    .unwrap()
}

fn order() -> Envelope {
    Declared::example("CEB311Message").envelope()
}

fn to(receivers: &[&str]) -> Envelope {
    let mut envelope = order();
    envelope.head.receiver_ids = receivers.iter().map(|id| (*id).to_owned()).collect();
    envelope
}

fn handled(platform: &Simulator, octets: &[u8]) -> Vec<Reply> {
    platform.handle(octets).unwrap()
}

fn report(reply: &Reply) -> Option<Report> {
    match open(&reply.octets, &Limits::default()).unwrap() {
        Opened::Report(report) => Some(report),
        _ => None,
    }
}

fn opened(reply: &Reply) -> Envelope {
    match open(&reply.octets, &Limits::default()).unwrap() {
        Opened::Envelope(envelope) => envelope,
        other => panic!("{other:?}"),
    }
}

/// The code of a report.
fn code(platform: &Simulator, octets: &[u8]) -> String {
    let replies = handled(platform, octets);
    report(&replies[0]).unwrap().responses[0].code.clone()
}

#[test]
fn a_message_is_split_for_its_receivers() {
    let platform = platform(Options::default());
    let all = ["DXPNOBODY1", OTHER, CLEARANCE, "DXPNOBODY2", US];
    let replies = handled(&platform, &to(&all).write().unwrap());
    // Who is not there is told of, each by its name; the others get their part.
    let response = &report(&replies[0]).unwrap().responses[0];
    assert_eq!(response.code, "2001");
    let missing: Vec<(&str, &str)> = response
        .results
        .iter()
        .map(|one| (one.receiver_id.as_str(), one.code.as_str()))
        .collect();
    assert_eq!(missing, [("DXPNOBODY1", "2001"), ("DXPNOBODY2", "2001")]);
    assert_eq!(response.original.receiver_ids, all);
    let parts: Vec<Envelope> = replies[1..].iter().map(opened).collect();
    let told: Vec<(&str, &str)> = parts
        .iter()
        .map(|part| {
            assert_eq!(part.head.receiver_ids.len(), 1);
            (
                part.head.receiver_ids[0].as_str(),
                part.head.msg_type.as_str(),
            )
        })
        .collect();
    let receipt = (US, "CEB312Message");
    assert_eq!(
        told,
        [
            (OTHER, "CEB311Message"),
            receipt,
            receipt,
            (US, "CEB311Message")
        ]
    );
    assert_eq!(parts[0].head.sender_id, US);
    assert_eq!(platform.declared().len(), 1);
    // Six are more than an envelope may name.
    let mut many = to(&[US; 5]).write().unwrap();
    assert_eq!(handled(&platform, &many).len(), 5);
    let text = String::from_utf8(many).unwrap();
    many = text
        .replacen(
            "<dxp:ReceiverId>",
            "<dxp:ReceiverId>X</dxp:ReceiverId><dxp:ReceiverId>",
            1,
        )
        .into_bytes();
    assert_eq!(code(&platform, &many), "0002");
}

/// The clearance service for exports is another receiver, and answers as itself.
#[test]
fn who_was_asked_answers() {
    let platform = platform(Options::default());
    let mut envelope = Declared::example("CEB303Message").envelope();
    envelope.head.receiver_ids = vec!["DXPEDCCEB0000003".into()];
    let replies = handled(&platform, &envelope.write().unwrap());
    assert!(
        replies
            .iter()
            .all(|r| opened(r).head.sender_id == "DXPEDCCEB0000003")
    );
}

#[test]
fn a_transport_node_hands_in_and_gets_back_in_its_own_envelope() {
    let platform = platform(Options::default());
    let from = SvNo {
        msg_id: "12345678202611230930000000000001".into(),
        sub_msg_id: Some("1".into()),
        send_time: "2026-11-23T09:30:00".into(),
        end_node: "87654321".into(),
        sta_node: "12345678".into(),
    };
    let octets = from.wrap(&to(&[CLEARANCE]).write().unwrap()).unwrap();
    let replies = handled(&platform, &octets);
    assert_eq!(replies.len(), 2);
    for reply in &replies {
        let parsed = read(&reply.octets, &Limits::default()).unwrap();
        let head = SvNo::of(&parsed.root).unwrap();
        assert_eq!(
            (head.end_node.as_str(), head.sta_node.as_str()),
            ("12345678", "87654321")
        );
        assert!(
            head.msg_id.starts_with("87654321") && head.msg_id.len() == 32,
            "{head:?}"
        );
        assert_eq!(opened(reply).head.receiver_ids, [US]);
    }
    // At the last node, a receiver that is no user of it is an error (8.1.3).
    let octets = from.wrap(&to(&["DXPNOBODY"]).write().unwrap()).unwrap();
    assert_eq!(code(&platform, &octets), "2001");
}

/// An envelope with a signature of its own, by a certificate that is valid for so many days.
fn signed(from_days: i64, days: i64) -> String {
    let subject = TestSubject {
        common_name: "node".into(),
        days,
        from_days,
    };
    let issued = provider()
        .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
        .unwrap();
    let key = provider().key_file(&issued.key_pem, None).unwrap().key;
    let certificate = provider().certificate(&issued.certificate_pem).unwrap();
    let plain = String::from_utf8(to(&[CLEARANCE]).write().unwrap()).unwrap();
    let (_, rest) = plain.split_once("<dxp:DxpMsg").unwrap();
    let body = format!("<dxp:DxpMsg{}", rest.strip_suffix("</dxp:DxpMsg>").unwrap());
    let namespaces = [("dxp", "http://www.chinaport.gov.cn/dxp")];
    let mut document = Enveloping::new(Profile::Sm2Sm3, &namespaces);
    document.push(body.as_bytes());
    let pending = document.prepare(b"</dxp:DxpMsg>");
    let value = key.sign(pending.signed_info()).unwrap();
    let info = KeyInfo {
        key_name: "1",
        certificate: &certificate.der,
    };
    let octets = pending.complete(&value, &info, Sm2Encoding::Raw).unwrap();
    String::from_utf8(octets).unwrap()
}

/// What the text defines happens to what is wrong so; the rest is the platform's own trouble, which a
/// scenario tells of.
#[test]
fn every_error_of_table_7_1_can_be_met() {
    let plain = platform(Options::default());
    let good = String::from_utf8(to(&[CLEARANCE]).write().unwrap()).unwrap();
    let mut met = BTreeSet::new();
    let mut meets = |platform: &Simulator, octets: &str, expected: &str| {
        assert_eq!(code(platform, octets.as_bytes()), expected);
        met.insert(expected.to_owned());
    };
    meets(&plain, &good[..good.len() / 2], "0001");
    meets(&plain, &good.replace("CopMsgId", "CopMessageId"), "0002");
    let replies = handled(&plain, to(&["DXPNOBODY"]).write().unwrap().as_slice());
    meets(
        &plain,
        &String::from_utf8(replies[0].octets.clone()).unwrap(),
        "0999",
    );
    meets(&plain, &good.replace(CLEARANCE, "DXPNOBODY"), "2001");
    let node = signed(0, 1);
    assert_eq!(handled(&plain, node.as_bytes())[0].message, "CEB312Message");
    meets(&plain, &node.replacen(US, OTHER, 1), "1004");
    let (before, value) = node.split_once("<ds:SignatureValue>").unwrap();
    let first = if value.starts_with('A') { 'B' } else { 'A' };
    let other = format!("{before}<ds:SignatureValue>{first}{}", &value[1..]);
    meets(&plain, &other, "1001");
    meets(&plain, &signed(-9, 2), "1002");
    let ca = TestSubject {
        common_name: "CA".into(),
        days: 1,
        from_days: 0,
    };
    let ca = provider()
        .issue_for_tests(Scheme::Sm2Sm3, &ca, None, None)
        .unwrap();
    let strict = platform(Options {
        trust: vec![provider().certificate(&ca.certificate_pem).unwrap()],
        ..Options::default()
    });
    meets(&strict, &node, "1999");
    let table = error_codes().filter(|known| known.level == Level::Platform);
    let table: Vec<&str> = table.map(|known| known.code).collect();
    assert_eq!(table.len(), 15);
    for code in table.iter().copied().chain(["4000", "9999"]) {
        let text = format!("[[cases]]\nreport = {code:?}");
        let said = platform(Options {
            scenario: Scenario::parse(&text).unwrap(),
            ..Options::default()
        });
        meets(&said, &good, code);
        assert!(said.declared().is_empty(), "{code}");
    }
    assert!(table.iter().all(|code| met.contains(*code)));
    assert!(Scenario::parse("[[cases]]\nreport = \"-621018\"").is_err());
}

/// The scenarios in the guide are read.
#[test]
fn the_pages_scenarios_are_taken() {
    let pages = [
        include_str!("../../docs/simulator.md"),
        include_str!("../../docs/simulator.zh.md"),
    ];
    for page in pages {
        let blocks = page.split("```toml\n").skip(1);
        let blocks: Vec<&str> = blocks.map(|b| b.split("```").next().unwrap()).collect();
        assert_eq!(blocks.len(), 2);
        for block in blocks {
            Scenario::parse(block).unwrap();
        }
    }
}
