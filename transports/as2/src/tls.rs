//! TLS on both sides: towards the partner's server, and where we take messages.

use openssl::error::ErrorStack;
use openssl::ssl::{SslAcceptor, SslConnector, SslFiletype, SslMethod, SslVersion};
use openssl::x509::X509;
use std::path::Path;

use tongguan_contracts::Failure;

use crate::options::Tls;

fn library(part: &str, error: &ErrorStack) -> Failure {
    Failure::misconfigured(part, "set up TLS", error)
}

/// The side that calls: the system's CAs and the manifest's count.
pub(crate) fn connector(part: &str, ca: &[X509]) -> Result<SslConnector, Failure> {
    let build = || {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        for ca in ca {
            builder.cert_store_mut().add_cert(ca.clone())?;
        }
        Ok(builder.build())
    };
    build().map_err(|e| library(part, &e))
}

/// The side that waits.
pub(crate) fn acceptor(part: &str, tls: &Tls) -> Result<SslAcceptor, Failure> {
    let wrong = |key: &str, path: &Path, error: &ErrorStack| {
        let doing = format!("use tls.{key} {}", path.display());
        Failure::misconfigured(part, doing, error).remedy(
            "tls.certificate and tls.key name PEM files that belong together; the key is not encrypted",
        )
    };
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
        .map_err(|e| library(part, &e))?;
    builder
        .set_certificate_chain_file(&tls.certificate)
        .map_err(|e| wrong("certificate", &tls.certificate, &e))?;
    builder
        .set_private_key_file(&tls.key, SslFiletype::PEM)
        .and_then(|()| builder.check_private_key())
        .map_err(|e| wrong("key", &tls.key, &e))?;
    Ok(builder.build())
}
