//! A request's signature by a secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde::Deserialize;

use crate::template::Template;

/// How a request is signed: `{sign}` in its templates.
#[derive(Debug, Clone)]
pub(crate) struct Sign {
    pub algorithm: Algorithm,
    /// What is signed.
    pub over: Template,
    /// The secret's name, for an algorithm that has a key.
    pub key: Option<String>,
    pub encoding: Encoding,
}

/// A digest over what includes the secret, or one with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sm3,
    HmacMd5,
    HmacSha1,
    HmacSha256,
    HmacSm3,
}

/// How its value is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Encoding {
    #[default]
    #[serde(rename = "hex")]
    Hex,
    #[serde(rename = "HEX")]
    UpperHex,
    #[serde(rename = "base64")]
    Base64,
}

impl Algorithm {
    pub(crate) fn has_key(self) -> bool {
        matches!(
            self,
            Self::HmacMd5 | Self::HmacSha1 | Self::HmacSha256 | Self::HmacSm3
        )
    }

    fn digest(self) -> MessageDigest {
        match self {
            Self::Md5 | Self::HmacMd5 => MessageDigest::md5(),
            Self::Sha1 | Self::HmacSha1 => MessageDigest::sha1(),
            Self::Sha256 | Self::HmacSha256 => MessageDigest::sha256(),
            Self::Sm3 | Self::HmacSm3 => MessageDigest::sm3(),
        }
    }

    /// The value over octets.
    ///
    /// # Errors
    /// The library's.
    pub(crate) fn value(
        self,
        key: Option<&[u8]>,
        octets: &[u8],
        encoding: Encoding,
    ) -> Result<String, openssl::error::ErrorStack> {
        let value = match key {
            Some(key) => {
                let key = PKey::hmac(key)?;
                Signer::new(self.digest(), &key)?.sign_oneshot_to_vec(octets)?
            }
            None => hash(self.digest(), octets)?.to_vec(),
        };
        Ok(match encoding {
            Encoding::Hex => hex::encode(value),
            Encoding::UpperHex => hex::encode_upper(value),
            Encoding::Base64 => STANDARD.encode(value),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// RFC 4231's second case, RFC 1321's suite, GB/T 32905's first example.
    #[test]
    fn values_are_those_of_the_standards() {
        let hmac = Algorithm::HmacSha256.value(
            Some(b"Jefe"),
            b"what do ya want for nothing?",
            Encoding::Hex,
        );
        assert_eq!(
            hmac.unwrap(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let md5 = Algorithm::Md5.value(None, b"abc", Encoding::UpperHex);
        assert_eq!(md5.unwrap(), "900150983CD24FB0D6963F7D28E17F72");
        let sm3 = Algorithm::Sm3.value(None, b"abc", Encoding::Hex);
        assert_eq!(
            sm3.unwrap(),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
    }
}
