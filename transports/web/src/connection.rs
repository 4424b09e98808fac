//! A connection to a server, and what its errors mean.

use openssl::ssl::SslConnector;
use openssl::x509::X509VerifyResult;
use std::error::Error;
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use tongguan_contracts::Failure;

/// Octets in both directions, in clear or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What to do where a connection is not secured, in a transport's own words.
#[derive(Debug, Clone, Copy)]
pub struct Mending {
    /// The server's certificate is not trusted, or is another's.
    pub distrusted: &'static str,
    /// TLS is not agreed on.
    pub no_tls: &'static str,
    /// The connection broke.
    pub away: &'static str,
}

/// Secures a connection to `host`.
///
/// # Errors
/// Misconfigured where the other side is not who it should be, or speaks no TLS; transient where the
/// connection broke.
pub async fn secured(
    connector: &SslConnector,
    host: &str,
    stream: TcpStream,
    (part, doing): (&str, &str),
    mending: Mending,
) -> Result<SslStream<TcpStream>, Failure> {
    let setup = |e: openssl::error::ErrorStack| Failure::misconfigured(part, "set up TLS", e);
    let ssl = connector.configure().map_err(setup)?;
    let ssl = ssl.into_ssl(host).map_err(setup)?;
    let mut stream = SslStream::new(ssl, stream).map_err(setup)?;
    let Err(error) = Pin::new(&mut stream).connect().await else {
        return Ok(stream);
    };
    let verdict = stream.ssl().verify_result();
    if verdict != X509VerifyResult::OK {
        let why = verdict.error_string();
        return Err(Failure::misconfigured(part, doing, why).remedy(mending.distrusted));
    }
    if error.ssl_error().is_some() {
        return Err(Failure::misconfigured(part, doing, &error).remedy(mending.no_tls));
    }
    Err(Failure::transient(part, doing, &error).remedy(mending.away))
}

/// An error with those beneath it.
pub fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        below = error.source();
    }
    text
}
