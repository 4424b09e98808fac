use serde::Serialize;
use std::fmt;

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
