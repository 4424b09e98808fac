//! The system's OpenSSL (3.0 or newer).

mod issue;
mod load;

use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use openssl::pkey::{Id, PKey, Private, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::sign::{Signer, Verifier};

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
    /// SubjectPublicKeyInfo of an SM2 key up to its point: id-ecPublicKey with the curve
    /// 1.2.156.10197.1.301, then 04 for an uncompressed point.
    const SM2: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x81\x1C\xCF\x55\x01\x82\x2D\x03\x42\x00\x04";
    if id == Id::RSA {
        return if bits >= 1024 {
            Ok((Scheme::RsaSha1, [0; 64]))
        } else {
            Err(CryptoError::UnsupportedKey(format!("RSA of {bits} bits")))
        };
    }
    // OpenSSL 3 knows SM2 keys by no number of its own, so the key tells by its DER.
    if let Some(point) = spki
        .strip_prefix(SM2)
        .and_then(|point| point.try_into().ok())
    {
        return Ok((Scheme::Sm2Sm3, point));
    }
    Err(CryptoError::UnsupportedKey(match id {
        Id::EC => "of another elliptic curve".to_owned(),
        Id::ED25519 => "Ed25519".to_owned(),
        Id::DSA => "DSA".to_owned(),
        _ => "of another kind".to_owned(),
    }))
}

/// SM3(ZA ‖ text): what an SM2 signature is over.
fn sm2_digest(za: &[u8], text: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut hasher = hasher(Hash::Sm3)?;
    hasher.update(za)?;
    hasher.update(text)?;
    Ok(hasher.finish()?.to_vec())
}

fn za(point: &[u8; 64]) -> Result<Vec<u8>, ErrorStack> {
    let mut hasher = hasher(Hash::Sm3)?;
    hasher.update(&sm2::za_input(point))?;
    Ok(hasher.finish()?.to_vec())
}

/// A private key; SM2 keys carry ZA so that it is computed once.
struct SigningKey {
    scheme: Scheme,
    key: PKey<Private>,
    spki: Vec<u8>,
    za: Vec<u8>,
}

impl SigningKey {
    fn new(key: PKey<Private>) -> Result<Self, CryptoError> {
        let spki = key.public_key_to_der()?;
        let (scheme, point) = scheme_of(key.id(), key.bits(), &spki)?;
        let za = if scheme == Scheme::Sm2Sm3 {
            za(&point)?
        } else {
            Vec::new()
        };
        Ok(Self {
            scheme,
            key,
            spki,
            za,
        })
    }
}

impl PrivateKey for SigningKey {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn matches(&self, certificate: &Certificate) -> bool {
        load::spki(certificate).is_ok_and(|spki| spki == self.spki)
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match self.scheme {
            Scheme::RsaSha1 => {
                let mut signer = Signer::new(MessageDigest::sha1(), &self.key)?;
                Ok(signer.sign_oneshot_to_vec(text)?)
            }
            Scheme::Sm2Sm3 => {
                let mut context = PkeyCtx::new(&self.key)?;
                context.sign_init()?;
                let mut der = Vec::with_capacity(72);
                context.sign_to_vec(&sm2_digest(&self.za, text)?, &mut der)?;
                let pair = EcdsaSig::from_der(&der)?;
                let mut raw = pair.r().to_vec_padded(32)?;
                raw.extend(pair.s().to_vec_padded(32)?);
                Ok(raw)
            }
        }
    }
}

/// A certificate's key.
pub(crate) struct VerifyingKey {
    scheme: Scheme,
    key: PKey<Public>,
    za: Vec<u8>,
}

impl VerifyingKey {
    fn new(key: PKey<Public>, spki: &[u8]) -> Result<Self, CryptoError> {
        let (scheme, point) = scheme_of(key.id(), key.bits(), spki)?;
        let za = if scheme == Scheme::Sm2Sm3 {
            za(&point)?
        } else {
            Vec::new()
        };
        Ok(Self { scheme, key, za })
    }
}

impl PublicKey for VerifyingKey {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn verify(&self, text: &[u8], value: &[u8]) -> Result<(), CryptoError> {
        let good = match self.scheme {
            Scheme::RsaSha1 => {
                let mut verifier = Verifier::new(MessageDigest::sha1(), &self.key)?;
                verifier.verify_oneshot(value, text).unwrap_or(false)
            }
            Scheme::Sm2Sm3 => {
                let der = crate::raw_to_der(value)?;
                let mut context = PkeyCtx::new(&self.key)?;
                context.verify_init()?;
                context
                    .verify(&sm2_digest(&self.za, text)?, &der)
                    .unwrap_or(false)
            }
        };
        if good {
            Ok(())
        } else {
            Err(CryptoError::BadSignature)
        }
    }
}
