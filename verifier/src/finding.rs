use serde::Serialize;
use std::fmt;

use tongguan_messages::Problem;

/// What a finding is a finding of; each looks only at what the one before it let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Well-formed XML in UTF-8, without a document type, within the limits.
    WellFormed,
    /// The envelope (DxpMsg, DxpMsgSv) around a message.
    Envelope,
    /// The standard's schema.
    Schema,
    /// The signature.
    Signature,
    /// What the standard's text says of a message and its schema cannot.
    Rules,
    /// Order, payment, waybill and inventory of one order agree.
    Across,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The clearance service will not take it.
    Error,
    /// It may be taken, but a person should look.
    Warning,
}

/// One thing that a layer found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which layer found it.
    pub layer: Layer,
    /// How grave it is.
    pub severity: Severity,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// The place in the message: `CEB311Message/Order[2]/OrderHead/orderNo`.
    pub path: String,
    /// The rule's stable identifier: `too-long`, `total-price` …
    pub code: &'static str,
    /// The section of the specification that the rule comes from, empty when it is XML's own.
    pub section: &'static str,
    /// The field's English name, empty when it is not a field's.
    pub field_en: String,
    /// The field's official Chinese name, empty likewise.
    pub field_zh: String,
    /// What is wrong, in one English sentence without a full stop.
    pub text: String,
    /// What to do, in one English sentence without a full stop.
    pub remedy: String,
}

impl Finding {
    /// A problem that reading a message met.
    pub fn of(layer: Layer, problem: Problem) -> Self {
        Self {
            layer,
            severity: Severity::Error,
            line: problem.line,
            column: problem.column,
            path: problem.path,
            code: problem.rule,
            section: "",
            field_en: problem.field_en,
            field_zh: problem.field_zh,
            text: problem.text,
            remedy: problem.remedy,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{} ", self.path)?;
        }
        if !self.field_en.is_empty() {
            write!(f, "({} {}) ", self.field_en, self.field_zh)?;
        }
        write!(f, "[{}] {}", self.code, self.text)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}
