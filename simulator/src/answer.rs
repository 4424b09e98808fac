//! What the platform and the clearance service answer.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};

use tongguan_crypto::Certificate;
use tongguan_messages::envelope::{Envelope, Head, Opened, Report, Response, open, write_receipt};
use tongguan_messages::{
    Direction, Kind, Limits, Message, Node, Outcome, Parsed, Problem, business_key, error_code,
    message, read,
};
use tongguan_xmldsig::{Policy, Trust, VerifyError, verify};

use crate::ledger::{Entry, Ledger, Verdict};

/// The clearance service for imports on the exchange platform.
pub(crate) const CLEARANCE: &str = "DXPEDCCEB0000002";

/// One answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What it is: `CEB312Message`, `CEB900Message`, `DxpRep`.
    pub message: &'static str,
    /// The answer's own `CopMsgId`.
    pub cop_msg_id: String,
    /// The octets to send: an envelope, or a `DxpRep`.
    pub octets: Vec<u8>,
    /// The receipt in it, for people.
    pub content: Vec<u8>,
}

pub(crate) fn now(form: &[BorrowedFormatItem<'_>]) -> String {
    // Every form here has only fields that every time has.
    OffsetDateTime::now_utc()
        .to_offset(offset!(+8))
        .format(form)
        .unwrap_or_default()
}

pub(crate) fn guid() -> String {
    uuid::Uuid::new_v4().hyphenated().to_string().to_uppercase()
}

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

pub(crate) fn answer(
    octets: &[u8],
    ledger: &mut Ledger,
    trust: &[Certificate],
    limits: &Limits,
) -> Vec<Reply> {
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
            return report(code, &told(&problems), &Head::default());
        }
    };
    if !envelope.head.receiver_ids.iter().any(|id| id == CLEARANCE) {
        return report(
            "2001",
            &envelope.head.receiver_ids.join(" "),
            &envelope.head,
        );
    }
    let parsed = match read(&envelope.data, limits) {
        Ok(parsed) => parsed,
        Err(problems) => return vec![malformed(&envelope, &told(&problems))],
    };
    if parsed.message.name != envelope.head.msg_type {
        let text = format!(
            "MsgType is {}, the message {}",
            envelope.head.msg_type, parsed.message.name
        );
        return vec![malformed(&envelope, &text)];
    }
    if parsed.message.kind != Kind::Declaration {
        return vec![malformed(&envelope, "only declarations are taken")];
    }
    declared(&envelope, &parsed, ledger, trust)
}

fn told(problems: &[Problem]) -> String {
    let all: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
    all.join("\n")
}

/// The platform's answer by an envelope's form, table 7-1.
fn report(code: &str, info: &str, original: &Head) -> Vec<Reply> {
    let zh = error_code(code).map_or("", |c| c.zh);
    // The schema wants a head even of an envelope that could not be read.
    let head = if original.cop_msg_id.is_empty() {
        Head {
            cop_msg_id: "UNKNOWN".to_owned(),
            sender_id: "UNKNOWN".to_owned(),
            receiver_ids: vec![CLEARANCE.to_owned()],
            creat_time: now(format_description!(
                "[year]-[month]-[day]T[hour]:[minute]:[second]"
            )),
            msg_type: String::new(),
        }
    } else {
        original.clone()
    };
    let report = Report {
        receiver_id: head.sender_id.clone(),
        responses: vec![Response {
            code: code.to_owned(),
            info: format!("{zh} {info}"),
            notice_time: now(format_description!("[year]-[month]-[day]")),
            original: head,
        }],
    };
    match report.write() {
        Ok(octets) => {
            vec![Reply {
                message: "DxpRep",
                cop_msg_id: guid(),
                content: octets.clone(),
                octets,
            }]
        }
        Err(problems) => {
            tracing::error!(problems = told(&problems), "a report could not be written");
            Vec::new()
        }
    }
}

/// CEB900: the message in an envelope is malformed (spec 3.19). Its code is not listed; -1 is a
/// number below 0, which is what the specification asks for.
fn malformed(envelope: &Envelope, text: &str) -> Reply {
    let kind = message(&envelope.head.msg_type).map_or("Unknown", |m| m.name);
    let original: String = String::from_utf8_lossy(&envelope.data)
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\t' | '\n'))
        .filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
        .collect();
    let unit = vec![
        ("guid", guid()),
        ("returnStatus", "-1".to_owned()),
        ("returnInfo", text.chars().take(5000).collect()),
        ("returnTime", return_time(0)),
        ("oriCopMsgId", envelope.head.cop_msg_id.clone()),
        ("oriMessageType", kind.to_owned()),
        ("oriBizMessage", original),
    ];
    enclose("CEB900Message", &[unit], &envelope.head)
}

/// Each stage is said a millisecond after the one before it: receipts are put in order by this.
fn return_time(stage: usize) -> String {
    let form = format_description!("[year][month][day][hour][minute][second][subsecond digits:3]");
    let later = time::Duration::milliseconds(i64::try_from(stage).unwrap_or(0));
    (OffsetDateTime::now_utc().to_offset(offset!(+8)) + later)
        .format(form)
        .unwrap_or_default()
}

/// A receipt in an envelope from the clearance service.
fn enclose(name: &'static str, units: &[Vec<(&str, String)>], original: &Head) -> Reply {
    let Some(receipt) = message(name) else {
        return Reply {
            message: name,
            cop_msg_id: guid(),
            octets: Vec::new(),
            content: Vec::new(),
        };
    };
    let content = write_receipt(receipt, &guid(), units);
    let cop_msg_id = guid();
    let envelope = Envelope {
        head: Head {
            cop_msg_id: cop_msg_id.clone(),
            sender_id: CLEARANCE.to_owned(),
            receiver_ids: vec![original.sender_id.clone()],
            creat_time: now(format_description!(
                "[year]-[month]-[day]T[hour]:[minute]:[second]"
            )),
            msg_type: name.to_owned(),
        },
        data: content.clone(),
    };
    let octets = envelope.write().unwrap_or_else(|problems| {
        tracing::error!(problems = told(&problems), "an answer could not be written");
        Vec::new()
    });
    Reply {
        message: name,
        cop_msg_id,
        octets,
        content,
    }
}

/// The codes of table 7-2 for a message: a bad signature, declared already, nothing to change.
/// The table has no code of its own for a bad signature but for inventories (-621029 验签失败):
/// for the others, the one for parameters that fail their check.
fn codes(message: &str) -> [&'static str; 3] {
    match message {
        "CEB311Message" => ["-301008", "-301010", "-301009"],
        "CEB411Message" => ["-401009", "-401007", "-401006"],
        "CEB511Message" => ["-504011", "-504015", "-504014"],
        "CEB513Message" => ["-505011", "-505012", "-505014"],
        _ => ["-621029", "-621004", "-621011"],
    }
}

fn declared(
    envelope: &Envelope,
    parsed: &Parsed,
    ledger: &mut Ledger,
    trust: &[Certificate],
) -> Vec<Reply> {
    let declaration = parsed.message;
    let Some(receipt) = declaration
        .answered_by
        .first()
        .and_then(|name| message(name))
    else {
        return Vec::new();
    };
    let [bad_signature, there, not_there] = codes(declaration.name);
    let trust = if trust.is_empty() {
        Trust::Any
    } else {
        Trust::Anchors(trust.to_vec())
    };
    let policy = Policy {
        trust,
        at: Some(OffsetDateTime::now_utc().unix_timestamp()),
        ..Policy::default()
    };
    let signature = match verify(&envelope.data, &policy) {
        Ok(_) => Ok(()),
        // Where the schema lets a message go unsigned, it may.
        Err(VerifyError::Unsigned) if parsed.signature.is_none() => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let unit = declaration.unit.map_or("", |u| u.name);
    let units = || {
        let children = parsed.root.children().iter();
        children.filter(|c| c.element.name == unit)
    };
    // A declaration may keep its schema and have no receipt that keeps its own: copNo may be
    // missing in the one and not in the other. The specification is silent; nothing is booked.
    for node in units() {
        let fields = unit_of(receipt, node, 0, bad_signature, "");
        let tried = write_receipt(receipt, &guid(), &[fields]);
        if let Err(problems) = read(&tried, &Limits::default()) {
            let text = format!("it cannot be answered: in its receipt, {}", told(&problems));
            return vec![malformed(envelope, &text)];
        }
    }
    let mut stages: Vec<Vec<Vec<(&str, String)>>> = Vec::new();
    let mut put = |stage: usize, fields| {
        while stages.len() <= stage {
            stages.push(Vec::new());
        }
        stages[stage].push(fields);
    };
    for node in units() {
        let field = |name: &str| {
            node.text(name)
                .or_else(|| node.children().first()?.text(name))
                .unwrap_or_default()
        };
        let entry = Entry {
            message: declaration.name.to_owned(),
            key: business_key(declaration, node).unwrap_or_default(),
            guid: field("guid").to_owned(),
            cop_msg_id: envelope.head.cop_msg_id.clone(),
            repeat: false,
            refused: false,
        };
        if let Err(why) = &signature {
            put(0, unit_of(receipt, node, 0, bad_signature, why));
            continue;
        }
        let amends = matches!(field("appType"), "2" | "3");
        match ledger.judge(&entry, amends) {
            Verdict::There => {
                ledger.note(Entry {
                    refused: true,
                    ..entry
                });
                put(0, unit_of(receipt, node, 0, there, ""));
            }
            Verdict::NotThere => put(0, unit_of(receipt, node, 0, not_there, "")),
            verdict => {
                ledger.note(Entry {
                    repeat: verdict == Verdict::Repeat,
                    ..entry
                });
                for (stage, code) in course(receipt).iter().enumerate() {
                    put(
                        stage,
                        unit_of(receipt, node, stage, code, &format!("[{}]", field("guid"))),
                    );
                }
            }
        }
    }
    stages
        .iter()
        .map(|units| enclose(receipt.name, units, &envelope.head))
        .collect()
}

/// The statuses that a good declaration goes through: declared at the e-port, stored by customs
/// where the receipt has that, and the first one that ends well (an inventory is released). Waybill
/// statuses have only 399, 审结, in their schema.
fn course(receipt: &Message) -> Vec<&'static str> {
    let mut course = vec!["2"];
    let stored = receipt.statuses.iter().find(|s| s.code == "120");
    let stored = stored.filter(|_| receipt.name != "CEB514Message");
    course.extend(stored.map(|s| s.code));
    if stored.is_none_or(|s| s.outcome != Outcome::Accepted) {
        let mut good = receipt
            .statuses
            .iter()
            .filter(|s| s.outcome == Outcome::Accepted);
        let good = good.find(|s| s.code != "120");
        course.extend(good.map(|s| s.code));
    }
    course
}

/// One unit of a receipt: the fields that the declaration has by the same name, the numbers that
/// customs gives, the status.
fn unit_of(
    receipt: &Message,
    declaration: &Node,
    stage: usize,
    code: &str,
    detail: &str,
) -> Vec<(&'static str, String)> {
    let Some(unit) = receipt.unit else {
        return Vec::new();
    };
    let copied = |name: &str| {
        declaration
            .text(name)
            .or_else(|| declaration.children().first()?.text(name))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let guid_digits: String = copied("guid")
        .unwrap_or_default()
        .bytes()
        .map(|b| char::from(b'0' + b % 10))
        .collect();
    let day = now(format_description!("[year][month][day]"));
    let serial = &guid_digits[..guid_digits.len().min(9)];
    let meaning = tongguan_messages::meaning(receipt, code);
    let given = matches!(code, "120" | "800");
    unit.particles()
        .iter()
        .filter_map(|particle| {
            let name = particle.element.name;
            let text = match name {
                "returnStatus" => Some(code.to_owned()),
                "returnTime" => Some(return_time(stage)),
                "returnInfo" => Some(
                    format!("{}{detail}", meaning.zh)
                        .chars()
                        .take(1000)
                        .collect(),
                ),
                // B + date + serial; customs + year + I + serial: 18 characters each.
                "preNo" => Some(format!("B{day}{serial:0>9}")),
                // Given to an inventory (an export's receipt has it always); other declarations have
                // the one of the inventory that they are about.
                "invtNo" if matches!(receipt.name, "CEB604Message" | "CEB622Message") => {
                    let export = receipt.direction == Direction::Export;
                    (given || particle.min > 0).then(|| {
                        let customs = copied("customsCode").unwrap_or_default();
                        let year = day.get(..4).unwrap_or_default();
                        let way = if export { 'E' } else { 'I' };
                        format!("{customs:0>4}{year}{way}{serial:0>9}")
                    })
                }
                _ => copied(name),
            };
            text.map(|text| (name, text))
        })
        .collect()
}
