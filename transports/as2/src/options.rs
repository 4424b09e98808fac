use hyper::Uri;
use openssl::symm::Cipher;
use openssl::x509::X509;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, SecretRef};
use tongguan_web::certificates;

use crate::keys::Identity;

/// A transport's table in the manifest, `kind = "as2"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Where the partner takes messages.
    url: String,
    /// Our name, and the partner's.
    as2_from: String,
    as2_to: String,
    /// Our key: PEM, PKCS#8 or PKCS#12.
    key: PathBuf,
    /// Our certificate; a PKCS#12 key brings its own.
    certificate: Option<PathBuf>,
    /// Where the key's password is.
    password: Option<SecretRef>,
    /// The partner's certificate. Where the file holds several, signatures by any of them count, and
    /// the first is encrypted to.
    partner_certificate: PathBuf,
    #[serde(default)]
    sign: Sign,
    #[serde(default)]
    encrypt: Encrypt,
    #[serde(default = "yes")]
    compress: bool,
    #[serde(default)]
    mdn: Mdn,
    /// Where the partner sends MDNs that come later; leads to `listen` and `path`.
    mdn_url: Option<String>,
    /// Hosts beside that of `url` that the partner may have MDNs sent to.
    #[serde(default)]
    mdn_hosts: Vec<String>,
    /// CAs (PEM) of the partner's TLS certificate, beside the system's own.
    ca: Option<PathBuf>,
    /// Where we take messages.
    listen: Option<SocketAddr>,
    #[serde(default = "path")]
    path: String,
    /// TLS for `listen`; without it, in clear.
    tls: Option<Tls>,
    /// The folder of what must be remembered.
    state: PathBuf,
    /// The folder where the partner's MDNs are kept.
    evidence: PathBuf,
    /// How long the partner may take for a request.
    #[serde(default = "timeout_seconds")]
    timeout_seconds: u64,
    /// How long an MDN that comes later may take.
    #[serde(default = "mdn_timeout_seconds")]
    mdn_timeout_seconds: u64,
    /// Largest message taken, in octets, as it comes and decompressed.
    #[serde(default = "max_octets")]
    max_octets: usize,
    /// How long Message-IDs are remembered.
    #[serde(default = "remember_days")]
    remember_days: u32,
}

/// The digest of our signatures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Sign {
    #[default]
    #[serde(rename = "sha256")]
    Sha256,
}

/// How what we send is encrypted. Where it is, what comes must be, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Encrypt {
    #[default]
    #[serde(rename = "aes256")]
    Aes256,
    #[serde(rename = "aes128")]
    Aes128,
    #[serde(rename = "none")]
    None,
}

impl Encrypt {
    pub(crate) fn cipher(self) -> Option<Cipher> {
        match self {
            Self::Aes256 => Some(Cipher::aes_256_cbc()),
            Self::Aes128 => Some(Cipher::aes_128_cbc()),
            Self::None => None,
        }
    }
}

/// When the partner's MDN comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mdn {
    /// In the answer to the message.
    #[default]
    Sync,
    /// In a request of its own.
    Async,
}

/// What `listen` shows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

fn yes() -> bool {
    true
}

fn path() -> String {
    "/as2".to_owned()
}

fn timeout_seconds() -> u64 {
    60
}

fn mdn_timeout_seconds() -> u64 {
    300
}

fn max_octets() -> usize {
    64 << 20
}

fn remember_days() -> u32 {
    30
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub https: bool,
    pub host: String,
    pub port: u16,
    /// Path and query.
    pub target: String,
}

impl Endpoint {
    pub(crate) fn read(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|e| format!("{url:?}: {e}"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(format!("{url:?} begins with neither https:// nor http://")),
        };
        let host = uri.host().unwrap_or_default();
        let host = host.trim_matches(['[', ']']).to_owned();
        let named = uri.authority().is_some_and(|a| a.as_str().contains('@'));
        if host.is_empty() || named {
            return Err(format!("{url:?} names no host, or a user"));
        }
        let target = uri.path_and_query().map_or("/", |t| t.as_str());
        Ok(Self {
            https,
            host,
            port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
            target: target.to_owned(),
        })
    }

    /// `platform.example:8443`
    pub(crate) fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match (self.port, self.https) {
            (443, true) | (80, false) => host,
            (port, _) => format!("{host}:{port}"),
        }
    }
}

/// What the transport works by, read and checked.
pub(crate) struct Options {
    pub part: String,
    pub partner_url: Endpoint,
    pub from: String,
    pub to: String,
    pub identity: Identity,
    pub partner: Vec<X509>,
    pub encrypt: Encrypt,
    pub compress: bool,
    /// Where MDNs are to come to; in the answer where there is none.
    pub mdn_url: Option<String>,
    /// Hosts that MDNs may be sent to.
    pub mdn_hosts: Vec<String>,
    pub ca: Vec<X509>,
    pub listen: Option<SocketAddr>,
    pub path: String,
    pub tls: Option<Tls>,
    pub state: PathBuf,
    pub evidence: PathBuf,
    pub patience: Duration,
    pub mdn_patience: Duration,
    pub max_octets: usize,
    pub remember: Duration,
}

impl Options {
    pub(crate) fn read(options: &PartOptions) -> Result<Self, Failure> {
        let given: Table = options.parse()?;
        let Sign::Sha256 = given.sign;
        let part = options.part.clone();
        let at = |path: &PathBuf| options.base.join(path);
        let wrong = |what: &str, why: &str, remedy: &str| {
            Failure::misconfigured(&part, format!("read {what}"), why).remedy(remedy)
        };
        let whole = "write it whole: \"https://platform.example/as2\"";
        let partner_url = Endpoint::read(&given.url).map_err(|why| wrong("url", &why, whole))?;
        // RFC 4130, 6.2: 1 to 128 printable ASCII characters.
        let name = |key: &str, name: &str| {
            let printable = |c: char| c == ' ' || c.is_ascii_graphic();
            let good = (1..=128).contains(&name.len()) && name.chars().all(printable);
            let rule = "an AS2 name has 1 to 128 printable ASCII characters";
            let remedy = format!("set {key} to the name that was agreed with the partner");
            good.then_some(()).ok_or_else(|| wrong(key, rule, &remedy))
        };
        name("as2_from", &given.as2_from)?;
        name("as2_to", &given.as2_to)?;
        let mdn_url = match (given.mdn, given.mdn_url) {
            (Mdn::Sync, None) => None,
            (Mdn::Sync, Some(_)) => {
                let why = "it is of no use where the MDN comes in the answer";
                return Err(wrong("mdn_url", why, "remove it, or set mdn = \"async\""));
            }
            (Mdn::Async, Some(url)) if given.listen.is_some() => {
                Endpoint::read(&url).map_err(|why| wrong("mdn_url", &why, whole))?;
                Some(url)
            }
            (Mdn::Async, _) => {
                let why = "mdn = \"async\" needs listen and mdn_url: where MDNs come to";
                let remedy = "add both: listen = \"0.0.0.0:4080\", and mdn_url = the address of that \
                              as the partner sees it";
                return Err(wrong("mdn", why, remedy));
            }
        };
        if !given.path.starts_with('/') {
            return Err(wrong("path", "it does not begin with /", "path = \"/as2\""));
        }
        let password = match &given.password {
            Some(password) => Some(password.resolve(&part, &options.base)?),
            None => None,
        };
        let identity = Identity::read(
            &part,
            &at(&given.key),
            given.certificate.as_ref().map(at).as_deref(),
            password.as_ref(),
        )?;
        let ca = match &given.ca {
            Some(path) => certificates(&part, "ca", &at(path))?,
            None => Vec::new(),
        };
        let partner = certificates(
            &part,
            "partner_certificate",
            &at(&given.partner_certificate),
        )?;
        let mut mdn_hosts = given.mdn_hosts;
        mdn_hosts.push(partner_url.host.clone());
        Ok(Self {
            partner_url,
            from: given.as2_from,
            to: given.as2_to,
            identity,
            partner,
            encrypt: given.encrypt,
            compress: given.compress,
            mdn_url,
            mdn_hosts,
            ca,
            listen: given.listen,
            path: given.path,
            tls: given.tls.map(|tls| Tls {
                certificate: at(&tls.certificate),
                key: at(&tls.key),
            }),
            state: at(&given.state),
            evidence: at(&given.evidence),
            patience: Duration::from_secs(given.timeout_seconds.clamp(1, 3600)),
            mdn_patience: Duration::from_secs(given.mdn_timeout_seconds.clamp(1, 86_400)),
            max_octets: given.max_octets,
            remember: Duration::from_secs(u64::from(given.remember_days.max(1)) * 86_400),
            part,
        })
    }
}
