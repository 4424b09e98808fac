//! Reads XML against the tables: any prefix or default namespace, every rule of the schema.
//!
//! Input is hostile: its size is bounded, a document type is refused (so there are no entities
//! to expand), and nothing outside the document is ever read.

use std::io::Read;
use std::ops::Range;

use crate::node::Node;
use crate::problem::Problem;
use crate::schema::{Nothing, Outcome, Sink, Walk};
use crate::table::{Content, Message};
use crate::tree::Tree;
use crate::write::{closing, opening};
use crate::xml::{Fault, Window};

/// How much of a hostile input is taken.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Octets that are held in memory at once: a document for [`read`], a single text, comment or
    /// tag for [`read_stream`].
    pub octets: usize,
}

impl Default for Limits {
    /// 64 MiB: a CEB621 of 100 inventories with 99 items each is a quarter of that.
    fn default() -> Self {
        Self { octets: 64 << 20 }
    }
}

/// A message that keeps the schema.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// Which one.
    pub message: &'static Message,
    /// The tree.
    pub root: Node,
    /// Where its signature stands in the octets, if it has one.
    pub signature: Option<Range<usize>>,
}

/// Reads one message and checks it against its schema.
///
/// ```
/// let octets = br#"<CEB900Message xmlns="http://www.chinaport.gov.cn/ceb" guid="1" version="1.0"/>"#;
/// let problems = tongguan_messages::read(octets, &Default::default()).unwrap_err();
/// assert_eq!(problems[0].rule, "length");
/// assert_eq!(problems[0].path, "CEB900Message/@guid");
/// ```
///
/// # Errors
/// Everything that is wrong, at most a hundred. Where the document is not XML, only that: there
/// is nothing to say of the rest.
pub fn read(octets: &[u8], limits: &Limits) -> Result<Parsed, Vec<Problem>> {
    bounded(octets, limits)?;
    parsed(Window::all(octets), limits, false, None)
}

/// Reads a message that an enterprise wrote for others to complete: what surrounds the
/// declarations (`BaseTransfer`, `Signature`) may be missing. All else is as [`read`].
///
/// # Errors
/// As [`read`].
pub fn read_unsigned(octets: &[u8], limits: &Limits) -> Result<Parsed, Vec<Problem>> {
    bounded(octets, limits)?;
    parsed(Window::all(octets), limits, true, None)
}

/// Reads a declaration, by its canonical octets as [`fragment`](crate::fragment) writes them, as the
/// only one in a message. `None` where the octets are none.
pub fn read_fragment(message: &Message, fragment: &[u8]) -> Option<Parsed> {
    // Nobody asks such a message who it is.
    let mut octets = opening(message, "00000000-0000-0000-0000-000000000000");
    octets.extend_from_slice(fragment);
    octets.extend_from_slice(&closing(message));
    read_unsigned(&octets, &Limits::default()).ok()
}

/// Reads a message of any size, and hands over what it declares or answers one by one: each unit
/// (an `Order`, an `OrderReturn` …) that keeps the schema, with its number from 1. What comes
/// back is the message without them.
///
/// A later part of the message can still be wrong when a unit has been handed over.
///
/// # Errors
/// As [`read`]; also when the source cannot be read on, and, with the rule `unit-too-large`, when
/// the message keeps the schema but a unit of it is larger than the limits.
pub fn read_stream(
    source: &mut dyn Read,
    limits: &Limits,
    take: &mut dyn FnMut(&'static Message, Node, usize),
) -> Result<Parsed, Vec<Problem>> {
    parsed(
        Window::over(source, limits.octets),
        limits,
        false,
        Some(take),
    )
}

/// Everything that is wrong with a message; empty when it keeps its schema. Quicker than [`read`].
pub fn validate(octets: &[u8], limits: &Limits) -> Vec<Problem> {
    match bounded(octets, limits) {
        Err(problems) => problems,
        Ok(()) => checked(Window::all(octets), limits),
    }
}

/// As [`validate`], for a message of any size.
pub fn validate_stream(source: &mut dyn Read, limits: &Limits) -> Vec<Problem> {
    checked(Window::over(source, limits.octets), limits)
}

fn checked(window: Window<'_>, limits: &Limits) -> Vec<Problem> {
    match walk(window, limits, false, Nothing) {
        Ok((outcome, _)) => outcome.problems,
        Err(problems) => problems,
    }
}

fn walk<S: Sink>(
    window: Window<'_>,
    limits: &Limits,
    unsigned: bool,
    sink: S,
) -> Result<(Outcome, S), Vec<Problem>> {
    Walk::new(window, sink, unsigned, limits.octets)
        .run()
        .map_err(|fault| vec![ill_formed(fault)])
}

fn parsed(
    window: Window<'_>,
    limits: &Limits,
    unsigned: bool,
    take: Option<&mut dyn FnMut(&'static Message, Node, usize)>,
) -> Result<Parsed, Vec<Problem>> {
    // A tree takes about four times the room of its text.
    let room = match take {
        Some(_) => limits.octets.saturating_mul(4),
        None => usize::MAX,
    };
    let (outcome, tree) = walk(window, limits, unsigned, Tree::new(take, room))?;
    if let (true, Some((element, place))) = (outcome.problems.is_empty(), tree.overflow()) {
        return Err(vec![Problem::at(
            element,
            element.name,
            place,
            "unit-too-large",
            format!("holds more than {} octets", limits.octets),
            "split it, or raise the limit",
        )]);
    }
    let (Some(message), Some(root), true) =
        (outcome.message, tree.root(), outcome.problems.is_empty())
    else {
        return Err(outcome.problems);
    };
    let signature = root
        .children()
        .iter()
        .find(|c| matches!(c.element.content, Content::Signature))
        .and_then(Node::octets);
    Ok(Parsed {
        message,
        root,
        signature,
    })
}

fn bounded(octets: &[u8], limits: &Limits) -> Result<(), Vec<Problem>> {
    too_large(octets, limits).map_or(Ok(()), |problem| Err(vec![problem]))
}

fn too_large(octets: &[u8], limits: &Limits) -> Option<Problem> {
    (octets.len() > limits.octets).then(|| Problem {
        ill_formed: true,
        ..Problem::document(
            "too-large",
            format!(
                "has {} octets, at most {} are taken",
                octets.len(),
                limits.octets
            ),
            "split it, or raise the limit in the manifest ([limits])",
        )
    })
}

/// The text of a document: UTF-8, without byte order mark, within the limits.
///
/// # Errors
/// Too large, or another encoding; the remedy says how to convert it.
pub fn decode<'a>(octets: &'a [u8], limits: &Limits) -> Result<&'a str, Box<Problem>> {
    if let Some(problem) = too_large(octets, limits) {
        return Err(Box::new(problem));
    }
    let body = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    // A spreadsheet under whatever name: .xlsx is a ZIP archive, .xls a compound file.
    if octets.starts_with(b"PK\x03\x04") || octets.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(Box::new(Problem::document(
            "encoding",
            "is a spreadsheet (.xlsx, .xls) or an archive, not text",
            "in the spreadsheet program, save the sheet as CSV (UTF-8), and give that file",
        )));
    }
    if octets.starts_with(b"\xFF\xFE") || octets.starts_with(b"\xFE\xFF") {
        return Err(Box::new(Problem::document(
            "encoding",
            "is UTF-16, not UTF-8",
            "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8",
        )));
    }
    std::str::from_utf8(body).map_err(|error| {
        let before = String::from_utf8_lossy(&body[..error.valid_up_to()]);
        let place = crate::lines::Lines::new(&before).place(before.len());
        let mut problem = Problem::document("encoding", "is not UTF-8 (it may be GBK)", FROM_GBK);
        (problem.line, problem.column) = (place.line, place.column);
        Box::new(problem)
    })
}

const FROM_GBK: &str = "save it as UTF-8, or convert it: iconv -f GBK -t UTF-8";

fn ill_formed(fault: Fault) -> Problem {
    let remedy = match fault.rule {
        "dtd" => "remove it; entities are not expanded",
        "too-large" => "split it into smaller messages",
        "truncated" => "it is cut off: write or transfer it again",
        "empty" => "give a message",
        "encoding" if fault.text.contains("UTF-16") => {
            "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8"
        }
        "encoding" if fault.text.contains("declares") => {
            "convert it to UTF-8 and declare encoding=\"UTF-8\""
        }
        "encoding" => FROM_GBK,
        "unreadable" => "check the file and the disk",
        _ => "mend the XML at this place",
    };
    let mut problem = Problem::document(fault.rule, fault.text, remedy);
    (problem.line, problem.column) = (fault.place.line, fault.place.column);
    problem.ill_formed = true;
    problem
}
