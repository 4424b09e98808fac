//! Our verdict beside the judges'.

use std::fs;

use crate::making::Mutant;
use crate::ours::{self, Ours};
use crate::random::Random;
use crate::schemas::Schemas;
use crate::xmllint::{self, Verdict};

/// A mutant on which there is no agreement.
pub struct Finding {
    pub number: usize,
    /// What kind of disagreement; the same for all of one cause, as far as can be told.
    pub class: String,
    /// It is meant to be so.
    pub meant: bool,
    pub told: String,
    pub octets: Vec<u8>,
}

/// What came of mutants.
#[derive(Default)]
pub struct Judged {
    pub findings: Vec<Finding>,
    /// How many libxml2 takes; how many it does not take for XML.
    pub valid: usize,
    pub ill_formed: usize,
}

impl Judged {
    pub fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.valid += other.valid;
        self.ill_formed += other.ill_formed;
    }
}

/// So many problems the reader tells at most.
const PROBLEMS: usize = 100;

/// Judges a batch of one schema file's messages.
pub fn batch(mutants: &[Mutant], schemas: &Schemas) -> Judged {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for mutant in mutants {
        let file = format!("{:07}.xml", mutant.number);
        fs::write(dir.path().join(&file), &mutant.octets).unwrap();
        files.push(file);
    }
    let judges: Vec<Vec<Verdict>> = schemas
        .of(mutants[0].schema)
        .iter()
        .map(|schema| xmllint::judge(dir.path(), schema, &files))
        .collect();
    let mut judged = Judged::default();
    for (index, mutant) in mutants.iter().enumerate() {
        let ours = ours::judge(&mutant.octets, &mut Random::new(mutant.number as u64));
        let verdicts: Vec<&Verdict> = judges.iter().map(|j| &j[index]).collect();
        judged.valid += usize::from(verdicts[0].valid);
        judged.ill_formed += usize::from(verdicts[0].ill_formed.is_some());
        judged.findings.extend(compared(mutant, &ours, &verdicts));
    }
    judged
}

fn compared(mutant: &Mutant, ours: &Ours, judges: &[&Verdict]) -> Vec<Finding> {
    let mut classes: Vec<(String, bool)> = Vec::new();
    if let [own, official] = judges
        && own.valid != official.valid
    {
        let (a, b) = (own.valid, official.valid);
        classes.push((
            format!("valid by our schema: {a}, by the official: {b}"),
            false,
        ));
    }
    if let Some(odds) = &ours.at_odds {
        classes.push((format!("our ways to read: {}", cut(odds, 20)), false));
    }
    for (judge, name) in judges.iter().zip(["our schema", "official schema"]) {
        let Some(difference) = difference(&ours.verdict, judge) else {
            continue;
        };
        match ours.meant {
            Some(meant) => classes.push((meant.to_owned(), true)),
            None => classes.push((format!("{name}: {difference}"), false)),
        }
    }
    let Some((mut class, meant)) = classes.first().cloned() else {
        return Vec::new();
    };
    if mutant.origin.starts_with("unspoiled") {
        class = format!("unspoiled seed: {class}");
    }
    let told = |who: &str, v: &Verdict| format!("{who}: {}\n{}", v.valid, cut(&v.said, 700));
    let mut lines = vec![mutant.origin.clone(), told("ours", &ours.verdict)];
    for (judge, name) in judges.iter().zip(["our schema", "official schema"]) {
        lines.push(told(name, judge));
    }
    lines.extend(ours.at_odds.as_ref().map(|odds| cut(odds, 1000)));
    vec![Finding {
        number: mutant.number,
        class,
        meant,
        told: lines.join("\n"),
        octets: mutant.octets.clone(),
    }]
}

/// How we differ from a judge.
fn difference(ours: &Verdict, judge: &Verdict) -> Option<String> {
    let first = |v: &Verdict, at: usize| v.words.get(at).map_or("nothing".to_owned(), |w| bare(w));
    // libxml2 goes on after what breaks Namespaces in XML, and may then find that it is not XML.
    // XML Schema stands on both, so either is our end.
    if !judge.namespaces.is_empty() {
        let agreed = ours
            .ill_formed
            .is_some_and(|l| judge.namespaces.contains(&l) || judge.ill_formed == Some(l));
        return (!agreed).then(|| format!("other line: {} | {}", first(ours, 0), first(judge, 0)));
    }
    match (ours.ill_formed, judge.ill_formed) {
        (Some(a), Some(b)) if a == b => return None,
        (Some(_), Some(_)) => {
            return Some(format!(
                "other line: {} | {}",
                first(ours, 0),
                first(judge, 0)
            ));
        }
        (Some(_), None) => return Some(format!("not XML only to us: {}", first(ours, 0))),
        (None, Some(_)) => return Some(format!("XML only to us: {}", first(judge, 0))),
        (None, None) => {}
    }
    match (ours.valid, judge.valid) {
        (true, false) => return Some(format!("valid only to us: {}", first(judge, 0))),
        (false, true) => return Some(format!("invalid only to us: {}", first(ours, 0))),
        _ => {}
    }
    let whole = ours.said.lines().count() < PROBLEMS;
    let most = if whole {
        ours.places.len().max(judge.places.len())
    } else {
        ours.places.len()
    };
    let other = (0..most).find(|i| ours.places.get(*i) != judge.places.get(*i));
    if let Some(at) = other {
        return Some(format!(
            "other places: {} | {}",
            first(ours, at),
            first(judge, at)
        ));
    }
    // libxml2 tells an element's missing attributes first: the order is not compared.
    if whole && ours.attributes != judge.attributes {
        let mut differ = ours.attributes.symmetric_difference(&judge.attributes);
        let name = differ.next().map_or("", |(_, _, name)| name);
        return Some(format!("other attributes: {}", bare(name)));
    }
    None
}

/// Words without what is different in each case: names, values, numbers.
fn bare(words: &str) -> String {
    let words = words.rsplit("error : ").next().unwrap_or_default();
    let outside = words.split('\'').step_by(2).collect::<Vec<_>>().join("…");
    let plain = outside
        .split(' ')
        .filter(|w| !w.contains(|c: char| c.is_ascii_digit()));
    cut(&plain.collect::<Vec<_>>().join(" "), 110)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
