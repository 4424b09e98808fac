//! The tables themselves, as statics.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::notation::{content, occurs_range};
use crate::rows::{ChildRow, ElementRow, File, Meanings, MessageRow, Sample, Samples};

pub(crate) struct Generator<'a> {
    pub shared: &'a File,
    pub shared_export: &'a File,
    /// The messages' tables.
    pub files: &'a BTreeMap<String, File>,
    pub meanings: &'a Meanings,
    pub samples: &'a Samples,
    /// The elements that others refer to: the name of the static, and its value.
    pub statics: BTreeMap<String, String>,
    /// The meanings and samples that a field has.
    pub used: BTreeSet<String>,
}

/// Where the generator is: in which message, and in which of the specification's tables of it.
#[derive(Clone, Copy)]
pub(crate) struct At<'m> {
    pub message: &'m MessageRow,
    pub table: Table,
}

/// A table of the specification. Every section of a message has them in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// The message itself, described by its section.
    Message,
    /// The parts below the root.
    Parts,
    /// What is in the first part.
    Fields,
    /// What is in `BaseTransfer`.
    Transfer,
    /// Known from the schema only.
    None,
}

impl<'m> At<'m> {
    /// Where the children of the element of that name are described.
    fn below(self, name: &str, first: bool) -> Self {
        let table = match self.table {
            Table::Message => Table::Parts,
            Table::Parts if first => Table::Fields,
            Table::Parts if name == "BaseTransfer" => Table::Transfer,
            Table::Fields => Table::Fields,
            _ => Table::None,
        };
        Self { table, ..self }
    }

    /// The section and table that describe what stands here.
    pub fn source(self) -> String {
        let Some(tables) = &self.message.tables else {
            return "None".to_owned();
        };
        let (part, table) = match self.table {
            Table::Parts => (3, Some(&tables.parts)),
            Table::Fields => (4, Some(&tables.fields)),
            Table::Transfer => (4, tables.transfer.as_ref()),
            Table::Message | Table::None => (0, None),
        };
        self.written(part, table)
    }

    /// The section and table that describe the root's attributes.
    pub fn attributes_source(self) -> String {
        let tables = self.message.tables.as_ref();
        let root = tables.filter(|_| self.table == Table::Message);
        self.written(2, root.map(|t| &t.attributes))
    }

    fn written(self, part: u32, table: Option<&String>) -> String {
        let section = &self.message.section;
        table.map_or_else(
            || "None".to_owned(),
            |table| format!("Some(Source {{ section: \"{section}.{part}\", table: {table:?} }})"),
        )
    }
}

impl Generator<'_> {
    /// The row of an element.
    pub fn find<'f>(&'f self, file: &'f File, name: &str) -> &'f ElementRow {
        let message = file.message.as_ref();
        let export = message.is_some_and(|m| m.direction == "export");
        let shared_export = self.shared_export.elements.get(name).filter(|_| export);
        let own = file.elements.get(name).or(shared_export);
        own.or_else(|| self.shared.elements.get(name))
            .unwrap_or_else(|| panic!("a table refers to {name:?}, which no table has"))
    }

    /// The static of an element that others refer to.
    fn refer(&mut self, file: &File, name: &str, at: At<'_>, first: bool) -> String {
        let known = format!("{}_{}", snake(&at.message.name), snake(name));
        if !self.statics.contains_key(&known) {
            let value = self.element(file, name, at, first);
            self.statics.insert(known.clone(), value);
        }
        known
    }

    pub fn message(&mut self, out: &mut String, file: &File, message: &MessageRow) {
        let at = At {
            message,
            table: Table::Message,
        };
        let root = self.element(file, &message.name, at, true);
        let parts = at.below(&message.name, true);
        let unit = match &message.unit {
            None => "None".to_owned(),
            Some(name) => format!("Some(&{})", self.refer(file, name, parts, true)),
        };
        let name = &message.name;
        let kind = match message.kind.as_str() {
            "declaration" => "Declaration",
            "receipt" => "Receipt",
            "envelope" => "Envelope",
            "platform-receipt" => "PlatformReceipt",
            "notice" => "Notice",
            other => panic!("{name}.toml: unknown kind {other:?}"),
        };
        let direction = match message.direction.as_str() {
            "import" => "Import",
            "export" => "Export",
            "both" => "Both",
            other => panic!("{name}.toml: unknown direction {other:?}"),
        };
        let statuses: String = message
            .statuses
            .iter()
            .map(|s| {
                let outcome = match s.outcome.as_str() {
                    "pending" => "Pending",
                    "accepted" => "Accepted",
                    "rejected" => "Rejected",
                    other => panic!("{name}.toml: unknown outcome {other:?}"),
                };
                format!(
                    "Status {{ code: {:?}, zh: {:?}, en: {:?}, outcome: Outcome::{outcome} }}, ",
                    s.code, s.zh, s.en
                )
            })
            .collect();
        if let Some(role) = message
            .senders
            .iter()
            .find(|s| !self.shared.roles.contains_key(*s))
        {
            panic!("{name}.toml: unknown role {role:?}");
        }
        let namespace = self.shared.namespaces.get(&message.namespace);
        let namespace = namespace.unwrap_or_else(|| panic!("{name}.toml: unknown namespace"));
        let usual = format!("{}-{}", message.namespace, message.direction);
        let schema = message.schema.as_ref().unwrap_or(&usual);
        if !self.shared.schemas.contains_key(schema) {
            panic!("{name}.toml: unknown schema {schema:?}");
        }
        let follows: String = message
            .follows
            .iter()
            .map(|row| {
                format!(
                    "Follows {{ message: {:?}, by: &{:?} }},",
                    row.message, row.by
                )
            })
            .collect();
        let minimal = self.samples.minimal.get(name);
        self.used.insert(format!("minimal {name}"));
        let _ = writeln!(
            out,
            "static {}: Message = Message {{ name: {name:?}, zh: {:?}, en: {:?}, section: {:?}, \
             prefix: {:?}, namespace: {namespace:?}, schema: {schema:?}, direction: Direction::{direction}, \
             kind: Kind::{kind}, senders: &{:?}, root: {root}, unit: {unit}, \
             business_key: &{:?}, referred_by: &{:?}, follows: &[{follows}], answered_by: &{:?}, answers: &{:?}, gives: {:?}, about: &{:?}, statuses: &[{statuses}], \
             minimal: &{:?} }};",
            snake(name),
            message.zh,
            message.en,
            message.section,
            message.namespace,
            message.senders,
            message.business_key,
            message.referred_by,
            message.answered_by,
            message.answers,
            message.gives,
            message.about,
            minimal.map_or(&[][..], Vec::as_slice),
        );
    }

    fn element(&mut self, file: &File, name: &str, at: At<'_>, first: bool) -> String {
        let row = self.find(file, name).clone();
        let body = match &row.like {
            Some(like) => self.find(file, like).clone(),
            None => row.clone(),
        };
        // An envelope in an envelope is described where it is a message of its own.
        let inner = self
            .files
            .get(name)
            .and_then(|f| Some((f, f.message.as_ref()?)));
        let (file, inside) = match inner {
            Some((file, message)) => (
                file,
                At {
                    message,
                    table: Table::Message,
                },
            ),
            None => (file, at),
        };
        let below = inside.below(name, first);
        let prefix = row.namespace.as_deref().unwrap_or(&at.message.namespace);
        let content = match body.kind.as_deref() {
            Some(kind) => content(kind, name),
            None => {
                let mut particles = String::new();
                for (index, child) in body.children.iter().enumerate() {
                    let (element, occurs) = match child {
                        ChildRow::Ref(r) => {
                            let element = self.refer(file, &r.r#ref, below, index == 0);
                            (element, r.occurs.as_deref())
                        }
                        ChildRow::Field(f) => (self.field(f, name, below), f.occurs.as_deref()),
                    };
                    let (min, max) = occurs_range(occurs, name);
                    let _ = write!(
                        particles,
                        "Particle {{ element: &{element}, min: {min}, max: {max} }}, "
                    );
                }
                format!("Content::Sequence(&[{particles}])")
            }
        };
        let samples = match content.starts_with("Content::Text") {
            true => self.samples_of(at.message, "", name),
            false => Vec::new(),
        };
        let attributes: String = body
            .attributes
            .iter()
            .map(|a| self.attribute(a, name, inside))
            .collect();
        format!(
            "Element {{ name: {name:?}, open: \"<{prefix}:{name}>\", close: \"</{prefix}:{name}>\", \
             prefix: {prefix:?}, global: {}, type_name: {:?}, zh: {:?}, en: {:?}, meaning: \"\", \
             meaning_en: \"\", source: {}, content: {content}, attributes: &[{attributes}], personal: false, fill: None, \
             format: None, fixed: None, default: None, codes: &[], samples: &{samples:?} }}",
            !row.local,
            body.named,
            row.zh,
            row.en,
            at.source(),
        )
    }

    /// The English of a meaning.
    pub fn english(&mut self, meaning: &str, field: &str) -> String {
        if meaning.is_empty() {
            return String::new();
        }
        self.used.insert(format!("meaning {meaning}"));
        let english = self.meanings.meanings.get(meaning);
        english
            .unwrap_or_else(|| panic!("meanings.toml lacks the English of {field}: {meaning:?}"))
            .clone()
    }

    /// What examples say in a field: looked for in the message, in its direction, and in `any`; by
    /// the record and the field, then by the field alone.
    pub fn samples_of(&mut self, message: &MessageRow, record: &str, field: &str) -> Vec<String> {
        let places = [message.name.as_str(), &message.direction, "any"];
        for place in places {
            for key in [format!("{record}/{field}"), field.to_owned()] {
                if let Some(sample) = self.samples.of.get(place).and_then(|s| s.get(&key)) {
                    self.used.insert(format!("sample {place} {key}"));
                    return match sample {
                        Sample::One(text) => vec![text.clone()],
                        Sample::Many(texts) => texts.clone(),
                    };
                }
            }
        }
        Vec::new()
    }

    /// Stops the build where a meaning or a sample is nobody's.
    pub fn check_all_used(&self) {
        let meanings = self.meanings.meanings.keys();
        let meanings = meanings.map(|m| format!("meaning {m}"));
        let samples = self.samples.of.iter().flat_map(|(place, fields)| {
            let keys = fields.keys();
            keys.map(move |key| format!("sample {place} {key}"))
        });
        let minimal = self.samples.minimal.keys().map(|m| format!("minimal {m}"));
        let mut all = meanings.chain(samples).chain(minimal);
        if let Some(unused) = all.find(|key| !self.used.contains(key)) {
            panic!("no field has this {unused}");
        }
    }
}

/// `CEB311Message` → `CEB311_MESSAGE`, `DxpMsg` → `DXP_MSG`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        out.extend(c.to_uppercase());
        before = c;
    }
    out
}
