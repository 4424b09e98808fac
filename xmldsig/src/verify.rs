//! Verifies signatures that anyone wrote.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};
use tongguan_crypto::{Certificate, CryptoError, Scheme, der_to_raw, provider};

use crate::canonical::{CanonicalError, decode, parse, subset, whole};
use crate::{C14N, DS, ENVELOPED, Profile, known};

/// Whose signatures are taken.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// Any certificate: the answer says that the document is as its signer left it, not who that
    /// is.
    #[default]
    Any,
    /// Only certificates that one of these issued, valid at the policy's time.
    Anchors(Vec<Certificate>),
}

/// What a verification asks for.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Largest document, in octets.
    pub max_octets: usize,
    /// Whose signatures are taken.
    pub trust: Trust,
    /// The time at which the certificate must be valid, Unix seconds; `None` asks for none.
    pub at: Option<i64>,
}

impl Default for Policy {
    /// 64 MiB, any certificate, any time.
    fn default() -> Self {
        Self {
            max_octets: 64 << 20,
            trust: Trust::Any,
            at: None,
        }
    }
}

/// A signature that holds.
#[derive(Debug, Clone)]
pub struct Verified {
    /// By which profile.
    pub profile: Profile,
    /// The signer's certificate.
    pub certificate: Certificate,
    /// What `KeyName` says. No signature covers it: a hint for people, never a proof.
    pub key_name: Option<String>,
}

/// Why a signature does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The document cannot be read.
    #[error(transparent)]
    Document(#[from] CanonicalError),
    /// There is no signature.
    #[error("the document has no ds:Signature")]
    Unsigned,
    /// The signature's form is not the one that the standard knows.
    #[error("the signature's form is refused: {0}")]
    Form(String),
    /// The document was changed after signing.
    #[error("the document is not what was signed: its digest differs from DigestValue")]
    DigestMismatch,
    /// The signature value is wrong.
    #[error("the signature value does not fit SignedInfo and the certificate in KeyInfo")]
    BadSignature,
    /// The certificate cannot be used.
    #[error("the certificate in KeyInfo cannot be used: {0}")]
    Certificate(CryptoError),
    /// Nobody trusted issued the certificate.
    #[error("no trusted authority issued the certificate of {subject}")]
    Untrusted {
        /// Whose certificate.
        subject: String,
    },
    /// Expired, or not valid yet.
    #[error("the certificate of {subject} is not valid at the time asked for")]
    OutsideValidity {
        /// Whose certificate.
        subject: String,
    },
}

fn form<T>(what: impl Into<String>) -> Result<T, VerifyError> {
    Err(VerifyError::Form(what.into()))
}

/// Verifies the one enveloped signature of a document.
///
/// # Errors
/// Anything but exactly one signature, child of the root, over the whole document, in one of the
/// three profiles, by a certificate that the policy takes.
pub fn verify(document: &[u8], policy: &Policy) -> Result<Verified, VerifyError> {
    let text = decode(document, policy.max_octets)?;
    let tree = parse(&text)?;
    let signature = the_signature(&tree)?;
    let parts = Parts::read(signature)?;

    let digest =
        tongguan_crypto::digest(parts.profile.hash(), &[&whole(&tree, Some(signature.id()))]);
    if digest.is_empty() || digest != parts.digest {
        return Err(VerifyError::DigestMismatch);
    }
    let certificate = known::certificate(&parts.certificate).map_err(VerifyError::Certificate)?;
    if certificate.key.scheme() != parts.profile.scheme() {
        return form(format!(
            "SignatureMethod is {}, but the certificate's key is for {}",
            parts.profile,
            certificate.key.scheme()
        ));
    }
    let value = match certificate.key.scheme() {
        Scheme::Sm2Sm3 if parts.value.len() != 64 => {
            der_to_raw(&parts.value).map_err(|_| VerifyError::BadSignature)?
        }
        _ => parts.value,
    };
    certificate
        .key
        .verify(&subset(parts.signed_info), &value)
        .map_err(|_| VerifyError::BadSignature)?;
    if let Some(at) = policy.at
        && (at < certificate.not_before || at > certificate.not_after)
    {
        return Err(VerifyError::OutsideValidity {
            subject: certificate.subject,
        });
    }
    if let Trust::Anchors(anchors) = &policy.trust
        && !anchors
            .iter()
            .any(|anchor| provider().issued(anchor, &certificate))
    {
        return Err(VerifyError::Untrusted {
            subject: certificate.subject,
        });
    }
    Ok(Verified {
        profile: parts.profile,
        certificate,
        key_name: parts.key_name,
    })
}

/// The document's only signature, which must be a child of the root: elsewhere, or beside a
/// second one, it may cover something other than it seems to.
fn the_signature<'a, 'input>(tree: &'a Document<'input>) -> Result<Node<'a, 'input>, VerifyError> {
    let mut all = tree
        .descendants()
        .filter(|n| n.has_tag_name((DS, "Signature")));
    let Some(signature) = all.next() else {
        return Err(VerifyError::Unsigned);
    };
    if all.next().is_some() {
        return form("more than one ds:Signature");
    }
    if signature.parent_element() != Some(tree.root_element()) {
        return form("ds:Signature is not a child of the root element");
    }
    Ok(signature)
}

struct Parts<'a, 'input> {
    profile: Profile,
    signed_info: Node<'a, 'input>,
    digest: Vec<u8>,
    value: Vec<u8>,
    certificate: Vec<u8>,
    key_name: Option<String>,
}

impl<'a, 'input> Parts<'a, 'input> {
    fn read(signature: Node<'a, 'input>) -> Result<Self, VerifyError> {
        let [signed_info, value, key_info] =
            children(signature, ["SignedInfo", "SignatureValue", "KeyInfo"])?;
        let [c14n, method, reference] = children(
            signed_info,
            ["CanonicalizationMethod", "SignatureMethod", "Reference"],
        )?;
        let [transforms, digest_method, digest_value] =
            children(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
        let [transform] = children(transforms, ["Transform"])?;
        expect(c14n, C14N)?;
        expect(transform, ENVELOPED)?;
        match reference.attribute("URI") {
            Some("") => {}
            Some(other) => {
                return form(format!(
                    "Reference URI={:?}: only \"\", the whole document, is taken",
                    short(other)
                ));
            }
            None => return form("Reference has no URI; it must be \"\""),
        }
        let method = algorithm(method)?;
        let digest_method = algorithm(digest_method)?;
        let profile = Profile::ALL
            .into_iter()
            .find(|p| p.signature_method() == method && p.digest_method() == digest_method);
        let Some(profile) = profile else {
            return form(format!(
                "SignatureMethod {:?} with DigestMethod {:?} is none of the profiles rsa-sha1, \
                 sm2-sm3, sm2-sm3-legacy",
                short(method),
                short(digest_method)
            ));
        };
        let mut certificates = key_info
            .descendants()
            .filter(|n| n.has_tag_name((DS, "X509Certificate")));
        let Some(certificate) = certificates.next() else {
            return form("KeyInfo has no X509Certificate");
        };
        if certificates.next().is_some() {
            return form("KeyInfo has more than one X509Certificate");
        }
        let key_name = key_info
            .descendants()
            .find(|n| n.has_tag_name((DS, "KeyName")))
            .map(|n| short(n.text().unwrap_or_default()));
        Ok(Self {
            profile,
            signed_info,
            digest: octets(digest_value)?,
            value: octets(value)?,
            certificate: octets(certificate)?,
            key_name,
        })
    }
}

/// The element's children: exactly these, in this order.
fn children<'a, 'input, const N: usize>(
    parent: Node<'a, 'input>,
    names: [&str; N],
) -> Result<[Node<'a, 'input>; N], VerifyError> {
    let found: Vec<Node<'a, 'input>> = parent.children().filter(Node::is_element).collect();
    let fits = found.len() == N
        && found
            .iter()
            .zip(names)
            .all(|(node, name)| node.has_tag_name((DS, name)));
    match <[Node<'a, 'input>; N]>::try_from(found) {
        Ok(nodes) if fits => Ok(nodes),
        _ => form(format!(
            "{} must hold {} and nothing else",
            parent.tag_name().name(),
            names.join(", ")
        )),
    }
}

fn algorithm<'a>(node: Node<'a, '_>) -> Result<&'a str, VerifyError> {
    if node.children().any(|c| c.is_element()) {
        return form(format!("{} must be empty", node.tag_name().name()));
    }
    match node.attribute("Algorithm") {
        Some(algorithm) => Ok(algorithm),
        None => form(format!("{} has no Algorithm", node.tag_name().name())),
    }
}

fn expect(node: Node<'_, '_>, wanted: &str) -> Result<(), VerifyError> {
    let found = algorithm(node)?;
    if found == wanted {
        Ok(())
    } else {
        let name = node.tag_name().name();
        form(format!(
            "{name} is {:?}; only {wanted:?} is taken",
            short(found)
        ))
    }
}

fn octets(node: Node<'_, '_>) -> Result<Vec<u8>, VerifyError> {
    /// Larger than any certificate in use.
    const MOST: usize = 64 << 10;
    let name = node.tag_name().name();
    let mut text = Vec::new();
    for child in node.children() {
        if child.is_element() {
            return form(format!("{name} must hold only text"));
        }
        if child.is_text() {
            text.extend(
                child
                    .text()
                    .unwrap_or_default()
                    .bytes()
                    .filter(|b| !b.is_ascii_whitespace()),
            );
        }
        if text.len() > MOST {
            return form(format!("{name} is too long"));
        }
    }
    match STANDARD.decode(&text) {
        Ok(octets) if !octets.is_empty() => Ok(octets),
        _ => form(format!("{name} is not base64")),
    }
}

/// What a hostile input makes too long to show is cut.
fn short(text: &str) -> String {
    text.chars().take(100).collect()
}
