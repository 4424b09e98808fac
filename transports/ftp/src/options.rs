use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, Secret, SecretRef};

/// A transport's table in the manifest, `kind = "ftp"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    host: String,
    #[serde(default = "port")]
    port: u16,
    username: String,
    /// Where the password is.
    password: SecretRef,
    tls: Tls,
    /// Certificates (PEM) that the server's must be issued by, beside the system's own.
    ca: Option<PathBuf>,
    send: Send,
    receive: Receive,
    /// How the server writes file names.
    #[serde(default)]
    names: Names,
    /// How often the folder is looked at, in milliseconds.
    #[serde(default = "poll_ms")]
    poll_ms: u64,
    /// How long the server may take for a step.
    #[serde(default = "timeout_seconds")]
    timeout_seconds: u64,
    /// Largest file taken, in octets.
    #[serde(default = "max_octets")]
    max_octets: u64,
}

/// How the connection is protected. There is no default: a password in clear is a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tls {
    /// Password and data in clear.
    Off,
    /// A connection that turns to TLS before the password (RFC 4217).
    Explicit,
}

/// The encoding of file names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Names {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    Gbk,
}

/// Where envelopes go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    folder: String,
}

/// Where answers come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receive {
    folder: String,
    /// Where taken files go; they are removed where none is given.
    archive: Option<String>,
    /// Whose claims this reader's are; several readers of one folder need a name each.
    #[serde(default = "reader")]
    reader: String,
}

fn port() -> u16 {
    21
}

fn poll_ms() -> u64 {
    2000
}

fn timeout_seconds() -> u64 {
    30
}

fn max_octets() -> u64 {
    64 << 20
}

fn reader() -> String {
    "tongguan".to_owned()
}

/// What a connection needs, read and checked.
#[derive(Clone)]
pub(crate) struct Options {
    pub part: String,
    pub host: String,
    pub port: u16,
    pub username: String,
    pub password: Secret,
    pub tls: Tls,
    /// The certificates of `ca`, PEM.
    pub ca: Vec<u8>,
    pub names: Names,
    pub outbox: String,
    pub inbox: String,
    pub archive: Option<String>,
    pub reader: String,
    pub poll: Duration,
    pub patience: Duration,
    pub max_octets: u64,
}

impl Options {
    pub(crate) fn read(options: &PartOptions) -> Result<Self, Failure> {
        let given: Table = options.parse()?;
        let part = options.part.clone();
        let wrong = |what: &str, why: &str, remedy: &str| {
            Failure::misconfigured(&part, format!("read {what}"), why).remedy(remedy)
        };
        // What goes into a command must stay one line, and a name one word of it.
        let broken = |name: &String| name.is_empty() || name.contains(['\r', '\n']);
        let archive = given.receive.archive.iter();
        let names = [&given.send.folder, &given.receive.folder, &given.username];
        if names.into_iter().chain(archive).any(broken) {
            return Err(wrong(
                "its names",
                "a folder or the username is empty or broken into lines",
                "write folders as the server names them: folder = \"/in\"",
            ));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if given.receive.reader.is_empty() || !given.receive.reader.chars().all(plain) {
            return Err(wrong(
                "receive.reader",
                "it has other characters than letters, digits and -",
                "use the node's name",
            ));
        }
        let ca = match &given.ca {
            None => Vec::new(),
            Some(path) => {
                let path = options.base.join(path);
                std::fs::read(&path).map_err(|e| {
                    Failure::misconfigured(&part, format!("read the CA {}", path.display()), e)
                        .remedy("ca must name a PEM file of certificates")
                })?
            }
        };
        Ok(Self {
            password: given.password.resolve(&part, &options.base)?,
            part,
            host: given.host,
            port: given.port,
            username: given.username,
            tls: given.tls,
            ca,
            names: given.names,
            outbox: given.send.folder,
            inbox: given.receive.folder,
            archive: given.receive.archive,
            reader: given.receive.reader,
            poll: Duration::from_millis(given.poll_ms.max(50)),
            patience: Duration::from_secs(given.timeout_seconds.clamp(1, 3600)),
            max_octets: given.max_octets,
        })
    }
}
