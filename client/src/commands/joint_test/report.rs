//! What a run came to.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

use tongguan_core::store::{Details, Status};
use tongguan_core::{Environment, Manifest};

use super::cases::{Case, Expected};
use super::{failed, page};
use crate::trouble::Trouble;

/// A run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether every case ended as it was to.
    pub passed: bool,
    /// Its folder below `runs`.
    pub run: String,
    /// A person, or what failed, ended it before all receipts were there.
    pub interrupted: bool,
    pub began: String,
    pub ended: String,
    pub enterprise: Enterprise,
    pub environment: Environment,
    /// The other side was a stand-in: the program's own, or one that its receipts tell.
    pub simulated: bool,
    /// Of this program, and of the standard.
    pub version: &'static str,
    pub edition: &'static str,
    pub system: String,
    pub cases: Vec<Outcome>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Enterprise {
    pub cop_code: String,
    pub cop_name: String,
    pub dxp_id: String,
    pub sender_id: String,
    pub receiver_id: String,
}

impl Enterprise {
    pub fn of(manifest: &Manifest) -> Self {
        let enterprise = &manifest.enterprise;
        Self {
            cop_code: enterprise.cop_code.clone(),
            cop_name: enterprise.cop_name.clone(),
            dxp_id: enterprise.dxp_id.clone(),
            sender_id: manifest.sender_id().to_owned(),
            receiver_id: manifest.node.receiver_id.clone(),
        }
    }
}

/// How a case ended.
#[derive(Debug, Serialize)]
pub struct Outcome {
    #[serde(flatten)]
    pub case: Case,
    pub passed: bool,
    /// Why it did not pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// SHA-256 of its document, as it was declared.
    pub document_sha256: String,
    pub declarations: Vec<Declared>,
}

/// One declaration of a case.
#[derive(Debug, Serialize)]
pub struct Declared {
    pub id: String,
    pub guid: String,
    pub key: String,
    pub state: String,
    pub message_guid: String,
    pub cop_msg_id: String,
    pub transport: String,
    pub profile: String,
    /// SHA-256 of the signing certificate.
    pub certificate_sha256: String,
    /// SHA-256 of the envelope that went.
    pub envelope_sha256: String,
    pub evidence: String,
    /// What was said of it; `inbound` is the SHA-256 of what came in.
    pub history: Vec<Status>,
}

impl Declared {
    pub fn of(details: &Details, sha256: impl Fn(&[u8]) -> String) -> Self {
        let carrier = details.carrier.as_ref();
        let text = |of: fn(&tongguan_core::store::CarrierSummary) -> &str| {
            carrier.map(of).unwrap_or_default().to_owned()
        };
        Self {
            id: details.summary.id.clone(),
            guid: details.summary.guid.clone(),
            key: details.summary.key.clone(),
            state: details.summary.state.name().to_owned(),
            message_guid: text(|c| &c.guid),
            cop_msg_id: text(|c| &c.cop_msg_id),
            transport: text(|c| &c.transport),
            profile: text(|c| &c.profile),
            certificate_sha256: text(|c| &c.certificate),
            envelope_sha256: details.envelope.as_deref().map(sha256).unwrap_or_default(),
            evidence: carrier.and_then(|c| c.evidence.clone()).unwrap_or_default(),
            history: details.history.clone(),
        }
    }
}

/// Whether declarations in these states are what was expected; why not.
pub fn judged(expect: Expected, states: &[&str]) -> Result<(), String> {
    let wanted = match expect {
        Expected::Accepted => "accepted",
        Expected::Rejected => "rejected",
    };
    match states.iter().find(|state| **state != wanted) {
        None if states.is_empty() => Err("nothing was declared".to_owned()),
        None => Ok(()),
        Some(other) => Err(format!("{wanted} was expected, and it is {other}")),
    }
}

/// What is looked at of a report that is there already.
#[derive(Debug, Deserialize)]
pub struct Earlier {
    passed: bool,
    pub run: String,
    interrupted: bool,
    simulated: bool,
    enterprise: Enterprise,
}

impl Earlier {
    fn read(dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(dir.join("report.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// What it shows, for people.
    pub fn shows(&self) -> &'static str {
        match (self.passed, self.simulated) {
            (true, false) => "it passed with the test environment",
            (true, true) => "a rehearsal that passed",
            (false, false) => "it was with the test environment",
            (false, true) => "a rehearsal that came to its end",
        }
    }
}

/// How much a report shows: one of a run to its end more than of an interrupted one, then one that
/// passed, then one with the test environment more than a rehearsal.
type Worth = (bool, bool, bool);

impl Report {
    fn worth(&self) -> Worth {
        (!self.interrupted, self.passed, !self.simulated)
    }

    /// Writes it beside its run, and as the joint test's unless one that shows more is there, which is
    /// given then.
    pub fn write(&self, dir: &Path) -> Result<Option<Earlier>, Trouble> {
        self.write_to(&dir.join("runs").join(&self.run))?;
        let better = |earlier: &Earlier| {
            let worth: Worth = (!earlier.interrupted, earlier.passed, !earlier.simulated);
            let (theirs, ours) = (&earlier.enterprise, &self.enterprise);
            let same = theirs.cop_code == ours.cop_code && theirs.dxp_id == ours.dxp_id;
            same && worth > self.worth()
        };
        let earlier = Earlier::read(dir).filter(better);
        if earlier.is_none() {
            self.write_to(dir)?;
        }
        Ok(earlier)
    }

    /// For people and for programs.
    fn write_to(&self, dir: &Path) -> Result<(), Trouble> {
        let json = dir.join("report.json");
        let text = serde_json::to_string_pretty(self).map_err(|e| failed("write", &json, e))?;
        fs::write(&json, text + "\n").map_err(|e| failed("write", &json, e))?;
        let html = dir.join("report.html");
        fs::write(&html, page::of(self)).map_err(|e| failed("write", &html, e))?;
        Ok(())
    }
}
