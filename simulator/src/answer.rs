//! What an envelope is answered with.

use tongguan_messages::envelope::{Envelope, Head, Opened, open};
use tongguan_messages::{Kind, Limits, Problem, read};

use crate::judge::Judge;
use crate::receipts::{CLEARANCE, Reply, guid, malformed, report, said};

/// A name for files, and the message in an envelope.
pub(crate) fn describe(octets: &[u8], limits: &Limits) -> (String, Option<Vec<u8>>) {
    match open(octets, limits) {
        Ok(Opened::Envelope(envelope)) => {
            let safe = |text: &str| -> String {
                text.chars()
                    .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .take(80)
                    .collect()
            };
            let head = &envelope.head;
            (
                format!("{}_{}", safe(&head.msg_type), safe(&head.cop_msg_id)),
                Some(envelope.data),
            )
        }
        _ => (format!("unreadable_{}", guid()), None),
    }
}

pub(crate) fn answer(octets: &[u8], judge: &mut Judge<'_>, limits: &Limits) -> Vec<Reply> {
    let envelope = match open(octets, limits) {
        Ok(Opened::Envelope(envelope)) => envelope,
        Ok(_) => return report("0002", "a DxpMsg is needed", &Head::default()),
        Err(problems) => {
            let ill =
                |p: &Problem| matches!(p.rule, "ill-formed" | "truncated" | "dtd" | "encoding");
            let code = if problems.iter().any(ill) {
                "0001"
            } else {
                "0002"
            };
            return report(code, &said(&problems), &Head::default());
        }
    };
    // The platform splits an envelope for its receivers (spec ch. 5), and knows one of them here.
    let receivers = envelope.head.receiver_ids.iter();
    let strangers: Vec<&str> = receivers
        .map(String::as_str)
        .filter(|id| *id != CLEARANCE)
        .collect();
    let mut replies = match strangers.as_slice() {
        [] => Vec::new(),
        some => report("2001", &some.join(" "), &envelope.head),
    };
    if strangers.len() < envelope.head.receiver_ids.len() {
        replies.append(&mut arrived(&envelope, judge, limits));
    }
    replies
}

/// An envelope at the clearance service.
fn arrived(envelope: &Envelope, judge: &mut Judge<'_>, limits: &Limits) -> Vec<Reply> {
    let parsed = match read(&envelope.data, limits) {
        Ok(parsed) => parsed,
        Err(problems) => return vec![malformed(envelope, &said(&problems))],
    };
    if parsed.message.name != envelope.head.msg_type {
        let text = format!(
            "MsgType is {}, the message {}",
            envelope.head.msg_type, parsed.message.name
        );
        return vec![malformed(envelope, &text)];
    }
    if parsed.message.kind != Kind::Declaration {
        return vec![malformed(envelope, "only declarations are taken")];
    }
    judge.declared(envelope, &parsed)
}
