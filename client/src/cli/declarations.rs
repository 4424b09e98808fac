use clap::Args;
use std::path::PathBuf;

/// `tongguan submit`
#[derive(Debug, Args)]
pub struct Submit {
    /// Documents; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The message to read them as, where a document itself does not tell (CSV)
    #[arg(long = "as", value_name = "MESSAGE")]
    pub message: Option<String>,
    /// The role that reads them, where the manifest has several
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
    /// A key of your own for the document (an idempotency key): the same document with the same
    /// key is the same submission
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub key: Option<String>,
    /// Read and validate only, by the schema and the business rules; declare nothing
    #[arg(long, conflicts_with = "key")]
    pub dry_run: bool,
    /// Declare it although business rules say that customs will refuse it
    #[arg(long)]
    pub unchecked: bool,
}

/// So long may a key be: it is kept, and shown in errors.
const KEY: usize = 200;

fn key(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > KEY || text.chars().any(char::is_control) {
        return Err(format!(
            "a key has 1 to {KEY} octets, and no control characters"
        ));
    }
    Ok(text.to_owned())
}

/// `tongguan run`
#[derive(Debug, Args)]
pub struct Run {
    /// Stop once every declaration has its final status
    #[arg(long)]
    pub until_final: bool,
    /// With --until-final: give up after this many seconds (exit code 4)
    #[arg(long, value_name = "SECONDS", requires = "until_final")]
    pub within: Option<u64>,
}

/// `tongguan status`
#[derive(Debug, Args)]
pub struct Status {
    /// End with exit code 1 where something needs a person (URGENT or WARNING)
    #[arg(long, conflicts_with_all = ["list", "state", "message", "unmatched"])]
    pub check: bool,
    /// List the declarations, newest first
    #[arg(long)]
    pub list: bool,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Only those of this message
    #[arg(long, value_name = "MESSAGE")]
    pub message: Option<String>,
    /// List what came in and is about no declaration here, or could not be read
    #[arg(long, conflicts_with_all = ["list", "state", "message"])]
    pub unmatched: bool,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
}

/// `tongguan retry`, `tongguan void`
#[derive(Debug, Args)]
pub struct Decide {
    /// Ids, guids, or business keys
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
}

/// `tongguan resubmit`
#[derive(Debug, Args)]
pub struct Resubmit {
    /// The declaration that ended badly: its id, guid, or business key (then the newest)
    #[arg(value_name = "ID")]
    pub id: String,
    /// The mended document; `-` reads standard input
    #[arg(value_name = "DOCUMENT")]
    pub document: PathBuf,
    /// The message to read it as, where the document itself does not tell (CSV)
    #[arg(long = "as", value_name = "MESSAGE")]
    pub message: Option<String>,
    /// The role that reads it, where the manifest has several
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
    /// Declare it although business rules say that customs will refuse it
    #[arg(long)]
    pub unchecked: bool,
}

/// `tongguan purge`
#[derive(Debug, Args)]
pub struct Purge {
    /// What ended before this day (China Standard Time)
    #[arg(long, value_name = "DATE")]
    pub before: Option<String>,
    /// Only say how much it would be
    #[arg(long)]
    pub dry_run: bool,
}

/// `tongguan show`
#[derive(Debug, Args)]
pub struct Show {
    /// An id, a guid, a business key, or the digest of something that came in
    pub id: String,
    /// Show names, telephones, addresses and identity numbers, and the receipts' own words; that
    /// you saw them is logged
    #[arg(long)]
    pub personal: bool,
    /// Write the message, the envelope and the receipts into this folder; that is logged
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// Print the declaration as a document in JSON, to be mended and resubmitted; that is logged
    #[arg(long, conflicts_with_all = ["personal", "export"])]
    pub document: bool,
}
