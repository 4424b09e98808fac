use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, Secret, SecretRef};

/// A transport's table in the manifest, `kind = "amqp10"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// `amqp://host:port` or `amqps://…`; several are tried in turn.
    url: OneOrMore,
    /// What the broker is told as its own name; RabbitMQ takes the virtual host from it.
    hostname: Option<String>,
    /// Without one, the client comes anonymously.
    username: Option<String>,
    password: Option<SecretRef>,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    key_password: Option<SecretRef>,
    send: Node,
    receive: Node,
    #[serde(default = "credit")]
    credit: u32,
    #[serde(default = "outcome_timeout_ms")]
    outcome_timeout_ms: u64,
    #[serde(default = "connect_timeout_ms")]
    connect_timeout_ms: u64,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "url must be an address, or a list of them")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Where envelopes go, or answers come from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Node {
    pub address: String,
    /// What the broker is told that the node is (AMQP 1.0, 3.5.3 and 3.5.4): IBM MQ takes an address
    /// for a topic, where it is not told `queue`.
    #[serde(default)]
    pub capabilities: Vec<String>,
}

fn credit() -> u32 {
    100
}

fn outcome_timeout_ms() -> u64 {
    30_000
}

fn connect_timeout_ms() -> u64 {
    10_000
}

/// The table, read and found good.
pub(crate) struct Options {
    /// At least one.
    pub hosts: Vec<Host>,
    pub hostname: Option<String>,
    pub login: Option<(String, Secret)>,
    pub tls: Files,
    /// The node that envelopes go to.
    pub to: Node,
    /// The node that answers come from.
    pub from: Node,
    /// How many unsettled deliveries the broker sends ahead.
    pub credit: u32,
    /// How long to wait until the broker says what became of an envelope.
    pub outcome_timeout: Duration,
    /// How long to wait for a connection to one host.
    pub connect_timeout: Duration,
}

/// What TLS shows and asks for.
pub(crate) struct Files {
    pub ca: Option<PathBuf>,
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub key_password: Option<Secret>,
}

/// A host of the cluster.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub name: String,
    pub port: u16,
    pub tls: bool,
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "amqps" } else { "amqp" };
        write!(f, "{scheme}://{}:{}", self.name, self.port)
    }
}

impl Options {
    pub(crate) fn read(given: &PartOptions) -> Result<Self, Failure> {
        let table: Table = given.parse()?;
        let secret = |reference: SecretRef| reference.resolve(&given.part, &given.base);
        let wrong = |why: &str, remedy: &str| {
            Failure::misconfigured(&given.part, "read its options", why).remedy(remedy)
        };
        let login = match (table.username, table.password) {
            (Some(user), Some(password)) => Some((user, secret(password)?)),
            (None, None) => None,
            _ => {
                return Err(wrong(
                    "it has one of username and password",
                    "give both, or neither where the broker lets everybody in",
                ));
            }
        };
        let urls = match table.url {
            OneOrMore::One(url) => vec![url],
            OneOrMore::More(urls) => urls,
        };
        let hosts = urls.iter().map(|url| host(url));
        let hosts: Vec<Host> = hosts
            .collect::<Option<_>>()
            .filter(|hosts: &Vec<Host>| !hosts.is_empty())
            .ok_or_else(|| {
                wrong(
                    "its url is none",
                    "write amqp://host:port, or amqps:// with TLS; user, password and address have \
                     options of their own",
                )
            })?;
        let at = |path: PathBuf| given.base.join(path);
        let certificate = match (table.certificate, table.key) {
            (Some(certificate), Some(key)) => Some((at(certificate), at(key))),
            (None, None) => None,
            _ => {
                return Err(wrong("it has one of certificate and key", "give both, PEM"));
            }
        };
        if (certificate.is_some() || table.ca.is_some()) && hosts.iter().any(|h| !h.tls) {
            return Err(wrong(
                "it has ca or certificate, and an amqp:// address goes without TLS",
                "write amqps://, or remove them",
            ));
        }
        // RabbitMQ's plugin (before 4.0) says accepted there though no queue takes the message.
        if ["/exchange/", "/topic/"]
            .iter()
            .any(|v1| table.send.address.starts_with(v1))
        {
            return Err(wrong(
                "what is sent to an exchange by such an address gets lost where no queue is bound, \
                 and RabbitMQ 3 says accepted",
                "write /amq/queue/NAME; or take kind = \"amqp\", which knows what was routed",
            ));
        }
        Ok(Self {
            hosts,
            hostname: table.hostname,
            login,
            tls: Files {
                ca: table.ca.map(at),
                certificate,
                key_password: table.key_password.map(secret).transpose()?,
            },
            to: table.send,
            from: table.receive,
            credit: table.credit.max(1),
            outcome_timeout: Duration::from_millis(table.outcome_timeout_ms),
            connect_timeout: Duration::from_millis(table.connect_timeout_ms),
        })
    }
}

fn host(url: &str) -> Option<Host> {
    let (scheme, rest) = url.split_once("://")?;
    let (tls, usual) = match scheme {
        "amqp" => (false, 5672),
        "amqps" => (true, 5671),
        _ => return None,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (name, port) = match rest.rsplit_once(':') {
        // The colons of a bare IPv6 address are not the port's.
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()?),
        _ => (rest, usual),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let good = !name.is_empty() && !name.contains(['/', '@', '?', '#']);
    good.then(|| Host {
        name: name.to_owned(),
        port,
        tls,
    })
}

#[cfg(test)]
mod tests {
    use super::{Host, host};

    #[test]
    fn addresses_are_read() {
        let read = |url| host(url).map(|Host { name, port, tls }| (name, port, tls));
        let is = |name: &str, port, tls| Some((name.to_owned(), port, tls));
        assert_eq!(read("amqp://mq.example"), is("mq.example", 5672, false));
        assert_eq!(read("amqps://mq.example/"), is("mq.example", 5671, true));
        assert_eq!(read("amqps://10.0.0.1:99"), is("10.0.0.1", 99, true));
        assert_eq!(read("amqp://[::1]:99"), is("::1", 99, false));
        assert_eq!(read("amqp://[::1]"), is("::1", 5672, false));
        for none in [
            "mq",
            "http://mq",
            "amqp://",
            "amqp://u:p@mq",
            "amqp://mq/q",
            "amqp://mq:x",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
