use serde::Deserialize;
use std::path::PathBuf;
use tongguan_contracts::{Failure, PartOptions};

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

/// A part's table in the manifest, `library = "…"`, as far as it is the host's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    /// The plugin's file.
    library: PathBuf,
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
        if let serde_json::Value::Object(table) = options {
            for (name, value) in table {
                if OWN.contains(&name.as_str()) {
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
        let launch = Launch {
            protocol: PROTOCOL,
            library: base.join(&own.library),
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
