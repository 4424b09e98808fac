//! SM2 with SM3, by the crate `sm2`, for every backend.
//!
//! Measured beside each other on one core (`examples/measure`, medians): it signs 13,500/s and
//! verifies 5,400/s where OpenSSL 3.0 does 3,900/s and 4,300/s. `efficient-sm2` is faster still
//! (18,400/s and 9,000/s) and `libsm` slower to verify (12,000/s and 2,700/s), but neither
//! promises constant time, and RustCrypto's is the one that is kept.

use ::sm2::SecretKey;
use ::sm2::dsa::signature::{Signer as _, Verifier as _};
use ::sm2::dsa::{Signature, SigningKey, VerifyingKey};

use crate::{Certificate, CryptoError, Hash, Scheme, der, digest};

/// The default user id (GM/T 0009, 10).
const USER_ID: &str = "1234567812345678";

/// A key that signs; it wipes itself when dropped.
pub(crate) struct Signing(Box<SigningKey>);

impl Drop for Signing {
    fn drop(&mut self) {
        // The crate does not wipe it: a key that everybody knows is put in its place.
        let mut one = [0; 32];
        one[31] = 1;
        if let Ok(key) = SecretKey::from_slice(&one)
            && let Ok(key) = SigningKey::new(USER_ID, &key)
        {
            *self.0 = key;
            // What is never looked at again need not be written, for a compiler.
            std::hint::black_box(&self.0);
        }
    }
}

impl Signing {
    /// The key.
    pub(crate) fn new(key: &SecretKey) -> Result<Self, CryptoError> {
        let key = SigningKey::new(USER_ID, key).map_err(|e| CryptoError::NotAKey(e.to_string()))?;
        Ok(Self(Box::new(key)))
    }

    /// r‖s of `text`.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let value: Signature = self
            .0
            .try_sign(text)
            .map_err(|e| CryptoError::Library(e.to_string()))?;
        Ok(value.to_bytes().to_vec())
    }
}

/// A key that verifies.
pub(crate) struct Verifying(Box<VerifyingKey>);

impl Verifying {
    /// The key with the public point x‖y.
    pub(crate) fn new(point: &[u8; 64]) -> Result<Self, CryptoError> {
        let mut sec1 = vec![0x04];
        sec1.extend_from_slice(point);
        let key = VerifyingKey::from_sec1_bytes(USER_ID, &sec1)
            .map_err(|e| CryptoError::UnsupportedKey(format!("broken: {e}")))?;
        Ok(Self(Box::new(key)))
    }

    /// Whether `value` is r‖s of `text`.
    pub(crate) fn verify(&self, text: &[u8], value: &[u8]) -> Result<(), CryptoError> {
        if value.len() != 64 {
            return Err(CryptoError::Malformed("r‖s is 64 octets long"));
        }
        Signature::from_slice(value)
            .and_then(|value| self.0.verify(text, &value))
            .map_err(|_| CryptoError::BadSignature)
    }
}

/// How the SubjectPublicKeyInfo of an SM2 key starts.
const START: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x81\x1C\xCF\x55\x01\x82\x2D\x03\x42\x00\x04";

/// The public point x‖y, if that is the SubjectPublicKeyInfo of an SM2 key: id-ecPublicKey with
/// the curve 1.2.156.10197.1.301, then 04 for an uncompressed point.
pub(crate) fn point(spki: &[u8]) -> Option<[u8; 64]> {
    spki.strip_prefix(START)?.try_into().ok()
}

/// What an SM2 device signs that hashes nothing itself: SM3 of Z and `text` (GB/T 32918.2, 5.5 and
/// 6.1), Z being SM3 of the user id, the curve and the public key. `None` where the certificate's key
/// is not SM2.
pub fn sm2_digest(certificate: &Certificate, text: &[u8]) -> Option<Vec<u8>> {
    const CURVE: &[u8] = b"\
        \xFF\xFF\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
        \xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFC\
        \x28\xE9\xFA\x9E\x9D\x9F\x5E\x34\x4D\x5A\x9E\x4B\xCF\x65\x09\xA7\
        \xF3\x97\x89\xF5\x15\xAB\x8F\x92\xDD\xBC\xBD\x41\x4D\x94\x0E\x93\
        \x32\xC4\xAE\x2C\x1F\x19\x81\x19\x5F\x99\x04\x46\x6A\x39\xC9\x94\
        \x8F\xE3\x0B\xBF\xF2\x66\x0B\xE1\x71\x5A\x45\x89\x33\x4C\x74\xC7\
        \xBC\x37\x36\xA2\xF4\xF6\x77\x9C\x59\xBD\xCE\xE3\x6B\x69\x21\x53\
        \xD0\xA9\x87\x7C\xC6\x2A\x47\x40\x02\xDF\x32\xE5\x21\x39\xF0\xA0";
    let point = sm2_point(certificate)?;
    let bits = u16::try_from(USER_ID.len() * 8).ok()?.to_be_bytes();
    let z = digest(Hash::Sm3, &[&bits, USER_ID.as_bytes(), CURVE, &point]);
    Some(digest(Hash::Sm3, &[&z, text]))
}

/// The public point x‖y of a certificate. `None` where its key is not SM2.
pub fn sm2_point(certificate: &Certificate) -> Option<[u8; 64]> {
    if certificate.key.scheme() != Scheme::Sm2Sm3 {
        return None;
    }
    let spki = START.len() + 64;
    certificate.der.windows(spki).find_map(point)
}

/// Whether `issuer`, whose key is SM2, signed `certificate`.
pub(crate) fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    der::sm2_signed(&certificate.der).is_some_and(|(signed, value)| {
        crate::der_to_raw(value)
            .and_then(|raw| issuer.key.verify(signed, &raw))
            .is_ok()
    })
}
