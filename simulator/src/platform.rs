//! The exchange platform: it looks at an envelope, splits it for its receivers, and passes each part on
//! (spec ch. 8). The clearance service is one receiver; the terminal nodes that are registered here are
//! others; whoever else is named does not exist.

use time::macros::format_description;

use tongguan_crypto::Certificate;
use tongguan_messages::envelope::{Envelope, Head, Opened, open};
use tongguan_messages::{Kind, Limits, Problem, SvNo, message, read};
use tongguan_xmldsig::{VerifyError, verify};

use crate::judge::{Judge, policy};
use crate::receipts::{CLEARANCE, Reply, guid, malformed, now, report, said};

/// The clearance service's ids for imports and for exports, as they are in use: the specification has
/// none.
const SERVICES: &[&str] = &[CLEARANCE, "DXPEDCCEB0000003"];

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

/// The platform, as far as one thing that came needs it.
pub(crate) struct Platform<'s> {
    /// The terminal nodes that are registered here, beside the clearance service.
    pub users: &'s [String],
    /// Who may issue certificates; anybody where none is given.
    pub trust: &'s [Certificate],
    pub limits: &'s Limits,
}

impl Platform<'_> {
    pub fn answer(&self, octets: &[u8], judge: &mut Judge<'_>) -> Vec<Reply> {
        let envelope = match open(octets, self.limits) {
            Ok(Opened::Envelope(envelope)) => envelope,
            // The schema knows it, and it is not for the platform.
            Ok(Opened::Report(_)) => {
                return report(
                    "0999",
                    "a DxpRep is the platform's own",
                    &Head::default(),
                    &[],
                );
            }
            Ok(Opened::Message(_)) => {
                return report("0002", "a DxpMsg is needed", &Head::default(), &[]);
            }
            Err(problems) => {
                let ill =
                    |p: &Problem| matches!(p.rule, "ill-formed" | "truncated" | "dtd" | "encoding");
                let code = if problems.iter().any(ill) {
                    "0001"
                } else {
                    "0002"
                };
                return report(code, &said(&problems), &Head::default(), &[]);
            }
        };
        let Ok(parsed) = read(octets, self.limits) else {
            return Vec::new();
        };
        let signature = parsed.root.child("Signature");
        // Of two, one within the other, the outer one covers the inner: neither is looked at.
        let inner = parsed
            .root
            .child("DxpMsg")
            .and_then(|own| own.child("Signature"));
        if signature.is_some()
            && inner.is_none()
            && let Err(error) = self.signature(octets)
        {
            return report(insecure(&error), &error.to_string(), &envelope.head, &[]);
        }
        let from = SvNo::of(&parsed.root);
        let (mut replies, mut strangers) = (Vec::new(), Vec::new());
        for id in &envelope.head.receiver_ids {
            // Each part has one receiver.
            let part = Envelope {
                head: Head {
                    receiver_ids: vec![id.clone()],
                    ..envelope.head.clone()
                },
                data: envelope.data.clone(),
            };
            if SERVICES.contains(&id.as_str()) {
                let answers = arrived(&part, judge, self.limits).into_iter();
                replies.extend(answers.map(|reply| back(reply, from.as_ref())));
            } else if self.users.contains(id) {
                replies.extend(passed(part));
            } else {
                strangers.push(id.as_str());
            }
        }
        if !strangers.is_empty() {
            let mut report = report("2001", &strangers.join(" "), &envelope.head, &strangers);
            report.append(&mut replies);
            return report;
        }
        replies
    }

    /// Whether the envelope's own signature holds, where it has one.
    fn signature(&self, octets: &[u8]) -> Result<(), VerifyError> {
        verify(octets, &policy(self.trust)).map(drop)
    }
}

/// Which error of table 7-1 a signature is.
fn insecure(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::DigestMismatch => "1004",
        VerifyError::OutsideValidity { .. } => "1002",
        VerifyError::Untrusted { .. } => "1999",
        _ => "1001",
    }
}

/// A part for a terminal node that is registered here: it gets it as its own.
fn passed(part: Envelope) -> Option<Reply> {
    let octets = part.write().inspect_err(|problems| {
        tracing::error!(problems = said(problems), "a part could not be written");
    });
    let mut reply = Reply::new(
        message(&part.head.msg_type).map_or("DxpMsg", |known| known.name),
        octets.ok()?,
        part.data,
    );
    reply.cop_msg_id = part.head.cop_msg_id;
    Some(reply)
}

/// The way back of an answer: what came from another transport node goes to that node, in its envelope.
fn back(mut reply: Reply, from: Option<&SvNo>) -> Reply {
    let enclosed = !matches!(reply.message, "DxpRep");
    let Some(from) = from.filter(|_| enclosed) else {
        return reply;
    };
    let time = now(format_description!(
        "[year][month][day][hour][minute][second]"
    ));
    let sequence = uuid::Uuid::new_v4().as_u128() % 10_000_000_000;
    let head = SvNo {
        msg_id: format!("{:0>8}{time}{sequence:010}", from.end_node),
        sub_msg_id: None,
        send_time: now(format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second]"
        )),
        end_node: from.sta_node.clone(),
        sta_node: from.end_node.clone(),
    };
    match head.wrap(&reply.octets) {
        Ok(octets) => reply.octets = octets,
        Err(problems) => {
            tracing::error!(
                problems = said(&problems),
                "a node's envelope could not be written"
            );
        }
    }
    reply
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
