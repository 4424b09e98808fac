//! What a store takes and gives.

use serde::Serialize;
use std::time::Duration;

use tongguan_messages::Outcome;

use crate::State;

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
    /// How many, as far as they were counted.
    pub count: usize,
    /// How long the oldest has waited.
    pub waited: Duration,
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
    /// How often it was tried before.
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
    /// It was not taken, or nobody knows: try again then.
    Again {
        /// How long to wait.
        after: Duration,
        /// Why.
        error: String,
        /// Whether anything of it may have left.
        left: bool,
    },
    /// It will never be taken as it is.
    Refused {
        /// Why.
        error: String,
        /// Whether anything of it may have left.
        left: bool,
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
    /// When its sender says that it was made, milliseconds since 1970; nothing where it does not say.
    pub made_at: Option<i64>,
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
    /// The declaration of one of these messages to which customs gave this number. It decides nothing.
    Given {
        /// The messages that the notice is about.
        messages: &'static [&'static str],
        /// The number.
        number: String,
    },
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
    /// The number that it gives to the declaration: by that, notices name it.
    pub given: Option<String>,
}

/// A receipt to be told to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What came in, by its digest.
    pub digest: String,
    /// What it is: `CEB312Message`.
    pub receipt: String,
    /// The role that declared it.
    pub role: String,
    /// The declaration's message.
    pub message: String,
    /// Its guid.
    pub guid: String,
    /// The answer's code.
    pub code: String,
    /// The answer's text, without the declaration's personal data.
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
    /// The id of the one in whose place it was submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The id of the one that was submitted in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
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
    /// What it waits for before it is put into a message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<Awaited>,
    /// That its octets and personal data are there no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purged: Option<Gone>,
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

/// A declaration that another waits for.
#[derive(Debug, Clone, Serialize)]
pub struct Awaited {
    /// `CEB311Message`
    pub message: String,
    /// By which it is named, the fields joined by ` / `.
    pub key: String,
    /// Its id, where it is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it stands; nothing where it is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
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

/// Which personal data is to be purged.
#[derive(Debug, Clone)]
pub struct Purge {
    /// What is final, and of which nothing was heard since then; milliseconds since 1970.
    pub before: i64,
    /// By which rule, in words.
    pub rule: String,
}

/// How much was purged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Declarations.
    pub declarations: u64,
    /// Envelopes, with the messages in them.
    pub envelopes: u64,
    /// Things that came in.
    pub receipts: u64,
    /// Declarations whose time is over, but whose envelope carries others that are not final, or
    /// of which something was heard since.
    pub held: u64,
}

/// That a declaration's personal data was purged.
#[derive(Debug, Clone, Serialize)]
pub struct Gone {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// By which rule.
    pub rule: String,
}

/// Something that came in, as it is kept.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// SHA-256 of its octets.
    pub digest: String,
    /// What it is: `CEB312Message`, `DxpRep`; empty when it could not be read.
    pub kind: String,
    /// By which transport.
    pub transport: String,
    /// From where.
    pub origin: String,
    /// When, milliseconds since 1970.
    pub received_at: i64,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// When its octets were purged, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purged_at: Option<i64>,
}

/// What came in and was about no declaration here, or could not be read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Unmatched {
    /// How many.
    pub count: u64,
    /// The newest of them.
    pub newest: Vec<Kept>,
}

/// What a person decides about a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is to be tried again, now: the same octets, where there are any.
    Retry,
    /// It is not to be declared.
    Void,
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

/// Whether the connection to a server is encrypted. There is no way between: a certificate that
/// does not hold is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS, and the server's certificate is verified, with its name.
    Require,
    /// None: for this machine, or a network that is protected otherwise.
    Off,
}
