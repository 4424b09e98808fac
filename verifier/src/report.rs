//! What the verifier says of a file.

use serde::Serialize;

use crate::across::Extract;
use crate::finding::{Finding, Severity};

/// What was found in one file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The file's name.
    pub file: String,
    /// The message in it: `CEB311Message`; empty when it could not be told.
    pub message: String,
    /// The envelope that it came in: `DxpMsg`; empty when in none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub envelope: String,
    /// Whether nothing is wrong with it. Warnings do not count.
    pub valid: bool,
    /// How many declarations, or answers, it holds; 0 when it was not read so far.
    pub units: usize,
    /// Who signed it and by which profile, where the signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// What is wrong.
    pub errors: Vec<Finding>,
    /// What a person should look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Finding>,
    /// What the comparison across documents needs of it.
    #[serde(skip)]
    pub(crate) extracts: Vec<Extract>,
}

impl Report {
    /// Of a file about which nothing is known yet.
    pub fn of(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            valid: true,
            ..Self::default()
        }
    }

    /// A report for each of its declarations: what was found in it and beside it, and what the
    /// comparison needs of it alone.
    #[must_use]
    pub fn apart(&self) -> Vec<Self> {
        let of = |number: usize| {
            let mut one = Self {
                message: self.message.clone(),
                units: 1,
                ..Self::of(&self.file)
            };
            let own = format!("[{number}]");
            let findings = self.errors.iter().chain(&self.warnings);
            for finding in findings.filter(|f| f.unit().is_none_or(|unit| unit == own)) {
                one.add(finding.clone());
            }
            let extracts = self.extracts.iter();
            one.extracts = extracts.filter(|e| e.number == number).cloned().collect();
            one
        };
        (1..=self.units).map(of).collect()
    }

    /// Takes in a finding.
    pub(crate) fn add(&mut self, finding: Finding) {
        match finding.severity {
            Severity::Error => {
                self.valid = false;
                self.errors.push(finding);
            }
            Severity::Warning => self.warnings.push(finding),
        }
    }
}

/// What was found in all files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Files.
    pub files: usize,
    /// Files with nothing wrong.
    pub valid: usize,
    /// Declarations and answers in them.
    pub units: usize,
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl Totals {
    /// Counts a report in.
    pub fn count(&mut self, report: &Report) {
        self.files += 1;
        self.valid += usize::from(report.valid);
        self.units += report.units;
        self.errors += report.errors.len();
        self.warnings += report.warnings.len();
    }
}
