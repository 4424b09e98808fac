//! The role of an e-commerce enterprise: its documents in, declarations out.
//!
//! A document is JSON, CSV with a header, or unsigned CEB XML; its content tells which. It is
//! taken whole, or refused whole with everything that is wrong with it.
#![forbid(unsafe_code)]

mod declare;
mod fill;
mod json;
mod table;
mod xml;

use serde::Deserialize;
use std::sync::Arc;

use tongguan_contracts::{Declaration, Document, DocumentRefused, Failure, PartOptions, Role};
use tongguan_messages::{Kind, Limits, Message, Problem, message, messages};

/// A role's table in the manifest, `kind = "ecommerce"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The messages that the enterprise may declare. One that is also, say, its own payment
    /// enterprise lists CEB411Message too.
    #[serde(default = "declares")]
    declares: Vec<String>,
    /// Largest document, in octets.
    #[serde(default = "max_octets")]
    max_octets: usize,
}

fn declares() -> Vec<String> {
    vec!["CEB311Message".to_owned(), "CEB621Message".to_owned()]
}

fn max_octets() -> usize {
    64 << 20
}

struct Ecommerce {
    names: Vec<String>,
    declares: Vec<&'static Message>,
    limits: Limits,
}

/// Builds the role.
///
/// # Errors
/// A message that the standard does not know, or that nobody declares.
pub fn build(options: PartOptions) -> Result<Arc<dyn Role>, Failure> {
    let given: Options = options.parse()?;
    let mut declares = Vec::new();
    for name in &given.declares {
        let known = message(name).filter(|m| m.kind == Kind::Declaration);
        declares.push(known.ok_or_else(|| {
            let all: Vec<&str> = messages()
                .iter()
                .filter(|m| m.kind == Kind::Declaration)
                .map(|m| m.name)
                .collect();
            Failure::misconfigured(
                &options.part,
                "read declares",
                format!("{name:?} is no message that is declared"),
            )
            .remedy(format!("choose from {}", all.join(", ")))
        })?);
    }
    let limits = Limits {
        octets: given.max_octets,
    };
    Ok(Arc::new(Ecommerce {
        names: given.declares,
        declares,
        limits,
    }))
}

impl Ecommerce {
    fn read_problems(&self, document: Document<'_>) -> Result<Vec<Declaration>, Vec<Problem>> {
        let wanted = match document.message {
            None => self.declares.clone(),
            Some(name) => match self.declares.iter().find(|m| m.name == name) {
                Some(message) => vec![*message],
                None => {
                    return Err(vec![Problem::document(
                        "not-declared",
                        format!("{name} is not among the messages that this role declares"),
                        format!(
                            "choose from {}, or add it to declares",
                            self.names.join(", ")
                        ),
                    )]);
                }
            },
        };
        let text =
            tongguan_messages::decode(document.octets, &self.limits).map_err(|p| vec![*p])?;
        let units = match text.trim_start().chars().next() {
            None => {
                return Err(vec![Problem::document(
                    "empty",
                    "the document is empty",
                    "give JSON, CSV with a header, or CEB XML",
                )]);
            }
            Some('<') => xml::read(document.octets, &wanted, &self.limits)?,
            Some('{' | '[') => json::read(text, &wanted)?,
            Some(_) => table::read(text, &wanted)?,
        };
        declare::all(units, document.name)
    }
}

impl Role for Ecommerce {
    fn declares(&self) -> &[String] {
        &self.names
    }

    fn read(&self, document: Document<'_>) -> Result<Vec<Declaration>, DocumentRefused> {
        self.read_problems(document)
            .map_err(|problems| DocumentRefused {
                document: document.name.to_owned(),
                problems: problems
                    .into_iter()
                    .map(|p| p.in_file(document.name))
                    .collect(),
            })
    }
}
