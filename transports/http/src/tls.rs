//! TLS on both sides: towards the platform, and where receipts are pushed to.

use openssl::error::ErrorStack;
use openssl::ssl::{
    SslAcceptor, SslConnector, SslContextBuilder, SslFiletype, SslMethod, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use std::path::Path;

use tongguan_contracts::Failure;

use crate::options::Certificates;

/// The side that calls: the system's CAs and the manifest's count.
pub(crate) fn connector(part: &str, certificates: &Certificates) -> Result<SslConnector, Failure> {
    let mut builder =
        SslConnector::builder(SslMethod::tls_client()).map_err(|e| library(part, &e))?;
    shown(part, "", &mut builder, certificates)?;
    if let Some(path) = &certificates.ca {
        for ca in authorities(part, "ca", path)? {
            let store = builder.cert_store_mut();
            store.add_cert(ca).map_err(|e| library(part, &e))?;
        }
    }
    Ok(builder.build())
}

/// The side that waits; callers need a certificate where a CA is given.
pub(crate) fn acceptor(part: &str, certificates: &Certificates) -> Result<SslAcceptor, Failure> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
        .map_err(|e| library(part, &e))?;
    shown(part, "listen.", &mut builder, certificates)?;
    if let Some(path) = &certificates.ca {
        for ca in authorities(part, "listen.ca", path)? {
            builder.add_client_ca(&ca).map_err(|e| library(part, &e))?;
            let store = builder.cert_store_mut();
            store.add_cert(ca).map_err(|e| library(part, &e))?;
        }
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    Ok(builder.build())
}

fn library(part: &str, error: &ErrorStack) -> Failure {
    Failure::misconfigured(part, "set up TLS", error)
}

fn authorities(part: &str, key: &str, path: &Path) -> Result<Vec<X509>, Failure> {
    let wrong = |why: String| {
        Failure::misconfigured(part, format!("read {key} {}", path.display()), why)
            .remedy(format!("{key} names a PEM file of certificates"))
    };
    let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    match X509::stack_from_pem(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(wrong("it holds no certificate".to_owned())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// What this side shows.
fn shown(
    part: &str,
    under: &str,
    builder: &mut SslContextBuilder,
    certificates: &Certificates,
) -> Result<(), Failure> {
    let wrong = |key: &str, path: &Path, error: &ErrorStack| {
        let doing = format!("use {under}{key} {}", path.display());
        Failure::misconfigured(part, doing, error).remedy(format!(
            "{under}certificate and {under}key name PEM files that belong together; the key is not encrypted"
        ))
    };
    let version = Some(SslVersion::TLS1_2);
    builder
        .set_min_proto_version(version)
        .map_err(|e| library(part, &e))?;
    if let Some((certificate, key)) = &certificates.own {
        builder
            .set_certificate_chain_file(certificate)
            .map_err(|e| wrong("certificate", certificate, &e))?;
        builder
            .set_private_key_file(key, SslFiletype::PEM)
            .map_err(|e| wrong("key", key, &e))?;
        builder
            .check_private_key()
            .map_err(|e| wrong("key", key, &e))?;
    }
    Ok(())
}
