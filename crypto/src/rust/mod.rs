//! Pure Rust, for builds without OpenSSL (feature `rust`).
//!
//! The `rsa` crate is slower by a factor, and its private operations leak timing
//! (RUSTSEC-2023-0071): use it where nobody can measure.

mod load;

use rsa::pkcs1v15::{Signature as RsaSignature, SigningKey as RsaKey, VerifyingKey as RsaPublic};
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use sha1::Sha1;
use sm3::{Digest as _, Sm3};

use crate::{
    Certificate, CryptoError, Digest, Hash, Issued, KeyFile, PrivateKey, Provider, PublicKey,
    Scheme, TestSubject, sm2,
};

/// The provider.
pub(crate) struct PureRust;

impl Provider for PureRust {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn digest(&self, hash: Hash) -> Box<dyn Digest> {
        match hash {
            Hash::Sha1 => Box::new(Running(Sha1::new())),
            Hash::Sm3 => Box::new(Running(Sm3::new())),
        }
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
        _: Scheme,
        _: &TestSubject,
        _: Option<&Issued>,
        _: Option<&str>,
    ) -> Result<Issued, CryptoError> {
        Err(CryptoError::Library(
            "this build makes no test certificates: build with the feature openssl, or make them \
             with the openssl command line"
                .to_owned(),
        ))
    }
}

struct Running<D>(D);

impl<D: sm3::Digest + Send> Digest for Running<D> {
    fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

/// A private key, with its SubjectPublicKeyInfo.
struct Private {
    key: PrivateKind,
    spki: Vec<u8>,
}

enum PrivateKind {
    Rsa(Box<RsaKey<Sha1>>),
    Sm2(sm2::Signing),
}

impl PrivateKey for Private {
    fn scheme(&self) -> Scheme {
        match self.key {
            PrivateKind::Rsa(_) => Scheme::RsaSha1,
            PrivateKind::Sm2(_) => Scheme::Sm2Sm3,
        }
    }

    fn matches(&self, certificate: &Certificate) -> bool {
        load::spki(&certificate.der).is_ok_and(|spki| spki == self.spki)
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match &self.key {
            PrivateKind::Rsa(key) => Ok(key
                .try_sign(text)
                .map_err(|e| CryptoError::Library(e.to_string()))?
                .to_vec()),
            PrivateKind::Sm2(key) => key.sign(text),
        }
    }
}

/// A certificate's key.
enum Public {
    Rsa(Box<RsaPublic<Sha1>>),
    Sm2(sm2::Verifying),
}

impl PublicKey for Public {
    fn scheme(&self) -> Scheme {
        match self {
            Self::Rsa(_) => Scheme::RsaSha1,
            Self::Sm2(_) => Scheme::Sm2Sm3,
        }
    }

    fn verify(&self, text: &[u8], value: &[u8]) -> Result<(), CryptoError> {
        match self {
            Self::Rsa(key) => RsaSignature::try_from(value)
                .and_then(|value| key.verify(text, &value))
                .map_err(|_| CryptoError::BadSignature),
            Self::Sm2(key) => key.verify(text, value),
        }
    }
}
