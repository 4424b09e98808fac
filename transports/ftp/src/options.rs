use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, Secret, SecretRef, key_file};

/// A transport's table in the manifest, `kind = "ftp"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FtpTable {
    host: String,
    port: Option<u16>,
    username: String,
    /// Where the password is.
    password: SecretRef,
    tls: Tls,
    /// Certificates (PEM) that the server's must be issued by, beside the system's own.
    ca: Option<PathBuf>,
    send: Send,
    receive: Receive,
    #[serde(default)]
    names: Names,
    #[serde(default = "poll_ms")]
    poll_ms: u64,
    #[serde(default = "timeout_seconds")]
    timeout_seconds: u64,
    #[serde(default = "max_octets")]
    max_octets: u64,
}

/// A transport's table in the manifest, `kind = "sftp"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SftpTable {
    host: String,
    port: Option<u16>,
    username: String,
    /// Where the password is; without one there is a key.
    password: Option<SecretRef>,
    /// The private key's file.
    key: Option<PathBuf>,
    passphrase: Option<SecretRef>,
    /// The server's key: `SHA256:…`, as ssh-keygen -l shows it.
    host_key: Option<String>,
    /// Or a file of such keys, as OpenSSH keeps them.
    known_hosts: Option<PathBuf>,
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
    /// TLS from the first octet, as servers on port 990 have it.
    Implicit,
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
    /// So many are uploaded at once, over a connection each.
    #[serde(default = "uploads")]
    uploads: usize,
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

fn uploads() -> usize {
    4
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
    pub speaks: Speaks,
    pub host: String,
    pub port: u16,
    pub username: String,
    /// Empty where there is a key.
    pub password: Secret,
    pub names: Names,
    pub outbox: String,
    pub uploads: usize,
    pub inbox: String,
    pub archive: Option<String>,
    pub reader: String,
    pub poll: Duration,
    pub patience: Duration,
    pub max_octets: u64,
}

/// What is spoken with the server.
#[derive(Clone)]
pub(crate) enum Speaks {
    Ftp(Security),
    #[cfg_attr(
        not(all(unix, feature = "sftp")),
        allow(dead_code, reason = "refused there")
    )]
    Sftp(Login),
}

/// How FTP is protected.
#[derive(Clone)]
pub(crate) struct Security {
    pub tls: Tls,
    /// The certificates of `ca`, PEM.
    pub ca: Vec<u8>,
}

/// How SSH's two sides know each other.
#[derive(Clone)]
#[cfg_attr(
    not(all(unix, feature = "sftp")),
    allow(dead_code, reason = "refused there")
)]
pub(crate) struct Login {
    pub key: Option<PathBuf>,
    pub passphrase: Option<Secret>,
    pub host_key: HostKey,
}

/// Which server is meant.
#[derive(Clone)]
#[cfg_attr(
    not(all(unix, feature = "sftp")),
    allow(dead_code, reason = "refused there")
)]
pub(crate) enum HostKey {
    Fingerprint(String),
    KnownHosts(PathBuf),
}

impl Options {
    /// `kind = "ftp"`
    pub(crate) fn ftp(options: &PartOptions) -> Result<Self, Failure> {
        let given: FtpTable = options.parse()?;
        let part = &options.part;
        let ca = match &given.ca {
            None => Vec::new(),
            Some(path) => {
                let path = options.base.join(path);
                let pem = key_file(part, "ca", &path)?;
                if !String::from_utf8_lossy(&pem).contains("BEGIN CERTIFICATE") {
                    let doing = format!("use ca {}", path.display());
                    return Err(Failure::misconfigured(part, doing, "it is no PEM")
                        .remedy("turn it with openssl x509 -inform DER -out ca.pem"));
                }
                pem.to_vec()
            }
        };
        let port = given.port.unwrap_or(match given.tls {
            Tls::Implicit => 990,
            Tls::Off | Tls::Explicit => 21,
        });
        Self {
            speaks: Speaks::Ftp(Security { tls: given.tls, ca }),
            password: given.password.resolve(part, &options.base)?,
            part: part.clone(),
            host: given.host,
            port,
            username: given.username,
            outbox: given.send.folder,
            uploads: given.send.uploads,
            inbox: given.receive.folder,
            archive: given.receive.archive,
            reader: given.receive.reader,
            names: given.names,
            poll: Duration::from_millis(given.poll_ms),
            patience: Duration::from_secs(given.timeout_seconds),
            max_octets: given.max_octets,
        }
        .checked()
    }

    /// `kind = "sftp"`
    pub(crate) fn sftp(options: &PartOptions) -> Result<Self, Failure> {
        let given: SftpTable = options.parse()?;
        let part = &options.part;
        let wrong = |what: &str, why: &str, remedy: &str| {
            Failure::misconfigured(part, format!("read {what}"), why).remedy(remedy)
        };
        let secret = |secret: &Option<SecretRef>| {
            let secret = secret.as_ref();
            secret.map(|s| s.resolve(part, &options.base)).transpose()
        };
        let host_key = match (given.host_key, given.known_hosts) {
            (Some(key), None) => HostKey::Fingerprint(key.trim_end_matches('=').to_owned()),
            (None, Some(path)) => HostKey::KnownHosts(options.base.join(path)),
            _ => {
                return Err(wrong(
                    "host_key",
                    "one of host_key and known_hosts says which server is meant",
                    "host_key = \"SHA256:…\", as whoever runs the server tells it",
                ));
            }
        };
        if given.password.is_some() == given.key.is_some() {
            let why = "one of password and key is how the user is known";
            return Err(wrong(
                "password",
                why,
                "give the one that the server asks for",
            ));
        }
        Self {
            speaks: Speaks::Sftp(Login {
                key: given.key.map(|path| options.base.join(path)),
                passphrase: secret(&given.passphrase)?,
                host_key,
            }),
            password: secret(&given.password)?.unwrap_or_default(),
            part: part.clone(),
            host: given.host,
            port: given.port.unwrap_or(22),
            username: given.username,
            outbox: given.send.folder,
            uploads: given.send.uploads,
            inbox: given.receive.folder,
            archive: given.receive.archive,
            reader: given.receive.reader,
            names: given.names,
            poll: Duration::from_millis(given.poll_ms),
            patience: Duration::from_secs(given.timeout_seconds),
            max_octets: given.max_octets,
        }
        .checked()
    }

    /// What must hold of both.
    fn checked(mut self) -> Result<Self, Failure> {
        let wrong = |what: &str, why: &str, remedy: &str| {
            Failure::misconfigured(&self.part, format!("read {what}"), why).remedy(remedy)
        };
        // What goes into a command must stay one line, and a name one word of it.
        let broken = |name: &String| name.is_empty() || name.contains(['\r', '\n']);
        let names = [&self.outbox, &self.inbox, &self.username];
        if names.into_iter().chain(&self.archive).any(broken) {
            return Err(wrong(
                "its names",
                "a folder or the username is empty or broken into lines",
                "write folders as the server names them: folder = \"/in\"",
            ));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.reader.is_empty() || !self.reader.chars().all(plain) {
            return Err(wrong(
                "receive.reader",
                "it has other characters than letters, digits and -",
                "use the node's name",
            ));
        }
        self.uploads = self.uploads.clamp(1, 32);
        self.poll = self.poll.max(Duration::from_millis(50));
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(3600));
        self.patience = self.patience.clamp(least, most);
        Ok(self)
    }

    /// `ftp://host` or `sftp://host`, for people.
    pub(crate) fn shown(&self) -> String {
        let scheme = match self.speaks {
            Speaks::Ftp(_) => "ftp",
            Speaks::Sftp(_) => "sftp",
        };
        format!("{scheme}://{}", self.host)
    }
}
