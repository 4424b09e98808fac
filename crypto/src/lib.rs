//! One small seam around the cryptography that customs signatures need.
//!
//! A [`Provider`] digests, reads certificates and keys, signs and verifies. Everything above it
//! (XML signatures, the software signer) names no library.
//!
//! ```
//! use tongguan_crypto::{Hash, provider};
//! let mut digest = provider().digest(Hash::Sm3);
//! digest.update(b"abc");
//! assert_eq!(&digest.finish()[..4], [0x66, 0xc7, 0xf0, 0xf4]); // GB/T 32905, A.1
//! ```
#![forbid(unsafe_code)]

mod der;
mod encoding;
mod error;
#[cfg(feature = "openssl")]
mod openssl;
#[cfg(feature = "rust")]
mod rust;
mod sm2;

#[cfg(not(any(feature = "openssl", feature = "rust")))]
compile_error!("tongguan-crypto needs one of its features: openssl (default) or rust");

use std::fmt;
use std::sync::Arc;

pub use encoding::{der_to_raw, raw_to_der};
pub use error::CryptoError;
pub use sm2::{sm2_digest, sm2_point};

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1; the older profile's, and only its.
    Sha1,
    /// SM3 (GB/T 32905).
    Sm3,
}

/// A signature scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 with SHA-1.
    RsaSha1,
    /// SM2 with SM3 (GB/T 32918), user id `1234567812345678` (GM/T 0009); values are r‖s,
    /// 64 octets.
    Sm2Sm3,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RsaSha1 => "RSA-SHA1",
            Self::Sm2Sm3 => "SM2-SM3",
        })
    }
}

/// A running digest.
pub trait Digest: Send {
    /// Takes more octets.
    fn update(&mut self, octets: &[u8]);
    /// The value.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// A private key.
pub trait PrivateKey: Send + Sync {
    /// What it signs with.
    fn scheme(&self) -> Scheme;
    /// Whether the certificate is of this key.
    fn matches(&self, certificate: &Certificate) -> bool;
    /// Signs `text` (hashing it as the scheme says).
    ///
    /// # Errors
    /// What the library says.
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, CryptoError>;
}

/// A public key.
pub trait PublicKey: Send + Sync {
    /// What it verifies.
    fn scheme(&self) -> Scheme;
    /// Whether `value` is this key's signature of `text`.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`], or what the library says.
    fn verify(&self, text: &[u8], value: &[u8]) -> Result<(), CryptoError>;
}

/// A certificate, as far as signing needs it.
#[derive(Clone)]
pub struct Certificate {
    /// DER.
    pub der: Vec<u8>,
    /// Serial number, upper-case hexadecimal.
    pub serial: String,
    /// Whose it is, for people.
    pub subject: String,
    /// Who issued it, for people.
    pub issuer: String,
    /// First second of its validity, Unix time.
    pub not_before: i64,
    /// Last second of its validity, Unix time.
    pub not_after: i64,
    /// Its key.
    pub key: Arc<dyn PublicKey>,
}

/// A name as people may see it: anybody can put anything into a certificate, also what a terminal
/// would obey.
pub(crate) fn printable(name: &str) -> String {
    let printable = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    name.chars().map(printable).collect()
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("serial", &self.serial)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// What a key file holds.
pub struct KeyFile {
    /// The private key.
    pub key: Arc<dyn PrivateKey>,
    /// The certificate, where the file has one (PKCS#12).
    pub certificate: Option<Certificate>,
}

/// A new key pair with its certificate, for rehearsals.
pub struct Issued {
    /// The private key, PKCS#8 PEM, encrypted where a password was given.
    pub key_pem: Vec<u8>,
    /// The certificate, PEM.
    pub certificate_pem: Vec<u8>,
}

/// What a test certificate says.
#[derive(Debug, Clone)]
pub struct TestSubject {
    /// Common name.
    pub common_name: String,
    /// Days of validity, from `from_days` days from now.
    pub days: i64,
    /// Start of validity, in days from now; negative is past.
    pub from_days: i64,
}

/// A library behind the seam.
pub trait Provider: Send + Sync {
    /// Its name: `openssl`.
    fn name(&self) -> &'static str;
    /// A new digest.
    fn digest(&self, hash: Hash) -> Box<dyn Digest>;
    /// Reads a certificate: DER, or the first one of a PEM file.
    ///
    /// # Errors
    /// It is none, or its key is neither RSA of 1024 bits and more nor SM2.
    fn certificate(&self, octets: &[u8]) -> Result<Certificate, CryptoError>;
    /// Reads a private key: PEM or DER, PKCS#8 (encrypted or not), traditional, or PKCS#12.
    ///
    /// # Errors
    /// Wrong password, no key, an algorithm that no profile knows.
    fn key_file(&self, octets: &[u8], password: Option<&str>) -> Result<KeyFile, CryptoError>;
    /// Whether `issuer` signed `certificate`.
    fn issued(&self, issuer: &Certificate, certificate: &Certificate) -> bool;
    /// Makes a key and certificate for tests: self-signed (a test CA), or by `issuer` (the CA's
    /// key and certificate PEM; its key unencrypted). Never for production.
    ///
    /// # Errors
    /// What the library says.
    fn issue_for_tests(
        &self,
        scheme: Scheme,
        subject: &TestSubject,
        issuer: Option<&Issued>,
        password: Option<&str>,
    ) -> Result<Issued, CryptoError>;
}

/// The provider that this build uses.
pub fn provider() -> &'static dyn Provider {
    providers()[0]
}

/// All providers in this build, the default one first.
pub fn providers() -> &'static [&'static dyn Provider] {
    &[
        #[cfg(feature = "openssl")]
        &openssl::OpenSsl,
        #[cfg(feature = "rust")]
        &rust::PureRust,
    ]
}

/// `octets` digested in one go, in parts.
pub fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = provider().digest(hash);
    for part in parts {
        digest.update(part);
    }
    digest.finish()
}
