//! What the clearance service would refuse by its business rules, told before anything is declared.

use std::collections::HashMap;

use tongguan_contracts::{Declaration, Document, DocumentRefused, Failure, Problem, Role};
use tongguan_core::Client;
use tongguan_messages::{Limits, closing, message, opening, read_unsigned};
use tongguan_verifier::{Finding, Layer, Options, Verifier};

use crate::trouble::Trouble;

/// The business rules, but for those that the manifest switches off.
pub struct Foresight(Verifier);

impl Foresight {
    pub fn new(client: &Client) -> Result<Self, Trouble> {
        let options = Options {
            layers: [Layer::Rules].into(),
            off: client.manifest().verify.off.iter().cloned().collect(),
            ..Options::default()
        };
        let verifier = Verifier::new(options).map_err(|e| {
            Failure::misconfigured("[verify]", "switch a rule off", e)
                .remedy("see the rules: tongguan verify --rules")
        })?;
        Ok(Self(verifier))
    }

    /// Reads a document; refused where a rule says that its declarations will be.
    pub fn look(
        &self,
        role: &dyn Role,
        document: Document<'_>,
    ) -> Result<Vec<Declaration>, DocumentRefused> {
        let declarations = role.read(document)?;
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut problems = Vec::new();
        for declaration in &declarations {
            let number = numbers.entry(declaration.message.as_str()).or_default();
            *number += 1;
            let findings = self.findings(declaration);
            problems.extend(findings.into_iter().map(|f| told(f, declaration, *number)));
        }
        match problems.is_empty() {
            true => Ok(declarations),
            false => Err(DocumentRefused {
                document: document.name.to_owned(),
                problems,
            }),
        }
    }

    fn findings(&self, declaration: &Declaration) -> Vec<Finding> {
        let Some(message) = message(&declaration.message) else {
            return Vec::new();
        };
        let mut octets = opening(message, &declaration.guid);
        octets.extend_from_slice(&declaration.fragment);
        octets.extend_from_slice(&closing(message));
        // The role has just written it by the same tables.
        let Ok(parsed) = read_unsigned(&octets, &Limits::default()) else {
            return Vec::new();
        };
        let mut findings = self.0.look(&parsed).errors;
        // What is around it, the signature and BaseTransfer, comes later.
        findings.retain(|finding| finding.path.contains("[1]"));
        findings
    }
}

/// A finding about the declaration that has this number in its document.
fn told(finding: Finding, declaration: &Declaration, number: usize) -> Problem {
    Problem {
        file: Some(declaration.origin.document.clone()),
        line: declaration.origin.line,
        column: 0,
        path: finding.path.replacen("[1]", &format!("[{number}]"), 1),
        field_en: finding.field_en,
        field_zh: finding.field_zh,
        rule: finding.code,
        text: finding.text,
        remedy: format!(
            "{}; where the rule is wrong for you: --unchecked, or [verify] off in the manifest",
            finding.remedy
        ),
        ill_formed: false,
    }
}
