//! A transport's table in the manifest, `kind = "http"`, read and checked.

mod inbound;
mod tables;

use hyper::{Method, StatusCode, Uri};
use openssl::x509::X509;
use serde::Deserialize as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, Secret};
use tongguan_messages::Message;
use tongguan_web::{Own, certificates};

use crate::names::{ALWAYS, CARRYING, Given};
use crate::profile;
use crate::request::{Request, RequestTable, Wrong, template, wrong};
use crate::template::Template;
use tables::{ConditionTable, ProxyTable, Said, Table};

/// How an answer that holds receipts is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// JSON, or one item.
    #[default]
    Json,
    /// JSON, or lists of maps as Java prints them.
    Rows,
    /// The answer is the one receipt.
    Raw,
}

/// How a receipt's octets are written in an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encoding {
    #[default]
    Text,
    Base64,
}

/// Certificates of one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Certificates {
    /// This side's, with those between it and its CA; and the key.
    pub own: Option<(PathBuf, PathBuf)>,
    /// By whom the other side's must be issued.
    pub ca: Option<PathBuf>,
}

impl Certificates {
    /// What this side shows.
    pub(crate) fn own<'a>(&'a self, under: &'a str) -> Option<Own<'a>> {
        self.own.as_ref().map(|(certificate, key)| Own {
            under,
            certificate,
            key,
        })
    }

    pub(crate) fn authorities(&self, part: &str, under: &str) -> Result<Vec<X509>, Failure> {
        match &self.ca {
            Some(path) => certificates(part, &format!("{under}ca"), path),
            None => Ok(Vec::new()),
        }
    }
}

/// By which proxy the platform is reached.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub host: String,
    pub port: u16,
    pub login: Option<(String, Secret)>,
}

/// What an answer must say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    /// 2xx where none is named.
    pub status: Vec<StatusCode>,
    pub body: Option<String>,
    pub at: Option<(String, Vec<Template>)>,
}

/// How envelopes are handed over.
#[derive(Debug, Clone)]
pub(crate) struct Send {
    pub request: Request,
    pub taken_when: Condition,
    pub rejected_when: Option<Condition>,
}

/// What an answer's items become.
#[derive(Debug, Clone)]
pub(crate) struct Extract {
    pub form: Form,
    /// Where the list of items is.
    pub items: String,
    pub content: Content,
}

/// Where a receipt's octets come from.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Octets(Template, Encoding),
    Receipt(Receipt),
}

/// A receipt of the standard, made of an item's members.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub message: &'static Message,
    pub guid: Template,
    /// In the order of the message's table.
    pub fields: Vec<(&'static str, Template)>,
}

/// A way to ask for receipts.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub name: String,
    pub request: Request,
    pub poll: Duration,
    pub extract: Extract,
    pub id: Option<Template>,
    pub cursor: Option<Cursor>,
    /// How one receipt is asked for, where the list only names them. The answer is the receipt.
    pub fetch: Option<Request>,
    pub acknowledge: Option<Request>,
}

/// From where receipts are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    /// What of an item leads past it.
    pub from: Template,
    /// Where to begin.
    pub start: String,
    pub time: Option<ByTime>,
    /// Where it is kept.
    pub path: PathBuf,
}

/// A cursor that is a time.
#[derive(Debug, Clone)]
pub(crate) struct ByTime {
    pub pattern: String,
    pub overlap: time::Duration,
    pub first: time::Duration,
}

/// Where receipts are pushed to.
#[derive(Clone)]
pub(crate) struct Listen {
    pub address: SocketAddr,
    pub path: String,
    pub token: Option<Secret>,
    pub certificates: Certificates,
    pub extract: Extract,
    pub answer: String,
}

/// What the transport needs, read and checked.
#[derive(Clone)]
pub(crate) struct Options {
    pub part: String,
    pub https: bool,
    pub host: String,
    pub port: u16,
    /// What every path begins with.
    pub prefix: String,
    pub certificates: Certificates,
    pub proxy: Option<Proxy>,
    pub patience: Duration,
    pub max_octets: usize,
    pub given: Given,
    pub check: Option<Request>,
    pub send: Option<Send>,
    pub queries: Vec<Query>,
    pub listen: Option<Listen>,
}

impl Options {
    pub(crate) fn read(options: &PartOptions) -> Result<Self, Failure> {
        let options = profile::resolve(options)?;
        let table: Table = options.parse()?;
        let part = options.part.clone();
        let mut secrets = BTreeMap::new();
        for (name, secret) in &table.secrets {
            secrets.insert(name.clone(), secret.resolve(&part, &options.base)?);
        }
        let given = Given {
            values: table.values.clone(),
            secrets,
        };
        let token = table.listen.as_ref().and_then(|l| l.token.as_ref());
        let token = token
            .map(|token| token.resolve(&part, &options.base))
            .transpose()?;
        let login = match &table.proxy {
            Some(ProxyTable {
                username: Some(name),
                password: Some(password),
                ..
            }) => Some((name.clone(), password.resolve(&part, &options.base)?)),
            _ => None,
        };
        Self::checked(&options, &table, given, token, login).map_err(|wrong| {
            Failure::misconfigured(
                &part,
                format!("use {} in the manifest", wrong.key),
                wrong.why,
            )
            .remedy(REMEDY)
        })
    }

    fn checked(
        options: &PartOptions,
        table: &Table,
        given: Given,
        token: Option<Secret>,
        login: Option<(String, Secret)>,
    ) -> Result<Self, Wrong> {
        let (https, host, port, prefix) = place("url", &table.url)?;
        let base = |path: &PathBuf| options.base.join(path);
        let own = pair(&table.certificate, &table.key, "", &base)?;
        if !https && (own.is_some() || table.ca.is_some()) {
            return Err(wrong(
                "url",
                "certificates are given, but it is no https://",
            ));
        }
        let common = &table.headers;
        let everywhere = |name: &str| ALWAYS.contains(&name) || given.has(name);
        let check = table.check.as_ref();
        let check = check.map(|c| c.read("check", Method::GET, common, &everywhere));
        let send = match &table.send {
            None => None,
            Some(send) => {
                let known = |name: &str| everywhere(name) || CARRYING.contains(&name);
                let request = request("send", &send.request)?;
                Some(Send {
                    request: request.read("send", Method::POST, common, &known)?,
                    taken_when: send.taken_when.read("send.taken_when", &known)?,
                    rejected_when: match &send.rejected_when {
                        Some(table) => Some(table.read("send.rejected_when", &known)?),
                        None => None,
                    },
                })
            }
        };
        let mut queries = Vec::new();
        for (name, query) in &table.receive {
            queries.push(query.read(name, table, options, &everywhere)?);
        }
        let listen = match &table.listen {
            None => None,
            Some(listen) => Some(listen.read(token, &base)?),
        };
        if send.is_none() && queries.is_empty() && listen.is_none() {
            return Err(wrong(
                "send",
                "neither send nor receive nor listen is there: it would carry nothing",
            ));
        }
        let proxy = match &table.proxy {
            None => None,
            Some(proxy) => {
                let (https, host, port, _) = place("proxy.url", &proxy.url)?;
                if https {
                    return Err(wrong("proxy.url", "a proxy is reached by http://"));
                }
                if proxy.username.is_some() != proxy.password.is_some() {
                    return Err(wrong("proxy", "username and password go together"));
                }
                Some(Proxy { host, port, login })
            }
        };
        Ok(Self {
            part: options.part.clone(),
            https,
            host,
            port,
            prefix,
            certificates: Certificates {
                own,
                ca: table.ca.as_ref().map(base),
            },
            proxy,
            patience: Duration::from_secs(table.timeout_seconds.clamp(1, 3600)),
            max_octets: table.max_octets,
            given,
            check: check.transpose()?,
            send,
            queries,
            listen,
        })
    }
}

const REMEDY: &str = "docs/transports/http.md tells the tables, and what texts may ask for";

/// A request's table among other keys.
fn request(
    key: &str,
    rest: &serde_json::Map<String, serde_json::Value>,
) -> Result<RequestTable, Wrong> {
    let value = serde_json::Value::Object(rest.clone());
    RequestTable::deserialize(value).map_err(|e| wrong(key, e.to_string()))
}

/// Where a URL leads: https, host, port, what paths begin with.
fn place(key: &str, text: &str) -> Result<(bool, String, u16, String), Wrong> {
    let uri: Uri = text.parse().map_err(|_| wrong(key, "it is no URL"))?;
    let https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong(key, "it begins with neither http:// nor https://")),
    };
    let authority = uri.authority().map(|a| a.as_str()).unwrap_or_default();
    if authority.contains('@') {
        return Err(wrong(
            key,
            "it holds a user: put a login into headers, by a secret",
        ));
    }
    if uri.query().is_some() {
        return Err(wrong(key, "it holds a query: put that into the paths"));
    }
    let host = uri.host().unwrap_or_default();
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    if host.is_empty() {
        return Err(wrong(key, "it names no host"));
    }
    let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
    Ok((
        https,
        host,
        port,
        uri.path().trim_end_matches('/').to_owned(),
    ))
}

fn pair(
    certificate: &Option<PathBuf>,
    key: &Option<PathBuf>,
    under: &str,
    base: &dyn Fn(&PathBuf) -> PathBuf,
) -> Result<Option<(PathBuf, PathBuf)>, Wrong> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((base(certificate), base(key)))),
        (None, None) => Ok(None),
        _ => Err(wrong(
            format!("{under}certificate"),
            "certificate and key go together",
        )),
    }
}

impl ConditionTable {
    fn read(&self, key: &str, known: &dyn Fn(&str) -> bool) -> Result<Condition, Wrong> {
        let status = self.status.iter().map(|code| {
            StatusCode::from_u16(*code).map_err(|e| wrong(format!("{key}.status"), e.to_string()))
        });
        let at = match (&self.at, self.is.is_empty()) {
            (Some(at), false) => {
                let key = format!("{key}.is");
                let is = self
                    .is
                    .iter()
                    .map(|said| template(&key, &said.text(), known));
                Some((at.clone(), is.collect::<Result<_, Wrong>>()?))
            }
            (None, true) => None,
            _ => return Err(wrong(key, "at and is go together")),
        };
        Ok(Condition {
            status: status.collect::<Result<_, Wrong>>()?,
            body: self.body.clone(),
            at,
        })
    }
}

impl Said {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
        }
    }
}
