//! The roles: what an enterprise of each kind may declare, its documents in, declarations out.
//!
//! The standard's tables name who sends each message, so that a role is a name of theirs and no
//! more ([`all`]). A document is JSON, CSV with a header, or unsigned CEB XML; its content tells
//! which. It is taken whole, or refused whole with everything that is wrong with it.
#![forbid(unsafe_code)]

mod documents;
mod may;

use serde::Deserialize;
use std::sync::Arc;

use tongguan_contracts::{
    Declaration, Document, DocumentRefused, Failure, PartOptions, Role, RoleBuilder,
};
use tongguan_messages::{Limits, Message, Problem};

use may::Registered;

/// Every role by its kind in the manifest.
pub fn all() -> [(&'static str, RoleBuilder); 6] {
    [
        ("ecommerce", |options| build("ecommerce", options)),
        ("platform", |options| build("platform", options)),
        ("payment", |options| build("payment", options)),
        ("logistics", |options| build("logistics", options)),
        ("warehouse", |options| build("warehouse", options)),
        ("agent", |options| build("agent", options)),
    ]
}

/// A role's table in the manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// What the enterprise is registered as besides.
    #[serde(default)]
    also: Vec<String>,
    /// The messages that it declares; all imports that it may, unless given.
    declares: Option<Vec<String>>,
    /// Largest document, in octets.
    #[serde(default = "max_octets")]
    max_octets: usize,
}

fn max_octets() -> usize {
    64 << 20
}

struct Enterprise {
    registered: Registered,
    names: Vec<String>,
    declares: Vec<&'static Message>,
    limits: Limits,
}

/// Builds the role of that kind, a name of [`all`].
///
/// # Errors
/// A message that the standard does not know, or that the role may not declare.
pub fn build(kind: &'static str, options: PartOptions) -> Result<Arc<dyn Role>, Failure> {
    let given: Options = options.parse()?;
    let registered = Registered::new(&options.part, kind, &given.also)?;
    let declares = match &given.declares {
        Some(names) => registered.named(&options.part, names)?,
        None => registered.usual(),
    };
    let limits = Limits {
        octets: given.max_octets,
    };
    Ok(Arc::new(Enterprise {
        registered,
        names: declares.iter().map(|m| m.name.to_owned()).collect(),
        declares,
        limits,
    }))
}

/// Builds a role that declares whatever it is told to: it reads, checks and completes what a loaded
/// role makes of documents, whose own word counts for what it may declare.
///
/// # Errors
/// As [`build`].
pub fn standard(mut options: PartOptions) -> Result<Arc<dyn Role>, Failure> {
    if let serde_json::Value::Object(table) = &mut options.options {
        table.insert("also".to_owned(), may::every_sender().into());
    }
    build("ecommerce", options)
}

impl Enterprise {
    fn read_problems(&self, document: Document<'_>) -> Result<Vec<Declaration>, Vec<Problem>> {
        let wanted = match document.message {
            None => self.declares.clone(),
            Some(name) => match self.declares.iter().find(|m| m.name == name) {
                Some(message) => vec![*message],
                None => return Err(vec![self.registered.not_declared(name, &self.declares)]),
            },
        };
        documents::read(document, &wanted, &self.registered, &self.limits)
    }
}

impl Role for Enterprise {
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
