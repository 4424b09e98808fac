//! Connections to the platform, and what goes over them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderMap, HeaderValue, LOCATION, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Method, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use openssl::ssl::SslConnector;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use tongguan_contracts::Failure;
use tongguan_web::{Mending, Stream, connector, secured, told};

use crate::options::Options;
use crate::request::Prepared;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// A connection that was idle for longer is not used again: servers close them about then.
const IDLE: Duration = Duration::from_secs(15);
/// So many idle ones are kept.
const KEPT: usize = 8;
/// So often a request is sent on, on the same server.
const MOVES: usize = 3;

type Body = Full<Bytes>;
type Sender = SendRequest<Body>;

/// The way to one platform.
pub(crate) struct Link {
    options: Options,
    connector: Option<SslConnector>,
    idle: Mutex<Vec<(Sender, Instant)>>,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Link {
    pub(crate) fn new(options: Options) -> Result<Self, Failure> {
        let connector = match options.https {
            true => {
                let (part, certificates) = (options.part.as_str(), &options.certificates);
                let ca = certificates.authorities(part, "")?;
                Some(connector(part, certificates.own(""), &ca)?)
            }
            false => None,
        };
        Ok(Self {
            options,
            connector,
            idle: Mutex::default(),
        })
    }

    /// `https://platform.example:8443/api/send`
    pub(crate) fn shown(&self, path: &str) -> String {
        let scheme = if self.options.https { "https" } else { "http" };
        let place = path.split('?').next().unwrap_or_default();
        format!(
            "{scheme}://{}{}{place}",
            self.authority(),
            self.options.prefix
        )
    }

    fn authority(&self) -> String {
        let Options {
            host, port, https, ..
        } = &self.options;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        match (*port, https) {
            (443, true) | (80, false) => host,
            (port, _) => format!("{host}:{port}"),
        }
    }

    /// Whether the platform can be reached.
    pub(crate) async fn reach(&self) -> Result<(), Failure> {
        let sender = self.open().await?;
        self.keep(sender);
        Ok(())
    }

    /// Asks, and waits for the whole answer. A failure says whether the request can have left.
    pub(crate) async fn ask(&self, doing: &str, asked: Prepared) -> Result<Answer, Failure> {
        let mut path = format!("{}{}", self.options.prefix, asked.path);
        let (mut method, mut body) = (asked.method, asked.body);
        for _ in 0..=MOVES {
            let target = if path.starts_with('/') {
                path.clone()
            } else {
                format!("/{path}")
            };
            let request = self.request(doing, &method, &target, &asked.headers, &body)?;
            let answer = self.carry(doing, request).await?;
            if !answer.status.is_redirection() || answer.status == StatusCode::NOT_MODIFIED {
                return Ok(answer);
            }
            let moved = answer.headers.get(LOCATION).and_then(|l| l.to_str().ok());
            let moved = moved.unwrap_or_default();
            path = match self.same_server(moved) {
                Some(path) if answer.status == StatusCode::SEE_OTHER => {
                    // What was asked is done; its answer is elsewhere.
                    (method, body) = (Method::GET, Bytes::new());
                    path
                }
                // A changed method would not be what was asked.
                Some(path)
                    if matches!(
                        answer.status,
                        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
                    ) || method == Method::GET =>
                {
                    path
                }
                _ => {
                    let why = format!("{} to {moved:?}, which is not followed", answer.status);
                    let failure = Failure::misconfigured(&self.options.part, doing, why);
                    return Err(failure.unsent().remedy(
                        "where that is the platform's own new address, put it into url or path",
                    ));
                }
            };
        }
        let why = "it is sent on from one address to another without end";
        Err(Failure::misconfigured(&self.options.part, doing, why).remedy("check url and path"))
    }

    /// The path that a redirect leads to, if it stays on this server.
    fn same_server(&self, location: &str) -> Option<String> {
        let uri: Uri = location.parse().ok()?;
        if let Some(scheme) = uri.scheme_str() {
            let default = if scheme == "https" { 443 } else { 80 };
            let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
            let same = (scheme == "https") == self.options.https
                && host.eq_ignore_ascii_case(&self.options.host)
                && uri.port_u16().unwrap_or(default) == self.options.port;
            if !same {
                return None;
            }
        } else if uri.authority().is_some() || !location.starts_with('/') {
            return None;
        }
        Some(uri.path_and_query()?.as_str().to_owned())
    }

    fn request(
        &self,
        doing: &str,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<hyper::Request<Body>, Failure> {
        let authority = self.authority();
        // A proxy is told the whole address; one that only hands TLS through sees none of this.
        let by_proxy = self.options.proxy.as_ref().filter(|_| !self.options.https);
        let target = match by_proxy {
            Some(_) => format!("http://{authority}{path}"),
            None => path.to_owned(),
        };
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, authority)
            .header(USER_AGENT, concat!("tongguan/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(body.clone()))
            .map_err(|e| {
                Failure::misconfigured(&self.options.part, doing, e)
                    .unsent()
                    .remedy("check the path")
            })?;
        if let Some((_, login)) = by_proxy.and_then(|proxy| Some(((), proxy.login.as_ref()?))) {
            let value = basic(login);
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
        for (name, value) in headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        Ok(request)
    }

    /// One request and its answer, over a connection that is at hand or a new one.
    async fn carry(
        &self,
        doing: &str,
        mut request: hyper::Request<Body>,
    ) -> Result<Answer, Failure> {
        let part = self.options.part.as_str();
        // What asks, or lets go of what is gone, may be said twice (RFC 9110, 9.2.2). What hands an
        // envelope over may not: whether it left is for the core to know.
        let repeatable = matches!(*request.method(), Method::GET | Method::DELETE);
        loop {
            let (mut sender, fresh) = match self.at_hand() {
                Some(sender) => (sender, false),
                None => (self.open().await?, true),
            };
            let again = (repeatable && !fresh).then(|| request.clone());
            let exchange = async {
                let response = match sender.try_send_request(request).await {
                    Ok(response) => response,
                    Err(mut error) => return Err((error.take_message(), error.into_error())),
                };
                Ok((self.whole(doing, response).await, sender))
            };
            match tokio::time::timeout(self.options.patience, exchange).await {
                Ok(Ok((answer, sender))) => {
                    let answer = answer?;
                    self.keep(sender);
                    return Ok(answer);
                }
                // Its connection had ended before anything was written: it is not lost.
                Ok(Err((Some(unwritten), _))) if !fresh => request = unwritten,
                Ok(Err((unwritten, error))) => {
                    if let Some(again) = again {
                        request = again;
                        continue;
                    }
                    let failure = Failure::transient(part, doing, told(&error));
                    let failure = failure.remedy("it is tried again; see the platform's own log");
                    return Err(match unwritten {
                        Some(_) => failure.unsent(),
                        None => failure,
                    });
                }
                Err(_) => {
                    let why = format!("no answer in {} s", self.options.patience.as_secs());
                    return Err(Failure::transient(part, doing, why)
                        .remedy("raise timeout_seconds where the platform is slow"));
                }
            }
        }
    }

    /// Reads an answer, up to the bound.
    async fn whole(
        &self,
        doing: &str,
        response: hyper::Response<hyper::body::Incoming>,
    ) -> Result<Answer, Failure> {
        let part = self.options.part.as_str();
        let (head, mut body) = response.into_parts();
        let mut octets = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|e| {
                Failure::transient(part, doing, format!("the answer broke off: {}", told(&e)))
            })?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if octets.len() + data.len() > self.options.max_octets {
                let why = format!("the answer is longer than {}", self.options.max_octets);
                return Err(Failure::misconfigured(part, doing, why)
                    .remedy("raise max_octets, or ask for less at once"));
            }
            octets.extend_from_slice(data);
        }
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: octets,
        })
    }

    fn at_hand(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((sender, since)) = idle.pop() {
            if since.elapsed() < IDLE && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !sender.is_closed() && idle.len() < KEPT {
            idle.push((sender, Instant::now()));
        }
    }

    /// Ends the connections that are idle.
    pub(crate) fn forget(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.clear();
    }

    /// A new connection. Where it fails, nothing has left.
    async fn open(&self) -> Result<Sender, Failure> {
        let doing = format!("connect to {}", self.authority());
        let patience = CONNECT.min(self.options.patience);
        let opening = async {
            let stream = self.stream(&doing).await?;
            let shaken = http1::handshake(TokioIo::new(stream)).await;
            let (sender, connection) =
                shaken.map_err(|e| Failure::transient(&self.options.part, &doing, told(&e)))?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the platform ended");
                }
            });
            Ok(sender)
        };
        match tokio::time::timeout(patience, opening).await {
            Ok(opened) => opened.map_err(Failure::unsent),
            Err(_) => Err(
                Failure::transient(&self.options.part, &doing, "no answer in time")
                    .remedy(AWAY)
                    .unsent(),
            ),
        }
    }

    async fn stream(&self, doing: &str) -> Result<Box<dyn Stream>, Failure> {
        let Options {
            part, host, port, ..
        } = &self.options;
        let away = |what: &str, e: &dyn std::fmt::Display| {
            Failure::transient(part, doing, format!("{what}{e}")).remedy(AWAY)
        };
        let stream = match &self.options.proxy {
            None => {
                let stream = TcpStream::connect((host.as_str(), *port)).await;
                stream.map_err(|e| away("", &e))?
            }
            Some(proxy) => {
                let stream = TcpStream::connect((proxy.host.as_str(), proxy.port)).await;
                let mut stream = stream.map_err(|e| away("the proxy: ", &e))?;
                if self.options.https {
                    self.through(doing, &mut stream).await?;
                }
                stream
            }
        };
        stream.set_nodelay(true).map_err(|e| away("", &e))?;
        let Some(connector) = &self.connector else {
            return Ok(Box::new(stream));
        };
        let mending = Mending {
            distrusted: "check ca, and that url has the name that is in the server's certificate",
            no_tls: "check that it speaks TLS there, and certificate and key where it asks for ours",
            away: AWAY,
        };
        let stream = secured(connector, host, stream, (part, doing), mending).await?;
        Ok(Box::new(stream))
    }

    /// Has the proxy open a tunnel (RFC 9110, 9.3.6).
    async fn through(&self, doing: &str, stream: &mut TcpStream) -> Result<(), Failure> {
        /// Longer heads are none.
        const LONGEST: usize = 8192;
        let part = self.options.part.as_str();
        let lost = |e: std::io::Error| Failure::transient(part, doing, format!("the proxy: {e}"));
        let Options { host, port, .. } = &self.options;
        let target = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let mut asked = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
        let login = self.options.proxy.as_ref().and_then(|p| p.login.as_ref());
        if let Some(login) = login {
            asked.extend_from_slice(b"Proxy-Authorization: ");
            asked.extend_from_slice(basic(login).as_bytes());
            asked.extend_from_slice(b"\r\n");
        }
        asked.extend_from_slice(b"\r\n");
        stream.write_all(&asked).await.map_err(lost)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == LONGEST {
                return Err(Failure::transient(part, doing, "the proxy speaks no HTTP"));
            }
            head.push(stream.read_u8().await.map_err(lost)?);
        }
        let head = String::from_utf8_lossy(&head);
        let line = head.lines().next().unwrap_or_default();
        match line.split(' ').nth(1) {
            Some(code) if code.starts_with('2') => Ok(()),
            Some("401" | "407") => {
                Err(
                    Failure::misconfigured(part, doing, format!("the proxy: {line}"))
                        .remedy("check proxy.username, and what proxy.password refers to"),
                )
            }
            Some(code) if code.starts_with('4') => {
                Err(
                    Failure::misconfigured(part, doing, format!("the proxy: {line}"))
                        .remedy("have the proxy let this address through"),
                )
            }
            _ => Err(Failure::transient(
                part,
                doing,
                format!("the proxy: {line}"),
            )),
        }
    }
}

const AWAY: &str = "check url, the network, and that the platform runs";

fn basic(login: &(String, tongguan_contracts::Secret)) -> HeaderValue {
    let (name, password) = login;
    let pair = STANDARD.encode(format!("{name}:{}", password.as_str()));
    // Base64 is always a header's value.
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
        .unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
