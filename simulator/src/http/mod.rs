//! The stand-in as a platform that is reached by HTTP: Tongguan's own gateway, and a double of what
//! local platforms were seen to serve.
//!
//! | request | what it does |
//! | --- | --- |
//! | `POST /v1/envelopes` | takes an envelope; the answer names its id in `taken` |
//! | `GET /v1/receipts` | the oldest receipts that wait, with their envelopes in base64 |
//! | `DELETE /v1/receipts/{id}` | lets go of one |
//! | `GET /v1/status` | 200 for who has the token |
//! | `/cebcmsg`, `/ceb312msg`, `/ceb622msg` | see `cebcmsg` |

mod cebcmsg;
mod shelf;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use openssl::error::ErrorStack;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, Secret, Settle, Transport};

use tongguan_web::Port;

use shelf::Shelf;

/// The longest body taken, in octets.
const LONGEST: usize = 64 << 20;
/// So many receipts are given at once.
const PAGE: usize = 64;
/// How long a request's head may be, in octets.
const HEAD_OCTETS: usize = 16 << 10;
/// How many connections there are at once, and how long each may last.
const CONNECTIONS: usize = 64;
const WHOLE: Duration = Duration::from_secs(600);

const PART: &str = "the simulator's HTTP face";

/// Where the stand-in is reached, and where it keeps what waits.
pub struct Face {
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// A folder of its own, for receipts.
    pub folder: PathBuf,
    /// What the gateway's callers must know; nothing where there is none.
    pub token: Option<Secret>,
    /// The certificate and its key, as PEM files, with which connections are secured.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Where receipts are pushed to, instead of waiting to be asked for.
    pub push: Option<Arc<dyn Transport>>,
}

impl Face {
    /// The platform's side of the transport: what is posted, it receives; what it sends waits for
    /// who asks.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(self) -> Result<Arc<dyn Transport>, Failure> {
        let shelf = Shelf::open(self.folder.clone()).map_err(|error| {
            let doing = format!("use {}", self.folder.display());
            Failure::misconfigured(PART, doing, error)
        })?;
        let acceptor = match &self.tls {
            Some((certificate, key)) => Some(acceptor(certificate, key)?),
            None => None,
        };
        let (posted, inbox) = mpsc::channel(1);
        Ok(Arc::new(Platform {
            hall: Arc::new(Hall {
                token: self.token,
                shelf: Mutex::new(shelf),
                posted,
            }),
            listen: self.listen,
            acceptor,
            push: self.push,
            inbox: AsyncMutex::new(inbox),
            serving: Mutex::default(),
        }))
    }
}

struct Platform {
    hall: Arc<Hall>,
    listen: SocketAddr,
    acceptor: Option<SslAcceptor>,
    push: Option<Arc<dyn Transport>>,
    inbox: AsyncMutex<mpsc::Receiver<Delivery>>,
    serving: Mutex<Option<JoinHandle<()>>>,
}

/// What the requests share.
struct Hall {
    token: Option<Secret>,
    shelf: Mutex<Shelf>,
    posted: mpsc::Sender<Delivery>,
}

impl Platform {
    fn serving(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn bind(&self) -> Result<TcpListener, Failure> {
        TcpListener::bind(self.listen).await.map_err(|error| {
            Failure::misconfigured(PART, format!("listen on {}", self.listen), error)
                .remedy("choose a free port, in url or by simulate --http ADDRESS")
        })
    }
}

#[async_trait]
impl Transport for Platform {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        if let Some(push) = &self.push {
            return push.send(outgoing).await;
        }
        let (hall, id) = (Arc::clone(&self.hall), outgoing.cop_msg_id.to_owned());
        let octets = outgoing.envelope.to_vec();
        let put = tokio::task::spawn_blocking(move || hall.shelf().put(&id, &octets)).await;
        put.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|error| Failure::transient(PART, "keep a receipt", error))?;
        Ok(Accepted {
            evidence: "waits to be asked for".to_owned(),
        })
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        if self.serving().is_none() {
            let listener = self.bind().await?;
            let port = Port {
                what: PART,
                acceptor: self.acceptor.clone(),
                head_octets: HEAD_OCTETS,
                connections: CONNECTIONS,
                whole: WHOLE,
            };
            let hall = Arc::clone(&self.hall);
            let serving = tokio::spawn(port.serve(listener, move |request, _| {
                let hall = Arc::clone(&hall);
                async move { hall.answer(request).await }
            }));
            *self.serving() = Some(serving);
        }
        let posted = self.inbox.lock().await.recv().await;
        posted.ok_or_else(|| Failure::transient(PART, "receive", "it ended"))
    }

    async fn check(&self) -> Result<(), Failure> {
        self.bind().await.map(drop)
    }

    async fn close(&self) {
        if let Some(serving) = self.serving().take() {
            serving.abort();
        }
        if let Some(push) = &self.push {
            push.close().await;
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(serving) = self.serving().take() {
            serving.abort();
        }
    }
}

/// Secures connections with this certificate.
fn acceptor(certificate: &Path, key: &Path) -> Result<SslAcceptor, Failure> {
    let wrong = |path: &Path, error: ErrorStack| {
        Failure::misconfigured(PART, format!("use {}", path.display()), error).remedy(
            "--http-certificate and --http-key name PEM files that belong together; the key is not encrypted",
        )
    };
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
        .map_err(|error| Failure::misconfigured(PART, "set up TLS", error))?;
    builder
        .set_certificate_chain_file(certificate)
        .map_err(|error| wrong(certificate, error))?;
    builder
        .set_private_key_file(key, SslFiletype::PEM)
        .and_then(|()| builder.check_private_key())
        .map_err(|error| wrong(key, error))?;
    Ok(builder.build())
}

type Answer = Response<Full<Bytes>>;

fn told(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

fn said(status: StatusCode, value: &serde_json::Value) -> Answer {
    told(status, "application/json", value.to_string())
}

fn plain(text: impl Into<Bytes>) -> Answer {
    told(StatusCode::OK, "text/plain; charset=utf-8", text)
}

fn refused(status: StatusCode, why: impl std::fmt::Display) -> Answer {
    said(status, &json!({ "error": why.to_string() }))
}

impl Hall {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Whole between any two operations, even after a panic.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        if path.starts_with("/v1/") && !self.knows(head.headers.get(AUTHORIZATION)) {
            return refused(StatusCode::UNAUTHORIZED, "no such token");
        }
        let body = match Limited::new(body, LONGEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return refused(StatusCode::PAYLOAD_TOO_LARGE, error),
        };
        if head.method == Method::GET
            && let Some(asked) = cebcmsg::asked(path)
        {
            let (dxp_id, after) = (named(query, "dxpid"), named(query, "qryid"));
            return plain(cebcmsg::rows(self.shelf().all(), asked, &dxp_id, &after));
        }
        match (head.method.as_str(), path) {
            ("GET", "/v1/status") => said(StatusCode::OK, &json!({ "ready": true })),
            ("POST", "/v1/envelopes") => {
                let id = head.headers.get("tongguan-id");
                let Some(id) = id.and_then(|id| id.to_str().ok()) else {
                    return refused(StatusCode::BAD_REQUEST, "the header Tongguan-Id is missing");
                };
                match self.hand_in(body.to_vec()).await {
                    true => said(StatusCode::ACCEPTED, &json!({ "taken": id })),
                    false => refused(StatusCode::SERVICE_UNAVAILABLE, "not now"),
                }
            }
            ("POST", "/cebcmsg") => match cebcmsg::envelope(&body) {
                Ok((_, envelope)) => match self.hand_in(envelope).await {
                    true => plain("OK"),
                    false => refused(StatusCode::SERVICE_UNAVAILABLE, "not now"),
                },
                Err(why) => plain(format!("ERROR {why}")),
            },
            ("GET", "/v1/receipts") => {
                let shelf = self.shelf();
                let receipts = shelf.first(PAGE).map(
                    |kept| json!({ "id": kept.id, "envelope": STANDARD.encode(&kept.octets) }),
                );
                let receipts: Vec<_> = receipts.collect();
                said(StatusCode::OK, &json!({ "receipts": receipts }))
            }
            ("DELETE", path) => match path.strip_prefix("/v1/receipts/") {
                Some(id) => match self.shelf().remove(id) {
                    Ok(true) => told(StatusCode::NO_CONTENT, "text/plain", ""),
                    Ok(false) => refused(StatusCode::NOT_FOUND, "there is no such receipt"),
                    Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error),
                },
                None => refused(StatusCode::NOT_FOUND, "there is nothing"),
            },
            _ => refused(StatusCode::NOT_FOUND, "there is nothing"),
        }
    }

    fn knows(&self, given: Option<&HeaderValue>) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        let given = given.map(HeaderValue::as_bytes).unwrap_or_default();
        let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
        // In a time that tells only the length.
        given.len() == token.len() && openssl::memcmp::eq(given, token.as_bytes())
    }

    /// Hands in an envelope; says whether it is taken, once that is known.
    async fn hand_in(&self, octets: Vec<u8>) -> bool {
        let (settle, settled) = oneshot::channel();
        let delivery = Delivery {
            origin: "posted".to_owned(),
            octets,
            settle: Box::new(Posted(settle)),
        };
        self.posted.send(delivery).await.is_ok() && settled.await.is_ok()
    }
}

/// A value of a query.
fn named(query: &str, name: &str) -> String {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.into_iter().find(|(known, _)| *known == name);
    let value = value.map(|(_, value)| value).unwrap_or_default();
    percent_encoding::percent_decode_str(value)
        .decode_utf8_lossy()
        .into_owned()
}

/// Tells the waiting request that its envelope is taken.
struct Posted(oneshot::Sender<()>);

#[async_trait]
impl Settle for Posted {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        // A caller that has gone away posts it again.
        let _ = self.0.send(());
        Ok(())
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        Ok(())
    }
}
