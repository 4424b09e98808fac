//! The manifest's tables that are not a part's.

use serde::{Deserialize, Deserializer};

use tongguan_xmldsig::Sm2Encoding;

/// `[enterprise]`: what goes into every message's `BaseTransfer` (spec, table 3-4).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enterprise {
    /// `copCode`: the enterprise's customs registration code.
    pub cop_code: String,
    /// `copName`
    pub cop_name: String,
    /// `dxpId`: the number that the data centre gave for the exchange platform.
    pub dxp_id: String,
}

/// `[node]`: this node and its partner on the exchange platform (spec ch. 4).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// `SenderId`; `dxp_id` unless given.
    pub sender_id: Option<String>,
    /// What it is there for: `test` (rehearsals and joint testing) or `production`. A joint test is
    /// refused unless it says `test`.
    pub environment: Option<Environment>,
    /// This node's name among those that share a store; no two that run have the same one. The
    /// machine's name and the manifest's folder unless given.
    pub name: Option<String>,
    /// `ReceiverId`: the clearance service for imports.
    #[serde(default = "receiver_id")]
    pub receiver_id: String,
}

/// What a node is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Rehearsals, and the joint test with the data centre.
    Test,
    /// What is declared is legally binding.
    Production,
}

fn receiver_id() -> String {
    "DXPEDCCEB0000002".to_owned()
}

/// One `[[routes]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The messages that go this way; all where none is named.
    #[serde(default)]
    pub messages: Vec<String>,
    /// By which transport: one (`transport = "hub"`), or several in the order of preference
    /// (`transports = ["sub-centre", "national"]`). The next one is for when those before it are
    /// out of reach.
    #[serde(alias = "transport", deserialize_with = "one_or_several")]
    pub transports: Vec<String>,
    /// Signed by which signer: one (`signer = "main"`), or several (`signers = ["main", "next"]`):
    /// the first whose certificate is valid now and whose device works.
    #[serde(alias = "signer", deserialize_with = "one_or_several")]
    pub signers: Vec<String>,
    /// Several signers sign side by side, each as much as it is fast, and not one after another.
    #[serde(default)]
    pub share: bool,
    /// The signature profile; follows from the certificate's key unless given.
    pub profile: Option<String>,
    /// How an SM2 signature value is encoded: `raw` (r‖s, default) or `der`.
    #[serde(default)]
    pub sm2_encoding: Encoding,
}

impl Route {
    /// Whether a message goes this way, unless an earlier route takes it.
    pub fn takes(&self, message: &str) -> bool {
        self.messages.is_empty() || self.messages.iter().any(|m| m == message)
    }
}

fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a name, or a list of names")]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    match Names::deserialize(from)? {
        Names::One(name) => Ok(vec![name]),
        Names::Several(names) if names.is_empty() => {
            Err(serde::de::Error::custom("the list names nothing"))
        }
        Names::Several(names) => Ok(names),
    }
}

/// How an SM2 signature value is encoded.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// r‖s
    #[default]
    Raw,
    /// ASN.1 DER
    Der,
}

impl From<Encoding> for Sm2Encoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Raw => Self::Raw,
            Encoding::Der => Self::Der,
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest document taken, in octets.
    pub document_octets: usize,
    /// Largest delivery taken, in octets.
    pub inbound_octets: usize,
    /// Declarations a message, at most 100 (the schema's bound).
    pub batch: usize,
    /// How long a lone declaration waits for company, in milliseconds.
    pub batch_wait_ms: u64,
    /// How long a stop waits for what is under way, in seconds.
    pub stop_seconds: u64,
    /// After how long without a sign of life another node takes over a node's work, in seconds.
    pub lease_seconds: u64,
}

/// `[retention]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// So many days after the last that was heard of a final declaration, its octets and personal
    /// data are purged; never, unless given.
    pub days: Option<std::num::NonZeroU32>,
}

/// `[alerts]`: how long something may take before it counts as stuck.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// A declaration waits to be put into a message.
    pub assemble_seconds: u64,
    /// A declaration waits for those that go before it.
    pub wait_hours: u64,
    /// A signed message waits for its transport, or for word of what became of a try.
    pub send_seconds: u64,
    /// What was sent has no receipt at all.
    pub answer_seconds: u64,
    /// What was answered has no final receipt.
    pub final_hours: u64,
    /// How long before its end a certificate is told of.
    pub certificate_days: u32,
    /// By how much another clock may differ from ours.
    pub clock_seconds: u64,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            assemble_seconds: 300,
            wait_hours: 24,
            send_seconds: 300,
            answer_seconds: 3600,
            final_hours: 72,
            certificate_days: 30,
            clock_seconds: 300,
        }
    }
}

/// `[http]`: metrics and health, for monitoring.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address and port to listen on: `127.0.0.1:9464`.
    pub listen: std::net::SocketAddr,
}

/// `[verify]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Verify {
    /// Business rules that are switched off, by their ids: for one that is wrong, or that a local
    /// customs office sees differently.
    pub off: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_octets: 64 << 20,
            inbound_octets: 64 << 20,
            batch: 100,
            batch_wait_ms: 200,
            stop_seconds: 30,
            lease_seconds: 30,
        }
    }
}
