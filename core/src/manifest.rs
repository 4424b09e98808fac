//! The manifest: one TOML file that says who the enterprise is and which parts it runs.

mod parts;
mod store;
mod tables;
mod traces;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tongguan_contracts::Failure;
use tongguan_messages::{BaseTransfer, transfer};
use tongguan_xmldsig::Profile;

use crate::precedence::Waits;
use crate::store::{Owner, SqlStore};
use store::StoreTable;

pub use parts::LIBRARY;
#[cfg(test)]
pub(crate) use tables::Encoding;
pub use tables::{Alerts, Enterprise, Environment, Http, Limits, Node, Retention, Route, Verify};
pub use traces::Traces;

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
            Failure::misconfigured(
                format!("{name}:{line}"),
                "read the manifest",
                error.message(),
            )
            .remedy(suggestion(error.message()))
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
/// What to do about what the reader of TOML says.
fn suggestion(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let first = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    let nearest = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, first), known))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, known)) = nearest {
        return format!("did you mean {known}?");
    }
    if message.starts_with("missing field") {
        return format!(
            "add {first} to that table; tongguan init writes a manifest that has everything"
        );
    }
    if message.starts_with("unknown") && !known.is_empty() {
        return format!("choose one of {}", known.join(", "));
    }
    "mend the line; tongguan init writes a manifest to compare with".to_owned()
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
