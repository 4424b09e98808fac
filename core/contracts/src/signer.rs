use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::{Failure, PartOptions};

/// A signature algorithm that the customs profiles use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1. The signature value is as long as the modulus.
    RsaSha1,
    /// SM2 with SM3 (GB/T 32918) and the user id `1234567812345678` (GM/T 0009). The signature
    /// value is r‖s: two 32-byte big-endian numbers.
    Sm2Sm3,
}

impl Algorithm {
    /// That this, which a signer is asked for, is what its one key is for.
    ///
    /// # Errors
    /// Misconfigured: it is another; `part` names the signer.
    pub fn must_be(self, own: Self, part: &str) -> Result<(), Failure> {
        if self == own {
            return Ok(());
        }
        Err(Failure::misconfigured(
            part,
            format!("sign with {self:?}"),
            format!("its key is for {own:?}"),
        )
        .remedy("remove the route's profile, or choose the one of the certificate's key"))
    }
}

/// Whom a signer signs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What goes into `KeyName`: the number of the card or certificate (spec 6.2.3).
    pub key_name: String,
    /// The signing certificate, DER.
    pub certificate: Vec<u8>,
}

/// Signs bytes with a key that it alone holds. It knows nothing of XML.
///
/// A signer gets the text to sign (canonical `SignedInfo`), never a digest: cards, keys and HSMs
/// differ in what they hash themselves.
///
/// Calls block, and the core makes them on threads of their own.
pub trait Signer: Send + Sync {
    /// Whom it signs as. A signer whose key does not match its certificate must fail to build;
    /// whether the certificate is valid now is the core's to see.
    fn identity(&self) -> &Identity;

    /// What it can sign with; never empty. The first is preferred.
    fn algorithms(&self) -> &[Algorithm];

    /// How many `sign` calls may run at once; 1 for a card or a key.
    fn concurrency(&self) -> NonZeroUsize;

    /// Signs `text`, which is UTF-8. The form of the value is the algorithm's ([`Algorithm`]).
    ///
    /// # Errors
    /// A [`Failure`]. A wrong PIN is [`Misconfigured`](crate::FailureClass::Misconfigured): the
    /// core never tries it again by itself.
    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// Builds a signer from its table of the manifest.
pub type SignerBuilder = fn(PartOptions) -> Result<Arc<dyn Signer>, Failure>;
