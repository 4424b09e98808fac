//! Documents that are none: refused, with what is wrong and what to do; never a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tongguan_contracts::{Document, DocumentRefused, Role};

use super::{Sample, reading};
use crate::check::{Found, Not, Rule, broken, not_here, panicked};

pub(super) const GARBAGE: Rule = Rule {
    id: "role.garbage",
    says: "A document is hostile until shown otherwise: it is taken whole and valid, or refused whole \
           with everything that is wrong, each with what to do; nothing makes the role panic.",
};

pub(super) fn garbage(role: &dyn Role, samples: &[Sample]) -> Found {
    let mut refused = 0;
    let all = documents(samples);
    let count = all.len();
    for (what, octets) in all {
        match tried(role, &what, &octets)? {
            Ok(()) => {}
            Err(no) => {
                let empty = |p: &tongguan_contracts::Problem| p.text.is_empty();
                if no.problems.is_empty() || no.problems.iter().any(empty) {
                    return broken(format!("{what}: refused without a word"));
                }
                if let Some(panic) = no.problems.iter().find(|p| p.text.contains("panicked")) {
                    return broken(format!("{what}: {}", panic.text));
                }
                if let Some(bare) = no.problems.iter().find(|p| p.remedy.is_empty()) {
                    return broken(format!("{what}: no remedy for {bare}"));
                }
                refused += 1;
            }
        }
    }
    Ok(format!("{refused} of {count} refused, the rest valid"))
}

pub(super) const NAMED: Rule = Rule {
    id: "role.named",
    says: "What is wrong in a document is told by its field or place.",
};

pub(super) fn named(role: &dyn Role, samples: &[Sample]) -> Found {
    if samples.is_empty() {
        return not_here("no sample of its documents is given");
    }
    let mut refused = 0;
    for (what, octets) in samples.iter().flat_map(overlong) {
        if let Err(no) = tried(role, &what, &octets)? {
            refused += 1;
            let named = |p: &&tongguan_contracts::Problem| {
                !p.field_en.is_empty() || !p.field_zh.is_empty() || !p.path.is_empty()
            };
            if let Some(problem) = no.problems.iter().find(named) {
                return Ok(problem.to_string());
            }
        }
    }
    broken(match refused {
        0 => "no value of the samples is too long for it".to_owned(),
        _ => format!(
            "{refused} documents with a value that is too long: none of the problems names it"
        ),
    })
}

/// What a document comes to; what is taken must be valid.
fn tried(role: &dyn Role, what: &str, octets: &[u8]) -> Result<Result<(), DocumentRefused>, Not> {
    for message in [None, role.declares().first().map(String::as_str)] {
        let document = Document {
            name: "tried",
            octets,
            message,
        };
        let read = catch_unwind(AssertUnwindSafe(|| role.read(document)));
        match read {
            Err(panic) => return panicked(&*panic),
            Ok(Err(refused)) => return Ok(Err(refused)),
            Ok(Ok(all)) => {
                for one in all {
                    if let Some(why) = reading::wrong(role, "tried", &one) {
                        return broken(format!("{what}: {why}"));
                    }
                }
            }
        }
    }
    Ok(Ok(()))
}

/// What nobody should hand in.
fn documents(samples: &[Sample]) -> Vec<(String, Vec<u8>)> {
    let deep = |open: &str| open.repeat(100_000).into_bytes();
    let mut all: Vec<(String, Vec<u8>)> = vec![
        ("nothing".into(), Vec::new()),
        ("blanks".into(), b" \r\n\t\n".to_vec()),
        ("zeros".into(), vec![0; 1000]),
        ("no UTF-8".into(), b"\xFF\xFE\xC3\x28\xB2\xE2".to_vec()),
        ("every octet".into(), (0..=255).collect()),
        (
            "a picture".into(),
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
        ),
        ("deep JSON".into(), deep("[")),
        ("deep XML".into(), deep("<a>")),
        (
            "other JSON".into(),
            b"{\"a\": [1, null, {\"b\": true}]}".to_vec(),
        ),
        (
            "other XML".into(),
            b"<?xml version=\"1.0\"?><a b=\"c\">d</a>".to_vec(),
        ),
        ("a table of nothing".into(), b"a,b,c\n,,\n\"\n".to_vec()),
        ("columns".into(), b"|||||||||||||\n".to_vec()),
    ];
    for sample in samples {
        let (name, octets) = (&sample.name, &sample.octets);
        for part in 1..16 {
            let cut = octets.len() * part / 16;
            all.push((format!("{name}, cut at {cut}"), octets[..cut].to_vec()));
            let mut spoiled = octets.clone();
            for wrong in [0, b'"', b'9', b'|', 0xFF] {
                if let Some(octet) = spoiled.get_mut(cut) {
                    *octet = wrong;
                }
                all.push((format!("{name}, octet {cut} is {wrong}"), spoiled.clone()));
            }
        }
        all.push((format!("{name}, twice"), [&octets[..], octets].concat()));
        all.extend(overlong(sample));
    }
    all
}

/// The sample with a number or word that is far too long, at places all over it.
fn overlong(sample: &Sample) -> Vec<(String, Vec<u8>)> {
    let places: Vec<usize> = (1..sample.octets.len())
        .filter(|at| {
            let inside = |at: usize| sample.octets[at].is_ascii_alphanumeric();
            inside(at - 1) && inside(*at)
        })
        .collect();
    let step = (places.len() / 20).max(1);
    let mut all = Vec::new();
    for at in places.into_iter().step_by(step) {
        for long in ["9", "x"] {
            let mut octets = sample.octets.clone();
            let filling = long.repeat(300).into_bytes();
            octets.splice(at..at, filling);
            all.push((format!("{}, {long} 300 times at {at}", sample.name), octets));
        }
    }
    all
}
