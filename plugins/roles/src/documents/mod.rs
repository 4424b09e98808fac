//! Documents in, declarations out: JSON, CSV with a header, unsigned CEB XML.

mod declare;
mod fill;
mod json;
mod table;
mod xml;

use tongguan_contracts::{Declaration, Document};
use tongguan_messages::{Limits, Message, Problem, decode};

use crate::may::Registered;

/// Reads a document as one of the messages `wanted`; its content tells its form.
pub(crate) fn read(
    document: Document<'_>,
    wanted: &[&'static Message],
    registered: &Registered,
    limits: &Limits,
) -> Result<Vec<Declaration>, Vec<Problem>> {
    let text = decode(document.octets, limits).map_err(|p| vec![*p])?;
    let units = match text.trim_start().chars().next() {
        None => {
            return Err(vec![Problem::document(
                "empty",
                "the document is empty",
                "give JSON, CSV with a header, or CEB XML",
            )]);
        }
        Some('<') => xml::read(document.octets, wanted, registered, limits)?,
        Some('{' | '[') => json::read(text, wanted)?,
        Some(_) => table::read(text, wanted)?,
    };
    declare::all(units, document.name)
}

/// A document that may be one message or another: which is not guessed.
fn ambiguous(what: &str, one: &Message, other: &Message) -> Problem {
    Problem::document(
        "ambiguous-message",
        format!("{what} fits {} and {}", one.name, other.name),
        "say which: --as MESSAGE",
    )
}
