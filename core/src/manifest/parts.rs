//! What the manifest says of its parts: roles, signers, transports.

use std::collections::BTreeMap;

use tongguan_contracts::{Failure, PartOptions};

use super::Manifest;

/// The kind of a part whose table names a library, or another machine: the builder of that kind
/// loads it.
pub const LIBRARY: &str = "library";

impl Manifest {
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
