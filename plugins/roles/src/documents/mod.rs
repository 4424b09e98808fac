//! Documents in, declarations out: JSON, CSV with a header, unsigned CEB XML; in the standard's
//! names, or in the enterprise's own by a mapping.

mod declare;
mod fill;
mod heads;
pub(crate) mod json;
pub(crate) mod table;
mod xml;

use tongguan_contracts::{Declaration, Document};
use tongguan_messages::{Limits, Lines, Message, Problem, decode};

pub(crate) use declare::{Unit, all};
pub(crate) use table::habits;

use crate::mapping::{Drawing, Mapping, objects, rows};
use crate::may::Registered;

/// What documents are read as.
pub(crate) struct Reading<'r> {
    pub registered: &'r Registered,
    /// The messages that a document may be.
    pub wanted: Vec<&'static Message>,
    /// The mappings to those.
    pub mappings: Vec<&'r Mapping>,
    pub limits: &'r Limits,
}

impl<'r> Reading<'r> {
    /// The mapping that a JSON or CSV document is for.
    pub fn mapping_of(&self, document: Document<'_>) -> Result<Option<&'r Mapping>, Vec<Problem>> {
        let text = decode(document.octets, self.limits).map_err(|p| vec![*p])?;
        match text.trim_start().chars().next() {
            Some('<') | None => Ok(None),
            Some('{' | '[') => objects::fitting(&json::parse(text)?, &self.mappings),
            Some(_) => rows::fitting(&table::Rows::new(text)?.header, &self.mappings, false),
        }
    }

    /// A document without any known name may be meant for a mapping.
    fn hint(&self, mut problems: Vec<Problem>) -> Vec<Problem> {
        for problem in problems.iter_mut().filter(|p| p.rule == "unknown-message") {
            for mapping in &self.mappings {
                let names = mapping.names().join(", ");
                let hint = format!(
                    "; or, for the mapping to {}, {names} …",
                    mapping.message.name
                );
                problem.remedy.push_str(&hint);
            }
        }
        problems
    }

    /// Reads a document; its content tells its form.
    pub fn read(&self, document: Document<'_>) -> Result<Vec<Declaration>, Vec<Problem>> {
        let text = decode(document.octets, self.limits).map_err(|p| vec![*p])?;
        let units = match text.trim_start().chars().next() {
            None => {
                return Err(vec![Problem::document(
                    "empty",
                    "the document is empty",
                    "give JSON, CSV with a header, or CEB XML",
                )]);
            }
            Some('<') => xml::read(document.octets, &self.wanted, self.registered, self.limits)?,
            Some('{' | '[') => {
                let value = json::parse(text)?;
                match objects::fitting(&value, &self.mappings)? {
                    Some(mapping) => {
                        let mut drawing = Drawing::default();
                        let units = objects::read(Lines::new(text), &value, mapping, &mut drawing)?;
                        return declare_mapped(units, document.name, mapping);
                    }
                    None => json::read(text, &value, &self.wanted).map_err(|p| self.hint(p))?,
                }
            }
            Some(_) => {
                let table = table::Rows::new(text)?;
                let standard = table::choose(&table.header, &self.wanted);
                match rows::fitting(&table.header, &self.mappings, standard.is_ok())? {
                    Some(mapping) => {
                        let units = rows::read(table, mapping, &mut Drawing::default())?;
                        return declare_mapped(units, document.name, mapping);
                    }
                    None => {
                        let (message, columns) = standard?;
                        table::read(table, message, &columns)?
                    }
                }
            }
        };
        all(units, document.name)
    }
}

/// Completes and checks what a mapping made.
pub(crate) fn declare_mapped(
    units: Vec<Unit>,
    document: &str,
    mapping: &Mapping,
) -> Result<Vec<Declaration>, Vec<Problem>> {
    all(units, document).map_err(|mut problems| {
        mapping.explain(&mut problems);
        problems
    })
}

/// A document that may be one message or another: which is not guessed.
pub(crate) fn ambiguous(what: &str, one: &Message, other: &Message) -> Problem {
    Problem::document(
        "ambiguous-message",
        format!("{what} fits {} and {}", one.name, other.name),
        "say which: --as MESSAGE",
    )
}
