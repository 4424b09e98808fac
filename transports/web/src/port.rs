//! A port where requests come.
//!
//! Whoever reaches it may be anybody: small heads, few connections, each with an end. What a request may
//! hold is its transport's to see.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use openssl::ssl::{Ssl, SslAcceptor};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_openssl::SslStream;

/// How long a handshake and a request's head may take.
const HEAD: Duration = Duration::from_secs(10);

/// How requests are taken.
pub struct Port {
    /// What for, in logs: `AS2`.
    pub what: &'static str,
    /// Connections are secured by it, where there is one.
    pub acceptor: Option<SslAcceptor>,
    /// How long a request's head may be, in octets.
    pub head_octets: usize,
    /// How many connections there are at once.
    pub connections: usize,
    /// How long each may last.
    pub whole: Duration,
}

impl Port {
    /// Has requests answered until it is dropped.
    pub async fn serve<A, F>(self, listener: TcpListener, answer: A)
    where
        A: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let port = Arc::new(self);
        let room = Arc::new(Semaphore::new(port.connections));
        let mut callers = JoinSet::new();
        loop {
            while callers.try_join_next().is_some() {}
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot take a connection for {}", port.what);
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            // Where there is no room, the connection ends here.
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                continue;
            };
            let (port, answer) = (Arc::clone(&port), answer.clone());
            callers.spawn(async move {
                let called =
                    tokio::time::timeout(port.whole, port.caller(stream, peer, answer)).await;
                if !matches!(called, Ok(Ok(()))) {
                    tracing::debug!(%peer, "a connection for {} came to nothing", port.what);
                }
                drop(place);
            });
        }
    }

    async fn caller<A, F>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        answer: A,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
    where
        A: Fn(Request<Incoming>, SocketAddr) -> F + Send + Sync,
        F: Future<Output = Response<Full<Bytes>>> + Send,
    {
        let answering = service_fn(|request| {
            let answer = answer(request, peer);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(self.head_octets);
        match &self.acceptor {
            None => {
                http.serve_connection(TokioIo::new(stream), answering)
                    .await?;
            }
            Some(acceptor) => {
                let mut stream = SslStream::new(Ssl::new(acceptor.context())?, stream)?;
                tokio::time::timeout(HEAD, Pin::new(&mut stream).accept()).await??;
                http.serve_connection(TokioIo::new(stream), answering)
                    .await?;
            }
        }
        Ok(())
    }
}
