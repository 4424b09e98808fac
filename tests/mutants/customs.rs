//! The stand-in for customs is sent every mutant in an envelope: what breaks the schema is answered
//! as malformed (CEB900), and nothing else is; what keeps it gets the receipt of its message, with
//! the code of a signature that does not verify where it has one, since nobody can sign a mutant.
//!
//! TONGGUAN_CUSTOMS_MUTANTS=20000 sends so many instead of 2,000.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod document;
mod making;
mod mutations;
mod random;
mod seeds;

use std::collections::BTreeMap;

use tongguan_messages::envelope::{Envelope, Head, Opened, open};
use tongguan_messages::{Kind, Limits, Parsed, answers, message, read, validate};
use tongguan_simulator::{Options, Simulator};

fn enclosed(data: &[u8], kind: &str) -> Vec<u8> {
    let envelope = Envelope {
        head: Head {
            cop_msg_id: "COP-1".into(),
            sender_id: "DXPENT0000012345".into(),
            receiver_ids: vec!["DXPEDCCEB0000002".into()],
            creat_time: "2026-11-23T09:30:00".into(),
            msg_type: kind.into(),
        },
        data: data.to_vec(),
    };
    envelope.write().unwrap()
}

/// What came back; each answer keeps its schema, envelope and all.
fn receipts(customs: &Simulator, octets: &[u8]) -> Vec<Parsed> {
    let replies = customs.handle(octets).unwrap();
    assert!(!replies.is_empty());
    let opened =
        replies.iter().map(
            |reply| match open(&reply.octets, &Limits::default()).unwrap() {
                Opened::Envelope(envelope) => read(&envelope.data, &Limits::default()).unwrap(),
                other => panic!("{other:?}"),
            },
        );
    opened.collect()
}

#[test]
fn every_mutant_gets_the_right_answer() {
    let seeds = seeds::all(seeds::standard().as_deref());
    let count = making::setting("TONGGUAN_CUSTOMS_MUTANTS", 2000);
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for mutant in making::mutants(&seeds, count) {
        let problems = validate(&mutant.octets, &Limits::default());
        let parsed = read(&mutant.octets, &Limits::default()).ok();
        assert_eq!(problems.is_empty(), parsed.is_some(), "{}", mutant.origin);
        // The envelope tells the truth, as far as there is one.
        let kind = parsed.as_ref().map_or("CEB311Message", |p| p.message.name);
        // A stand-in of its own: mutants of one seed have one key.
        let customs = Simulator::new(Options::default()).unwrap();
        let receipts = receipts(&customs, &enclosed(&mutant.octets, kind));
        let names: Vec<&str> = receipts.iter().map(|r| r.message.name).collect();
        let codes: Vec<String> = receipts
            .iter()
            .flat_map(answers)
            .map(|answer| answer.code)
            .collect();
        let told = || format!("{}: {names:?} {codes:?} {problems:#?}", mutant.origin);
        let Some(parsed) = parsed else {
            assert_eq!(names, ["CEB900Message"], "{}", told());
            *outcomes.entry("malformed").or_default() += 1;
            continue;
        };
        if parsed.message.kind != Kind::Declaration {
            assert_eq!(names, ["CEB900Message"], "{}", told());
            *outcomes.entry("no declaration").or_default() += 1;
            continue;
        }
        if names == ["CEB900Message"] {
            // It keeps its schema, and no receipt of it would: answers.rs tells when.
            let text = receipts[0].root.children()[0].text("returnInfo").unwrap();
            assert!(text.contains("it cannot be answered"), "{}: {text}", told());
            *outcomes.entry("unanswerable").or_default() += 1;
            continue;
        }
        let receipt = parsed.message.answered_by[0];
        assert!(names.iter().all(|name| *name == receipt), "{}", told());
        assert!(message(receipt).is_some());
        let outcome = match parsed.signature {
            // A signature that verifies nothing, and where it has one the code for that.
            Some(_) => {
                assert!(codes.iter().all(|c| c.starts_with('-')), "{}", told());
                if parsed.message.name == "CEB621Message" {
                    assert!(codes.iter().all(|c| c == "-621029"), "{}", told());
                }
                "signature refused"
            }
            None => match codes.iter().any(|c| c.starts_with('-') || c == "100") {
                true => "rule broken",
                false => "taken",
            },
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{count} mutants: {outcomes:?}");
    for outcome in ["malformed", "signature refused", "rule broken", "taken"] {
        assert!(
            outcomes.get(outcome).is_some_and(|n| *n > 0),
            "{outcomes:?}"
        );
    }
}
