//! Makes the fields of one entity from one record.

use std::borrow::Cow;

use tongguan_messages::{Draft, Place, Problem};

use super::Section;
use super::path::Path;
use super::rule::{Rule, Source};
use super::trial::Tried;
use crate::documents::habits;

/// What an enterprise's document has for one declaration, or for one item of it.
pub(crate) trait Record {
    /// What stands at a place.
    fn get(&self, path: &Path) -> Got<'_>;
    /// Where the record starts.
    fn place(&self) -> Place;
}

/// What stands at a place of a record.
pub(crate) enum Got<'r> {
    /// Nothing, or nothing in it.
    Nothing,
    /// A text or a number.
    Text(Cow<'r, str>, Place),
    /// What is no field's text: why, and what to do.
    Wrong(Place, &'static str, &'static str),
}

/// Longer texts are no field's: the longest of the standard has 5000 characters.
const MOST_OCTETS: usize = 64 << 10;

/// So many places are looked at for one document. 64 MiB of orders have fewer.
const MOST_LOOKUPS: usize = 4 << 20;

/// More problems than this are not told: mend these first.
const MOST: usize = 100;

/// The work on one document: what was found wrong, and what it may cost.
#[derive(Default)]
pub(crate) struct Drawing {
    pub problems: Vec<Problem>,
    lookups: usize,
    /// The declaration, from 1, whose fields somebody wants to see.
    show: Option<usize>,
    watching: bool,
    pub shown: Vec<Tried>,
}

impl Drawing {
    /// Keeps what is made of the fields of that declaration.
    pub fn showing(declaration: usize) -> Self {
        Self {
            show: Some(declaration),
            ..Self::default()
        }
    }

    /// The next field is one of that declaration.
    pub fn begin(&mut self, declaration: usize) {
        self.watching = self.show == Some(declaration);
    }

    /// Nothing more would be told, or the document costs more than any may.
    pub fn full(&self) -> bool {
        self.problems.len() >= MOST || self.lookups > MOST_LOOKUPS
    }

    pub fn push(&mut self, problem: Problem) {
        if self.problems.len() < MOST {
            self.problems.push(problem);
        }
    }

    /// All that is wrong, first that it costs too much.
    pub fn wrong(&mut self) -> Vec<Problem> {
        let mut all = std::mem::take(&mut self.problems);
        if self.lookups > MOST_LOOKUPS {
            let text =
                format!("the mapping looks for more than {MOST_LOOKUPS} values in the document");
            all.insert(0, Problem::document("too-large", text, "split it"));
            all.truncate(MOST);
        }
        all
    }

    /// Puts the fields of a section into a draft; `path` is where the entity stands.
    pub(super) fn fill(
        &mut self,
        draft: &mut Draft,
        section: &Section,
        record: &dyn Record,
        path: &str,
    ) {
        for rule in &section.rules {
            if self.full() {
                return;
            }
            self.field(draft, rule, record, path);
        }
    }

    fn field(&mut self, draft: &mut Draft, rule: &Rule, record: &dyn Record, path: &str) {
        self.lookups += rule.source.paths().len().max(1);
        let path = format!("{path}/{}", rule.field.name);
        let mut steps = Vec::new();
        let watched = self.watching;
        let (raw, place, made) = match raw(rule, record) {
            Err((place, problem)) => (None, place, Err(problem)),
            Ok((raw, place)) => {
                let kept = raw.as_ref().filter(|_| watched).map(|r| r.to_string());
                let mut told = |step, text: &str| {
                    if watched {
                        steps.push((step, text.to_owned()));
                    }
                };
                let made = match &rule.source {
                    Source::Is(text) => Ok(Some(text.clone())),
                    _ => rule.apply(raw, &mut told),
                };
                (kept, place, made.map_err(|b| (b.rule, b.text, b.remedy)))
            }
        };
        let problem = match &made {
            Ok(Some(text)) => habits(rule.field, text, place)
                .or_else(|| draft.field(rule.field.name, text, place).err().map(|p| *p)),
            Ok(None) => None,
            Err((id, text, remedy)) => {
                let text = format!("cannot be made from {}: {text}", rule.source.shown());
                Some(Problem::at(
                    rule.field,
                    &path,
                    place,
                    id,
                    text,
                    remedy.as_str(),
                ))
            }
        };
        if watched {
            self.shown.push(Tried::new(
                rule,
                path,
                place,
                raw,
                steps,
                made.ok().flatten(),
                problem.clone(),
            ));
        }
        if let Some(problem) = problem {
            self.push(problem);
        }
    }
}

type Why = (&'static str, String, String);

/// A source's text, if it has any, and where it stands.
type Raw<'r> = (Option<Cow<'r, str>>, Place);

/// What the source has, and where.
fn raw<'r>(rule: &Rule, record: &'r dyn Record) -> Result<Raw<'r>, (Place, Why)> {
    let mut joined: Option<Cow<'r, str>> = None;
    let mut at = record.place();
    let with = match &rule.source {
        Source::Join(_, with) => with.as_str(),
        _ => "",
    };
    for path in rule.source.paths() {
        let (text, place) = match record.get(path) {
            Got::Nothing => continue,
            Got::Text(text, place) => (text, place),
            Got::Wrong(place, what, remedy) => {
                return Err((place, ("form", what.to_owned(), remedy.to_owned())));
            }
        };
        if text.len() + joined.as_ref().map_or(0, |j| j.len()) > MOST_OCTETS {
            let what = format!("it has more than {MOST_OCTETS} octets");
            return Err((place, ("too-long", what, "shorten it".to_owned())));
        }
        joined = Some(match joined {
            None => {
                at = place;
                text
            }
            Some(before) => Cow::Owned([&before, with, &text].concat()),
        });
    }
    Ok((joined, at))
}
