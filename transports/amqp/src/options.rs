use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri, SASLMechanism};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, Secret, SecretRef};

use crate::tls;

/// A transport's table in the manifest, `kind = "amqp"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// `amqp://host:port/vhost` or `amqps://…`, without user and password; several are the hosts of
    /// one cluster.
    url: Urls,
    /// The user; left out where the client's certificate says who it is.
    username: Option<String>,
    /// Where the password is.
    password: Option<SecretRef>,
    /// Certificates (PEM) that the server's must be issued by, beside the system's own.
    ca: Option<PathBuf>,
    /// What the client shows: PEM, with `key`; or PKCS#12, with `certificate_password`.
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    certificate_password: Option<SecretRef>,
    send: Send,
    receive: Receive,
    #[serde(default = "prefetch")]
    prefetch: u16,
    #[serde(default = "confirm_timeout_ms")]
    confirm_timeout_ms: u64,
    #[serde(default = "connect_timeout_ms")]
    connect_timeout_ms: u64,
    #[serde(default)]
    declare: bool,
}

/// One address or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "url must be an address, or a list of them")]
enum Urls {
    One(String),
    Several(Vec<String>),
}

/// Where envelopes go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Send {
    /// The exchange; empty is the broker's default, which routes to the queue of the key's name.
    #[serde(default)]
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
}

/// Where answers come from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receive {
    /// The queue.
    pub queue: String,
}

impl fmt::Display for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exchange.as_str() {
            "" => write!(f, "the queue {}", self.routing_key),
            exchange => write!(f, "the exchange {exchange} by {}", self.routing_key),
        }
    }
}

fn prefetch() -> u16 {
    100
}

fn confirm_timeout_ms() -> u64 {
    30_000
}

fn connect_timeout_ms() -> u64 {
    10_000
}

/// The table, read and found good.
pub(crate) struct Options {
    /// The hosts of the cluster, at least one.
    pub hosts: Vec<Host>,
    pub tls: OwnedTLSConfig,
    /// Where envelopes go.
    pub send: Send,
    /// Where answers come from.
    pub receive: Receive,
    /// How many unacknowledged deliveries the broker sends ahead.
    pub prefetch: u16,
    /// How long to wait for the broker's confirm.
    pub confirm_timeout: Duration,
    /// How long to wait for a connection to one host.
    pub connect_timeout: Duration,
    /// Make the queues (durable) where they are missing: for rehearsals. The exchange platform
    /// assigns yours.
    pub declare: bool,
}

/// One host of the cluster.
pub(crate) struct Host {
    /// With user and password.
    pub uri: AMQPUri,
    /// For people: the address, and who comes.
    pub shown: String,
}

impl Options {
    pub(crate) fn read(given: &PartOptions) -> Result<Self, Failure> {
        let table: Table = given.parse()?;
        let part = given.part.as_str();
        let login = Login::read(given, &table)?;
        let urls = match table.url {
            Urls::One(url) => vec![url],
            Urls::Several(urls) => urls,
        };
        if urls.is_empty() {
            let failure = Failure::misconfigured(part, "use its url", "the list is empty");
            return Err(failure.remedy("write url = \"amqp://host:port/vhost\""));
        }
        let hosts: Vec<Host> = urls
            .iter()
            .map(|url| host(part, url, &login))
            .collect::<Result<_, _>>()?;
        let all_tls = hosts.iter().all(|h| h.uri.scheme == AMQPScheme::AMQPS);
        let tls = tls::Files {
            ca: table.ca,
            certificate: table.certificate,
            key: table.key,
            certificate_password: table.certificate_password,
        };
        if tls.any() && !all_tls {
            let why = "it has ca, certificate or key, and an amqp:// address goes without TLS";
            let failure = Failure::misconfigured(part, "use its url", why);
            return Err(failure.remedy("write amqps://, or remove them"));
        }
        Ok(Self {
            hosts,
            tls: tls.read(given)?,
            send: table.send,
            receive: table.receive,
            prefetch: table.prefetch,
            confirm_timeout: Duration::from_millis(table.confirm_timeout_ms),
            connect_timeout: Duration::from_millis(table.connect_timeout_ms),
            declare: table.declare,
        })
    }
}

/// Who the client says that it is.
enum Login {
    Password { user: String, password: Secret },
    Certificate,
}

impl Login {
    fn read(given: &PartOptions, table: &Table) -> Result<Self, Failure> {
        let part = given.part.as_str();
        match (&table.username, &table.password, &table.certificate) {
            (Some(user), Some(password), _) => Ok(Self::Password {
                user: user.clone(),
                password: password.resolve(part, &given.base)?,
            }),
            (None, None, Some(_)) => Ok(Self::Certificate),
            _ => {
                let why = "it says neither who with which password, nor by which certificate";
                Err(Failure::misconfigured(part, "log in", why).remedy(
                    "give username and password = \"env:NAME\" or \"file:PATH\"; or certificate \
                     alone, if the broker takes the user from it (EXTERNAL)",
                ))
            }
        }
    }
}

fn host(part: &str, url: &str, login: &Login) -> Result<Host, Failure> {
    let wrong = |reason: String, remedy: &str| {
        Failure::misconfigured(part, "use its url", reason).remedy(remedy)
    };
    if url.contains('@') {
        return Err(wrong(
            "it carries a user or password".to_owned(),
            "write them as username and password = \"env:NAME\" or \"file:PATH\"",
        ));
    }
    let mut uri: AMQPUri = url
        .parse()
        .map_err(|e: String| wrong(e, "write amqp://host:port/vhost, or amqps:// with TLS"))?;
    let who = match login {
        Login::Password { user, password } => {
            uri.authority.userinfo.username.clone_from(user);
            uri.authority.userinfo.password = password.as_str().to_owned();
            user.as_str()
        }
        Login::Certificate => {
            uri.query.auth_mechanism = Some(SASLMechanism::External);
            "the certificate's user"
        }
    };
    Ok(Host {
        uri,
        shown: format!("{url} as {who}"),
    })
}
