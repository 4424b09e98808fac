//! Hands traces to a collector: OTLP over HTTP, in JSON, which every collector takes.
//!
//! Only what OTLP's traces need of it is written here: the client serves its metrics by the same HTTP
//! library, and a whole OpenTelemetry SDK, with protobuf and gRPC, would double what it is built of.
//! A collector that is away costs spans, and nothing else.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use tongguan_contracts::Failure;
use tongguan_core::Client;
use tongguan_core::traces::{Fact, Span};

/// So many spans go in one request.
const MOST: usize = 512;
/// How long spans wait for company.
const COMPANY: Duration = Duration::from_secs(1);
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often spans are offered, and how long until the next time, where the collector says later.
const TRIES: u32 = 3;
const AGAIN: Duration = Duration::from_millis(500);
/// How long the last spans of a process are offered, all in all.
const GOODBYE: Duration = Duration::from_secs(3);

/// Exports the spans of a client.
pub struct Exporter {
    uri: Uri,
    node: String,
    spans: mpsc::Receiver<Span>,
    /// So many were not taken.
    lost: u64,
    /// The collector was away at the last try: that is told once.
    away: bool,
}

/// Why a collector did not take spans.
enum Refusal {
    /// It may later.
    Later(String),
    /// It will not.
    Never(String),
}

impl Exporter {
    /// Where the manifest asks for traces.
    ///
    /// # Errors
    /// The collector's address is none.
    pub fn of(client: &Client) -> Result<Option<Self>, Failure> {
        let (Some(asked), Some(spans)) = (&client.manifest().traces, client.spans()) else {
            return Ok(None);
        };
        // As OTLP's base addresses are read: the signal's path comes after it.
        let text = format!("{}/v1/traces", asked.otlp.trim_end_matches('/'));
        let uri: Uri = text.parse().map_err(|error| {
            Failure::misconfigured("[traces] otlp", format!("use {:?}", asked.otlp), error)
                .remedy("give the collector's address: \"http://127.0.0.1:4318\"")
        })?;
        Ok(Some(Self {
            uri,
            node: client.manifest().owner().name,
            spans,
            lost: 0,
            away: false,
        }))
    }

    /// Exports until `ended` turns true, and then what is at hand.
    pub async fn run(mut self, mut ended: watch::Receiver<bool>) {
        while !*ended.borrow() {
            // Whoever would have told is gone, too, where this fails.
            let told = tokio::time::timeout(COMPANY, ended.changed()).await;
            if told.is_ok_and(|told| told.is_err()) {
                break;
            }
            loop {
                // Once it is over, the rest has bounds of its own.
                let over = *ended.borrow();
                match if over { None } else { self.batch() } {
                    Some(batch) => self.offer(&batch).await,
                    None => break,
                }
            }
        }
        self.flush().await;
    }

    /// Exports what is at hand, within bounds.
    pub async fn flush(&mut self) {
        let all = async {
            while let Some(batch) = self.batch() {
                self.offer(&batch).await;
            }
        };
        if tokio::time::timeout(GOODBYE, all).await.is_err() {
            tracing::warn!("the last spans did not go in time: lost");
        }
    }

    fn batch(&mut self) -> Option<Vec<Span>> {
        let mut batch = Vec::new();
        while batch.len() < MOST
            && let Ok(span) = self.spans.try_recv()
        {
            batch.push(span);
        }
        (!batch.is_empty()).then_some(batch)
    }

    async fn offer(&mut self, batch: &[Span]) {
        let body = Bytes::from(body(batch, &self.node).to_string());
        for tried in 1..=TRIES {
            let asked = tokio::time::timeout(PATIENCE, self.post(body.clone()));
            let why = match asked.await {
                Ok(Ok(())) => {
                    self.away = false;
                    return;
                }
                Ok(Err(Refusal::Never(why))) => why,
                Ok(Err(Refusal::Later(why))) if tried == TRIES || self.away => why,
                Err(_) => "no answer in time".to_owned(),
                Ok(Err(Refusal::Later(_))) => {
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            self.lost += batch.len() as u64;
            if !std::mem::replace(&mut self.away, true) {
                let (collector, lost) = (&self.uri, self.lost);
                tracing::warn!(%collector, why, lost, "the collector does not take traces");
            }
            return;
        }
    }

    async fn post(&self, body: Bytes) -> Result<(), Refusal> {
        let later = |error: &dyn std::fmt::Display| Refusal::Later(error.to_string());
        let host = self.uri.host().unwrap_or_default();
        let port = self.uri.port_u16().unwrap_or(80);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, port)).await;
        let stream = stream.map_err(|e| later(&e))?;
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(|e| later(&e))?;
        let connection = tokio::spawn(connection);
        let request = Request::post(self.uri.path())
            .header(HOST, format!("{host}:{port}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|e| Refusal::Never(e.to_string()))?;
        let answer = sender.send_request(request).await.map_err(|e| later(&e))?;
        let status = answer.status();
        let _ = answer.into_body().collect().await;
        connection.abort();
        match status {
            _ if status.is_success() => Ok(()),
            // What OTLP names as worth another try.
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(later(&status)),
            _ => Err(Refusal::Never(status.to_string())),
        }
    }
}

/// Octets in hexadecimal, as OTLP's JSON writes ids.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a text never fails.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// `ExportTraceServiceRequest`
fn body(spans: &[Span], node: &str) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            text("service.name", "tongguan"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("service.instance.id", node),
        ]},
        "scopeSpans": [{
            "scope": {"name": "tongguan", "version": env!("CARGO_PKG_VERSION")},
            "spans": spans,
        }],
    }]})
}

fn span(span: &Span) -> Value {
    let attribute = |(key, fact): &(&'static str, Fact)| match fact {
        Fact::Text(text) => json!({"key": key, "value": {"stringValue": text}}),
        // 64-bit numbers are texts in protobuf's JSON.
        Fact::Number(number) => json!({"key": key, "value": {"intValue": number.to_string()}}),
    };
    let attributes: Vec<Value> = span.facts.iter().map(attribute).collect();
    let mut out = json!({
        "traceId": hex(&span.trace),
        "spanId": hex(&span.id),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": span.begun.to_string(),
        "endTimeUnixNano": span.ended.to_string(),
        "attributes": attributes,
        // STATUS_CODE_UNSET, STATUS_CODE_ERROR
        "status": {"code": if span.failed { 2 } else { 0 }},
    });
    if let (Some(parent), Some(out)) = (&span.parent, out.as_object_mut()) {
        out.insert("parentSpanId".to_owned(), hex(parent).into());
    }
    out
}
