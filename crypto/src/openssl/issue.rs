//! Keys and certificates for rehearsals. Never for production.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use super::{SigningKey, load};
use crate::{CryptoError, Issued, PrivateKey, Scheme, TestSubject, der, raw_to_der};

pub(super) fn issue(
    scheme: Scheme,
    subject: &TestSubject,
    issuer: Option<&Issued>,
    password: Option<&str>,
) -> Result<Issued, CryptoError> {
    let key = match scheme {
        Scheme::RsaSha1 => PKey::from_rsa(Rsa::generate(2048)?)?,
        Scheme::Sm2Sm3 => load::sm2_key()?,
    };
    let (signing, issuer_x509) = match issuer {
        None => (key.clone(), None),
        Some(ca) => {
            // With a passphrase given, even an empty one, OpenSSL never asks on the terminal.
            let ca_key = PKey::private_key_from_pem_passphrase(&ca.key_pem, b"")?;
            (ca_key, Some(X509::from_pem(&ca.certificate_pem)?))
        }
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
    let from = now + subject.from_days * 86_400 - 3_600;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("C", "CN")?;
    name.append_entry_by_text("O", "TEST ONLY - Tongguan rehearsal")?;
    name.append_entry_by_text("CN", &subject.common_name)?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(63, MsbOption::ONE, false)?;

    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    builder.set_serial_number(Asn1Integer::from_bn(&serial)?.as_ref())?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(issuer_x509.as_ref().map_or(&name, |x| x.subject_name()))?;
    builder.set_not_before(Asn1Time::from_unix(from)?.as_ref())?;
    builder.set_not_after(Asn1Time::from_unix(from + subject.days * 86_400)?.as_ref())?;
    builder.set_pubkey(&key)?;
    let mut constraints = BasicConstraints::new();
    let mut usage = KeyUsage::new();
    if issuer.is_none() {
        constraints.critical().ca();
        usage.critical().key_cert_sign().crl_sign();
    } else {
        usage.critical().digital_signature().non_repudiation();
    }
    builder.append_extension(constraints.build()?)?;
    builder.append_extension(usage.build()?)?;
    let certificate_pem = match scheme_of_key(&signing)? {
        Scheme::RsaSha1 => {
            builder.sign(&signing, MessageDigest::sha256())?;
            builder.build().to_pem()?
        }
        Scheme::Sm2Sm3 => sm2_signed(builder, signing)?,
    };
    let key_pem = match password {
        Some(password) => {
            key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), password.as_bytes())?
        }
        None => key.private_key_to_pem_pkcs8()?,
    };
    Ok(Issued {
        key_pem,
        certificate_pem,
    })
}

fn scheme_of_key(key: &PKey<Private>) -> Result<Scheme, CryptoError> {
    Ok(super::scheme_of(key.id(), key.bits(), &key.public_key_to_der()?)?.0)
}

/// OpenSSL 3.0 signs certificates of SM2 keys without the user id that GM/T 0009 prescribes. So
/// let it build the certificate, then put in the signature that verifies: over the same signed
/// octets, with the id.
fn sm2_signed(mut builder: X509Builder, signing: PKey<Private>) -> Result<Vec<u8>, CryptoError> {
    let sm3 = MessageDigest::from_name("SM3")
        .ok_or_else(|| CryptoError::Library("this OpenSSL has no SM3".to_owned()))?;
    builder.sign(&signing, sm3)?;
    let der = builder.build().to_der()?;
    let tbs = der::signed_part(&der)
        .ok_or_else(|| CryptoError::Library("OpenSSL built no certificate".to_owned()))?;
    let value = raw_to_der(&SigningKey::new(signing)?.sign(tbs)?)?;
    let mut body = tbs.to_vec();
    body.extend_from_slice(der::SM2_WITH_SM3);
    body.extend_from_slice(&[0x03, value.len() as u8 + 1, 0x00]);
    body.extend_from_slice(&value);
    let length = u16::try_from(body.len())
        .map_err(|_| CryptoError::Library("the certificate is too long".to_owned()))?;
    let mut der = if length < 256 {
        vec![0x30, 0x81, length as u8]
    } else {
        let [a, b] = length.to_be_bytes();
        vec![0x30, 0x82, a, b]
    };
    der.append(&mut body);
    Ok(X509::from_der(&der)?.to_pem()?)
}
