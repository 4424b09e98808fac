//! What a plugin's process tells the client, as JSON in a field.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tongguan_contracts::{Failure, FailureClass};
use tongguan_plugin_abi as abi;

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub class: FailureClass,
    pub flags: u32,
    pub code: i64,
    pub function: String,
    pub reason: String,
    pub remedy: String,
}

impl Told {
    pub(crate) fn new(class: FailureClass, reason: impl ToString, remedy: &str) -> Self {
        Self {
            class,
            flags: 0,
            code: 0,
            function: String::new(),
            reason: reason.to_string(),
            remedy: remedy.to_owned(),
        }
    }

    pub(crate) fn misconfigured(reason: impl ToString, remedy: &str) -> Self {
        Self::new(FailureClass::Misconfigured, reason, remedy)
    }

    pub(crate) fn transient(reason: impl ToString) -> Self {
        Self::new(FailureClass::Transient, reason, "")
    }

    /// A PIN was wrong: nobody tries it again by himself.
    pub(crate) fn pin_refused(&self) -> bool {
        self.flags & abi::PIN_REFUSED != 0
    }

    /// A failure of a part that is built in.
    pub(crate) fn of(failure: &Failure) -> Self {
        Self::new(
            failure.class(),
            failure,
            failure.how_to_mend().unwrap_or_default(),
        )
    }

    /// As the contracts tell it.
    pub(crate) fn failure(&self, part: &str, doing: &str) -> Failure {
        let mut reason = self.reason.clone();
        if !self.function.is_empty() {
            let code = match self.code {
                0 => String::new(),
                code if (0..10).contains(&code) || code < 0 => format!(" said {code}"),
                code => format!(" said {code} (0x{code:X})"),
            };
            reason = format!("{}{code}: {reason}", self.function);
        }
        let failure = Failure::new(self.class, part, doing, reason);
        let failure = match self.remedy.as_str() {
            "" => failure,
            remedy => failure.remedy(remedy),
        };
        if self.flags & abi::UNSENT == 0 {
            failure
        } else {
            failure.unsent()
        }
    }
}

/// What a class of the ABI is here; a number that none has is a mistake of the plugin's.
pub(crate) fn class(status: i32) -> Option<FailureClass> {
    match status {
        abi::TRANSIENT => Some(FailureClass::Transient),
        abi::REJECTED => Some(FailureClass::Rejected),
        abi::MISCONFIGURED => Some(FailureClass::Misconfigured),
        abi::DEVICE_GONE => Some(FailureClass::DeviceGone),
        _ => None,
    }
}

/// One thing wrong in a document.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Wrong {
    pub line: u32,
    pub column: u32,
    pub path: String,
    pub field_en: String,
    pub field_zh: String,
    pub rule: String,
    pub text: String,
    pub remedy: String,
}

/// What a process is to load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Launch {
    pub protocol: u32,
    pub library: PathBuf,
    /// The kind of a signer that is built into the program, in the place of a library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_in: Option<String>,
    /// What the library's SHA-256 must be, in hexadecimal.
    pub sha256: Option<String>,
    pub part: String,
    pub kind: Kind,
    /// The manifest's folder.
    pub base: PathBuf,
    /// What `create` is given.
    pub config: serde_json::Value,
    pub timeout_ms: u32,
    pub memory_mib: u64,
}

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A signer.
    Signer,
    /// A transport.
    Transport,
    /// A role.
    Role,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signer => "signer",
            Self::Transport => "transport",
            Self::Role => "role",
        }
    }
}

/// What a plugin says of itself, looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who made it.
    pub vendor: String,
    /// The ABI's version that it was compiled for.
    pub abi: u32,
    /// The library's SHA-256, in hexadecimal.
    pub sha256: String,
    /// Signers: RSA with SHA-1.
    pub rsa_sha1: bool,
    /// Signers: SM2 with SM3.
    pub sm2_sm3: bool,
    /// How many calls at once.
    pub max_concurrency: u32,
    /// Every call on one and the same thread.
    pub thread_affine: bool,
    /// It signs digests.
    pub takes_digest: bool,
    /// Each signature needs the PIN again.
    pub pin_per_operation: bool,
    /// No more than these are asked for; 0: no bound.
    pub operations_per_minute: u32,
}

impl Info {
    /// For people: `name version (vendor)`.
    pub fn title(&self) -> String {
        format!("{} {} ({})", self.name, self.version, self.vendor)
    }
}
