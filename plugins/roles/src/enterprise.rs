//! A role: what the manifest says of it, and the documents that it reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use tongguan_contracts::{
    Declaration, Document, DocumentRefused, Failure, PartOptions, ReceiptNotice, Role,
};
use tongguan_messages::{Limits, Message, Problem};

use crate::NotTried;
use crate::documents::Reading;
use crate::mapping::{self, Mapping, trial::Trial};
use crate::may::Registered;
use crate::receipts::Receipts;

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
    /// A file that gets a line for every receipt; none unless given.
    receipts: Option<PathBuf>,
    /// Mappings of the enterprise's own documents, by the messages that they make.
    #[serde(default)]
    map: BTreeMap<String, Value>,
}

fn max_octets() -> usize {
    64 << 20
}

/// An enterprise in its role.
pub(crate) struct Enterprise {
    registered: Registered,
    names: Vec<String>,
    declares: Vec<&'static Message>,
    mappings: Vec<Mapping>,
    receipts: Option<Receipts>,
    limits: Limits,
}

/// A role whose mappings may lack something.
struct Unfinished {
    role: Enterprise,
    mistakes: Vec<mapping::Mistake>,
    missing: Vec<mapping::Mistake>,
}

impl Unfinished {
    fn new(kind: &'static str, options: &PartOptions) -> Result<Self, Failure> {
        let given: Options = options.parse()?;
        let registered = Registered::new(&options.part, kind, &given.also)?;
        let declares = match &given.declares {
            Some(names) => registered.named(&options.part, names)?,
            None => registered.usual(),
        };
        let (mut mistakes, mut missing, mut mappings) = (Vec::new(), Vec::new(), Vec::new());
        for (name, table) in &given.map {
            let message = declares.iter().find(|m| m.name == name);
            let Some((message, unit)) = message.and_then(|m| Some((*m, m.unit?))) else {
                let problem = registered.not_declared(name, &declares);
                mistakes.push(mapping::Mistake {
                    at: format!("map.{}", Problem::shown(name)),
                    text: problem.text,
                    remedy: problem.remedy,
                });
                continue;
            };
            let read = mapping::read(message, unit, table, &options.base);
            mappings.push(read.mapping);
            mistakes.extend(read.mistakes);
            missing.extend(read.missing);
        }
        let receipts = given.receipts.as_ref().map(|path| {
            // Relative to the manifest.
            Receipts::new(&options.part, options.base.join(path))
        });
        let limits = Limits {
            octets: given.max_octets,
        };
        Ok(Self {
            role: Enterprise {
                registered,
                names: declares.iter().map(|m| m.name.to_owned()).collect(),
                declares,
                mappings,
                receipts,
                limits,
            },
            mistakes,
            missing,
        })
    }

    /// Nothing is wrong but that fields may be missing.
    fn sound(self, part: &str) -> Result<Self, Failure> {
        if self.mistakes.is_empty() {
            Ok(self)
        } else {
            Err(mapping::failure(part, &self.mistakes))
        }
    }
}

impl Enterprise {
    pub fn new(kind: &'static str, options: PartOptions) -> Result<Self, Failure> {
        let mut made = Unfinished::new(kind, &options)?;
        made.mistakes.append(&mut made.missing);
        Ok(made.sound(&options.part)?.role)
    }

    /// What a document may be: all that is declared, or the one message that was asked for.
    fn wanted(&self, asked: Option<&str>) -> Result<Vec<&'static Message>, Vec<Problem>> {
        let Some(name) = asked else {
            return Ok(self.declares.clone());
        };
        match self.declares.iter().find(|m| m.name == name) {
            Some(message) => Ok(vec![*message]),
            None => Err(vec![self.registered.not_declared(name, &self.declares)]),
        }
    }

    fn mappings(&self, wanted: &[&'static Message]) -> Vec<&Mapping> {
        let of = |m: &&Mapping| wanted.iter().any(|w| w.name == m.message.name);
        self.mappings.iter().filter(of).collect()
    }

    fn reading(&self, asked: Option<&str>) -> Result<Reading<'_>, Vec<Problem>> {
        let wanted = self.wanted(asked)?;
        Ok(Reading {
            registered: &self.registered,
            mappings: self.mappings(&wanted),
            wanted,
            limits: &self.limits,
        })
    }
}

fn refused(document: Document<'_>, problems: Vec<Problem>) -> DocumentRefused {
    let named = problems.into_iter().map(|p| p.in_file(document.name));
    DocumentRefused {
        document: document.name.to_owned(),
        problems: named.collect(),
    }
}

impl Role for Enterprise {
    fn declares(&self) -> &[String] {
        &self.names
    }

    fn read(&self, document: Document<'_>) -> Result<Vec<Declaration>, DocumentRefused> {
        self.reading(document.message)
            .and_then(|reading| reading.read(document))
            .map_err(|problems| refused(document, problems))
    }

    fn on_receipt(&self, notice: ReceiptNotice<'_>) -> Result<(), Failure> {
        match &self.receipts {
            Some(receipts) => receipts.add(notice),
            None => Ok(()),
        }
    }
}

pub(crate) fn try_mapping(
    kind: &'static str,
    options: PartOptions,
    sample: Document<'_>,
    declaration: usize,
) -> Result<Trial, NotTried> {
    let Unfinished { role, missing, .. } = Unfinished::new(kind, &options)?.sound(&options.part)?;
    let no = |problems| refused(sample, problems);
    let reading = role.reading(sample.message).map_err(no)?;
    let mapping = match reading.mappings.as_slice() {
        [one] => Some(*one),
        _ => reading.mapping_of(sample).map_err(no)?,
    };
    let Some(mapping) = mapping else {
        let doing = "try its mapping";
        let names: Vec<&str> = role.mappings.iter().map(|m| m.message.name).collect();
        let failure = if names.is_empty() {
            let reason = "it has none for what is asked";
            Failure::misconfigured(&options.part, doing, reason)
                .remedy("write [roles.NAME.map.MESSAGE]; tongguan map new begins one")
        } else {
            let reason = "none of its mappings has the sample's names";
            Failure::misconfigured(&options.part, doing, reason)
                .remedy(format!("say which: --as {}", names.join(" | ")))
        };
        return Err(failure.into());
    };
    let at = format!("map.{}.", mapping.message.name);
    let missing: Vec<_> = missing
        .into_iter()
        .filter(|m| m.at.starts_with(&at))
        .collect();
    let trial = mapping::trial::run(mapping, &missing, sample, declaration, &role.limits);
    Ok(trial.map_err(no)?)
}

pub(crate) fn new_mapping(
    kind: &'static str,
    name: &str,
    options: PartOptions,
    sample: Document<'_>,
) -> Result<String, NotTried> {
    // What is mapped already is not looked at.
    let mut options = options;
    if let Value::Object(table) = &mut options.options {
        table.remove("map");
    }
    let role = Enterprise::new(kind, options)?;
    let no = |problems| refused(sample, problems);
    let wanted = role.wanted(sample.message).map_err(no)?;
    let [message] = wanted.as_slice() else {
        let text = "a mapping is to one message";
        let remedy = format!("say which: --as {}", role.names.join(" | "));
        return Err(no(vec![Problem::document("ambiguous-message", text, remedy)]).into());
    };
    Ok(mapping::skeleton::write(name, message, sample.octets, &role.limits).map_err(no)?)
}
