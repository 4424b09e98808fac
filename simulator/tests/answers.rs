//! What the stand-in answers to good, bad and repeated envelopes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use tongguan_crypto::{Scheme, TestSubject, provider};
use tongguan_messages::envelope::{Envelope, Head, Opened, open};
use tongguan_messages::{
    Extent, Kind, Limits, Parsed, answers, closing, example, message, messages, opening, read,
    transfer,
};
use tongguan_simulator::{Ledger, Options, Reply, Simulator};
use tongguan_xmldsig::{Enveloping, KeyInfo, Profile, Sm2Encoding};

/// A signed CEB513 with one waybill status.
fn signed(guid: &str, number: &str, kind: &str) -> Vec<u8> {
    let subject = TestSubject {
        common_name: "test".into(),
        days: 1,
        from_days: 0,
    };
    let issued = provider()
        .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
        .unwrap();
    let key = provider().key_file(&issued.key_pem, None).unwrap().key;
    let certificate = provider().certificate(&issued.certificate_pem).unwrap();
    let known = message("CEB513Message").unwrap();
    let mut document = Enveloping::new(Profile::Sm2Sm3, &[(known.prefix, known.namespace)]);
    document.push(&opening(known, "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"));
    let fields = [
        ("guid", guid),
        ("appType", kind),
        ("appTime", "20261123093000"),
        ("appStatus", "2"),
        ("logisticsCode", "L1"),
        ("logisticsName", "物流"),
        ("logisticsNo", number),
        ("logisticsStatus", "S"),
        ("logisticsTime", "20261123080000"),
    ];
    let mut unit = String::from("<ceb:LogisticsStatus>");
    for (name, text) in fields {
        unit.push_str(&format!("<ceb:{name}>{text}</ceb:{name}>"));
    }
    unit.push_str("</ceb:LogisticsStatus>");
    document.push(unit.as_bytes());
    let who = tongguan_messages::BaseTransfer {
        copCode: "L1".into(),
        copName: "物流".into(),
        dxpMode: "DXP".into(),
        dxpId: "DXPENT0000012345".into(),
        note: None,
    };
    document.push(&transfer(&who).unwrap());
    let pending = document.prepare(&closing(known));
    let value = key.sign(pending.signed_info()).unwrap();
    let info = KeyInfo {
        key_name: "1",
        certificate: &certificate.der,
    };
    pending.complete(&value, &info, Sm2Encoding::Raw).unwrap()
}

fn enclosed(data: Vec<u8>) -> Envelope {
    Envelope {
        head: Head {
            cop_msg_id: "COP-1".into(),
            sender_id: "DXPENT0000012345".into(),
            receiver_ids: vec!["DXPEDCCEB0000002".into()],
            creat_time: "2026-11-23T09:30:00".into(),
            msg_type: "CEB513Message".into(),
        },
        data,
    }
}

/// The receipt in a reply; both it and its envelope keep their schemas.
fn receipt(reply: &Reply) -> Parsed {
    match open(&reply.octets, &Limits::default()).unwrap() {
        Opened::Envelope(envelope) => {
            assert_eq!(envelope.head.msg_type, reply.message);
            assert_eq!(envelope.head.receiver_ids, ["DXPENT0000012345"]);
            read(&envelope.data, &Limits::default()).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

fn codes(simulator: &Simulator, data: Vec<u8>) -> Vec<String> {
    let replies = simulator.handle(&enclosed(data).write().unwrap()).unwrap();
    replies
        .iter()
        .flat_map(|r| answers(&receipt(r)))
        .map(|a| a.code)
        .collect()
}

const ONE: &str = "4CDE1CFD-EDED-46B1-946C-000000000001";
const TWO: &str = "4CDE1CFD-EDED-46B1-946C-000000000002";

#[test]
fn declarations_are_answered_by_what_is_in_the_books() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let options = Options {
        journal: Some(journal.clone()),
        ..Options::default()
    };
    let simulator = Simulator::new(options.clone()).unwrap();
    assert_eq!(codes(&simulator, signed(ONE, "W1", "1")), ["2", "399"]);
    assert_eq!(
        codes(&simulator, signed(ONE, "W1", "1")),
        ["2", "399"],
        "a repeat, as before"
    );
    assert_eq!(
        codes(&simulator, signed(TWO, "W1", "1")),
        ["-505012"],
        "another guid: declared"
    );
    assert_eq!(
        codes(&simulator, signed(TWO, "W9", "2")),
        ["-505014"],
        "nothing to change"
    );
    drop(simulator);
    // A restart remembers.
    let simulator = Simulator::new(options.clone()).unwrap();
    assert_eq!(codes(&simulator, signed(TWO, "W1", "1")), ["-505012"]);
    let entries = Ledger::read(&journal).unwrap();
    assert_eq!(
        entries
            .iter()
            .map(|e| (e.repeat, e.refused))
            .collect::<Vec<_>>(),
        [(false, false), (true, false), (false, true), (false, true)],
        "what was refused as there already is noted, too"
    );
    // A last line that a crash cut off does not spoil the next one.
    let whole = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, format!("{whole}{{\"message\":\"CEB5")).unwrap();
    let simulator = Simulator::new(options).unwrap();
    assert_eq!(codes(&simulator, signed(TWO, "W1", "1")), ["-505012"]);
    assert_eq!(Ledger::read(&journal).unwrap().len(), entries.len() + 1);
}

#[test]
fn a_bad_signature_is_refused_and_not_booked() {
    let simulator = Simulator::new(Options::default()).unwrap();
    let changed = String::from_utf8(signed(ONE, "W1", "1"))
        .unwrap()
        .replace("20261123080000", "20261123080001");
    assert_eq!(codes(&simulator, changed.into_bytes()), ["-505011"]);
    assert!(simulator.declared().is_empty());
    // Signed well, by somebody whom customs does not know.
    let subject = TestSubject {
        common_name: "CA".into(),
        days: 1,
        from_days: 0,
    };
    let ca = provider()
        .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
        .unwrap();
    let trust = vec![provider().certificate(&ca.certificate_pem).unwrap()];
    let simulator = Simulator::new(Options {
        trust,
        ..Options::default()
    })
    .unwrap();
    assert_eq!(codes(&simulator, signed(ONE, "W1", "1")), ["-505011"]);
}

#[test]
fn every_declaration_gets_receipts_that_keep_their_schemas() {
    let simulator = Simulator::new(Options::default()).unwrap();
    let mut unanswerable = Vec::new();
    for known in messages().iter().filter(|m| m.kind == Kind::Declaration) {
        for extent in [Extent::Full, Extent::Minimal] {
            let mut envelope = enclosed(example(known, extent).into_bytes());
            envelope.head.msg_type = known.name.into();
            let replies = simulator.handle(&envelope.write().unwrap()).unwrap();
            let names: Vec<&str> = replies.iter().map(|r| receipt(r).message.name).collect();
            if names == ["CEB900Message"] {
                unanswerable.push((known.name, extent));
                continue;
            }
            assert!(!names.is_empty(), "{}", known.name);
            assert!(names.iter().all(|name| *name == known.answered_by[0]));
        }
    }
    // With no more than it must have, this one lacks what its receipt needs.
    assert_eq!(unanswerable, [("CEB507Message", Extent::Minimal)]);
}

#[test]
fn a_malformed_message_gets_ceb900() {
    let simulator = Simulator::new(Options::default()).unwrap();
    for (data, kind) in [
        (
            b"<CEB513Message xmlns='http://www.chinaport.gov.cn/ceb'/>".to_vec(),
            "CEB513Message",
        ),
        (b"<<< \x00 \xFF not xml".to_vec(), "CEB513Message"),
    ] {
        let replies = simulator.handle(&enclosed(data).write().unwrap()).unwrap();
        let parsed = receipt(&replies[0]);
        assert_eq!(parsed.message.name, "CEB900Message");
        let unit = parsed.root.child("MessageReturn").unwrap();
        assert_eq!(unit.text("oriCopMsgId"), Some("COP-1"));
        assert_eq!(unit.text("oriMessageType"), Some(kind));
        assert_eq!(unit.text("returnStatus"), Some("-1"));
    }
}

#[test]
fn a_bad_envelope_gets_a_report_with_the_code_of_table_7_1() {
    let simulator = Simulator::new(Options::default()).unwrap();
    let good = enclosed(signed(ONE, "W1", "1"));
    let mut lost = good.clone();
    lost.head.receiver_ids = vec!["DXPNOBODY".into()];
    let octets = good.write().unwrap();
    let text = String::from_utf8(octets.clone()).unwrap();
    for (octets, code) in [
        (octets[..octets.len() / 2].to_vec(), "0001"),
        (
            text.replace("<dxp:SenderId>", "<dxp:SenderID>")
                .replace("</dxp:SenderId>", "</dxp:SenderID>")
                .into_bytes(),
            "0002",
        ),
        (lost.write().unwrap(), "2001"),
    ] {
        let replies = simulator.handle(&octets).unwrap();
        match open(&replies[0].octets, &Limits::default()).unwrap() {
            Opened::Report(report) => assert_eq!(report.responses[0].code, code),
            other => panic!("{other:?}"),
        }
    }
    assert!(simulator.declared().is_empty());
}
