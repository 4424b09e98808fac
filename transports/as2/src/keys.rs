//! Our key and certificate, and the partner's certificates.

use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Ref};
use std::path::Path;

use tongguan_contracts::{Failure, Secret, key_file};
use tongguan_web::certificates;

/// What we sign and decrypt with.
#[derive(Clone)]
pub(crate) struct Identity {
    pub key: PKey<Private>,
    pub certificate: X509,
}

impl Identity {
    /// Reads a PEM or DER key with its certificate beside it, or a PKCS#12 file, which holds both.
    pub(crate) fn read(
        part: &str,
        key: &Path,
        certificate: Option<&Path>,
        password: Option<&Secret>,
    ) -> Result<Self, Failure> {
        let wrong = |why: String| {
            Failure::misconfigured(part, format!("use key {}", key.display()), why)
                .remedy("key names a PEM, PKCS#8 or PKCS#12 file, password where its password is")
        };
        let octets = key_file(part, "key", key)?;
        let word = password.map(|p| p.as_str()).unwrap_or_default();
        let (found, inside) = match Pkcs12::from_der(&octets) {
            Ok(box_) => {
                let opened = box_.parse2(word).map_err(|e| wrong(e.to_string()))?;
                let found = opened
                    .pkey
                    .ok_or_else(|| wrong("it holds no key".to_owned()))?;
                (found, opened.cert)
            }
            Err(_) if octets.starts_with(b"-----") => {
                // Without a password, one that needs it is refused: OpenSSL would ask the terminal.
                let found = PKey::private_key_from_pem_passphrase(&octets, word.as_bytes());
                (found.map_err(|e| wrong(e.to_string()))?, None)
            }
            Err(_) => {
                let found = match password {
                    Some(_) => PKey::private_key_from_pkcs8_passphrase(&octets, word.as_bytes()),
                    None => PKey::private_key_from_der(&octets),
                };
                (found.map_err(|e| wrong(e.to_string()))?, None)
            }
        };
        let certificate = match certificate {
            Some(path) => certificates(part, "certificate", path)?.swap_remove(0),
            None => inside.ok_or_else(|| {
                wrong("it holds no certificate".to_owned())
                    .remedy("add certificate = \"PATH\" beside key")
            })?,
        };
        let pair = certificate
            .public_key()
            .is_ok_and(|public| public.public_eq(&found));
        if !pair {
            return Err(wrong("it is not the certificate's key".to_owned())
                .remedy("name the key and the certificate that were issued together"));
        }
        Ok(Self {
            key: found,
            certificate,
        })
    }
}

/// `SHA-256 1f2e…`: what two parties compare.
pub(crate) fn fingerprint(certificate: &X509Ref) -> String {
    let digest = certificate.digest(openssl::hash::MessageDigest::sha256());
    digest.map(hex::encode).unwrap_or_default()
}
