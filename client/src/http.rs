//! Tells monitoring how a run is: metrics and health over HTTP.
//!
//! Whoever reaches the port may be anybody: only GET and HEAD of three paths, small heads, few
//! connections, each with an end. What is asked for is at hand; only `/readyz` asks the store.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

use tongguan_contracts::Failure;
use tongguan_core::Client;
use tongguan_web::Port;

/// How many connections there are at once.
const CONNECTIONS: usize = 16;
/// How long each may last.
const WHOLE: Duration = Duration::from_secs(10);
/// How long a request's head may be, in octets.
const HEAD_OCTETS: usize = 8192;

/// Takes the port.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::misconfigured("[http]", format!("listen on {address}"), error).remedy(
            "choose an address of this machine and a free port: listen = \"127.0.0.1:9464\"",
        )
    })
}

/// Answers, for ever.
pub async fn serve(listener: TcpListener, client: Arc<Client>) {
    let port = Port {
        what: "[http]",
        acceptor: None,
        head_octets: HEAD_OCTETS,
        connections: CONNECTIONS,
        whole: WHOLE,
    };
    port.serve(listener, move |request, _| {
        let client = Arc::clone(&client);
        async move {
            let mut answer = answer(request, &client).await;
            // One question each: what stays open would keep others out.
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
            answer
        }
    })
    .await;
}

type Answer = Response<Full<Bytes>>;

async fn answer(request: Request<Incoming>, client: &Client) -> Answer {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        refused
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match request.uri().path() {
        "/metrics" => match client.metrics().text() {
            Ok(metrics) => typed(
                StatusCode::OK,
                "text/plain; version=0.0.4; charset=utf-8",
                metrics,
            ),
            Err(failure) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{failure}\n")),
        },
        // A task that ends ends the process: who answers, lives.
        "/healthz" => json(StatusCode::OK, &serde_json::json!({ "alive": true })),
        "/readyz" => {
            let readiness = client.readiness().await;
            let status = if readiness.ready {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            json(status, &readiness)
        }
        _ => text(
            StatusCode::NOT_FOUND,
            "there are /metrics, /healthz, /readyz\n",
        ),
    }
}

fn text(status: StatusCode, text: &str) -> Answer {
    typed(
        status,
        "text/plain; charset=utf-8",
        text.as_bytes().to_vec(),
    )
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut octets = serde_json::to_vec(value).unwrap_or_default();
    octets.push(b'\n');
    typed(status, "application/json", octets)
}

fn typed(status: StatusCode, kind: &'static str, octets: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(octets)));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
