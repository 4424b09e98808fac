use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tongguan_crypto::{CryptoError, Digest, Scheme, provider, raw_to_der};

use crate::{C14N, DS, ENVELOPED, Profile, Sm2Encoding};

/// What goes into `KeyInfo` (spec 6.2.3).
#[derive(Debug, Clone, Copy)]
pub struct KeyInfo<'a> {
    /// `KeyName`: the number of the card or certificate.
    pub key_name: &'a str,
    /// The signing certificate, DER.
    pub certificate: &'a [u8],
}

/// A document that is signed while it is written.
///
/// The caller pushes octets that are canonical already (the writers of `tongguan-messages` give
/// no others); the digest runs along.
pub struct Enveloping {
    profile: Profile,
    namespaces: String,
    digest: Box<dyn Digest>,
    document: Vec<u8>,
}

impl Enveloping {
    /// Starts a document whose root declares the namespaces `in_scope` (prefix, URI): inclusive
    /// canonicalisation repeats them in `SignedInfo`.
    pub fn new(profile: Profile, in_scope: &[(&str, &str)]) -> Self {
        let mut all: Vec<(&str, &str)> = in_scope.to_vec();
        all.push(("ds", DS));
        all.sort_unstable();
        all.dedup();
        let namespaces = all
            .iter()
            .map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\""))
            .collect();
        Self {
            profile,
            namespaces,
            digest: provider().digest(profile.hash()),
            document: Vec::new(),
        }
    }

    /// Makes room for a document of about so many octets.
    pub fn reserve(&mut self, octets: usize) {
        // The signature's own size besides, so that completing it copies nothing.
        self.document.reserve(octets + 8192);
    }

    /// Appends octets that canonicalisation drops: the XML declaration.
    pub fn uncovered(&mut self, octets: &[u8]) {
        self.document.extend_from_slice(octets);
    }

    /// Appends canonical octets.
    pub fn push(&mut self, canonical: &[u8]) {
        self.digest.update(canonical);
        self.document.extend_from_slice(canonical);
    }

    /// Appends what `write` appends, canonical octets; nothing, where it fails.
    ///
    /// # Errors
    /// What `write` says.
    pub fn push_with<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.document.len();
        match write(&mut self.document) {
            Ok(()) => {
                self.digest.update(&self.document[start..]);
                Ok(())
            }
            Err(error) => {
                self.document.truncate(start);
                Err(error)
            }
        }
    }

    /// Everything before the signature is there; `tail` comes after it.
    pub fn prepare(mut self, tail: &[u8]) -> Pending {
        self.digest.update(tail);
        let digest = STANDARD.encode(self.digest.finish());
        // Both forms of the same element: with the namespaces in scope as canonicalisation
        // renders it for signing, and as it stands in the document, where its parents declare
        // them.
        let body = format!(
            "><ds:CanonicalizationMethod Algorithm=\"{C14N}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod>\
             <ds:Reference URI=\"\"><ds:Transforms><ds:Transform Algorithm=\"{ENVELOPED}\">\
             </ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"{}\"></ds:DigestMethod>\
             <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
            self.profile.signature_method(),
            self.profile.digest_method(),
        );
        let signed_info = format!("<ds:SignedInfo{}{body}", self.namespaces).into_bytes();
        Pending {
            profile: self.profile,
            document: self.document,
            body,
            signed_info,
            tail: tail.to_vec(),
        }
    }
}

/// A document that waits for its signature value: a device may take its time.
#[derive(Debug, Clone)]
pub struct Pending {
    profile: Profile,
    document: Vec<u8>,
    body: String,
    signed_info: Vec<u8>,
    tail: Vec<u8>,
}

impl Pending {
    /// The text to sign: canonical `SignedInfo`.
    pub fn signed_info(&self) -> &[u8] {
        &self.signed_info
    }

    /// Puts in the signature; gives the whole document. `value` is as the scheme gives it (SM2:
    /// r‖s). Base64 stands on one line: nothing breaks when a line is folded on the way.
    ///
    /// # Errors
    /// The value has the wrong length for SM2.
    pub fn complete(
        self,
        value: &[u8],
        key: &KeyInfo<'_>,
        encoding: Sm2Encoding,
    ) -> Result<Vec<u8>, CryptoError> {
        let value = match (self.profile.scheme(), encoding) {
            (Scheme::Sm2Sm3, encoding) => {
                let der = raw_to_der(value)?;
                STANDARD.encode(if encoding == Sm2Encoding::Der {
                    der
                } else {
                    value.to_vec()
                })
            }
            (Scheme::RsaSha1, _) => STANDARD.encode(value),
        };
        let mut name = Vec::new();
        crate::canonical::escape(&mut name, key.key_name);
        let certificate = STANDARD.encode(key.certificate);
        let mut out = self.document;
        out.reserve(self.body.len() + value.len() + certificate.len() + self.tail.len() + 400);
        for part in [
            b"<ds:Signature xmlns:ds=\"" as &[u8],
            DS.as_bytes(),
            b"\"><ds:SignedInfo",
            self.body.as_bytes(),
            b"<ds:SignatureValue>",
            value.as_bytes(),
            b"</ds:SignatureValue><ds:KeyInfo><ds:KeyName>",
            &name,
            b"</ds:KeyName><ds:X509Data><ds:X509Certificate>",
            certificate.as_bytes(),
            b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
            &self.tail,
        ] {
            out.extend_from_slice(part);
        }
        Ok(out)
    }
}
