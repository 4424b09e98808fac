//! Envelopes, the platform's answers and the stand-in for the platform: what we write we can read.

use tongguan_messages::envelope::{Envelope, Opened, Report, open};
use tongguan_messages::{Limits, read};
use tongguan_simulator::{Options, Simulator};

pub fn target(octets: &[u8]) {
    let limits = Limits::default();
    match open(octets, &limits) {
        Ok(Opened::Envelope(envelope)) => again(&envelope),
        Ok(Opened::Report(report)) => again_report(&report),
        Ok(Opened::Message(parsed)) => {
            // It is read as the reader reads it; the reader has a target of its own.
            assert!(read(octets, &limits).is_ok());
            assert!(!matches!(parsed.message.name, "DxpMsg" | "DxpRep"));
        }
        Err(problems) => assert!(!problems.is_empty()),
    }
    answered(octets, &limits);
}

fn again(envelope: &Envelope) {
    let written = envelope.write().expect("what was opened can be written");
    match open(&written, &Limits::default()) {
        Ok(Opened::Envelope(opened)) => assert_eq!(opened, *envelope),
        other => panic!("{other:?}"),
    }
}

fn again_report(report: &Report) {
    let written = report.write().expect("what was opened can be written");
    match open(&written, &Limits::default()) {
        Ok(Opened::Report(opened)) => assert_eq!(opened, *report),
        other => panic!("{other:?}"),
    }
}

/// Whatever comes, the stand-in answers, and with messages that keep their schemas.
fn answered(octets: &[u8], limits: &Limits) {
    let simulator = Simulator::new(Options::default()).expect("it needs nothing");
    let replies = simulator.handle(octets).expect("it has no journal");
    for reply in &replies {
        match open(&reply.octets, limits) {
            Ok(Opened::Envelope(envelope)) => {
                assert_eq!(envelope.data, reply.content);
                assert_eq!(envelope.head.msg_type, reply.message);
                assert_eq!(envelope.head.cop_msg_id, reply.cop_msg_id);
                let parsed = read(&reply.content, limits);
                let parsed = parsed.unwrap_or_else(|p| panic!("{}: {p:?}", reply.message));
                assert_eq!(parsed.message.name, reply.message);
            }
            Ok(Opened::Report(_)) => assert_eq!(reply.message, "DxpRep"),
            other => panic!("{}: {other:?}", reply.message),
        }
    }
    assert!(!replies.is_empty(), "everything is answered");
}
