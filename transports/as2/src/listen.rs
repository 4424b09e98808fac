//! The port where the partner's requests come.
//!
//! Whoever reaches it may be anybody: one path, POST alone, bounded bodies, few at once.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use openssl::ssl::SslAcceptor;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, Semaphore, mpsc};
use tokio::task::JoinSet;

use tongguan_contracts::{Delivery, Failure};
use tongguan_web::{Own, Port};

use crate::memory::Memory;
use crate::mime::Entity;
use crate::options::Options;
use crate::receipts::Receipts;
use crate::receive::{Answer, Desk};
use crate::send::Waiting;

/// How many connections there are at once, and how long each may last.
const CONNECTIONS: usize = 32;
const CONNECTION: Duration = Duration::from_secs(600);
/// How many bodies are held at once.
const BODIES: usize = 8;
/// How long a request's head may be, in octets.
const HEAD_OCTETS: usize = 32 << 10;

/// Where the partner's messages and MDNs come.
pub(crate) struct Door {
    options: Arc<Options>,
    acceptor: Option<SslAcceptor>,
    memory: Arc<Memory>,
    waiting: Arc<Waiting>,
    receipts: Arc<Receipts>,
    /// Who works at the port, once it is taken; dropping them ends them.
    open: std::sync::Mutex<Option<JoinSet<()>>>,
    /// Filled by requests while `open`.
    delivered: Mutex<mpsc::Receiver<Delivery>>,
    deliver: mpsc::Sender<Delivery>,
}

impl Door {
    pub(crate) fn new(
        options: Arc<Options>,
        memory: Arc<Memory>,
        waiting: Arc<Waiting>,
        receipts: Arc<Receipts>,
    ) -> Result<Self, Failure> {
        let acceptor = match &options.tls {
            Some(tls) => {
                let own = Own {
                    under: "tls.",
                    certificate: &tls.certificate,
                    key: &tls.key,
                };
                Some(tongguan_web::acceptor(&options.part, own, &[])?)
            }
            None => None,
        };
        let (deliver, delivered) = mpsc::channel(1);
        Ok(Self {
            options,
            acceptor,
            memory,
            waiting,
            receipts,
            open: std::sync::Mutex::default(),
            delivered: Mutex::new(delivered),
            deliver,
        })
    }

    fn bind(&self, address: SocketAddr) -> Result<TcpListener, std::io::Error> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    }

    fn taken(&self, address: SocketAddr, error: &std::io::Error) -> Failure {
        Failure::misconfigured(&self.options.part, format!("listen on {address}"), error)
            .remedy("listen is an address of this machine with a free port")
    }

    /// Whether the port can be had. A client that runs has it already.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Some(address) = self.options.listen else {
            return Ok(());
        };
        match self.bind(address) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                tracing::info!(%address, "in use, by a client that runs, or by another program");
                Ok(())
            }
            Err(error) => Err(self.taken(address, &error)),
        }
    }

    /// Takes the port where it is not taken yet.
    pub(crate) fn open(&self) -> Result<(), Failure> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (None, Some(address)) = (&*open, self.options.listen) else {
            return Ok(());
        };
        let listener = self.bind(address).map_err(|e| self.taken(address, &e))?;
        tracing::info!(part = self.options.part, %address, "listens for AS2 messages");
        let due = Arc::new(Notify::new());
        let desk = Arc::new(Desk {
            options: Arc::clone(&self.options),
            memory: Arc::clone(&self.memory),
            waiting: Arc::clone(&self.waiting),
            receipts: Arc::clone(&self.receipts),
            due: Arc::clone(&due),
            deliver: self.deliver.clone(),
            under_way: std::sync::Mutex::default(),
        });
        let hall = Arc::new(Hall {
            desk,
            bodies: Semaphore::new(BODIES),
        });
        let port = Port {
            what: "AS2",
            acceptor: self.acceptor.clone(),
            head_octets: HEAD_OCTETS,
            connections: CONNECTIONS,
            whole: CONNECTION,
        };
        let (receipts, memory) = (Arc::clone(&self.receipts), Arc::clone(&self.memory));
        let mut working = JoinSet::new();
        working.spawn(port.serve(listener, move |request, _| {
            let hall = Arc::clone(&hall);
            async move { hall.answer(request).await }
        }));
        working.spawn(async move { receipts.tell(memory, due).await });
        *open = Some(working);
        Ok(())
    }

    /// The next message. Cancel-safe.
    pub(crate) async fn next(&self) -> Result<Delivery, Failure> {
        self.open()?;
        let received = self.delivered.lock().await.recv().await;
        // We hold a sender ourselves: there is always one.
        received.ok_or_else(|| Failure::transient(&self.options.part, "receive", "it is closed"))
    }

    /// Lets go of the port.
    pub(crate) async fn close(&self) {
        let open = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut working) = open {
            working.shutdown().await;
        }
    }
}

/// What the requests share.
struct Hall {
    desk: Arc<Desk>,
    bodies: Semaphore,
}

impl Hall {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let patience = self.desk.options.patience;
        let answer = tokio::time::timeout(patience, self.take(request)).await;
        let (status, text) = match answer {
            Ok(Answer::Mdn(mdn)) => return told(mdn),
            Ok(Answer::Taken) => (StatusCode::OK, ""),
            Ok(Answer::Refused(status, text)) => (status, text),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "it takes too long\n"),
        };
        let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        if !text.is_empty() {
            let kind = HeaderValue::from_static("text/plain; charset=us-ascii");
            headers.insert(CONTENT_TYPE, kind);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }

    async fn take(&self, request: Request<Incoming>) -> Answer {
        if request.uri().path() != self.desk.options.path {
            return Answer::Refused(StatusCode::NOT_FOUND, "nothing is here\n");
        }
        if request.method() != Method::POST {
            return Answer::Refused(StatusCode::METHOD_NOT_ALLOWED, "only POST\n");
        }
        let Ok(_body) = self.bodies.acquire().await else {
            return Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, "not now\n");
        };
        let (head, body) = request.into_parts();
        let body = Limited::new(body, self.desk.options.max_octets)
            .collect()
            .await;
        match body {
            Ok(body) => {
                let entity = Entity::of_http(&head.headers, body.to_bytes());
                self.desk.take(entity).await
            }
            Err(error) if error.is::<LengthLimitError>() => {
                Answer::Refused(StatusCode::PAYLOAD_TOO_LARGE, "it is too large\n")
            }
            Err(_) => Answer::Refused(StatusCode::BAD_REQUEST, "it broke off\n"),
        }
    }
}

/// An MDN as an answer.
fn told(mdn: Entity) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(mdn.body.clone()));
    for (name, value) in mdn.fields() {
        let pair = (name.parse::<HeaderName>(), HeaderValue::from_str(value));
        if let (Ok(name), Ok(value)) = pair {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}
