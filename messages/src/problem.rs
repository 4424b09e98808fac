use serde::Serialize;
use std::fmt;

use crate::node::Place;
use crate::simple::Broken;
use crate::table::{Attribute, Element};

/// More problems than this in one document are not collected: mend these first.
pub(crate) const MOST_PROBLEMS: usize = 100;

/// One thing wrong in a document or message: where it is, which field, which rule it breaks,
/// and what to do. English and the standard's own Chinese names side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file's name, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// The place in the message: `CEB311Message/Order[2]/OrderHead/orderNo`.
    pub path: String,
    /// The field's English name ("Order number"), empty when the problem is not a field's.
    pub field_en: String,
    /// The field's official Chinese name (订单编号), empty likewise.
    pub field_zh: String,
    /// The rule's stable identifier: `too-long`, `missing`, `decimal` …
    pub rule: &'static str,
    /// What is wrong, in one English sentence without a full stop.
    pub text: String,
    /// What to do, in one English sentence without a full stop.
    pub remedy: String,
    /// The document is no well-formed XML, or more of it than is taken: nothing can be said of
    /// the rest.
    #[serde(skip)]
    pub ill_formed: bool,
}

impl Problem {
    /// A problem of the document as a whole.
    pub fn document(
        rule: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            file: None,
            line: 0,
            column: 0,
            path: String::new(),
            field_en: String::new(),
            field_zh: String::new(),
            rule,
            text: text.into(),
            remedy: remedy.into(),
            ill_formed: false,
        }
    }

    /// A problem of one field.
    pub fn at(
        element: &Element,
        path: &str,
        place: Place,
        rule: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            line: place.line,
            column: place.column,
            path: path.to_owned(),
            field_en: element.en.to_owned(),
            field_zh: element.zh.to_owned(),
            ..Self::document(rule, text, remedy)
        }
    }

    /// A field's text breaks its type's rule.
    pub(crate) fn field(element: &Element, path: &str, place: Place, broken: Broken) -> Self {
        Self::at(
            element,
            path,
            place,
            broken.rule,
            broken.text,
            broken.remedy,
        )
    }

    /// An attribute breaks a rule.
    pub(crate) fn attribute(
        attribute: &Attribute,
        path: &str,
        place: Place,
        broken: Broken,
    ) -> Self {
        Self {
            line: place.line,
            column: place.column,
            path: path.to_owned(),
            field_en: attribute.en.to_owned(),
            field_zh: attribute.zh.to_owned(),
            ..Self::document(broken.rule, broken.text, broken.remedy)
        }
    }

    /// What a hostile input gives, for people: cut where it is long, and without what a terminal
    /// obeys or what turns the text around it.
    pub fn shown(text: &str) -> String {
        let shown = text.chars().take(60);
        shown
            .map(|c| if unprintable(c) { '\u{FFFD}' } else { c })
            .collect()
    }

    /// The remedy for an unknown name, in English or Chinese: the nearest known one.
    pub fn nearest<'e>(name: &str, known: impl Iterator<Item = &'e Element>) -> String {
        // Likeness costs the product of the lengths; no known name is longer than this.
        let name = Self::shown(name).to_lowercase();
        known
            .map(|e| {
                let english = strsim::jaro_winkler(&e.name.to_lowercase(), &name);
                (english.max(strsim::jaro_winkler(e.zh, &name)), e)
            })
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or_else(
                || "remove it, or check its name".to_owned(),
                |(_, e)| format!("did you mean {} ({})?", e.name, e.zh),
            )
    }

    /// The same problem, in that file.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.file = Some(file.to_owned());
        self
    }
}

/// Control characters, line and paragraph separators, and the marks that set a text's direction.
fn unprintable(c: char) -> bool {
    let separates = matches!(c, '\u{2028}' | '\u{2029}');
    let directs =
        matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || separates || directs
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        if self.file.is_some() || self.line > 0 {
            f.write_str(" ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{} ", self.path)?;
        }
        if !self.field_en.is_empty() {
            write!(f, "({} {}) ", self.field_en, self.field_zh)?;
        }
        write!(f, "[{}] {}", self.rule, self.text)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}
