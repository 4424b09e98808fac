use serde::Serialize;

use crate::check::{Check, Outcome};
use crate::{VERSION, html};

/// What the kit found of one part: text and JSON for those who build it, a page for those who buy it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether the part breaks nothing of what was tried.
    pub ok: bool,
    /// The kit's version.
    pub kit: u32,
    /// The part, as the manifest names it: `signer "main"`.
    pub part: String,
    /// What it is: the kind of the manifest, or a library's name, version and SHA-256.
    pub what: String,
    /// How many came out which way.
    pub totals: Totals,
    /// Each check.
    pub checks: Vec<Check>,
}

/// How many checks came out which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// The part keeps the contract.
    pub passed: usize,
    /// It does not.
    pub failed: usize,
    /// It was not tried.
    pub does_not_apply: usize,
}

impl Report {
    pub(crate) fn new(part: &str, what: &str, checks: Vec<Check>) -> Self {
        let count = |is: fn(&Outcome) -> bool| checks.iter().filter(|c| is(&c.outcome)).count();
        let totals = Totals {
            passed: count(|o| matches!(o, Outcome::Passed(_))),
            failed: count(Outcome::failed),
            does_not_apply: count(|o| matches!(o, Outcome::DoesNotApply(_))),
        };
        Self {
            ok: totals.failed == 0,
            kit: VERSION,
            part: part.to_owned(),
            what: what.to_owned(),
            totals,
            checks,
        }
    }

    /// How the check of that id came out.
    pub fn outcome(&self, id: &str) -> Option<&Outcome> {
        self.checks.iter().find(|c| c.id == id).map(|c| &c.outcome)
    }

    /// The ids of what failed.
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = self.checks.iter().filter(|c| c.outcome.failed());
        failed.map(|c| c.id).collect()
    }

    /// One page that stands by itself, to hand on. `made` says when and by what, for its foot.
    pub fn html(reports: &[Report], made: &str) -> String {
        html::page(reports, made)
    }
}

/// As text, for people: a line a check.
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}: {}", self.part, self.what)?;
        for check in &self.checks {
            let word = match check.outcome {
                Outcome::Passed(_) => "ok  ",
                Outcome::Failed(_) => "FAIL",
                Outcome::DoesNotApply(_) => "-   ",
            };
            writeln!(
                f,
                "{word} {} ({} ms): {}",
                check.id,
                check.took_ms,
                check.outcome.told()
            )?;
        }
        Ok(())
    }
}
