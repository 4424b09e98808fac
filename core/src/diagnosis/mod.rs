//! What needs a person: what is stuck, since when, why, and what to do.
//!
//! The store tells the plain facts ([`Symptom`]), the parts tell theirs; here they become
//! findings. `tongguan status` prints them, `tongguan run` logs them and shows them in its metrics.

mod ailment;
pub(crate) mod certificates;
pub(crate) mod clocks;
mod symptom;
mod told;
pub(crate) mod watch;

use serde::Serialize;
use std::collections::BTreeMap;

use tongguan_contracts::Failure;

use crate::clock::now_ms;
use crate::manifest::Manifest;
use crate::{Client, Store};
use certificates::Validity;

pub use ailment::Ailment;
pub use symptom::Symptom;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; it may pass by itself.
    Note,
    /// A person has to look at it, in working hours.
    Warning,
    /// Declarations stand still until a person acts.
    Urgent,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: &[Self] = &[Self::Note, Self::Warning, Self::Urgent];

    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Urgent => "urgent",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub what: Ailment,
    /// The same in Chinese.
    pub zh: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Of what: a message, a transport, a signer, a node.
    pub subject: String,
    /// How many declarations, messages, receipts.
    pub count: u64,
    /// Since when, milliseconds since 1970; not known for a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Why, as far as it is known.
    pub why: String,
    /// What to do.
    pub remedy: String,
    /// One of them, for `tongguan show`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub example: String,
}

impl Client {
    /// What is wrong now, the most urgent first. No transport is tried: `tongguan check` does.
    ///
    /// # Errors
    /// The store failed.
    pub async fn diagnose(&self) -> Result<Vec<Finding>, Failure> {
        diagnose(self.manifest(), self.store(), &self.validities()).await
    }
}

/// As [`Client::diagnose`], with the signers as they were built.
pub(crate) async fn diagnose(
    manifest: &Manifest,
    store: &dyn Store,
    signers: &BTreeMap<String, Result<Validity, Failure>>,
) -> Result<Vec<Finding>, Failure> {
    let mut all: Vec<Finding> = store
        .symptoms(&manifest.alerts)
        .await?
        .into_iter()
        .map(|symptom| told::told(symptom, manifest, now_ms()))
        .collect();
    all.extend(certificates::findings(manifest, signers, now_ms() / 1000));
    let asked = now_ms();
    let theirs = store.clock().await?;
    all.extend(told::store_clock(asked, theirs, now_ms(), &manifest.alerts));
    all.sort_by_key(|finding| {
        let matters = std::cmp::Reverse(finding.severity);
        (matters, finding.what, finding.subject.clone())
    });
    Ok(all)
}
