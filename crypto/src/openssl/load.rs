//! Reads keys and certificates.

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::provider::Provider as Module;
use openssl::x509::{X509, X509NameRef};
use std::sync::{Arc, Once};

use super::{SigningKey, VerifyingKey};
use crate::{Certificate, CryptoError, KeyFile, Scheme, der, printable, sm2};

pub(super) fn certificate(octets: &[u8]) -> Result<Certificate, CryptoError> {
    let parsed = if der::is_pem(octets) {
        if !der::holds(octets, b"CERTIFICATE-----") {
            return Err(CryptoError::NotACertificate(
                "it is PEM of another kind".to_owned(),
            ));
        }
        X509::from_pem(octets)
    } else {
        X509::from_der(octets)
    };
    let x509 = parsed.map_err(|e| CryptoError::NotACertificate(e.to_string()))?;
    from_x509(&x509)
}

fn from_x509(x509: &X509) -> Result<Certificate, CryptoError> {
    let key = x509.public_key()?;
    let spki = key.public_key_to_der()?;
    let serial = x509.serial_number().to_bn()?.to_hex_str()?.to_string();
    Ok(Certificate {
        der: x509.to_der()?,
        serial,
        subject: name(x509.subject_name()),
        issuer: name(x509.issuer_name()),
        not_before: unix(x509.not_before())?,
        not_after: unix(x509.not_after())?,
        key: Arc::new(VerifyingKey::new(key, &spki)?),
    })
}

fn unix(time: &Asn1TimeRef) -> Result<i64, CryptoError> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * 86_400 + i64::from(since.secs))
}

/// `CN=…, O=…`, in the certificate's order.
fn name(name: &X509NameRef) -> String {
    let parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let kind = entry.object().nid().short_name().unwrap_or("?");
            let value = entry.data().to_string().unwrap_or_default();
            format!("{kind}={}", printable(&value))
        })
        .collect();
    parts.join(", ")
}

pub(super) fn spki(certificate: &Certificate) -> Result<Vec<u8>, CryptoError> {
    Ok(X509::from_der(&certificate.der)?
        .public_key()?
        .public_key_to_der()?)
}

pub(super) fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    match issuer.key.scheme() {
        Scheme::RsaSha1 => X509::from_der(&issuer.der)
            .and_then(|issuer| issuer.public_key())
            .and_then(|key| X509::from_der(&certificate.der)?.verify(&key))
            .unwrap_or(false),
        // OpenSSL 3.0 verifies SM2 certificates only with a user id set on the certificate, which
        // its API for certificates does not offer here: verify the signed octets ourselves.
        Scheme::Sm2Sm3 => sm2::issued(issuer, certificate),
    }
}

pub(super) fn key_file(octets: &[u8], password: Option<&str>) -> Result<KeyFile, CryptoError> {
    if let Ok(bundle) = Pkcs12::from_der(octets) {
        return pkcs12(&bundle, password);
    }
    let key = if der::is_pem(octets) {
        pem(octets, password)?
    } else {
        from_der(octets, password)?
    };
    Ok(KeyFile {
        key: Arc::new(SigningKey::new(key)?),
        certificate: None,
    })
}

fn pem(octets: &[u8], password: Option<&str>) -> Result<PKey<Private>, CryptoError> {
    der::want_private_key(octets)?;
    let encrypted = der::holds(octets, b"ENCRYPTED");
    if encrypted && password.is_none() {
        return Err(CryptoError::WrongPassword);
    }
    // With a passphrase given, even an empty one, OpenSSL never asks on the terminal.
    PKey::private_key_from_pem_passphrase(octets, password.unwrap_or_default().as_bytes()).map_err(
        |e| {
            if encrypted {
                CryptoError::WrongPassword
            } else {
                CryptoError::NotAKey(e.to_string())
            }
        },
    )
}

fn from_der(octets: &[u8], password: Option<&str>) -> Result<PKey<Private>, CryptoError> {
    if let Ok(key) = PKey::private_key_from_der(octets) {
        return Ok(key);
    }
    match password {
        Some(password) => PKey::private_key_from_pkcs8_passphrase(octets, password.as_bytes())
            .map_err(|_| CryptoError::WrongPassword),
        None => Err(CryptoError::NotAKey(
            "neither PEM, PKCS#8 DER nor PKCS#12".to_owned(),
        )),
    }
}

fn pkcs12(bundle: &Pkcs12, password: Option<&str>) -> Result<KeyFile, CryptoError> {
    // Certificate authorities still issue bundles under RC2-40 and 3DES, which OpenSSL 3 keeps in
    // its legacy module. Loading it adds old ciphers for reading such files and nothing else.
    static LEGACY: Once = Once::new();
    LEGACY.call_once(|| {
        if let Ok(module) = Module::try_load(None, "legacy", true) {
            // Kept for the life of the process.
            std::mem::forget(module);
        }
    });
    let parsed = bundle.parse2(password.unwrap_or_default()).map_err(|e| {
        let text = e.to_string();
        if text.contains("unsupported") || text.contains("unknown cipher") {
            CryptoError::Library(
                "the PKCS#12 file uses a cipher that this OpenSSL lacks; convert it: openssl \
                 pkcs12 -legacy -in OLD -nodes | openssl pkcs12 -export -out NEW"
                    .to_owned(),
            )
        } else {
            CryptoError::WrongPassword
        }
    })?;
    let key = parsed
        .pkey
        .ok_or_else(|| CryptoError::NotAKey("the PKCS#12 file holds no private key".to_owned()))?;
    let certificate = parsed.cert.map(|x509| from_x509(&x509)).transpose()?;
    Ok(KeyFile {
        key: Arc::new(SigningKey::new(key)?),
        certificate,
    })
}

/// A new SM2 key.
pub(super) fn sm2_key() -> Result<PKey<Private>, CryptoError> {
    use openssl::ec::{EcGroup, EcKey};
    let group = EcGroup::from_curve_name(Nid::SM2)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    // Through PKCS#8, so that OpenSSL sees an SM2 key and not a general elliptic one.
    Ok(PKey::private_key_from_der(&key.private_key_to_pkcs8()?)?)
}
