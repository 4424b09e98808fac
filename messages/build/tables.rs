//! The tables themselves, as statics.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::notation::{content, occurs_range, simple};
use crate::rows::{ChildRow, ElementRow, FieldRow, File, MessageRow};

pub(crate) struct Generator<'a> {
    pub shared: &'a File,
    pub shared_export: &'a File,
    /// The elements that others refer to: the name of the static, and its value.
    pub statics: BTreeMap<String, String>,
}

impl Generator<'_> {
    /// The row of an element, and what its static is called.
    pub fn find<'f>(&'f self, file: &'f File, name: &str) -> (&'f ElementRow, String) {
        let message = file.message.as_ref();
        if let Some(row) = file.elements.get(name) {
            let owner = message.map_or_else(String::new, |m| snake(&m.name));
            return (row, format!("{owner}_{}", snake(name)));
        }
        let export = message.is_some_and(|m| m.direction == "export");
        if let (true, Some(row)) = (export, self.shared_export.elements.get(name)) {
            return (row, format!("SHARED_EXPORT_{}", snake(name)));
        }
        let row = self.shared.elements.get(name);
        let row = row.unwrap_or_else(|| panic!("a table refers to {name:?}, which no table has"));
        (row, format!("SHARED_{}", snake(name)))
    }

    /// The static of an element that others refer to.
    fn refer(&mut self, file: &File, name: &str, message: &MessageRow) -> String {
        let known = self.find(file, name).1;
        if !self.statics.contains_key(&known) {
            let value = self.element(file, name, message);
            self.statics.insert(known.clone(), value);
        }
        known
    }

    pub fn message(&mut self, out: &mut String, file: &File, message: &MessageRow, path: &Path) {
        let root = self.element(file, &message.name, message);
        let unit = match &message.unit {
            None => "None".to_owned(),
            Some(name) => format!("Some(&{})", self.refer(file, name, message)),
        };
        let kind = match message.kind.as_str() {
            "declaration" => "Declaration",
            "receipt" => "Receipt",
            "envelope" => "Envelope",
            "platform-receipt" => "PlatformReceipt",
            "notice" => "Notice",
            other => panic!("{}: unknown kind {other:?}", path.display()),
        };
        let direction = match message.direction.as_str() {
            "import" => "Import",
            "export" => "Export",
            "both" => "Both",
            other => panic!("{}: unknown direction {other:?}", path.display()),
        };
        let statuses: String = message
            .statuses
            .iter()
            .map(|s| {
                let outcome = match s.outcome.as_str() {
                    "pending" => "Pending",
                    "accepted" => "Accepted",
                    "rejected" => "Rejected",
                    other => panic!("{}: unknown outcome {other:?}", path.display()),
                };
                format!(
                    "Status {{ code: {:?}, zh: {:?}, en: {:?}, outcome: Outcome::{outcome} }}, ",
                    s.code, s.zh, s.en
                )
            })
            .collect();
        let namespace = self
            .shared
            .namespaces
            .get(&message.namespace)
            .unwrap_or_else(|| {
                panic!(
                    "{}: unknown namespace {:?}",
                    path.display(),
                    message.namespace
                )
            });
        let _ = writeln!(
            out,
            "static {}: Message = Message {{ name: {:?}, zh: {:?}, en: {:?}, section: {:?}, \
             prefix: {:?}, namespace: {:?}, direction: Direction::{direction}, kind: Kind::{kind}, \
             senders: &{:?}, root: {root}, unit: {unit}, business_key: &{:?}, \
             answered_by: &{:?}, answers: &{:?}, statuses: &[{statuses}] }};",
            snake(&message.name),
            message.name,
            message.zh,
            message.en,
            message.section,
            message.namespace,
            namespace,
            message.senders,
            message.business_key,
            message.answered_by,
            message.answers,
        );
    }

    fn element(&mut self, file: &File, name: &str, message: &MessageRow) -> String {
        let row = self.find(file, name).0.clone();
        let body = match &row.like {
            Some(like) => self.find(file, like).0.clone(),
            None => row.clone(),
        };
        let prefix = row.namespace.as_deref().unwrap_or(&message.namespace);
        let content = match body.kind.as_deref() {
            Some(kind) => content(kind, name),
            None => {
                let mut particles = String::new();
                for child in &body.children {
                    let (element, occurs) = match child {
                        ChildRow::Ref(r) => {
                            (self.refer(file, &r.r#ref, message), r.occurs.as_deref())
                        }
                        ChildRow::Field(f) => (field(f, &message.namespace), f.occurs.as_deref()),
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
        let attributes: String = body
            .attributes
            .iter()
            .map(|a| {
                let Some(simple) = simple(&a.kind) else {
                    panic!("{name}: attribute {} cannot have type {:?}", a.name, a.kind)
                };
                format!(
                    "Attribute {{ name: {:?}, zh: {:?}, en: {:?}, kind: {simple}, required: {}, \
                     fixed: {:?} }}, ",
                    a.name,
                    a.zh,
                    a.en,
                    a.occurs.as_deref() != Some("0..1"),
                    a.fixed
                )
            })
            .collect();
        format!(
            "Element {{ name: {name:?}, open: \"<{prefix}:{name}>\", close: \"</{prefix}:{name}>\", \
             prefix: {prefix:?}, zh: {:?}, en: {:?}, meaning: \"\", \
             content: {content}, attributes: &[{attributes}], personal: false, fill: None, \
             format: None, fixed: None, default: None, codes: &[] }}",
            row.zh, row.en
        )
    }
}

fn field(f: &FieldRow, namespace: &str) -> String {
    let fill = match f.fill.as_deref() {
        None => "None".to_owned(),
        Some("guid") => "Some(Fill::Guid)".to_owned(),
        Some("now") => "Some(Fill::Now)".to_owned(),
        Some("today") => "Some(Fill::Today)".to_owned(),
        Some("serial") => "Some(Fill::Serial)".to_owned(),
        Some("position") => "Some(Fill::Position)".to_owned(),
        Some(other) => match other.strip_prefix("= ") {
            Some(constant) => format!("Some(Fill::Constant({constant:?}))"),
            None => panic!("{}: unknown fill {other:?}", f.name),
        },
    };
    let format = match f.format.as_deref() {
        None => "None",
        Some("date8") => "Some(Format::Date8)",
        Some("datetime14") => "Some(Format::DateTime14)",
        Some("datetime17") => "Some(Format::DateTime17)",
        Some(other) => panic!("{}: unknown format {other:?}", f.name),
    };
    let codes: String = f
        .codes
        .iter()
        .map(|[c, en, zh]| format!("({c:?}, {en:?}, {zh:?}), "))
        .collect();
    format!(
        "Element {{ name: {:?}, open: \"<{namespace}:{}>\", close: \"</{namespace}:{}>\", \
         prefix: {namespace:?}, zh: {:?}, en: {:?}, meaning: {:?}, \
         content: {}, attributes: &[], personal: {}, fill: {fill}, format: {format}, \
         fixed: {:?}, default: {:?}, codes: &[{codes}] }}",
        f.name,
        f.name,
        f.name,
        f.zh,
        f.en,
        f.meaning,
        content(&f.kind, &f.name).replace(
            "collapse: false",
            if f.collapse {
                "collapse: true"
            } else {
                "collapse: false"
            }
        ),
        f.personal,
        f.fixed,
        f.default,
    )
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
