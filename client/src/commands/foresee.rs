//! What the clearance service would refuse by its business rules, told before anything is declared.

use std::collections::HashMap;
use std::sync::Arc;

use tongguan_contracts::{
    Declaration, Document, DocumentRefused, Failure, Problem, ReceiptNotice, Role,
};
use tongguan_core::Client;
use tongguan_messages::{message, read_fragment};
use tongguan_verifier::{Finding, Layer, Options, Verifier};

use super::verify::verifier;

/// A role that refuses what a business rule says that customs will refuse.
struct Foreseeing {
    role: Arc<dyn Role>,
    verifier: Verifier,
}

/// The role; it looks at the business rules, but for those that the manifest switches off, unless what it
/// reads is to go unchecked.
pub fn foreseeing(
    client: &Client,
    role: Arc<dyn Role>,
    unchecked: bool,
) -> Result<Arc<dyn Role>, Failure> {
    if unchecked {
        return Ok(role);
    }
    let verifier = verifier(Options {
        layers: [Layer::Rules].into(),
        off: client.manifest().verify.off.iter().cloned().collect(),
        ..Options::default()
    })?;
    Ok(Arc::new(Foreseeing { role, verifier }))
}

impl Role for Foreseeing {
    fn declares(&self) -> &[String] {
        self.role.declares()
    }

    fn read(&self, document: Document<'_>) -> Result<Vec<Declaration>, DocumentRefused> {
        let declarations = self.role.read(document)?;
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

    fn on_receipt(&self, notice: ReceiptNotice<'_>) -> Result<(), Failure> {
        self.role.on_receipt(notice)
    }
}

impl Foreseeing {
    fn findings(&self, declaration: &Declaration) -> Vec<Finding> {
        let message = message(&declaration.message);
        // The role has just written it by the same tables.
        let Some(parsed) = message.and_then(|m| read_fragment(m, &declaration.fragment)) else {
            return Vec::new();
        };
        let mut findings = self.verifier.look(&parsed).errors;
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
