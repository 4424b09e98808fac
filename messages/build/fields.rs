//! Fields and attributes, as statics.

use crate::notation::{content, simple};
use crate::rows::FieldRow;
use crate::tables::{At, Generator};

impl Generator<'_> {
    pub fn field(&mut self, f: &FieldRow, record: &str, at: At<'_>) -> String {
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
        let mut content = content(&f.kind, &f.name);
        if f.collapse {
            content = content.replace("collapse: false", "collapse: true");
        }
        let samples = self.samples_of(at.message, record, &f.name);
        let said = f.fixed.is_some() || !f.codes.is_empty() || !samples.is_empty();
        if content.starts_with("Content::Text") && !said {
            panic!(
                "samples.toml lacks what {}/{record}/{} says in examples",
                at.message.name, f.name
            );
        }
        let prefix = &at.message.namespace;
        format!(
            "Element {{ name: {:?}, open: \"<{prefix}:{}>\", close: \"</{prefix}:{}>\", \
             prefix: {prefix:?}, global: false, type_name: {:?}, zh: {:?}, en: {:?}, meaning: {:?}, \
             meaning_en: {:?}, source: {}, content: {content}, attributes: &[], personal: {}, fill: {fill}, format: {format}, \
             fixed: {:?}, default: {:?}, codes: &[{codes}], samples: &{samples:?} }}",
            f.name,
            f.name,
            f.name,
            f.named,
            f.zh,
            f.en,
            f.meaning,
            self.english(&f.meaning, &f.name),
            told(f, at.source()),
            f.personal,
            f.fixed,
            f.default,
        )
    }

    pub fn attribute(&mut self, a: &FieldRow, element: &str, at: At<'_>) -> String {
        let Some(simple) = simple(&a.kind) else {
            panic!(
                "{element}: attribute {} cannot have type {:?}",
                a.name, a.kind
            )
        };
        let samples = self.samples_of(at.message, element, &format!("@{}", a.name));
        if a.fixed.is_none() && samples.is_empty() {
            panic!(
                "samples.toml lacks what {element}/@{} says in examples",
                a.name
            );
        }
        format!(
            "Attribute {{ name: {:?}, zh: {:?}, en: {:?}, meaning: {:?}, meaning_en: {:?}, \
             source: {}, kind: {simple}, required: {}, fixed: {:?}, samples: &{samples:?} }}, ",
            a.name,
            a.zh,
            a.en,
            a.meaning,
            self.english(&a.meaning, &a.name),
            told(a, at.attributes_source()),
            a.occurs.as_deref() != Some("0..1"),
            a.fixed
        )
    }
}

/// Where the specification's text describes the field, if it does.
fn told(f: &FieldRow, source: String) -> String {
    if f.schema_only {
        "None".to_owned()
    } else {
        source
    }
}
