use serde::Deserialize;
use std::path::PathBuf;
use std::process::Command;
use tongguan_contracts::{Failure, PartOptions};

use crate::process::command;
use crate::told::{Kind, Launch};
use crate::wire::PROTOCOL;

/// What of a part's table is the host's; the rest is the plugin's.
const OWN: &[&str] = &[
    "library",
    "sha256",
    "required",
    "timeout_seconds",
    "memory_mib",
    "environment",
];
/// The same where the plugin is on another machine: what there is besides is there, too.
#[cfg(feature = "remote")]
const OWN_REMOTE: &[&str] = &["remote", "certificate", "key", "ca"];

/// A part's table in the manifest, `library = "…"`, as far as it is the host's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    /// The plugin's file, if it is on this machine.
    library: Option<PathBuf>,
    /// The other machine's address and port, where `tongguan plugin serve` waits.
    #[cfg(feature = "remote")]
    remote: Option<String>,
    /// What this side shows there: a certificate and its key, PEM.
    #[cfg(feature = "remote")]
    certificate: Option<PathBuf>,
    #[cfg(feature = "remote")]
    key: Option<PathBuf>,
    /// Who issued the other side's certificate, PEM.
    #[cfg(feature = "remote")]
    ca: Option<PathBuf>,
    /// What its SHA-256 must be, in hexadecimal.
    sha256: Option<String>,
    /// Whether nothing starts without it. Otherwise the rest works, and readiness says what does not.
    #[serde(default)]
    pub required: bool,
    /// How long a call may take; after that its process is killed and started again.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u32,
    /// How much memory its process may hold; beyond that it is started again.
    #[serde(default = "memory_mib")]
    memory_mib: u64,
    /// Which environment variables its process has besides the usual ones and those that its options
    /// refer to as secrets.
    #[serde(default)]
    pub environment: Vec<String>,
}

fn timeout_seconds() -> u32 {
    30
}

fn memory_mib() -> u64 {
    512
}

impl Options {
    /// Reads the table: what is the host's, and what the plugin's process is told.
    pub(crate) fn read(options: PartOptions, kind: Kind) -> Result<(Self, Launch), Failure> {
        let PartOptions {
            part,
            options,
            base,
        } = options;
        let mut own = serde_json::Map::new();
        let mut config = serde_json::Map::new();
        #[cfg(feature = "remote")]
        let remote = options.get("remote").is_some();
        let is_own = |name: &str| {
            #[cfg(feature = "remote")]
            if remote && OWN_REMOTE.contains(&name) {
                return true;
            }
            OWN.contains(&name)
        };
        if let serde_json::Value::Object(table) = options {
            for (name, value) in table {
                if is_own(&name) {
                    own.insert(name, value);
                } else {
                    config.insert(name, value);
                }
            }
        }
        let config = serde_json::Value::Object(config);
        let given = PartOptions {
            part: part.clone(),
            options: own.into(),
            base: base.clone(),
        };
        let mut own: Self = given.parse()?;
        if let Some(sha256) = &own.sha256
            && (sha256.len() != 64 || !sha256.chars().all(|c| c.is_ascii_hexdigit()))
        {
            return Err(
                Failure::misconfigured(&part, "use sha256", "it is no SHA-256")
                    .remedy("write the 64 digits that tongguan plugin check prints"),
            );
        }
        if !(1..=3600).contains(&own.timeout_seconds) {
            return Err(Failure::misconfigured(
                &part,
                "use timeout_seconds",
                "it must be 1 to 3600",
            ));
        }
        secrets(&config, &mut own.environment);
        // The process works in that folder, so its name must not depend on ours.
        let base = if base.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            base
        };
        let base = std::fs::canonicalize(&base).unwrap_or(base);
        let library = match &own.library {
            Some(library) => base.join(library),
            None => own.elsewhere(&part, &config)?,
        };
        let launch = Launch {
            protocol: PROTOCOL,
            library,
            built_in: None,
            sha256: own.sha256.clone(),
            part,
            kind,
            base,
            config,
            timeout_ms: own.timeout_seconds.saturating_mul(1000),
            memory_mib: own.memory_mib,
        };
        Ok((own, launch))
    }
}

impl Options {
    /// The other machine, in the place of a library's path.
    #[cfg(feature = "remote")]
    fn elsewhere(&self, part: &str, config: &serde_json::Value) -> Result<PathBuf, Failure> {
        let Some(remote) = &self.remote else {
            return Err(nothing(part));
        };
        let all = (&self.certificate, &self.key, &self.ca);
        let (Some(_), Some(_), Some(_)) = all else {
            return Err(Failure::misconfigured(
                part,
                "reach its plugin",
                "a certificate is missing",
            )
            .remedy("give certificate, key and ca, as docs/plugins.md tells"));
        };
        if let Some(option) = config.as_object().and_then(|all| all.keys().next()) {
            let why = format!("{option} is the plugin's own option, and the plugin is elsewhere");
            return Err(Failure::misconfigured(part, "use its options", why)
                .remedy("put it into the configuration of tongguan plugin serve, there"));
        }
        Ok(remote.into())
    }

    #[cfg(not(feature = "remote"))]
    fn elsewhere(&self, part: &str, _: &serde_json::Value) -> Result<PathBuf, Failure> {
        Err(nothing(part))
    }

    /// What becomes the process of the plugin.
    pub(crate) fn command(&self, base: &std::path::Path) -> std::io::Result<Command> {
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            let mut relay = command("plugin-relay")?;
            relay.arg(remote);
            for file in [&self.certificate, &self.key, &self.ca] {
                relay.arg(base.join(file.as_deref().unwrap_or(std::path::Path::new(""))));
            }
            return Ok(relay);
        }
        let _ = base;
        command("plugin-host")
    }
}

fn nothing(part: &str) -> Failure {
    Failure::misconfigured(part, "load its plugin", "no library is named")
        .remedy("add library = \"PATH\"")
}

/// The environment variables that options refer to as secrets.
fn secrets(value: &serde_json::Value, names: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => {
            names.extend(text.strip_prefix("env:").map(str::to_owned));
        }
        serde_json::Value::Array(all) => all.iter().for_each(|one| secrets(one, names)),
        serde_json::Value::Object(all) => all.values().for_each(|one| secrets(one, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(options: serde_json::Value) -> Result<(Options, Launch), Failure> {
        let options = PartOptions {
            part: "signer \"main\"".into(),
            options,
            base: "/etc".into(),
        };
        Options::read(options, Kind::Signer)
    }

    #[test]
    fn what_is_not_the_hosts_is_the_plugins() {
        let (own, launch) = read(json!({
            "library": "a.so", "required": true, "slot": 1,
            "pin": "env:PIN", "more": { "also": ["env:OTHER", "file:x"] },
        }))
        .unwrap();
        assert!(own.required);
        let mut names = own.environment.clone();
        names.sort();
        assert_eq!(names, ["OTHER", "PIN"]);
        assert_eq!(launch.library, PathBuf::from("/etc/a.so"));
        assert_eq!(launch.config["slot"], 1);
        assert_eq!(launch.config.get("library"), None);
    }

    #[test]
    fn mistakes_are_told() {
        let refused = |options| read(options).unwrap_err().to_string();
        assert!(refused(json!({ "library": "a", "sha256": "12" })).contains("no SHA-256"));
        assert!(refused(json!({ "library": 3 })).contains("invalid type"));
        assert!(refused(json!({ "library": "a", "timeout_seconds": 0 })).contains("1 to 3600"));
    }
}
