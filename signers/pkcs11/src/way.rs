//! How a token is asked for a signature: by which mechanism, with what, and what it answers.

use cryptoki::mechanism::vendor_defined::VendorDefinedMechanism;
use cryptoki::mechanism::{Mechanism, MechanismType};

use tongguan_contracts::{Algorithm, Failure};
use tongguan_crypto::{Certificate, der_to_raw, sm2_digest};
use tongguan_signer_device::{algorithm, sha1_digest_info};

/// A mechanism, and what it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// CKM_SHA1_RSA_PKCS takes the text.
    RsaText,
    /// CKM_RSA_PKCS takes a DigestInfo.
    RsaDigestInfo,
    /// A vendor's own mechanism for SM2 that takes the text: it makes the digest, with Z.
    Sm2Text(MechanismType),
    /// One that takes the digest.
    Sm2Digest(MechanismType),
}

impl Way {
    /// The ways that may work with the certificate's key, the likeliest first. PKCS#11 has no mechanism for SM2: which
    /// one a vendor has, only its documentation tells (`sm2`).
    pub(crate) fn all(
        part: &str,
        certificate: &Certificate,
        sm2: Option<u64>,
        can: impl Fn(MechanismType) -> bool,
    ) -> Result<Vec<Self>, Failure> {
        let refuse = |reason: String, remedy: &str| {
            Err(Failure::misconfigured(part, "use the token", reason).remedy(remedy))
        };
        if algorithm(certificate) == Algorithm::RsaSha1 {
            return if can(MechanismType::SHA1_RSA_PKCS) {
                Ok(vec![Self::RsaText])
            } else if can(MechanismType::RSA_PKCS) {
                Ok(vec![Self::RsaDigestInfo])
            } else {
                refuse(
                    "it has neither CKM_SHA1_RSA_PKCS nor CKM_RSA_PKCS".to_owned(),
                    "a token for rsa-sha1 is needed, or the certificate of its SM2 key",
                )
            };
        }
        let Some(number) = sm2 else {
            return refuse(
                format!(
                    "the key of {} is SM2, for which PKCS#11 has no mechanism",
                    certificate.subject
                ),
                "give the number of the vendor's own, from its header or documentation: \
                 sm2_mechanism = 0x80000000 and more; or sign through its SKF library: kind = \"skf\"",
            );
        };
        let mechanism = u64::try_into(number)
            .ok()
            .and_then(|number| MechanismType::new_vendor_defined(number).ok());
        let Some(mechanism) = mechanism else {
            return refuse(
                format!("sm2_mechanism = {number:#x} is no vendor's number"),
                "it is 0x80000000 or more: CKM_VENDOR_DEFINED and what the vendor adds",
            );
        };
        if !can(mechanism) {
            return refuse(
                format!("it has no mechanism {number:#x}"),
                "see which it has: pkcs11-tool --module FILE -M; then correct sm2_mechanism",
            );
        }
        Ok(vec![Self::Sm2Text(mechanism), Self::Sm2Digest(mechanism)])
    }

    /// The mechanism.
    pub(crate) fn mechanism(self) -> Mechanism<'static> {
        match self {
            Self::RsaText => Mechanism::Sha1RsaPkcs,
            Self::RsaDigestInfo => Mechanism::RsaPkcs,
            Self::Sm2Text(mechanism) | Self::Sm2Digest(mechanism) => {
                Mechanism::VendorDefined(VendorDefinedMechanism::new::<()>(mechanism, None))
            }
        }
    }

    /// What it is given for a text.
    pub(crate) fn given(self, certificate: &Certificate, text: &[u8]) -> Vec<u8> {
        match self {
            Self::RsaText | Self::Sm2Text(_) => text.to_vec(),
            Self::RsaDigestInfo => sha1_digest_info(text),
            // The certificate's key is SM2, or the way were another.
            Self::Sm2Digest(_) => sm2_digest(certificate, text).unwrap_or_default(),
        }
    }

    /// The signature in the contract's form. PKCS#11 has r‖s for curves; some vendors' mechanisms
    /// answer in DER.
    pub(crate) fn value(self, answer: Vec<u8>) -> Vec<u8> {
        match self {
            Self::RsaText | Self::RsaDigestInfo => answer,
            Self::Sm2Text(_) | Self::Sm2Digest(_) if answer.len() == 64 => answer,
            Self::Sm2Text(_) | Self::Sm2Digest(_) => der_to_raw(&answer).unwrap_or(answer),
        }
    }
}
