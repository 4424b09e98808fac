//! `tongguan evidence` and `tongguan audit`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `tongguan evidence`
#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// Write the evidence of one declaration
    Export(EvidenceExport),
    /// Check such a file by itself: no manifest, no store, no network
    Verify(EvidenceVerify),
}

/// `tongguan evidence export`
#[derive(Debug, Args)]
pub struct EvidenceExport {
    /// An id, a guid or a business key
    pub id: String,
    /// Where to; ID.evidence.zip unless given
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Lead from the audit log's newest entry to the declaration's by this one
    #[arg(long, value_name = "STRAND:NUMBER:HASH")]
    pub anchor: Vec<String>,
}

/// `tongguan evidence verify`
#[derive(Debug, Args)]
pub struct EvidenceVerify {
    /// What evidence export wrote
    pub file: PathBuf,
    /// Trust only certificates that this CA (PEM) issued
    #[arg(long, value_name = "PEM")]
    pub trust: Vec<PathBuf>,
    /// An entry of the audit log that was noted elsewhere: the file must lead to it
    #[arg(long, value_name = "STRAND:NUMBER:HASH")]
    pub anchor: Vec<String>,
}

/// `tongguan audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Read the log from its beginning, and say whether it holds
    Verify(AuditVerify),
    /// Print the log, one JSON object a line
    Export,
}

/// `tongguan audit verify`
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// An entry that was noted before, as `audit verify` prints it: it must still be there
    #[arg(long, value_name = "STRAND:NUMBER:HASH")]
    pub anchor: Vec<String>,
}
