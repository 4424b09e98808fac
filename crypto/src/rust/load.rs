//! Reads keys and certificates.

use ::sm2::SecretKey;
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{PrivateKey as RsaPrivateKey, PublicKey as RsaPublicKey};
use std::sync::Arc;
use x509_cert::Certificate as X509;
use x509_cert::der::{Decode as _, Encode as _};

use super::{Private, PrivateKind, Public, RsaKey, RsaPublic};
use crate::{Certificate, CryptoError, KeyFile, Scheme, der, printable, sm2};

fn parse(octets: &[u8]) -> Result<X509, CryptoError> {
    let failed = |e: x509_cert::der::Error| CryptoError::NotACertificate(e.to_string());
    if !der::is_pem(octets) {
        return X509::from_der(octets).map_err(failed);
    }
    if !der::holds(octets, b"CERTIFICATE-----") {
        return Err(CryptoError::NotACertificate(
            "it is PEM of another kind".to_owned(),
        ));
    }
    let chain = X509::load_pem_chain(octets).map_err(failed)?;
    chain
        .into_iter()
        .next()
        .ok_or_else(|| CryptoError::NotACertificate("it is empty".to_owned()))
}

pub(super) fn certificate(octets: &[u8]) -> Result<Certificate, CryptoError> {
    let x509 = parse(octets)?;
    let tbs = x509.tbs_certificate();
    let failed = |e: x509_cert::der::Error| CryptoError::NotACertificate(e.to_string());
    let spki = tbs.subject_public_key_info().to_der().map_err(failed)?;
    let serial: Vec<u8> = tbs
        .serial_number()
        .as_bytes()
        .iter()
        .copied()
        .skip_while(|b| *b == 0)
        .collect();
    let unix = |time: &x509_cert::time::Time| {
        i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
    };
    Ok(Certificate {
        der: x509.to_der().map_err(failed)?,
        serial: serial.iter().map(|b| format!("{b:02X}")).collect(),
        subject: printable(&tbs.subject().to_string()),
        issuer: printable(&tbs.issuer().to_string()),
        not_before: unix(&tbs.validity().not_before),
        not_after: unix(&tbs.validity().not_after),
        key: Arc::new(public(&spki)?),
    })
}

pub(super) fn spki(certificate: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let x509 = parse(certificate)?;
    x509.tbs_certificate()
        .subject_public_key_info()
        .to_der()
        .map_err(|e| CryptoError::NotACertificate(e.to_string()))
}

fn public(spki: &[u8]) -> Result<Public, CryptoError> {
    if let Some(point) = sm2::point(spki) {
        return Ok(Public::Sm2(sm2::Verifying::new(&point)?));
    }
    let key = RsaPublicKey::from_public_key_der(spki)
        .map_err(|_| CryptoError::UnsupportedKey("of another kind".to_owned()))?;
    check_size(key.size())?;
    Ok(Public::Rsa(Box::new(RsaPublic::new(key))))
}

fn check_size(octets: usize) -> Result<(), CryptoError> {
    if octets >= 128 {
        return Ok(());
    }
    Err(CryptoError::UnsupportedKey(format!(
        "RSA of {} bits",
        octets * 8
    )))
}

/// Whether `issuer` signed `certificate`. RSA certificates are signed with SHA-256, which this
/// backend does not carry: only SM2 chains are judged, others are not trusted.
pub(super) fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    issuer.key.scheme() == Scheme::Sm2Sm3 && sm2::issued(issuer, certificate)
}

pub(super) fn key_file(octets: &[u8], password: Option<&str>) -> Result<KeyFile, CryptoError> {
    let key = if der::is_pem(octets) {
        pem(octets, password)?
    } else {
        from_der(octets, password)?
    };
    Ok(KeyFile {
        key: Arc::new(key),
        certificate: None,
    })
}

fn pem(octets: &[u8], password: Option<&str>) -> Result<Private, CryptoError> {
    der::want_private_key(octets)?;
    let not_a_key = |e: &dyn std::fmt::Display| CryptoError::NotAKey(e.to_string());
    let text = std::str::from_utf8(octets).map_err(|e| not_a_key(&e))?;
    // What stands before the key (`EC PARAMETERS`) says nothing that the key does not.
    let start = text
        .match_indices("-----BEGIN ")
        .map(|(at, _)| &text[at..])
        .find(|rest| {
            rest.lines()
                .next()
                .is_some_and(|line| line.contains("PRIVATE KEY"))
        })
        .unwrap_or(text);
    let (label, document) = SecretDocument::from_pem(start).map_err(|e| not_a_key(&e))?;
    match label {
        "RSA PRIVATE KEY" => {
            rsa(RsaPrivateKey::from_pkcs1_der(document.as_bytes()).map_err(|e| not_a_key(&e))?)
        }
        "EC PRIVATE KEY" => {
            sm2_key(SecretKey::from_sec1_der(document.as_bytes()).map_err(|e| not_a_key(&e))?)
        }
        "ENCRYPTED PRIVATE KEY" => encrypted(document.as_bytes(), password),
        _ => plain(document.as_bytes()),
    }
}

fn from_der(octets: &[u8], password: Option<&str>) -> Result<Private, CryptoError> {
    match plain(octets) {
        Err(CryptoError::NotAKey(_)) if password.is_some() => encrypted(octets, password),
        Err(CryptoError::NotAKey(_)) => Err(CryptoError::NotAKey(
            "neither PEM nor PKCS#8 DER; this build reads no PKCS#12: convert it with openssl \
             pkcs12 -nodes"
                .to_owned(),
        )),
        done => done,
    }
}

fn encrypted(octets: &[u8], password: Option<&str>) -> Result<Private, CryptoError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(octets)
        .map_err(|e| CryptoError::NotAKey(e.to_string()))?;
    let password = password.ok_or(CryptoError::WrongPassword)?;
    let document = info
        .decrypt(password)
        .map_err(|_| CryptoError::WrongPassword)?;
    plain(document.as_bytes())
}

fn plain(octets: &[u8]) -> Result<Private, CryptoError> {
    if let Ok(key) = RsaPrivateKey::from_pkcs8_der(octets) {
        return rsa(key);
    }
    if let Ok(key) = SecretKey::from_pkcs8_der(octets) {
        return sm2_key(key);
    }
    match pkcs8::PrivateKeyInfoRef::try_from(octets) {
        Ok(info) => Err(CryptoError::UnsupportedKey(format!(
            "of algorithm {}",
            info.algorithm.oid
        ))),
        Err(e) => Err(CryptoError::NotAKey(e.to_string())),
    }
}

fn rsa(key: RsaPrivateKey) -> Result<Private, CryptoError> {
    check_size(key.size())?;
    let spki = key
        .to_public_key()
        .to_public_key_der()
        .map_err(|e| CryptoError::NotAKey(e.to_string()))?
        .as_bytes()
        .to_vec();
    Ok(Private {
        key: PrivateKind::Rsa(Box::new(RsaKey::new(key))),
        spki,
    })
}

fn sm2_key(key: SecretKey) -> Result<Private, CryptoError> {
    let public = key.public_key().to_public_key_der();
    let spki = public
        .map_err(|e| CryptoError::NotAKey(e.to_string()))?
        .as_bytes()
        .to_vec();
    Ok(Private {
        key: PrivateKind::Sm2(sm2::Signing::new(&key)?),
        spki,
    })
}
