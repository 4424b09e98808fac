use serde::Deserialize;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
#[cfg(feature = "postgres")]
use std::time::Duration;

use tongguan_contracts::{Failure, SecretRef};

#[cfg(feature = "postgres")]
use crate::store::Postgres;
use crate::store::{SqlStore, Tls};

/// `[store]`. Which of the options go together depends on the kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoreTable {
    kind: StoreKind,
    /// sqlite: the file; `tongguan.db` unless given.
    path: Option<PathBuf>,
    /// postgres: `postgres://user@host:5432/database`.
    url: Option<String>,
    /// postgres: where the password is.
    password: Option<SecretRef>,
    /// postgres: `require` or `off`; `require` unless the server is on this machine.
    tls: Option<Tls>,
    /// postgres: CAs to trust besides the system's.
    ca: Option<PathBuf>,
    /// postgres: how many connections.
    connections: Option<usize>,
    /// postgres: how long to wait for an answer, in seconds.
    timeout_seconds: Option<NonZeroU16>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoreKind {
    #[default]
    Sqlite,
    Postgres,
}

impl StoreTable {
    /// Whether the options go with the kind.
    pub(super) fn check(&self, name: &str) -> Result<(), Failure> {
        let wrong = |reason: &str, remedy: &str| {
            Err(Failure::misconfigured(name, "use [store]", reason).remedy(remedy))
        };
        let server = self.url.is_some()
            || self.password.is_some()
            || self.tls.is_some()
            || self.ca.is_some()
            || self.connections.is_some()
            || self.timeout_seconds.is_some();
        match self.kind {
            StoreKind::Sqlite if server => wrong(
                "an SQLite file has a path, and nothing else",
                "write kind = \"postgres\" for a server, or remove its options",
            ),
            StoreKind::Postgres if self.path.is_some() || self.url.is_none() => wrong(
                "a PostgreSQL server has a url, and no path",
                "write url = \"postgres://user@host:5432/database\"",
            ),
            _ => Ok(()),
        }
    }

    /// Where it is.
    pub(super) fn place(&self, base: &Path) -> String {
        match self.file(base) {
            Some(file) => std::path::absolute(&file)
                .unwrap_or(file)
                .display()
                .to_string(),
            None => self.url.clone().unwrap_or_default(),
        }
    }

    /// The file that it is, where it is one.
    pub(super) fn file(&self, base: &Path) -> Option<PathBuf> {
        let path = self.path.as_deref().unwrap_or(Path::new("tongguan.db"));
        (self.kind == StoreKind::Sqlite).then(|| base.join(path))
    }

    /// Opens the store; relative paths start from `base`.
    pub(super) fn open(&self, base: &Path) -> Result<SqlStore, Failure> {
        match self.kind {
            StoreKind::Sqlite => SqlStore::sqlite(&self.file(base).unwrap_or_default()),
            #[cfg(feature = "postgres")]
            StoreKind::Postgres => {
                let options = Postgres::new(
                    self.url.as_deref().unwrap_or_default(),
                    self.password.as_ref(),
                    self.tls,
                    self.ca.as_deref(),
                    base,
                )?;
                let options = match self.connections {
                    Some(connections) => options.connections(connections),
                    None => options,
                };
                SqlStore::postgres(match self.timeout_seconds {
                    Some(seconds) => options.patience(Duration::from_secs(seconds.get().into())),
                    None => options,
                })
            }
            #[cfg(not(feature = "postgres"))]
            StoreKind::Postgres => Err(Failure::misconfigured(
                "store",
                "use PostgreSQL",
                "this program was built without it",
            )
            .remedy("build it with the feature postgres, or write kind = \"sqlite\"")),
        }
    }
}
