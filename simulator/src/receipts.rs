//! Writes what the platform and the clearance service answer.

use sha2::{Digest as _, Sha256};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};

use crate::unit::own_or_head;
use tongguan_messages::envelope::{
    Envelope, Head, ReceiverResult, Report, Response, write_receipt,
};
use tongguan_messages::{Direction, Message, Node, Outcome, Problem, error_code, message};

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
    /// So much later than the delivery it comes.
    pub after: Duration,
}

impl Reply {
    pub(crate) fn new(message: &'static str, octets: Vec<u8>, content: Vec<u8>) -> Self {
        Self {
            message,
            cop_msg_id: guid(),
            octets,
            content,
            after: Duration::ZERO,
        }
    }
}

pub(crate) fn now(form: &[BorrowedFormatItem<'_>]) -> String {
    // Every form here has only fields that every time has.
    OffsetDateTime::now_utc()
        .to_offset(offset!(+8))
        .format(form)
        .unwrap_or_default()
}

/// How the ids end that the simulator gives: `SIMULA`. Who is given such a receipt can tell that it is
/// none of customs', which matters where a rehearsal could be taken for the joint test.
const MARK: &str = "-53494D554C41";

pub(crate) fn guid() -> String {
    let random = uuid::Uuid::new_v4().hyphenated().to_string().to_uppercase();
    // Eight, four, four, four digits: the mark takes the place of the last twelve.
    random.chars().take(23).chain(MARK.chars()).collect()
}

/// Whether an id, the `CopMsgId` of an envelope or the `guid` of a receipt, is one that a simulator gave.
pub fn gave(id: &str) -> bool {
    id.ends_with(MARK)
}

/// The platform's answer by an envelope's form, table 7-1: about these receivers, or about all.
pub(crate) fn report(code: &str, info: &str, original: &Head, about: &[&str]) -> Vec<Reply> {
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
            results: about
                .iter()
                .map(|id| ReceiverResult {
                    receiver_id: (*id).to_owned(),
                    code: code.to_owned(),
                    info: zh.to_owned(),
                })
                .collect(),
            original: head,
        }],
    };
    match report.write() {
        Ok(octets) => {
            let content = octets.clone();
            vec![Reply::new("DxpRep", octets, content)]
        }
        Err(problems) => {
            tracing::error!(problems = said(&problems), "a report could not be written");
            Vec::new()
        }
    }
}

/// CEB900: the message in an envelope is malformed (spec 3.19). Its code is not listed; -1 is a
/// number below 0, which is what the specification asks for.
pub(crate) fn malformed(envelope: &Envelope, text: &str) -> Reply {
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
pub(crate) fn return_time(stage: usize) -> String {
    let form = format_description!("[year][month][day][hour][minute][second][subsecond digits:3]");
    let later = time::Duration::milliseconds(i64::try_from(stage).unwrap_or(0));
    (OffsetDateTime::now_utc().to_offset(offset!(+8)) + later)
        .format(form)
        .unwrap_or_default()
}

/// A receipt in an envelope from the clearance service.
pub(crate) fn enclose(name: &'static str, units: &[Vec<(&str, String)>], original: &Head) -> Reply {
    let Some(receipt) = message(name) else {
        return Reply::new(name, Vec::new(), Vec::new());
    };
    enclosed(name, write_receipt(receipt, &guid(), units), original)
}

/// A message in an envelope from the clearance service that the original went to.
pub(crate) fn enclosed(name: &'static str, content: Vec<u8>, original: &Head) -> Reply {
    let cop_msg_id = guid();
    let sender = original.receiver_ids.first();
    let envelope = Envelope {
        head: Head {
            cop_msg_id: cop_msg_id.clone(),
            sender_id: sender.map_or_else(|| CLEARANCE.to_owned(), Clone::clone),
            receiver_ids: vec![original.sender_id.clone()],
            creat_time: now(format_description!(
                "[year]-[month]-[day]T[hour]:[minute]:[second]"
            )),
            msg_type: name.to_owned(),
        },
        data: content.clone(),
    };
    let octets = envelope.write().unwrap_or_else(|problems| {
        tracing::error!(problems = said(&problems), "an answer could not be written");
        Vec::new()
    });
    Reply {
        message: name,
        cop_msg_id,
        octets,
        content,
        after: Duration::ZERO,
    }
}

/// The statuses that a good declaration goes through: declared at the e-port, stored by customs
/// where the receipt has that, and the first one that ends well (an inventory is released). Waybill
/// statuses have only 399, 审结, in their schema.
pub(crate) fn course(receipt: &Message) -> Vec<&'static str> {
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

/// The receipts of inventories, which customs gives numbers to.
const INVENTORIES: &[&str] = &["CEB604Message", "CEB622Message"];
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");

/// Nine digits that follow from a declaration's guid. Guids of one moment begin alike, so all of it counts.
fn serial(declaration: &Node, attempt: u32) -> String {
    let guid = own_or_head(declaration, "guid").unwrap_or_default();
    let digest = Sha256::digest(format!("{guid} {attempt}"));
    digest
        .iter()
        .take(9)
        .map(|octet| char::from(b'0' + octet % 10))
        .collect()
}

/// The number that customs gives to an inventory: customs district, year, I or E, serial: 18
/// characters. Another attempt gives another one.
pub(crate) fn inventory_number(receipt: &Message, declaration: &Node, attempt: u32) -> String {
    let customs = own_or_head(declaration, "customsCode");
    let year: String = now(DAY).chars().take(4).collect();
    let way = match receipt.direction {
        Direction::Export => 'E',
        _ => 'I',
    };
    format!(
        "{:0>4}{year}{way}{}",
        customs.unwrap_or_default(),
        serial(declaration, attempt)
    )
}

/// One unit of a receipt: the fields that the declaration has by the same name, the numbers that
/// customs gives (`number` to an inventory), the status.
pub(crate) fn unit_of(
    receipt: &Message,
    declaration: &Node,
    stage: usize,
    code: &str,
    detail: &str,
    number: &str,
) -> Vec<(&'static str, String)> {
    let Some(unit) = receipt.unit else {
        return Vec::new();
    };
    let copied = |name: &str| own_or_head(declaration, name).map(str::to_owned);
    let (day, serial) = (now(DAY), serial(declaration, 0));
    let meaning = tongguan_messages::meaning(receipt, code);
    let given = matches!(code, "120" | "800");
    unit.particles()
        .iter()
        .filter_map(|particle| {
            let name = particle.element.name;
            let text = match name {
                "returnStatus" => Some(code.to_owned()),
                "returnTime" => Some(return_time(stage)),
                "returnInfo" => Some(filled(meaning.zh, detail).chars().take(1000).collect()),
                // B + date + serial: 18 characters.
                "preNo" => Some(format!("B{day}{serial}")),
                // Given to an inventory (an export's receipt has it always); other declarations have
                // the one of the inventory that they are about.
                "invtNo" if INVENTORIES.contains(&receipt.name) => {
                    let number = Some(number).filter(|n| !n.is_empty());
                    let number = number.map(str::to_owned);
                    let number =
                        number.unwrap_or_else(|| inventory_number(receipt, declaration, 0));
                    (given || particle.min > 0).then_some(number)
                }
                _ => copied(name),
            };
            text.map(|text| (name, text))
        })
        .collect()
}

/// A text of chapter 7, in which `[*]` and `*` stand for what the service puts in: a line for each.
fn filled(text: &str, detail: &str) -> String {
    let own = detail.trim_start_matches('[').trim_end_matches(']');
    if text.contains("[*]") {
        let put = |text: String, line| text.replacen("[*]", &format!("[{line}]"), 1);
        own.lines().fold(text.to_owned(), put)
    } else if text.contains('*') {
        text.replacen('*', own, 1)
    } else {
        format!("{text}{detail}")
    }
}

/// Some of what is wrong, in one text.
pub(crate) fn said(problems: &[Problem]) -> String {
    let all: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
    all.join("\n")
}
