//! A message on its way: compressed, signed, encrypted; and back.

use bytes::Bytes;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::compressed;
use crate::mime::{Entity, base64_lines, fields, multipart};
use crate::options::Options;
use crate::smime;

/// The digest of what was signed: the message integrity check (RFC 4130, 7.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mic {
    /// Base64.
    pub value: String,
    /// As the sender spells it: `sha-256`, `SHA256`.
    pub algorithm: String,
}

impl Mic {
    /// Takes the digest of that name; none where the name is not known, or the digest too weak.
    pub(crate) fn of(octets: &[u8], algorithm: &str) -> Option<Self> {
        let plain = algorithm.to_ascii_lowercase().replace('-', "");
        let digest = match plain.as_str() {
            "sha1" => MessageDigest::sha1(),
            "sha256" => MessageDigest::sha256(),
            "sha384" => MessageDigest::sha384(),
            "sha512" => MessageDigest::sha512(),
            _ => return None,
        };
        let value = STANDARD.encode(hash(digest, octets).ok()?);
        Some(Self {
            value,
            algorithm: algorithm.to_owned(),
        })
    }
}

/// How we sign.
pub(crate) const MICALG: &str = "sha-256";

/// A message as it goes out.
pub(crate) struct Wrapped {
    /// With `Content-Type` and what else belongs to the body.
    pub entity: Entity,
    /// What was signed: the MIC is taken of it.
    pub signed: Bytes,
}

/// Wraps an envelope: compressed, then signed, then encrypted (RFC 5402, 4).
pub(crate) fn wrap(
    options: &Options,
    envelope: &[u8],
    file_name: &str,
) -> Result<Wrapped, ErrorStack> {
    let named = |kind: &str| format!("attachment; filename=\"{kind}\"");
    let plain = Entity::new(
        fields(&[
            ("Content-Type", "application/xml"),
            ("Content-Transfer-Encoding", "binary"),
            ("Content-Disposition", &named(file_name)),
        ]),
        envelope.to_vec(),
    );
    let plain = match options.compress {
        false => plain.octets(),
        true => pkcs7(
            "compressed-data",
            "smime.p7z",
            compressed::compress(&plain.octets()),
        )
        .octets(),
    };
    let mut entity = signed(options, &plain)?;
    if let (Some(cipher), Some(partner)) = (options.encrypt.cipher(), options.partner.first()) {
        let encrypted = smime::encrypt(partner, &entity.octets(), cipher)?;
        entity = pkcs7("enveloped-data", "smime.p7m", encrypted);
    }
    Ok(Wrapped {
        entity,
        signed: plain.into(),
    })
}

fn pkcs7(kind: &str, file_name: &str, octets: Vec<u8>) -> Entity {
    let kind = format!("application/pkcs7-mime; smime-type={kind}; name=\"{file_name}\"");
    let disposition = format!("attachment; filename=\"{file_name}\"");
    let fields = fields(&[
        ("Content-Type", &kind),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-Disposition", &disposition),
    ]);
    Entity::new(fields, octets)
}

/// An entity with our signature (RFC 1847).
pub(crate) fn signed(options: &Options, plain: &[u8]) -> Result<Entity, ErrorStack> {
    let signature = base64_lines(&smime::sign(&options.identity, plain)?);
    let signature = Entity::new(
        fields(&[
            (
                "Content-Type",
                "application/pkcs7-signature; name=\"smime.p7s\"",
            ),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Disposition", "attachment; filename=\"smime.p7s\""),
        ]),
        signature,
    );
    let kind =
        format!("multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={MICALG}");
    let (kind, body) = multipart(&kind, &[plain, &signature.octets()]);
    Ok(Entity::new(fields(&[("Content-Type", &kind)]), body))
}

/// Why a message is not taken, as an MDN tells it (RFC 4130, 7.5.3 and 7.5.4).
#[derive(Debug, thiserror::Error)]
#[error("{modifier}: {why}")]
pub struct Refusal {
    /// What the sender is told: `authentication-failed`.
    pub modifier: &'static str,
    /// For our own log.
    pub why: String,
}

pub(crate) const AUTHENTICATION: &str = "authentication-failed";
pub(crate) const DECRYPTION: &str = "decryption-failed";
pub(crate) const DECOMPRESSION: &str = "decompression-failed";
pub(crate) const INSECURE: &str = "insufficient-message-security";
pub(crate) const MIC_ALGORITHM: &str = "unsupported MIC-algorithms";
pub(crate) const UNEXPECTED: &str = "unexpected-processing-error";

fn refuse(modifier: &'static str) -> impl Fn(String) -> Refusal {
    move |why| Refusal { modifier, why }
}

/// A message that is the partner's.
#[derive(Debug)]
pub(crate) struct Opened {
    pub payload: Vec<u8>,
    pub mic: Mic,
}

/// Opens a message. What a caller learns before it has shown the partner's signature is the same
/// whether the padding, the text or the signature was wrong: it is no oracle for what was
/// encrypted to us.
pub(crate) fn open(options: &Options, message: Entity) -> Result<Opened, Refusal> {
    let Some(inside) = encrypted(&message) else {
        if options.encrypt.cipher().is_some() {
            return Err(refuse(INSECURE)("it is not encrypted".to_owned()));
        }
        return signed_inside(options, message);
    };
    let inside = inside.map_err(refuse(DECRYPTION))?;
    // Whom it is encrypted for stands in clear: that it is another tells nothing.
    let octets = smime::decrypt(&options.identity, &inside).map_err(|error| {
        let modifier = if other_recipient(&error) {
            DECRYPTION
        } else {
            AUTHENTICATION
        };
        let told = match modifier {
            DECRYPTION => "it is encrypted for another certificate than ours".to_owned(),
            _ => format!("it cannot be decrypted: {error}"),
        };
        refuse(modifier)(told)
    })?;
    let inside = Entity::parse(&Bytes::from(octets)).map_err(refuse(AUTHENTICATION))?;
    signed_inside(options, inside).map_err(|refusal| Refusal {
        modifier: match refusal.modifier {
            INSECURE | DECRYPTION => AUTHENTICATION,
            // Or the signature was good: what is within may be told of.
            other => other,
        },
        why: refusal.why,
    })
}

/// Whether the CMS names other recipients than us. OpenSSL 3.0 says nothing more of that; a key or
/// padding that is wrong has a reason.
fn other_recipient(error: &ErrorStack) -> bool {
    let told = |e: &openssl::error::Error| e.reason().is_some_and(|r| r.contains("recipient"));
    error.errors().is_empty() || error.errors().iter().any(told)
}

fn smime_type(entity: &Entity) -> Option<String> {
    let kind = entity.kind();
    let pkcs7 = matches!(
        kind.name.as_str(),
        "application/pkcs7-mime" | "application/x-pkcs7-mime"
    );
    let given = kind.parameter("smime-type").unwrap_or("enveloped-data");
    pkcs7.then(|| given.to_ascii_lowercase())
}

/// The CMS of an encrypted message.
fn encrypted(entity: &Entity) -> Option<Result<Bytes, String>> {
    let kind = smime_type(entity)?;
    matches!(kind.as_str(), "enveloped-data" | "authenveloped-data").then(|| entity.content())
}

/// What a compressed entity holds, or the entity itself.
fn decompressed(
    options: &Options,
    entity: Entity,
    modifier: &'static str,
) -> Result<(Entity, bool), Refusal> {
    if smime_type(&entity).as_deref() != Some("compressed-data") {
        return Ok((entity, false));
    }
    let content = entity.content().map_err(refuse(modifier))?;
    let octets = compressed::decompress(&content, options.max_octets).map_err(refuse(modifier))?;
    let inside = Entity::parse(&Bytes::from(octets)).map_err(refuse(modifier))?;
    Ok((inside, true))
}

/// Compressed before or after it was signed (RFC 5402, 4): once.
fn signed_inside(options: &Options, entity: Entity) -> Result<Opened, Refusal> {
    let (entity, before) = decompressed(options, entity, AUTHENTICATION)?;
    let (first, mic) = verified(options, &entity)?;
    let inside = Entity::parse(&first).map_err(refuse(UNEXPECTED))?;
    let inside = match before {
        true => inside,
        false => decompressed(options, inside, DECOMPRESSION)?.0,
    };
    let payload = inside.content().map_err(refuse(UNEXPECTED))?;
    Ok(Opened {
        payload: payload.to_vec(),
        mic,
    })
}

/// What the partner signed, and its MIC.
pub(crate) fn verified(options: &Options, entity: &Entity) -> Result<(Bytes, Mic), Refusal> {
    let kind = entity.kind();
    if kind.name != "multipart/signed" {
        let why = format!("it is not signed, but {:?}", kind.name);
        return Err(refuse(INSECURE)(why));
    }
    let parts = entity.parts().map_err(refuse(AUTHENTICATION))?;
    let [first, signature] = parts.as_slice() else {
        let why = format!("a signed message has two parts, not {}", parts.len());
        return Err(refuse(AUTHENTICATION)(why));
    };
    let signature = Entity::parse(signature).and_then(|s| s.content());
    let signature = signature.map_err(refuse(AUTHENTICATION))?;
    smime::verify(&options.partner, first, &signature).map_err(|error| {
        let why = format!("it is not signed by partner_certificate, or was changed: {error}");
        refuse(AUTHENTICATION)(why)
    })?;
    // RFC 4130, 7.3.1: the MIC's digest is the signature's.
    let algorithm = kind.parameter("micalg").unwrap_or("sha-1");
    let mic = Mic::of(first, algorithm).ok_or_else(|| {
        let why = format!("its micalg {algorithm:?} is not known");
        refuse(MIC_ALGORITHM)(why)
    })?;
    Ok((first.clone(), mic))
}
