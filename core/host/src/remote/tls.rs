use openssl::error::ErrorStack;
use openssl::ssl::{
    Ssl, SslAcceptor, SslConnector, SslFiletype, SslMethod, SslVerifyMode, SslVersion,
};
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// How long it may take until both sides know each other.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What one side shows and asks for. The CA should be one of your own: who has a certificate by it may
/// sign with the device.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// This side's certificate and those between it and the CA, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM, unencrypted.
    pub key: PathBuf,
    /// The CA that issued the other side's, PEM.
    pub ca: PathBuf,
}

fn wrong(what: &str, path: &std::path::Path, error: &ErrorStack) -> io::Error {
    let file = path.display();
    let invalid = io::ErrorKind::InvalidInput;
    io::Error::new(
        invalid,
        format!("the {what} {file} cannot be used: {error}"),
    )
}

/// Both sides are set up alike.
macro_rules! shown {
    ($builder:ident, $certificates:ident) => {{
        let Certificates {
            certificate,
            key,
            ca,
        } = $certificates;
        let version = Some(SslVersion::TLS1_2);
        $builder.set_min_proto_version(version)?;
        $builder
            .set_certificate_chain_file(certificate)
            .map_err(|e| wrong("certificate", certificate, &e))?;
        $builder
            .set_private_key_file(key, SslFiletype::PEM)
            .map_err(|e| wrong("key", key, &e))?;
        $builder
            .check_private_key()
            .map_err(|e| wrong("key", key, &e))?;
        $builder.set_ca_file(ca).map_err(|e| wrong("CA", ca, &e))?;
    }};
}

/// The side that waits.
pub(super) fn acceptor(certificates: &Certificates) -> io::Result<SslAcceptor> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    shown!(builder, certificates);
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    Ok(builder.build())
}

/// Lets a client in, if its certificate is one.
pub(super) async fn accept(
    acceptor: &SslAcceptor,
    stream: TcpStream,
) -> io::Result<SslStream<TcpStream>> {
    let mut stream = SslStream::new(Ssl::new(acceptor.context())?, stream)?;
    let accepting = Pin::new(&mut stream).accept();
    match tokio::time::timeout(HANDSHAKE, accepting).await {
        Ok(ended) => ended.map_err(io::Error::other)?,
        Err(_) => return Err(io::Error::other("no handshake in time")),
    }
    Ok(stream)
}

/// Reaches the other side, and knows it by its name.
pub(super) async fn connect(
    address: &str,
    certificates: &Certificates,
) -> io::Result<SslStream<TcpStream>> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    // Only the CA that is named: the system's others issue certificates to anybody.
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_cert_store(openssl::x509::store::X509StoreBuilder::new()?.build());
    shown!(builder, certificates);
    let ssl = builder.build().configure()?.into_ssl(host)?;
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut stream = SslStream::new(ssl, stream)?;
        let connected = Pin::new(&mut stream).connect().await;
        connected.map_err(io::Error::other)?;
        Ok(stream)
    };
    match tokio::time::timeout(HANDSHAKE, connecting).await {
        Ok(ended) => ended,
        Err(_) => Err(io::Error::other("no answer in time")),
    }
}
