//! Our key and certificate, and the partner's certificates.

use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Ref};
use std::path::Path;
use tongguan_contracts::{Failure, Secret};
use zeroize::Zeroizing;

/// What we sign and decrypt with.
#[derive(Clone)]
pub(crate) struct Identity {
    pub key: PKey<Private>,
    pub certificate: X509,
}

/// A key or certificate file is never longer, in octets.
const LONGEST: u64 = 1 << 20;

fn read(part: &str, key: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let wrong = |why: String| {
        Failure::misconfigured(part, format!("read {key} {}", path.display()), why)
            .remedy(format!("{key} names a file that tongguan may read"))
    };
    let metadata = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?;
    if metadata.len() > LONGEST {
        return Err(wrong("it is too large for a key or certificate".to_owned()));
    }
    let octets = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    Ok(Zeroizing::new(octets))
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
        let octets = read(part, "key", key)?;
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

/// The certificates of a file, PEM or one in DER; at least one.
pub(crate) fn certificates(part: &str, key: &str, path: &Path) -> Result<Vec<X509>, Failure> {
    let octets = read(part, key, path)?;
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

/// `SHA-256 1f2e…`: what two parties compare.
pub(crate) fn fingerprint(certificate: &X509Ref) -> String {
    let digest = certificate.digest(openssl::hash::MessageDigest::sha256());
    digest.map(hex::encode).unwrap_or_default()
}
