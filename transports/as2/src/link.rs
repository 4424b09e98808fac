//! A POST to the partner, and what its errors mean. Each has a connection of its own: where that cannot
//! be made, nothing has left.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use openssl::ssl::SslConnector;
use std::time::Duration;
use tokio::net::TcpStream;

use tongguan_contracts::Failure;
use tongguan_web::{Mending, Stream, secured, told};

use crate::mime::Entity;
use crate::options::Endpoint;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// An answer, an MDN at most, is never longer.
const LONGEST: usize = 1 << 20;

const AWAY: &str = "check the address, the network, and that the partner's server runs";

/// The way to the partner.
pub(crate) struct Link {
    pub part: String,
    pub connector: SslConnector,
    pub patience: Duration,
}

impl Link {
    /// Whether a connection can be made.
    pub(crate) async fn reach(&self, to: &Endpoint) -> Result<(), Failure> {
        self.open(to).await.map(drop)
    }

    /// Sends an entity; gives the one that is answered. A failure that does not say `unsent` may have
    /// sent it.
    pub(crate) async fn post(&self, to: &Endpoint, entity: Entity) -> Result<Entity, Failure> {
        let doing = format!("send to {}", to.authority());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&to.target)
            .header(HOST, to.authority())
            .header(USER_AGENT, "tongguan");
        for (name, value) in entity.fields() {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(entity.body))
            .map_err(|e| Failure::misconfigured(&self.part, &doing, e).unsent())?;
        let mut sender = self.open(to).await?;
        let asking = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(|e| Failure::transient(&self.part, &doing, told(&e)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST)
                .collect()
                .await
                .map_err(|e| Failure::transient(&self.part, &doing, format!("its answer: {e}")))?;
            match head.status.is_success() {
                true => Ok(Entity::of_http(&head.headers, body.to_bytes())),
                false => Err(self.refused(&doing, head.status)),
            }
        };
        match tokio::time::timeout(self.patience, asking).await {
            Ok(answer) => answer,
            Err(_) => {
                let why = format!("no answer in {} s", self.patience.as_secs());
                Err(Failure::transient(&self.part, &doing, why)
                    .remedy("raise timeout_seconds where the partner is slow"))
            }
        }
    }

    fn refused(&self, doing: &str, status: StatusCode) -> Failure {
        let part = self.part.as_str();
        let why = format!("it is answered {status}");
        match status {
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Failure::transient(part, doing, why)
            }
            StatusCode::PAYLOAD_TOO_LARGE => Failure::rejected(part, doing, why)
                .remedy("have the partner take larger messages, or lower batch"),
            status if status.is_server_error() => Failure::transient(part, doing, why),
            _ => Failure::misconfigured(part, doing, why)
                .remedy("check the address, as2_from and as2_to with the partner"),
        }
    }

    async fn open(&self, to: &Endpoint) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let doing = format!("connect to {}", to.authority());
        let opening = async {
            let stream = self.stream(&doing, to).await?;
            let shaken = http1::handshake(TokioIo::new(stream)).await;
            let (sender, connection) =
                shaken.map_err(|e| Failure::transient(&self.part, &doing, told(&e)))?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the partner ended");
                }
            });
            Ok(sender)
        };
        match tokio::time::timeout(CONNECT.min(self.patience), opening).await {
            Ok(opened) => opened.map_err(Failure::unsent),
            Err(_) => Err(Failure::transient(&self.part, &doing, "no answer in time")
                .remedy(AWAY)
                .unsent()),
        }
    }

    async fn stream(&self, doing: &str, to: &Endpoint) -> Result<Box<dyn Stream>, Failure> {
        let part = self.part.as_str();
        let away = |e: &dyn std::fmt::Display| Failure::transient(part, doing, e).remedy(AWAY);
        let stream = TcpStream::connect((to.host.as_str(), to.port)).await;
        let stream = stream.map_err(|e| away(&e))?;
        stream.set_nodelay(true).map_err(|e| away(&e))?;
        if !to.https {
            return Ok(Box::new(stream));
        }
        let mending = Mending {
            distrusted: "check ca, and that the address has the name that is in the server's certificate",
            no_tls: "check that it speaks TLS there",
            away: AWAY,
        };
        let stream = secured(&self.connector, &to.host, stream, (part, doing), mending).await?;
        Ok(Box::new(stream))
    }
}
