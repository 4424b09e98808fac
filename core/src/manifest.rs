//! The manifest: one TOML file that says who the enterprise is and which parts it runs.

mod store;
mod traces;

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions};
use tongguan_messages::{BaseTransfer, transfer};
use tongguan_xmldsig::{Profile, Sm2Encoding};

use crate::precedence::Waits;
use crate::store::{Owner, SqlStore};
use store::StoreTable;

pub use traces::Traces;

/// The kind of a part whose table names a library, or another machine: the builder of that kind
/// loads it.
pub const LIBRARY: &str = "library";

/// A manifest, read and checked on its own; the parts are not built yet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Who declares.
    pub enterprise: Enterprise,
    /// The node on the exchange platform.
    pub node: Node,
    /// Where declarations are kept.
    #[serde(default)]
    store: StoreTable,
    #[serde(default)]
    signers: BTreeMap<String, toml::Table>,
    #[serde(default)]
    transports: BTreeMap<String, toml::Table>,
    #[serde(default)]
    roles: BTreeMap<String, toml::Table>,
    /// Which message goes which way; the first that fits counts.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Which declarations wait for others.
    #[serde(default)]
    pub waits: Waits,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// How long personal data is kept.
    #[serde(default)]
    pub retention: Retention,
    /// What the verifier is to leave out.
    #[serde(default)]
    pub verify: Verify,
    /// When a person is to be told.
    #[serde(default)]
    pub alerts: Alerts,
    /// Where a run tells of itself; nowhere unless given.
    pub http: Option<Http>,
    /// Where traces go; nowhere unless given.
    pub traces: Option<Traces>,
    /// The folder that relative paths start from.
    #[serde(skip)]
    pub base: PathBuf,
}

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

impl Manifest {
    /// Reads the manifest file.
    ///
    /// # Errors
    /// What is wrong, with the line and what to do.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Failure::misconfigured("manifest", format!("read {}", path.display()), e)
                .remedy("name it with --manifest FILE, or write one with: tongguan init")
        })?;
        let base = path.parent().filter(|p| !p.as_os_str().is_empty());
        Self::parse(
            &text,
            base.unwrap_or(Path::new(".")),
            &path.display().to_string(),
        )
    }

    /// Reads a manifest's text; `base` is where its relative paths start, `name` is for messages.
    ///
    /// # Errors
    /// As [`Manifest::load`].
    pub fn parse(text: &str, base: &Path, name: &str) -> Result<Self, Failure> {
        let mut manifest: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                text.get(..span.start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
                    + 1
            });
            let remedy = suggestion(error.message());
            let failure = Failure::misconfigured(
                format!("{name}:{line}"),
                "read the manifest",
                error.message(),
            );
            match remedy {
                Some(remedy) => failure.remedy(remedy),
                None => failure,
            }
        })?;
        manifest.base = base.to_owned();
        manifest.check(name)?;
        Ok(manifest)
    }

    fn check(&self, name: &str) -> Result<(), Failure> {
        let wrong = |doing: &str, reason: String, remedy: String| {
            Err(Failure::misconfigured(name, doing, reason).remedy(remedy))
        };
        if let Err((reason, remedy)) = self.waits.check() {
            return wrong("use [waits]", reason, remedy);
        }
        if !(1..=100).contains(&self.limits.batch) {
            return wrong(
                "use [limits] batch",
                format!("it is {}", self.limits.batch),
                "a message holds 1 to 100 declarations".to_owned(),
            );
        }
        if self.limits.lease_seconds == 0 {
            return wrong(
                "use [limits] lease_seconds",
                "it is 0".to_owned(),
                "a node needs some seconds to show that it lives; 30 is usual".to_owned(),
            );
        }
        if let Some(Err((key, reason, remedy))) = self.traces.as_ref().map(Traces::check) {
            return wrong(&format!("use [traces] {key}"), reason, remedy.to_owned());
        }
        if let Err(problem) = transfer(&self.transfer()) {
            return wrong(
                "use [enterprise]",
                problem.to_string(),
                "cop_code, cop_name and dxp_id are as the data centre gave them".to_owned(),
            );
        }
        for route in &self.routes {
            if let Some(unknown) = route
                .transports
                .iter()
                .find(|name| !self.transports.contains_key(*name))
            {
                let all: Vec<&str> = self.transports.keys().map(String::as_str).collect();
                return wrong(
                    "use [[routes]]",
                    format!("there is no [transports.{unknown}]"),
                    format!("transport must be one of: {}", all.join(", ")),
                );
            }
            if let Some(unknown) = route
                .signers
                .iter()
                .find(|name| !self.signers.contains_key(*name))
            {
                let all: Vec<&str> = self.signers.keys().map(String::as_str).collect();
                return wrong(
                    "use [[routes]]",
                    format!("there is no [signers.{unknown}]"),
                    format!("signer must be one of: {}", all.join(", ")),
                );
            }
            if route.share && route.signers.len() < 2 {
                return wrong(
                    "use [[routes]] share",
                    "it names one signer".to_owned(),
                    "name those that share the work: signers = [\"key-1\", \"key-2\"]".to_owned(),
                );
            }
            if let Some(profile) = &route.profile
                && let Err(error) = profile.parse::<Profile>()
            {
                return wrong("use [[routes]] profile", error.to_string(), String::new());
            }
            for message in &route.messages {
                if tongguan_messages::message(message).is_none() {
                    return wrong(
                        "use [[routes]] messages",
                        format!("{message:?} is no message of the standard"),
                        "write names such as CEB311Message".to_owned(),
                    );
                }
            }
        }
        self.store.check(name)
    }

    /// What goes into every message's `BaseTransfer`.
    pub fn transfer(&self) -> BaseTransfer {
        BaseTransfer {
            copCode: self.enterprise.cop_code.clone(),
            copName: self.enterprise.cop_name.clone(),
            dxpMode: "DXP".to_owned(),
            dxpId: self.enterprise.dxp_id.clone(),
            note: None,
        }
    }

    /// This node's `SenderId`.
    pub fn sender_id(&self) -> &str {
        self.node
            .sender_id
            .as_deref()
            .unwrap_or(&self.enterprise.dxp_id)
    }

    /// This node, as the store knows it.
    pub fn owner(&self) -> Owner {
        let name = self.node.name.clone().unwrap_or_else(|| {
            let folder = std::fs::canonicalize(&self.base).unwrap_or_else(|_| self.base.clone());
            format!("{}:{}", machine(), folder.display())
        });
        Owner {
            name,
            term: Duration::from_secs(self.limits.lease_seconds),
        }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// It cannot be used, and why.
    pub fn open_store(&self) -> Result<SqlStore, Failure> {
        self.store.open(&self.base)
    }

    /// Where the store is: its file, or its server and database.
    pub fn store_place(&self) -> String {
        self.store.place(&self.base)
    }

    /// The file that the store is, where it is one.
    pub(crate) fn store_file(&self) -> Option<PathBuf> {
        self.store.file(&self.base)
    }

    /// The tables of all parts, with their names.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &toml::Table)> {
        let all = [&self.signers, &self.transports, &self.roles];
        let all = all.into_iter().flatten();
        all.map(|(name, table)| (name.as_str(), table))
    }

    /// The route of a message.
    pub fn route(&self, message: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.takes(message))
    }

    /// The names of the roles.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// The names of the signers.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.signers.keys().map(String::as_str)
    }

    /// The names of the transports.
    pub fn transports(&self) -> impl Iterator<Item = &str> {
        self.transports.keys().map(String::as_str)
    }

    /// A role's kind and options.
    ///
    /// # Errors
    /// There is none of that name, or it has no kind.
    pub fn role(&self, name: &str) -> Result<(String, PartOptions), Failure> {
        self.part("role", &self.roles, name)
    }

    /// A signer's kind and options.
    ///
    /// # Errors
    /// As [`Manifest::role`].
    pub fn signer(&self, name: &str) -> Result<(String, PartOptions), Failure> {
        self.part("signer", &self.signers, name)
    }

    /// A transport's kind and options.
    ///
    /// # Errors
    /// As [`Manifest::role`].
    pub fn transport(&self, name: &str) -> Result<(String, PartOptions), Failure> {
        self.part("transport", &self.transports, name)
    }

    /// Whether that signer is loaded from a library.
    fn loads_signer(&self, name: &str) -> bool {
        let table = self.signers.get(name);
        table.is_some_and(loaded)
    }

    /// Whether a run without that signer is none: it is built in, or its table says `required`.
    pub(crate) fn requires_signer(&self, name: &str) -> bool {
        let said = self.says_required(name);
        said.unwrap_or(!self.loads_signer(name))
    }

    /// Whether that is so even while it is only away, and others of its routes are there.
    pub(crate) fn insists_on_signer(&self, name: &str) -> bool {
        self.says_required(name) == Some(true)
    }

    fn says_required(&self, name: &str) -> Option<bool> {
        self.signers.get(name)?.get("required")?.as_bool()
    }

    fn part(
        &self,
        what: &str,
        tables: &BTreeMap<String, toml::Table>,
        name: &str,
    ) -> Result<(String, PartOptions), Failure> {
        let part = format!("{what} {name:?}");
        let mut table = tables.get(name).cloned().ok_or_else(|| {
            let all: Vec<&str> = tables.keys().map(String::as_str).collect();
            Failure::misconfigured(&part, "find it", "the manifest has none of that name")
                .remedy(format!("choose one of: {}", all.join(", ")))
        })?;
        let kind = match (table.remove("kind"), loaded(&table)) {
            (Some(toml::Value::String(kind)), false) => kind,
            (None, true) => LIBRARY.to_owned(),
            (Some(_), true) => {
                let failure = Failure::misconfigured(
                    &part,
                    "build it",
                    "it has a kind, and is a plugin by library or remote: it is one of them",
                );
                return Err(failure.remedy(format!(
                    "remove one from [{what}s.{name}]; the library that a kind itself calls is its module"
                )));
            }
            _ => {
                let failure = Failure::misconfigured(&part, "build it", "it has no kind");
                return Err(failure.remedy(format!(
                    "add kind = \"…\" to [{what}s.{name}], or library = \"…\" for a plugin"
                )));
            }
        };
        let options = serde_json::to_value(table)
            .map_err(|e| Failure::misconfigured(&part, "read its options", e))?;
        Ok((
            kind,
            PartOptions {
                part,
                options,
                base: self.base.clone(),
            },
        ))
    }
}

/// Whether a part is a plugin: in a library here, or on another machine.
fn loaded(table: &toml::Table) -> bool {
    table.contains_key("library") || table.contains_key("remote")
}

/// Who uses this program, as the system knows them: `name@machine`.
pub(crate) fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    format!("{}@{}", name.unwrap_or_default(), machine())
}

/// The machine's name.
fn machine() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map_or_else(|| "node".to_owned(), |name| name.trim().to_owned())
}

/// For "unknown field `x`, expected one of `a`, `b`": the nearest known one.
fn suggestion(message: &str) -> Option<String> {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names
        .next()
        .filter(|_| message.starts_with("unknown field"))?;
    names
        .map(|known| (strsim::jaro_winkler(known, unknown), known))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| format!("did you mean {known}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[enterprise]
cop_code = "3301960T01"
cop_name = "示例"
dxp_id = "DXPENT0000012345"
[node]
[signers.main]
kind = "software"
key = "k"
[transports.hub]
kind = "directory"
[[routes]]
transport = "hub"
signer = "main"
"#;

    fn refused(text: &str) -> String {
        let failure = Manifest::parse(text, Path::new("."), "t.toml").unwrap_err();
        format!("{failure}; {}", failure.how_to_mend().unwrap_or_default())
    }

    #[test]
    fn defaults_are_there() {
        let manifest = Manifest::parse(GOOD, Path::new("/etc"), "t.toml").unwrap();
        assert_eq!(manifest.sender_id(), "DXPENT0000012345");
        assert_eq!(manifest.node.receiver_id, "DXPEDCCEB0000002");
        assert_eq!(manifest.limits.batch, 100);
        let (kind, options) = manifest.signer("main").unwrap();
        assert_eq!(
            (kind.as_str(), options.options["key"].as_str()),
            ("software", Some("k"))
        );
        assert!(manifest.route("CEB311Message").is_some());
    }

    #[test]
    fn mistakes_are_told_with_line_and_remedy() {
        let text = refused(&GOOD.replace("cop_name", "copname"));
        assert!(
            text.contains("t.toml:4") && text.contains("did you mean cop_name?"),
            "{text}"
        );
        let text = refused(&GOOD.replace("transport = \"hub\"", "transport = \"hup\""));
        assert!(
            text.contains("no [transports.hup]") && text.contains("hub"),
            "{text}"
        );
        let several = GOOD.replace("transport = \"hub\"", "transports = [\"hub\", \"hap\"]");
        assert!(refused(&several).contains("no [transports.hap]"));
        let none = GOOD.replace("transport = \"hub\"", "transports = []");
        assert!(refused(&none).contains("names nothing"));
        let text = refused(&format!("{GOOD}[limits]\nbatch = 101\n"));
        assert!(text.contains("101") && text.contains("1 to 100"), "{text}");
        let text = refused(&GOOD.replace("3301960T01", "12345678901234567890"));
        assert!(
            text.contains("传输企业代码") && text.contains("at most 18"),
            "{text}"
        );
        let text = refused(&format!("{GOOD}[store]\nkind = \"postgres\"\n"));
        assert!(text.contains("has a url"), "{text}");
        let text = refused(&format!("{GOOD}[store]\nurl = \"postgres://a@b/c\"\n"));
        assert!(text.contains("kind = \"postgres\""), "{text}");
        let text = refused(&format!("{GOOD}[store]\nkind = \"oracle\"\n"));
        assert!(
            text.contains("sqlite") && text.contains("postgres"),
            "{text}"
        );
        let text = refused("[enterprise");
        assert!(text.contains("t.toml:1"), "{text}");
    }
}
