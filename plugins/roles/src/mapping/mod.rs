//! An enterprise's own JSON and CSV to the standard's messages, by a mapping in the manifest.
//!
//! docs/mapping.md tells how one is written. [`manifest`] reads it and checks it against the
//! tables; [`draw`] makes the fields of one record; [`rows`] and [`objects`] find the records in a
//! document; [`trial`] shows all that, field by field, and [`skeleton`] writes a first mapping.

mod codes;
mod date;
mod decimal;
mod draw;
mod manifest;
pub(crate) mod objects;
mod path;
pub(crate) mod rows;
mod rule;
pub(crate) mod skeleton;
pub(crate) mod trial;

use tongguan_contracts::Failure;
use tongguan_messages::{Draft, Element, Message, Problem};

pub(crate) use draw::Drawing;
pub(crate) use manifest::read;
use path::Path;
use rule::{Rule, Source};

/// `[roles.NAME.map.CEB311Message]`
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub message: &'static Message,
    pub unit: &'static Element,
    /// JSON: where the records are; the document itself unless given.
    records: Option<Path>,
    /// CSV: rows with the same values in these columns are one declaration.
    group: Vec<Path>,
    sections: Vec<Section>,
}

/// The fields of one entity: of the unit itself, its head, its items.
#[derive(Debug, Clone)]
struct Section {
    entity: &'static Element,
    /// It may stand many times.
    list: bool,
    /// It may be left out.
    optional: bool,
    /// JSON: the array that has an object for each; the record itself is the one unless given.
    each: Option<Path>,
    rules: Vec<Rule>,
}

/// What is wrong with a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Mistake {
    /// `map.CEB311Message.OrderHead.orderNo`
    pub at: String,
    pub text: String,
    pub remedy: String,
}

/// A mapping as far as it could be read.
pub(crate) struct Read {
    pub mapping: Mapping,
    pub mistakes: Vec<Mistake>,
    /// The fields that every declaration needs, and that nothing gives.
    pub missing: Vec<Mistake>,
}

/// More mistakes than this are not told: mend these first.
const MOST_TOLD: usize = 20;

/// The failure that tells of all mistakes.
pub(crate) fn failure(part: &str, mistakes: &[Mistake]) -> Failure {
    let told = mistakes.iter().take(MOST_TOLD);
    let told: Vec<String> = told
        .map(|m| format!("{}: {}; {}", m.at, m.text, m.remedy))
        .collect();
    let more = mistakes.len().saturating_sub(MOST_TOLD);
    let mut reason = told.join("\n  ");
    if more > 0 {
        reason.push_str(&format!("\n  and {more} more"));
    }
    Failure::misconfigured(part, "use its mapping", reason).remedy(
        "docs/mapping.md tells how a mapping is written; tongguan map try shows what it makes",
    )
}

/// What is most like an unknown name.
fn nearest<'k>(unknown: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // Likeness costs the product of the lengths.
    let unknown = Problem::shown(unknown).to_lowercase();
    known
        .filter(|k| k.len() < 500)
        .map(|k| (strsim::jaro_winkler(&k.to_lowercase(), &unknown), k))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

impl Section {
    /// Puts the entity into the declaration, unless it may be left out and has nothing in it.
    fn put(&self, draft: &mut Draft, part: Draft) {
        if !(self.optional && part.given().is_empty()) {
            draft.child(part);
        }
    }
}

impl Mapping {
    /// Every place that it reads, once.
    fn sources(&self) -> Vec<&Path> {
        let mut all: Vec<&Path> = self.group.iter().collect();
        for rule in self.sections.iter().flat_map(|s| &s.rules) {
            all.extend(rule.source.paths());
        }
        let mut once: Vec<&Path> = Vec::new();
        for path in all {
            if !once.iter().any(|p| p.written() == path.written()) {
                once.push(path);
            }
        }
        once
    }

    /// The first names that it reads, for people.
    pub fn names(&self) -> Vec<String> {
        let first = self.records.iter().chain(self.sources());
        first.take(5).map(|p| Problem::shown(p.written())).collect()
    }

    /// The columns that tell which rows are one declaration: those that the manifest names, or
    /// those that give the fields by which a receipt names the declaration.
    fn grouped_by(&self) -> Vec<&Path> {
        if !self.group.is_empty() {
            return self.group.iter().collect();
        }
        let keys = self
            .message
            .business_key
            .iter()
            .map(|path| path.split_once('/').unwrap_or((self.unit.name, path)));
        let of = |(entity, field): (&str, &str)| {
            let section = self.sections.iter().find(|s| s.entity.name == entity)?;
            let rule = section.rules.iter().find(|r| r.field.name == field)?;
            match &rule.source {
                Source::From(path) => Some(path),
                _ => None,
            }
        };
        keys.filter_map(of).collect()
    }

    /// What reads a source that personal data is read from is private too.
    fn guard(&mut self) {
        let rules = self.sections.iter().flat_map(|s| &s.rules);
        let guarded: Vec<Path> = rules
            .filter(|r| r.field.personal)
            .flat_map(|r| r.source.paths().to_vec())
            .collect();
        for rule in self.sections.iter_mut().flat_map(|s| &mut s.rules) {
            let shared = |p: &Path| guarded.iter().any(|g| g.written() == p.written());
            rule.private |= rule.source.paths().iter().any(shared);
        }
    }

    /// Says of every field that is missing in a declaration whether the mapping or the document
    /// lacks it.
    pub fn explain(&self, problems: &mut [Problem]) {
        for problem in problems.iter_mut().filter(|p| p.rule == "missing") {
            let mut names = problem.path.rsplit('/');
            let field = names.next().unwrap_or_default();
            let entity = names
                .next()
                .and_then(|n| n.split('[').next())
                .unwrap_or_default();
            let section = self.sections.iter().find(|s| s.entity.name == entity);
            let rule = section.and_then(|s| s.rules.iter().find(|r| r.field.name == field));
            problem.remedy = match rule {
                Some(rule) => format!(
                    "its source {} has nothing here: fill it, or give the mapping a default",
                    rule.source.shown()
                ),
                None => format!(
                    "map it: {field} = \"its source\" in map.{}",
                    self.message.name
                ),
            };
        }
    }

    fn has_items(&self) -> bool {
        self.sections.iter().any(|s| s.list)
    }
}
