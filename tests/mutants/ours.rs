//! The reader's own verdict, in the form of the judge's.

use std::io::{self, Read};

use tongguan_messages::{Limits, Problem, message, read, read_stream, validate, validate_stream};

use crate::random::Random;
use crate::xmllint::Verdict;

/// What we find, and whether it is something that we refuse on purpose and libxml2 takes.
pub struct Ours {
    pub verdict: Verdict,
    /// A document type, another encoding: differences that are meant.
    pub meant: Option<&'static str>,
    /// The ways to read that do not agree with each other.
    pub at_odds: Option<String>,
}

/// Reads a document in all ways.
pub fn judge(octets: &[u8], r: &mut Random) -> Ours {
    let limits = Limits::default();
    let problems = validate(octets, &limits);
    let mut pieces = Pieces {
        octets,
        most: r.pick(&[1, 3, 17, 100, 4096]),
    };
    let streamed = validate_stream(&mut pieces, &limits);
    let parsed = read(octets, &limits).err().unwrap_or_default();
    let mut source = octets;
    let units = read_stream(&mut source, &limits, &mut |_, _, _| {});
    let units = units.err().unwrap_or_default();
    let ways = [
        ("validate_stream", streamed),
        ("read", parsed),
        ("read_stream", units),
    ];
    let at_odds = ways
        .into_iter()
        .find(|(_, other)| *other != problems)
        .map(|(way, other)| format!("{way} finds {other:?}, validate {problems:?}"));
    Ours {
        meant: meant(octets, &problems),
        verdict: verdict(&problems),
        at_odds,
    }
}

fn verdict(problems: &[Problem]) -> Verdict {
    let mut verdict = Verdict {
        valid: problems.is_empty(),
        ..Verdict::default()
    };
    for problem in problems {
        verdict.said.push_str(&format!("{problem}\n"));
        if problem.path.is_empty() {
            verdict.ill_formed = Some(problem.line);
            verdict.words.push(problem.text.clone());
            continue;
        }
        let (path, attribute) = match problem.path.split_once("/@") {
            Some((path, attribute)) => (path, Some(attribute)),
            None => (problem.path.as_str(), None),
        };
        let last = path.rsplit('/').next().unwrap_or_default();
        let element = last.split('[').next().unwrap_or_default();
        verdict.place(problem.line, element, &problem.text);
        if let Some(attribute) = attribute {
            verdict.attribute(problem.line, element, attribute);
        }
    }
    verdict
}

fn meant(octets: &[u8], problems: &[Problem]) -> Option<&'static str> {
    // libxml2 takes any element as a root that the schema declares by itself. A part of a message
    // is none; and which of the schema files it is to keep, only a message's name can tell.
    let unknown = problems.first().filter(|p| p.rule == "unknown-message");
    if unknown.is_some_and(|p| message(&p.path).is_none()) {
        return Some("part of a message as the root");
    }
    let fault = problems.first().filter(|p| p.path.is_empty())?;
    match fault.rule {
        "dtd" => Some("document type"),
        "encoding" if fault.text.contains("declares") || fault.text.contains("UTF-16") => {
            Some("another encoding")
        }
        // libxml2 takes it for the end of the file.
        "ill-formed" if fault.text.contains("after its root") && octets.contains(&0) => {
            Some("U+0000 after the root")
        }
        // A line feed and three zeros, as a line feed in UTF-32 has: the head of an LZMA file, which
        // libxml2 unpacks, and finds empty.
        "ill-formed" if octets.starts_with(b"\n\0\0\0") => Some("taken for a packed file"),
        _ => None,
    }
}

/// Gives a few octets at a time.
struct Pieces<'a> {
    octets: &'a [u8],
    most: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.most.min(into.len()).min(self.octets.len());
        let (now, later) = self.octets.split_at(length);
        into[..length].copy_from_slice(now);
        self.octets = later;
        Ok(length)
    }
}
