//! What must not be lost.
//!
//! A store keeps declarations, the messages that carry them, what came in, and what that said.
//! Each method is one transaction: when it returns, it is on disk. The contract is written for a
//! store that several nodes share; SQLite serves one.

mod schema;
mod sqlite;

use async_trait::async_trait;
use serde::Serialize;

use tongguan_contracts::{Declaration, Failure};
use tongguan_messages::Outcome;

use crate::State;

pub use sqlite::Sqlite;

/// A declaration that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submitted {
    /// Its id here, for ever.
    pub id: String,
    /// The same one was taken before: nothing new is declared.
    pub already_there: bool,
}

/// Declarations of one message that wait to be carried.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// `CEB311Message`
    pub message: String,
    /// How many.
    pub count: usize,
    /// When the oldest was taken, milliseconds since 1970.
    pub since: i64,
}

/// A declaration to be carried.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id.
    pub id: String,
    /// Its canonical octets.
    pub fragment: Vec<u8>,
}

/// A signed message in its envelope. None of this ever changes.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// `CEB311Message`
    pub message: String,
    /// The message's guid.
    pub guid: String,
    /// The envelope's `CopMsgId`.
    pub cop_msg_id: String,
    /// The transport that it goes by.
    pub transport: String,
    /// The signature profile.
    pub profile: String,
    /// SHA-256 of the signing certificate, hexadecimal.
    pub certificate: String,
    /// The envelope's octets.
    pub envelope: Vec<u8>,
    /// How often it was tried.
    pub attempts: u32,
}

/// How a try to send ended.
#[derive(Debug, Clone)]
pub enum Tried {
    /// The other side has taken responsibility.
    Accepted {
        /// Its evidence.
        evidence: String,
    },
    /// The outcome is unknown, or it was not taken: try again then.
    Again {
        /// When, milliseconds since 1970.
        at: i64,
        /// Why.
        error: String,
    },
    /// It will never be taken.
    Refused {
        /// Why.
        error: String,
    },
}

/// Something that came in, and what it says.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The octets, as they came.
    pub octets: Vec<u8>,
    /// By which transport.
    pub transport: String,
    /// From where.
    pub origin: String,
    /// What it is: `CEB312Message`, `DxpRep`; empty when it could not be read.
    pub kind: String,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// What it says of declarations.
    pub answers: Vec<Answer>,
}

/// What an answer is about.
#[derive(Debug, Clone)]
pub enum About {
    /// The declaration of one of these messages with this guid or, failing that, business key.
    Declaration {
        /// The messages that the receipt answers.
        messages: &'static [&'static str],
        /// The business key.
        key: Option<String>,
        /// The unit's guid.
        guid: String,
    },
    /// All declarations in the envelope with this `CopMsgId`.
    Envelope(String),
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// This client.
    Local,
    /// The transport: it was taken, or not.
    Transport,
    /// The exchange platform: its form is good, or not (DxpRep, CEB900).
    Platform,
    /// The clearance service.
    Clearance,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Transport => "transport",
            Self::Platform => "platform",
            Self::Clearance => "clearance",
        }
    }
}

/// One answer in something that came in.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it is about.
    pub about: About,
    /// Who says it.
    pub level: Level,
    /// The code: `120`, `-621004`, `0002`.
    pub code: String,
    /// The text that came with it.
    pub text: String,
    /// The sender's own time, for order; empty when it gave none.
    pub time: String,
    /// What it means.
    pub outcome: Outcome,
    /// It says that the declaration is there already: a success for one sent before.
    pub already_declared: bool,
}

/// A receipt to be told to a role.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The role that declared it.
    pub role: String,
    /// The declaration's message.
    pub message: String,
    /// Its guid.
    pub guid: String,
    /// The answer's code.
    pub code: String,
    /// The answer's text.
    pub text: String,
}

/// A declaration, in brief.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// `CEB311Message`
    pub message: String,
    /// Its guid.
    pub guid: String,
    /// Its business key, the fields joined by ` / `.
    pub key: String,
    /// Where it stands.
    pub state: State,
    /// When it was taken, milliseconds since 1970.
    pub submitted_at: i64,
    /// The document it came from.
    pub document: String,
    /// The line there.
    pub line: u32,
    /// The last thing that was said of it.
    pub latest: Option<Status>,
}

/// One thing that was said of a declaration.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// When we knew it, milliseconds since 1970.
    pub at: i64,
    /// Who says it.
    pub level: String,
    /// The code, where there is one.
    pub code: String,
    /// In words.
    pub text: String,
    /// What came in, by its digest (SHA-256).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound: Option<String>,
}

/// All that is known of a declaration.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    /// In brief.
    #[serde(flatten)]
    pub summary: Summary,
    /// What was said of it, oldest first.
    pub history: Vec<Status>,
    /// The envelope that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierSummary>,
    /// Its octets, as signed.
    #[serde(skip)]
    pub fragment: Vec<u8>,
    /// The envelope's octets.
    #[serde(skip)]
    pub envelope: Option<Vec<u8>>,
    /// What came in about it: digest and octets.
    #[serde(skip)]
    pub inbound: Vec<(String, Vec<u8>)>,
}

/// How a declaration was carried.
#[derive(Debug, Clone, Serialize)]
pub struct CarrierSummary {
    /// The message's guid.
    pub guid: String,
    /// The envelope's `CopMsgId`.
    pub cop_msg_id: String,
    /// The transport.
    pub transport: String,
    /// The signature profile.
    pub profile: String,
    /// SHA-256 of the signing certificate.
    pub certificate: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When the other side took it, milliseconds since 1970.
    pub sent_at: Option<i64>,
    /// The other side's evidence.
    pub evidence: Option<String>,
    /// The last error, while it is not taken.
    pub error: Option<String>,
}

/// Which declarations.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this message.
    pub message: Option<String>,
    /// At most so many, newest first.
    pub limit: usize,
}

/// Keeps what must not be lost.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes declarations, all or none. A repetition of one that is there (same message, business
    /// key and fingerprint, not rejected) gives the first one's id.
    ///
    /// # Errors
    /// Rejected: another declaration with the same business key is there, not rejected, and this
    /// one does not amend it.
    async fn submit(
        &self,
        role: &str,
        declarations: Vec<Declaration>,
    ) -> Result<Vec<Submitted>, Failure>;

    /// What waits to be carried.
    async fn waiting(&self) -> Result<Vec<Waiting>, Failure>;

    /// The oldest that wait, of one message.
    async fn claim(&self, message: &str, most: usize) -> Result<Vec<Claimed>, Failure>;

    /// Puts declarations into an envelope, for ever.
    async fn carry(&self, carrier: Carrier, declarations: Vec<String>) -> Result<(), Failure>;

    /// The envelopes to be sent now by that transport, oldest first.
    async fn due(&self, transport: &str, now: i64, most: usize) -> Result<Vec<Carrier>, Failure>;

    /// Notes how a try to send ended.
    async fn tried(&self, cop_msg_id: &str, tried: Tried) -> Result<(), Failure>;

    /// Keeps what came in, and what it says, in one commit. The same octets again change nothing.
    async fn receive(&self, inbound: Inbound) -> Result<Vec<Notice>, Failure>;

    /// A declaration by its id, guid, or business key (or one field of it), newest first.
    async fn find(&self, text: &str) -> Result<Option<Details>, Failure>;

    /// Declarations, newest first.
    async fn list(&self, filter: Filter) -> Result<Vec<Summary>, Failure>;

    /// How many declarations are in each state of each message.
    async fn counts(&self) -> Result<Vec<(String, State, u64)>, Failure>;

    /// What came in and was about no declaration here, or could not be read.
    async fn unmatched(&self) -> Result<u64, Failure>;
}
