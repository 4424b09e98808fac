//! Enveloped XML signatures in the customs profiles (specification, chapter 6).
//!
//! [`Enveloping`] signs while a message is written: no tree, no second parse. [`verify`] takes
//! what anyone wrote, canonicalises it (canonical XML 1.0, inclusive, without comments) and
//! accepts exactly one form: one signature, child of the root, over the whole document.
//!
//! ```
//! use tongguan_crypto::{Scheme, TestSubject, provider};
//! use tongguan_xmldsig::{Enveloping, KeyInfo, Policy, Profile, Sm2Encoding, verify};
//!
//! let subject = TestSubject { common_name: "Example".into(), days: 1, from_days: 0 };
//! let issued = provider().issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)?;
//! let key = provider().key_file(&issued.key_pem, None)?.key;
//! let certificate = provider().certificate(&issued.certificate_pem)?;
//!
//! let mut message = Enveloping::new(Profile::Sm2Sm3, &[("m", "urn:example")]);
//! message.push(b"<m:Order xmlns:m=\"urn:example\"><m:no>1</m:no>");
//! let pending = message.prepare(b"</m:Order>");
//! let value = key.sign(pending.signed_info())?;
//! let info = KeyInfo { key_name: &certificate.serial, certificate: &certificate.der };
//! let document = pending.complete(&value, &info, Sm2Encoding::Raw)?;
//!
//! let verified = verify(&document, &Policy::default())?;
//! assert_eq!(verified.profile, Profile::Sm2Sm3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod bounds;
mod canonical;
mod envelope;
mod known;
mod profile;
mod verify;

pub use canonical::{CanonicalError, canonicalize};
pub use envelope::{Enveloping, KeyInfo, Pending};
pub use profile::{Profile, Sm2Encoding, UnknownProfile};
pub use verify::{Policy, Trust, Verified, VerifyError, verify};

/// The namespace of XML signatures.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Canonical XML 1.0, inclusive, without comments (spec 6.2.1.1).
pub const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// The only transform (spec 6.2.1.3.1).
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
