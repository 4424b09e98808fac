use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslConnector, SslMethod};
use std::pin::Pin;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use tongguan_contracts::{Failure, key_file};

use crate::options::{Files, Host};

const REMEDY: &str = "check ca (who issued the server's certificate, which must name the host in url), \
                      certificate and key, and that the port is one with TLS (5671 is usual)";

/// Turns a connection to TLS.
pub(crate) async fn over(
    part: &str,
    files: &Files,
    host: &Host,
    stream: TcpStream,
) -> Result<SslStream<TcpStream>, Failure> {
    let doing = format!("speak TLS with {host}");
    let wrong = |e: ErrorStack| Failure::misconfigured(part, &doing, e).remedy(REMEDY);
    let connector = connector(part, files)?;
    let ssl = connector
        .configure()
        .and_then(|configured| configured.into_ssl(&host.name))
        .map_err(wrong)?;
    let mut stream = SslStream::new(ssl, stream).map_err(wrong)?;
    match Pin::new(&mut stream).connect().await {
        Ok(()) => Ok(stream),
        // What the other side or its certificate is, no repeat changes; a lost connection it does.
        Err(error) if error.ssl_error().is_some() => {
            Err(Failure::misconfigured(part, doing, error).remedy(REMEDY))
        }
        Err(error) => Err(Failure::transient(part, doing, error)),
    }
}

fn connector(part: &str, files: &Files) -> Result<SslConnector, Failure> {
    let wrong = |what: String, e: &dyn std::fmt::Display| {
        Failure::misconfigured(part, format!("use {what}"), e)
            .remedy("check the file: PEM, and readable by who runs tongguan")
    };
    let mut builder =
        SslConnector::builder(SslMethod::tls_client()).map_err(|e| wrong("TLS".to_owned(), &e))?;
    if let Some(ca) = &files.ca {
        builder
            .set_ca_file(ca)
            .map_err(|e| wrong(format!("ca {}", ca.display()), &e))?;
    }
    if let Some((certificate, key)) = &files.certificate {
        builder
            .set_certificate_chain_file(certificate)
            .map_err(|e| wrong(format!("certificate {}", certificate.display()), &e))?;
        let what = || format!("key {}", key.display());
        let pem = key_file(part, "key", key)?;
        let password = files.key_password.as_ref().map_or("", |p| p.as_str());
        // With a password, even an empty one: OpenSSL would ask the terminal for it.
        PKey::private_key_from_pem_passphrase(&pem, password.as_bytes())
            .and_then(|key| builder.set_private_key(&key))
            .and_then(|()| builder.check_private_key())
            .map_err(|e| wrong(what(), &e))?;
    }
    Ok(builder.build())
}
