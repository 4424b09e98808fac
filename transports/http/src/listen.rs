//! Takes receipts that are pushed. The platform is answered 2xx only once the core has acknowledged
//! what it pushed.
//!
//! Whoever reaches the port may be anybody: one path, POST and PUT, bounded bodies, few at once;
//! nothing is read of a body before its sender is known.

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use openssl::ssl::SslAcceptor;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use tongguan_contracts::{Delivery, Failure, Settle};
use tongguan_web::{Port, acceptor};

use crate::options::Listen;

/// How many connections there are at once, and how long each may last.
const CONNECTIONS: usize = 32;
const CONNECTION: Duration = Duration::from_secs(600);
/// How many bodies are held at once.
const BODIES: usize = 8;
/// How long a request may take in all.
const WHOLE: Duration = Duration::from_secs(60);
/// How long a request's head may be, in octets.
const HEAD_OCTETS: usize = 16 << 10;

/// Where receipts are pushed to.
pub(crate) struct Door {
    part: String,
    listen: Arc<Listen>,
    max_octets: usize,
    acceptor: Option<SslAcceptor>,
    open: Mutex<Option<Open>>,
}

/// A port that is taken.
struct Open {
    pushed: mpsc::Receiver<Delivery>,
    serving: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Door {
    pub(crate) fn new(part: &str, listen: Listen, max_octets: usize) -> Result<Self, Failure> {
        let ca = listen.certificates.authorities(part, "listen.")?;
        let acceptor = match listen.certificates.own("listen.") {
            Some(own) => Some(acceptor(part, own, &ca)?),
            None => None,
        };
        Ok(Self {
            part: part.to_owned(),
            listen: Arc::new(listen),
            max_octets,
            acceptor,
            open: Mutex::default(),
        })
    }

    async fn bind(&self) -> std::io::Result<TcpListener> {
        TcpListener::bind(self.listen.address).await
    }

    fn taken(&self, error: &std::io::Error) -> Failure {
        let doing = format!("listen on {}", self.listen.address);
        Failure::misconfigured(&self.part, doing, error)
            .remedy("listen.address is an address of this machine with a free port")
    }

    /// Whether the port can be had. A client that runs has it already.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        match self.bind().await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                let address = self.listen.address;
                tracing::info!(%address, "in use, by a client that runs, or by another program");
                Ok(())
            }
            Err(error) => Err(self.taken(&error)),
        }
    }

    /// The next receipt that is pushed. Cancel-safe.
    pub(crate) async fn next(&self) -> Result<Delivery, Failure> {
        let mut open = self.open.lock().await;
        if open.is_none() {
            let listener = self.bind().await.map_err(|e| self.taken(&e))?;
            let (push, pushed) = mpsc::channel(1);
            let hall = Arc::new(Hall {
                listen: Arc::clone(&self.listen),
                max_octets: self.max_octets,
                bodies: Semaphore::new(BODIES),
                push,
            });
            let port = Port {
                what: "receipts",
                acceptor: self.acceptor.clone(),
                head_octets: HEAD_OCTETS,
                connections: CONNECTIONS,
                whole: CONNECTION,
            };
            tracing::info!(part = self.part, address = %self.listen.address, "listens for receipts");
            let serving = tokio::spawn(port.serve(listener, move |request, peer| {
                let hall = Arc::clone(&hall);
                async move { hall.answer(request, peer).await }
            }));
            *open = Some(Open { pushed, serving });
        }
        let received = match open.as_mut() {
            Some(open) => open.pushed.recv().await,
            None => None,
        };
        received.ok_or_else(|| {
            *open = None;
            Failure::transient(&self.part, "receive", "the listener ended")
        })
    }

    /// Lets go of the port. Whoever waits in `next` holds it; dropping that wait releases it.
    pub(crate) fn close(&self) {
        if let Ok(mut open) = self.open.try_lock() {
            *open = None;
        }
    }
}

/// What the requests share.
struct Hall {
    listen: Arc<Listen>,
    max_octets: usize,
    bodies: Semaphore,
    push: mpsc::Sender<Delivery>,
}

impl Hall {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        let taken = tokio::time::timeout(WHOLE, self.take(request, peer)).await;
        let refusal = match taken {
            Ok(Ok(())) => {
                let mut answer = Response::new(Full::new(Bytes::from(self.listen.answer.clone())));
                let kind = HeaderValue::from_static("text/plain; charset=utf-8");
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                return answer;
            }
            Ok(Err(refusal)) => refusal,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        tracing::debug!(%peer, %refusal, "what was pushed is not taken");
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = refusal;
        if refusal == StatusCode::SERVICE_UNAVAILABLE {
            let soon = HeaderValue::from_static("5");
            answer.headers_mut().insert(RETRY_AFTER, soon);
        }
        answer
    }

    /// Takes what is pushed, and waits until it is settled.
    async fn take(&self, request: Request<Incoming>, peer: SocketAddr) -> Result<(), StatusCode> {
        // A stranger learns nothing of paths.
        if !self.knows(&request) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        if request.uri().path() != self.listen.path {
            return Err(StatusCode::NOT_FOUND);
        }
        if !matches!(*request.method(), Method::POST | Method::PUT) {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let busy = |_| StatusCode::SERVICE_UNAVAILABLE;
        let _body = self.bodies.acquire().await.map_err(busy)?;
        let (head, body) = request.into_parts();
        let body = Limited::new(body, self.max_octets).collect().await;
        let octets = match body {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            Err(_) => return Err(StatusCode::BAD_REQUEST),
        };
        let extract = &self.listen.extract;
        let found = extract.items(&head.headers, &octets).map_err(|why| {
            tracing::warn!(%peer, why, "what was pushed is not written as the manifest says");
            StatusCode::UNPROCESSABLE_ENTITY
        })?;
        drop(octets);
        let mut settled = Vec::new();
        for item in &found {
            let (settle, when) = oneshot::channel();
            let delivery = Delivery {
                origin: format!("pushed by {peer}"),
                octets: extract.octets(item),
                settle: Box::new(Pushed(settle)),
            };
            self.push
                .send(delivery)
                .await
                .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
            settled.push(when);
        }
        // One that is dropped or given back is to come again, and the others with it.
        match join_all(settled).await.into_iter().all(|ours| ours.is_ok()) {
            true => Ok(()),
            false => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// Whether the caller may push. By its certificate, the handshake has decided.
    fn knows(&self, request: &Request<Incoming>) -> bool {
        let Some(token) = &self.listen.token else {
            return true;
        };
        let given = request.headers().get(AUTHORIZATION);
        let given = given.map(HeaderValue::as_bytes).unwrap_or_default();
        let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
        // In a time that tells only the length.
        given.len() == token.len() && openssl::memcmp::eq(given, token.as_bytes())
    }
}

/// Tells the waiting request that its receipt is ours.
struct Pushed(oneshot::Sender<()>);

#[async_trait]
impl Settle for Pushed {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        // A caller that has gone away pushes it again.
        let _ = self.0.send(());
        Ok(())
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        Ok(())
    }
}
