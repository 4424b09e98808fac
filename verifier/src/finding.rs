use serde::Serialize;
use std::fmt;

use tongguan_messages::Problem;

use crate::sentences::sentence;

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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
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
    /// Where the rule comes from: a section of the specification, a national standard, `practice`;
    /// empty when it is XML's own.
    pub section: &'static str,
    /// The field's English name, empty when it is not a field's.
    pub field_en: String,
    /// The field's official Chinese name, empty likewise.
    pub field_zh: String,
    /// What is wrong, in one English sentence without a full stop.
    pub text: String,
    /// The same in Chinese.
    pub text_zh: String,
    /// What to do, in one English sentence without a full stop.
    pub remedy: String,
    /// The same in Chinese.
    pub remedy_zh: String,
}

impl Finding {
    /// A finding of a document as a whole, by the tables' Chinese sentence for its code.
    pub(crate) fn document(
        layer: Layer,
        code: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::of(layer, Problem::document(code, text, remedy))
    }

    /// The number of the declaration that it is in, in brackets as the path has it.
    pub(crate) fn unit(&self) -> Option<&str> {
        let step = self.path.split('/').nth(1)?;
        step.find('[').map(|at| &step[at..])
    }

    /// A problem that reading a message met.
    pub fn of(layer: Layer, problem: Problem) -> Self {
        let (text_zh, remedy_zh) = sentence(problem.rule);
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
            text_zh: text_zh.to_owned(),
            remedy: problem.remedy,
            remedy_zh: remedy_zh.to_owned(),
        }
    }
}

impl Layer {
    /// All layers, in the order in which they are looked at.
    pub const ALL: [Self; 6] = [
        Self::WellFormed,
        Self::Envelope,
        Self::Schema,
        Self::Signature,
        Self::Rules,
        Self::Across,
    ];

    /// Its name on the command line and in reports: `well-formed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WellFormed => "well-formed",
            Self::Envelope => "envelope",
            Self::Schema => "schema",
            Self::Signature => "signature",
            Self::Rules => "rules",
            Self::Across => "across",
        }
    }

    /// Its Chinese name.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::WellFormed => "XML格式",
            Self::Envelope => "信封",
            Self::Schema => "报文结构",
            Self::Signature => "签名",
            Self::Rules => "业务规则",
            Self::Across => "单证比对",
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
