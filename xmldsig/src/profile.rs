use std::fmt;
use std::str::FromStr;

use tongguan_crypto::{Hash, Scheme};

/// A combination of algorithms that the standard, or practice, knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// RSA with SHA-1: certificates issued before 2022-07-01, until they expire (spec 6.2.1.2).
    RsaSha1,
    /// SM2 with SM3, the preferred one (spec 6.2.1.2).
    Sm2Sm3,
    /// SM2 with SM3 under the W3C's names and a SHA-1 digest. Not in the standard; two local
    /// ports are reported to accept it.
    Sm2Sm3Legacy,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RsaSha1, Self::Sm2Sm3, Self::Sm2Sm3Legacy];

    /// The name in manifests: `sm2-sm3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaSha1 => "rsa-sha1",
            Self::Sm2Sm3 => "sm2-sm3",
            Self::Sm2Sm3Legacy => "sm2-sm3-legacy",
        }
    }

    /// The profile that goes with a key.
    pub fn of(scheme: Scheme) -> Self {
        match scheme {
            Scheme::RsaSha1 => Self::RsaSha1,
            Scheme::Sm2Sm3 => Self::Sm2Sm3,
        }
    }

    /// What signs.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::RsaSha1 => Scheme::RsaSha1,
            Self::Sm2Sm3 | Self::Sm2Sm3Legacy => Scheme::Sm2Sm3,
        }
    }

    /// What digests the document.
    pub fn hash(self) -> Hash {
        match self {
            Self::Sm2Sm3 => Hash::Sm3,
            Self::RsaSha1 | Self::Sm2Sm3Legacy => Hash::Sha1,
        }
    }

    /// `SignatureMethod`'s algorithm.
    pub fn signature_method(self) -> &'static str {
        match self {
            Self::RsaSha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            Self::Sm2Sm3 => "http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3",
            Self::Sm2Sm3Legacy => "http://www.w3.org/2000/09/xmldsig#sm2-sm3",
        }
    }

    /// `DigestMethod`'s algorithm.
    pub fn digest_method(self) -> &'static str {
        match self {
            Self::Sm2Sm3 => "http://www.chinaport.gov.cn/2022/04/xmldsig#sm3",
            Self::RsaSha1 | Self::Sm2Sm3Legacy => "http://www.w3.org/2000/09/xmldsig#sha1",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a profile.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no signature profile: use rsa-sha1, sm2-sm3 or sm2-sm3-legacy")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL
            .into_iter()
            .find(|p| p.name() == text)
            .ok_or_else(|| UnknownProfile(text.chars().take(40).collect()))
    }
}

/// How an SM2 `SignatureValue` is encoded. The specification does not say; r‖s is what the
/// clearance service's own examples of other devices use, and both are accepted on verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sm2Encoding {
    /// r‖s, 64 octets.
    #[default]
    Raw,
    /// ASN.1 DER (GM/T 0009).
    Der,
}
