//! The system's OpenSSL (3.0 or newer): the fastest RSA by a factor of four, and every form of
//! key file. SM2 is [`sm2`]'s.

mod issue;
mod load;

use ::sm2::SecretKey;
use ::sm2::pkcs8::DecodePrivateKey as _;
use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use openssl::pkey::{Id, PKey, Private, Public};
use openssl::sign::{Signer, Verifier};

use zeroize::Zeroizing;

use crate::{
    Certificate, CryptoError, Digest, Hash, Issued, KeyFile, PrivateKey, Provider, PublicKey,
    Scheme, TestSubject, sm2,
};

/// The provider.
pub(crate) struct OpenSsl;

impl From<ErrorStack> for CryptoError {
    fn from(error: ErrorStack) -> Self {
        Self::Library(format!("OpenSSL: {error}"))
    }
}

impl Provider for OpenSsl {
    fn name(&self) -> &'static str {
        "openssl"
    }

    fn digest(&self, hash: Hash) -> Box<dyn Digest> {
        Box::new(Running(hasher(hash)))
    }

    fn certificate(&self, octets: &[u8]) -> Result<Certificate, CryptoError> {
        load::certificate(octets)
    }

    fn key_file(&self, octets: &[u8], password: Option<&str>) -> Result<KeyFile, CryptoError> {
        load::key_file(octets, password)
    }

    fn issued(&self, issuer: &Certificate, certificate: &Certificate) -> bool {
        load::issued(issuer, certificate)
    }

    fn issue_for_tests(
        &self,
        scheme: Scheme,
        subject: &TestSubject,
        issuer: Option<&Issued>,
        password: Option<&str>,
    ) -> Result<Issued, CryptoError> {
        issue::issue(scheme, subject, issuer, password)
    }
}

fn message_digest(hash: Hash) -> Result<MessageDigest, ErrorStack> {
    match hash {
        Hash::Sha1 => Ok(MessageDigest::sha1()),
        // Absent only where OpenSSL was built without SM3.
        Hash::Sm3 => MessageDigest::from_name("SM3").ok_or_else(ErrorStack::get),
    }
}

fn hasher(hash: Hash) -> Result<Hasher, ErrorStack> {
    Hasher::new(message_digest(hash)?)
}

struct Running(Result<Hasher, ErrorStack>);

impl Digest for Running {
    fn update(&mut self, octets: &[u8]) {
        if let Ok(hasher) = &mut self.0
            && let Err(error) = hasher.update(octets)
        {
            self.0 = Err(error);
        }
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        // OpenSSL fails here only where it lacks the algorithm: an empty value matches no digest.
        self.0
            .and_then(|mut hasher| hasher.finish())
            .map_or(Vec::new(), |bytes| bytes.to_vec())
    }
}

/// What the key signs with, and the public point of an SM2 key.
pub(crate) fn scheme_of(id: Id, bits: u32, spki: &[u8]) -> Result<(Scheme, [u8; 64]), CryptoError> {
    if id == Id::RSA {
        return if bits >= 1024 {
            Ok((Scheme::RsaSha1, [0; 64]))
        } else {
            Err(CryptoError::UnsupportedKey(format!("RSA of {bits} bits")))
        };
    }
    // OpenSSL 3 knows SM2 keys by no number of its own, so the key tells by its DER.
    if let Some(point) = sm2::point(spki) {
        return Ok((Scheme::Sm2Sm3, point));
    }
    Err(CryptoError::UnsupportedKey(match id {
        Id::EC => "of another elliptic curve".to_owned(),
        Id::ED25519 => "Ed25519".to_owned(),
        Id::DSA => "DSA".to_owned(),
        _ => "of another kind".to_owned(),
    }))
}

/// A private key, with its SubjectPublicKeyInfo.
struct SigningKey {
    kind: SigningKind,
    spki: Vec<u8>,
}

enum SigningKind {
    Rsa(PKey<Private>),
    Sm2(sm2::Signing),
}

impl SigningKey {
    fn new(key: PKey<Private>) -> Result<Self, CryptoError> {
        let spki = key.public_key_to_der()?;
        let kind = match scheme_of(key.id(), key.bits(), &spki)? {
            (Scheme::RsaSha1, _) => SigningKind::Rsa(key),
            (Scheme::Sm2Sm3, _) => {
                let octets = Zeroizing::new(key.private_key_to_pkcs8()?);
                let secret = SecretKey::from_pkcs8_der(&octets)
                    .map_err(|e| CryptoError::NotAKey(e.to_string()))?;
                SigningKind::Sm2(sm2::Signing::new(&secret)?)
            }
        };
        Ok(Self { kind, spki })
    }
}

impl PrivateKey for SigningKey {
    fn scheme(&self) -> Scheme {
        match self.kind {
            SigningKind::Rsa(_) => Scheme::RsaSha1,
            SigningKind::Sm2(_) => Scheme::Sm2Sm3,
        }
    }

    fn matches(&self, certificate: &Certificate) -> bool {
        load::spki(certificate).is_ok_and(|spki| spki == self.spki)
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match &self.kind {
            SigningKind::Rsa(key) => {
                let mut signer = Signer::new(MessageDigest::sha1(), key)?;
                Ok(signer.sign_oneshot_to_vec(text)?)
            }
            SigningKind::Sm2(key) => key.sign(text),
        }
    }
}

/// A certificate's key.
pub(crate) enum VerifyingKey {
    /// RSA.
    Rsa(PKey<Public>),
    /// SM2.
    Sm2(sm2::Verifying),
}

impl VerifyingKey {
    fn new(key: PKey<Public>, spki: &[u8]) -> Result<Self, CryptoError> {
        Ok(match scheme_of(key.id(), key.bits(), spki)? {
            (Scheme::RsaSha1, _) => Self::Rsa(key),
            (Scheme::Sm2Sm3, point) => Self::Sm2(sm2::Verifying::new(&point)?),
        })
    }
}

impl PublicKey for VerifyingKey {
    fn scheme(&self) -> Scheme {
        match self {
            Self::Rsa(_) => Scheme::RsaSha1,
            Self::Sm2(_) => Scheme::Sm2Sm3,
        }
    }

    fn verify(&self, text: &[u8], value: &[u8]) -> Result<(), CryptoError> {
        match self {
            Self::Rsa(key) => {
                let mut verifier = Verifier::new(MessageDigest::sha1(), key)?;
                if verifier.verify_oneshot(value, text).unwrap_or(false) {
                    Ok(())
                } else {
                    Err(CryptoError::BadSignature)
                }
            }
            Self::Sm2(key) => key.verify(text, value),
        }
    }
}
