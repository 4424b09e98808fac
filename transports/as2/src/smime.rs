//! Signatures and encryption by CMS (RFC 5652), as S/MIME has them (RFC 8551).
//!
//! Certificates are pinned: what counts is that it is the partner's, as the manifest names it; no chain
//! is built, and what a message brings along is not looked at.

use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::symm::Cipher;
use openssl::x509::X509;

use crate::keys::Identity;

/// A detached signature, DER. The digest is OpenSSL's default, SHA-256.
pub(crate) fn sign(identity: &Identity, octets: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let Identity { key, certificate } = identity;
    let flags = CMSOptions::DETACHED | CMSOptions::BINARY;
    let signed = CmsContentInfo::sign(Some(certificate), Some(key), None, Some(octets), flags)?;
    signed.to_der()
}

/// Whether one of the partner's certificates signed the octets.
pub(crate) fn verify(partner: &[X509], octets: &[u8], signature: &[u8]) -> Result<(), ErrorStack> {
    let mut signature = CmsContentInfo::from_der(signature)?;
    let mut known = Stack::new()?;
    for certificate in partner {
        known.push(certificate.clone())?;
    }
    let flags = CMSOptions::BINARY
        | CMSOptions::NOINTERN
        | CMSOptions::NO_SIGNER_CERT_VERIFY
        | CMSOptions::DETACHED;
    signature.verify(Some(&known), None, Some(octets), None, flags)
}

/// The octets for the partner alone, DER.
pub(crate) fn encrypt(
    partner: &X509,
    octets: &[u8],
    cipher: Cipher,
) -> Result<Vec<u8>, ErrorStack> {
    let mut recipients = Stack::new()?;
    recipients.push(partner.clone())?;
    CmsContentInfo::encrypt(&recipients, octets, cipher, CMSOptions::BINARY)?.to_der()
}

/// What was encrypted for us. With the certificate given, a key that does not fit is not told from one
/// that does (RFC 3218).
pub(crate) fn decrypt(identity: &Identity, octets: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let Identity { key, certificate } = identity;
    CmsContentInfo::from_der(octets)?.decrypt(key, certificate)
}

#[cfg(test)]
mod tests {
    use super::{decrypt, encrypt, sign, verify};
    use crate::keys::Identity;
    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::cms::{CMSOptions, CmsContentInfo};
    use openssl::hash::MessageDigest;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Rsa;
    use openssl::symm::Cipher;
    use openssl::x509::{X509Builder, X509NameBuilder};

    fn identity(name: &str) -> Identity {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let mut certificate = X509Builder::new().unwrap();
        certificate.set_pubkey(&key).unwrap();
        let mut subject = X509NameBuilder::new().unwrap();
        subject.append_entry_by_text("CN", name).unwrap();
        certificate.set_issuer_name(&subject.build()).unwrap();
        let serial = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
        certificate.set_serial_number(&serial).unwrap();
        let day = |n| Asn1Time::days_from_now(n).unwrap();
        certificate.set_not_before(&day(0)).unwrap();
        certificate.set_not_after(&day(1)).unwrap();
        certificate.sign(&key, MessageDigest::sha256()).unwrap();
        let certificate = certificate.build();
        Identity { key, certificate }
    }

    #[test]
    fn only_the_partners_signature_counts() {
        let (partner, stranger) = (identity("a"), identity("b"));
        let known = [partner.certificate.clone()];
        let signature = sign(&partner, b"text").unwrap();
        verify(&known, b"text", &signature).unwrap();
        assert!(verify(&known, b"test", &signature).is_err());
        assert!(
            verify(
                std::slice::from_ref(&stranger.certificate),
                b"text",
                &signature
            )
            .is_err()
        );
        assert!(verify(&[], b"text", &signature).is_err());
        // By SHA-256: the OID 2.16.840.1.101.3.4.2.1 is in it, SHA-1's is not.
        let holds = |oid: &[u8]| signature.windows(oid.len()).any(|w| w == oid);
        assert!(holds(&[
            0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01
        ]));
        assert!(!holds(&[0x2b, 0x0e, 0x03, 0x02, 0x1a]));
    }

    /// Signed data that nobody signed, though the partner's certificate is in it.
    #[test]
    fn no_signature_is_none() {
        let partner = identity("a");
        let flags = CMSOptions::PARTIAL | CMSOptions::BINARY | CMSOptions::DETACHED;
        let mut inside = openssl::stack::Stack::new().unwrap();
        inside.push(partner.certificate.clone()).unwrap();
        let none = None::<&openssl::pkey::PKeyRef<Private>>;
        let empty = CmsContentInfo::sign(None, none, Some(&inside), Some(b"text"), flags).unwrap();
        let empty = empty.to_der().unwrap();
        assert!(verify(&[partner.certificate], b"text", &empty).is_err());
    }

    #[test]
    fn only_whom_it_is_for_reads_it() {
        let (ours, other) = (identity("a"), identity("b"));
        let secret = encrypt(&ours.certificate, b"text\nmore", Cipher::aes_256_cbc()).unwrap();
        assert_eq!(decrypt(&ours, &secret).unwrap(), b"text\nmore");
        // Nobody else; and a key under our name is not told from ours, but reads nothing.
        assert!(decrypt(&other, &secret).unwrap_err().errors().is_empty());
        let forged = decrypt(&identity("a"), &secret);
        assert!(forged.map_or_else(|e| !e.errors().is_empty(), |text| text != b"text\nmore"));
        assert!(!secret.windows(4).any(|w| w == b"text"));
    }
}
