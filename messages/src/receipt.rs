//! What receipts say, read by the tables: which declarations they answer, and what it means.

use crate::node::Node;
use crate::read::Parsed;
use crate::table::{ErrorCode, Message, Outcome, error_codes};

/// A receipt's answer to one declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The `guid` of the unit. The service makes its own, or repeats the declaration's.
    pub guid: String,
    /// The business key, as [`business_key`] gives it for the declaration.
    pub key: Option<String>,
    /// `returnStatus`
    pub code: String,
    /// `returnInfo`
    pub text: String,
    /// `returnTime`, `YYYYMMDDhhmmssSSS`, China Standard Time.
    pub time: String,
    /// Numbers that the service gave: `preNo`, `invtNo`.
    pub numbers: Vec<(&'static str, String)>,
    /// The one by which notices name what it answers.
    pub given: Option<String>,
}

/// The answers in a receipt; empty for other messages.
pub fn answers(parsed: &Parsed) -> Vec<Answer> {
    let Some(unit) = parsed.message.unit else {
        return Vec::new();
    };
    let text = |node: &Node, name: &str| node.text(name).unwrap_or_default().to_owned();
    parsed
        .root
        .children()
        .iter()
        .filter(|node| node.element.name == unit.name && node.child("returnStatus").is_some())
        .map(|node| Answer {
            guid: text(node, "guid"),
            key: business_key(parsed.message, node),
            code: text(node, "returnStatus"),
            text: text(node, "returnInfo"),
            time: text(node, "returnTime"),
            numbers: ["preNo", "invtNo"]
                .iter()
                .filter_map(|name| Some((*name, node.text(name)?.to_owned())))
                .collect(),
            given: parsed.message.gives.and_then(|name| {
                let number = node.text(name)?;
                (!number.is_empty()).then(|| number.to_owned())
            }),
        })
        .collect()
}

/// The business key of a unit: its key fields, joined by line feeds. `None` when the message has
/// no key, or a key field is absent or empty.
pub fn business_key(message: &Message, unit: &Node) -> Option<String> {
    if message.business_key.is_empty() {
        return None;
    }
    let value = |path: &&'static str| unit.text(path).filter(|text| !text.is_empty());
    let values: Option<Vec<&str>> = message.business_key.iter().map(value).collect();
    Some(values?.join("\n"))
}

/// What an answer's code means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// In English.
    pub en: &'static str,
    /// In Chinese, as the standard says it.
    pub zh: &'static str,
    /// For the declaration.
    pub outcome: Outcome,
    /// What was sent is there already: after a repeat, that is success.
    pub already_declared: bool,
}

/// What `code` means in `receipt`: the table's statuses, chapter 7's errors, and for the rest the
/// rule that a negative number is an error (spec 3.2.4).
///
/// ```
/// use tongguan_messages::{Outcome, meaning, message};
/// let receipt = message("CEB312Message").unwrap();
/// assert_eq!(meaning(receipt, "120").outcome, Outcome::Accepted);
/// assert_eq!(meaning(receipt, "-301010").outcome, Outcome::Rejected);
/// assert!(meaning(receipt, "-301010").already_declared);
/// ```
pub fn meaning(receipt: &Message, code: &str) -> Meaning {
    if let Some(status) = receipt.statuses.iter().find(|s| s.code == code) {
        return Meaning {
            en: status.en,
            zh: status.zh,
            outcome: status.outcome,
            already_declared: false,
        };
    }
    let negative = code.trim_start().starts_with('-');
    match error_code(code) {
        Some(error) => Meaning {
            en: error.en,
            zh: error.zh,
            outcome: Outcome::Rejected,
            already_declared: error.already_declared,
        },
        None if negative => Meaning {
            en: "Error",
            zh: "处理异常",
            outcome: Outcome::Rejected,
            already_declared: false,
        },
        // An unknown positive status is news, not an end.
        None => Meaning {
            en: "Unknown status",
            zh: "未知状态",
            outcome: Outcome::Pending,
            already_declared: false,
        },
    }
}

/// The error of chapter 7 with that code.
///
/// ```
/// let error = tongguan_messages::error_code("0002").unwrap();
/// assert_eq!(error.en, "The data do not pass the schema's validation");
/// assert!(error.remedy_zh.starts_with("请先自行校验报文"));
/// ```
pub fn error_code(code: &str) -> Option<&'static ErrorCode> {
    error_codes().find(|e| e.code == code)
}
