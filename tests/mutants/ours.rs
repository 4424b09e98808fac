//! The reader's own verdict, in the form of the judge's.

use std::io::{self, Read};

use tongguan_messages::{Limits, Problem, read, validate, validate_stream};

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
    let at_odds = [("validate_stream", streamed), ("read", parsed)]
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
        let path = problem.path.split("/@").next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        let element = last.split('[').next().unwrap_or_default();
        verdict.place(problem.line, element, &problem.text);
    }
    verdict
}

fn meant(octets: &[u8], problems: &[Problem]) -> Option<&'static str> {
    let fault = problems.first().filter(|p| p.path.is_empty())?;
    let overlong = |w: &[u8]| match *w {
        [0xC0 | 0xC1, ..] => true,
        [0xE0, second, ..] => second < 0xA0,
        [0xF0, second, ..] => second < 0x90,
        _ => false,
    };
    match fault.rule {
        "dtd" => Some("document type"),
        "encoding" if fault.text.contains("declares") || fault.text.contains("UTF-16") => {
            Some("another encoding")
        }
        // libxml2 takes it for the end of the file.
        "ill-formed" if fault.text.contains("after its root") && octets.contains(&0) => {
            Some("U+0000 after the root")
        }
        "encoding" if octets.windows(2).any(overlong) => Some("overlong UTF-8"),
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
