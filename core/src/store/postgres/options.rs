use openssl::ssl::{SslConnector, SslMethod};
use postgres_openssl::MakeTlsConnector;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use tongguan_contracts::{Failure, SecretRef};

use crate::store::Tls;

/// PostgreSQL flushes the disk once for all that commit at once, so this is how many share a
/// flush. On two cores with a disk of 7 ms a flush, one connection took 120 declarations a
/// second, four 450, eight 900, and sixteen no more (examples/measure_store.rs).
const CONNECTIONS: usize = 8;

/// How long a statement may take, and how long its answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to reach a PostgreSQL database.
pub struct Postgres {
    pub(super) config: Config,
    pub(super) tls: MakeTlsConnector,
    /// How many connections, and so how many transactions at once.
    pub(super) connections: usize,
    /// How long to wait for an answer.
    pub(super) patience: Duration,
    place: String,
}

impl Postgres {
    /// From the manifest's words: the address without the password, where that is, whether TLS is
    /// asked for (by default, unless the server is on this machine), and a file of CAs to trust
    /// besides the system's.
    ///
    /// # Errors
    /// Misconfigured: which of them is wrong.
    pub fn new(
        url: &str,
        password: Option<&SecretRef>,
        tls: Option<Tls>,
        ca: Option<&Path>,
        base: &Path,
    ) -> Result<Self, Failure> {
        let wrong = |reason: String, remedy: &str| {
            Failure::misconfigured("store", "use its url", reason).remedy(remedy)
        };
        let form = "write url = \"postgres://user@host:5432/database\"";
        // The parser's own words may repeat a password.
        let mut config =
            Config::from_str(url).map_err(|_| wrong("it is no address".to_owned(), form))?;
        if config.get_password().is_some() {
            return Err(wrong(
                "it carries a password".to_owned(),
                "write password = \"env:NAME\" or \"file:PATH\"",
            ));
        }
        let (Some(user), Some(database)) = (config.get_user(), config.get_dbname()) else {
            return Err(wrong("it names no user or no database".to_owned(), form));
        };
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        if hosts.is_empty() {
            return Err(wrong("it names no host".to_owned(), form));
        }
        let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
        let place = format!(
            "PostgreSQL {}:{}/{database} as {user}",
            hosts.join(","),
            ports.join(",")
        );
        if let Some(password) = password {
            let secret = password.resolve("store", base)?;
            config.password(secret.as_bytes());
        }
        let here = |host: &String| {
            host.starts_with('/')
                || host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        };
        let tls = tls.unwrap_or(if hosts.iter().all(here) {
            Tls::Off
        } else {
            Tls::Require
        });
        config.ssl_mode(match tls {
            Tls::Require => SslMode::Require,
            Tls::Off => SslMode::Disable,
        });
        config
            .application_name("tongguan")
            .connect_timeout(Duration::from_secs(10))
            .tcp_user_timeout(Duration::from_secs(30))
            .keepalives_idle(Duration::from_secs(30));
        Ok(Self {
            config,
            tls: connector(ca.map(|ca| base.join(ca)))?,
            connections: CONNECTIONS,
            patience: PATIENCE,
            place,
        })
    }

    /// With so many connections.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// With so long to wait for an answer. After that, the connection counts as dead: a network
    /// that swallows everything tells nobody.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The address for people.
    pub fn shown(&self) -> String {
        self.place.clone()
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

fn connector(ca: Option<PathBuf>) -> Result<MakeTlsConnector, Failure> {
    let wrong = |reason: openssl::error::ErrorStack| {
        let file = ca
            .as_ref()
            .map_or(String::new(), |ca| format!(" with ca {}", ca.display()));
        Failure::misconfigured("store", format!("prepare TLS{file}"), reason)
            .remedy("ca is a file of certificates in PEM")
    };
    // Verifies the certificate and the name unless told otherwise.
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(wrong)?;
    if let Some(ca) = &ca {
        builder.set_ca_file(ca).map_err(wrong)?;
    }
    Ok(MakeTlsConnector::new(builder.build()))
}

#[cfg(test)]
mod tests {
    use super::Postgres;
    use std::path::Path;

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for url in [
            "postgres://me:hunter2@host/db",
            "host=host user=me dbname=db password=hunter2",
            "postgres://me:hunter2@host:port/db",
        ] {
            let told = Postgres::new(url, None, None, None, Path::new("."))
                .map(|_| ())
                .unwrap_err();
            assert!(!told.to_string().contains("hunter2"), "{told}");
        }
        for url in ["postgres://host/db", "postgres://me@host", "nonsense", ""] {
            assert!(Postgres::new(url, None, None, None, Path::new(".")).is_err());
        }
        let good = Postgres::new(
            "postgres://me@db.example:5433/tg",
            None,
            None,
            None,
            Path::new("."),
        );
        assert_eq!(good.unwrap().shown(), "PostgreSQL db.example:5433/tg as me");
    }
}
