//! TLS on both sides: towards a server, and where requests come.

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    SslAcceptor, SslConnector, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use std::path::Path;

use tongguan_contracts::{Failure, key_file};

/// What this side shows: its certificate with those between it and its CA, and its key, PEM.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// How the manifest names the table that has both: `listen.`
    pub under: &'a str,
    /// The certificates' file.
    pub certificate: &'a Path,
    /// The key's file.
    pub key: &'a Path,
}

/// The side that calls: the system's CAs and these count.
///
/// # Errors
/// Misconfigured: what is to be shown cannot be.
pub fn connector(part: &str, own: Option<Own<'_>>, ca: &[X509]) -> Result<SslConnector, Failure> {
    let library = |e: ErrorStack| library(part, &e);
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(library)?;
    builder
        .set_min_proto_version(Some(SslVersion::TLS1_2))
        .map_err(library)?;
    if let Some(own) = own {
        own.show(part, &mut builder)?;
    }
    for ca in ca {
        let store = builder.cert_store_mut();
        store.add_cert(ca.clone()).map_err(library)?;
    }
    Ok(builder.build())
}

/// The side that waits; callers need a certificate where there are CAs.
///
/// # Errors
/// Misconfigured: what is to be shown cannot be.
pub fn acceptor(part: &str, own: Own<'_>, ca: &[X509]) -> Result<SslAcceptor, Failure> {
    let library = |e: ErrorStack| library(part, &e);
    let mut builder =
        SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).map_err(library)?;
    own.show(part, &mut builder)?;
    for ca in ca {
        builder.add_client_ca(ca).map_err(library)?;
        let store = builder.cert_store_mut();
        store.add_cert(ca.clone()).map_err(library)?;
    }
    if !ca.is_empty() {
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    Ok(builder.build())
}

/// The certificates of a file that the manifest names by `key`, PEM or one in DER; at least one.
///
/// # Errors
/// Misconfigured: the file cannot be read, or holds none.
pub fn certificates(part: &str, key: &str, path: &Path) -> Result<Vec<X509>, Failure> {
    let octets = key_file(part, key, path)?;
    let found = match X509::stack_from_pem(&octets) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => X509::from_der(&octets).map(|one| vec![one]),
    };
    found.map_err(|_| {
        let doing = format!("read {key} {}", path.display());
        Failure::misconfigured(part, doing, "it holds no certificate").remedy(format!(
            "{key} names a file of X.509 certificates: PEM, or one in DER"
        ))
    })
}

fn library(part: &str, error: &ErrorStack) -> Failure {
    Failure::misconfigured(part, "set up TLS", error)
}

impl Own<'_> {
    fn show(self, part: &str, builder: &mut SslContextBuilder) -> Result<(), Failure> {
        let Self {
            under,
            certificate,
            key,
        } = self;
        let wrong = |what: &str, path: &Path, error: &ErrorStack| {
            let doing = format!("use {under}{what} {}", path.display());
            Failure::misconfigured(part, doing, error).remedy(format!(
                "{under}certificate and {under}key name PEM files that belong together; the key is \
                 not encrypted"
            ))
        };
        builder
            .set_certificate_chain_file(certificate)
            .map_err(|e| wrong("certificate", certificate, &e))?;
        let pem = key_file(part, &format!("{under}key"), key)?;
        // With a password, even an empty one: OpenSSL would ask the terminal for it.
        PKey::private_key_from_pem_passphrase(&pem, b"")
            .and_then(|key| builder.set_private_key(&key))
            .and_then(|()| builder.check_private_key())
            .map_err(|e| wrong("key", key, &e))
    }
}
