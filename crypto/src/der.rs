//! What both libraries leave to us of DER and PEM.

use crate::CryptoError;

/// Whether the octets are PEM.
pub(crate) fn is_pem(octets: &[u8]) -> bool {
    holds(octets, b"-----BEGIN ")
}

/// Whether the octets hold a label.
pub(crate) fn holds(octets: &[u8], label: &[u8]) -> bool {
    octets.windows(label.len()).any(|w| w == label)
}

/// Tells what a PEM file is that holds no private key.
pub(crate) fn want_private_key(octets: &[u8]) -> Result<(), CryptoError> {
    if holds(octets, b"PRIVATE KEY-----") {
        return Ok(());
    }
    let what = if holds(octets, b"PUBLIC KEY-----") {
        "it holds a public key"
    } else if holds(octets, b"CERTIFICATE-----") {
        "it holds a certificate"
    } else {
        "it is PEM of another kind"
    };
    Err(CryptoError::NotAKey(what.to_owned()))
}

/// The part of a DER certificate that is signed: the first element of the outer SEQUENCE.
pub(crate) fn signed_part(der: &[u8]) -> Option<&[u8]> {
    let (outer, _) = header(der)?;
    let inner = der.get(outer..)?;
    let (head, length) = header(inner)?;
    inner.get(..head.checked_add(length)?)
}

/// Length of a SEQUENCE's header, and of its content.
fn header(der: &[u8]) -> Option<(usize, usize)> {
    match der {
        [0x30, short, ..] if *short < 0x80 => Some((2, usize::from(*short))),
        [0x30, 0x81, a, ..] => Some((3, usize::from(*a))),
        [0x30, 0x82, a, b, ..] => Some((4, usize::from(u16::from_be_bytes([*a, *b])))),
        _ => None,
    }
}

/// AlgorithmIdentifier of SM2 with SM3, 1.2.156.10197.1.501, without parameters.
pub(crate) const SM2_WITH_SM3: &[u8] = b"\x30\x0A\x06\x08\x2A\x81\x1C\xCF\x55\x01\x83\x75";

/// The same with NULL for parameters, as some authorities write it.
const SM2_WITH_SM3_NULL: &[u8] = b"\x30\x0C\x06\x08\x2A\x81\x1C\xCF\x55\x01\x83\x75\x05\x00";

/// The signed part of a certificate that is signed by SM2, and the signature value (DER of r and
/// s). Nothing else may stand in it: what the signature does not cover has one form only.
pub(crate) fn sm2_signed(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (outer, length) = header(der)?;
    let signed = signed_part(der)?;
    let rest = der.get(outer + signed.len()..)?;
    let rest = rest
        .strip_prefix(SM2_WITH_SM3)
        .or_else(|| rest.strip_prefix(SM2_WITH_SM3_NULL))?;
    match rest {
        [0x03, bits, 0x00, value @ ..]
            if usize::from(*bits) == value.len() + 1 && der.len() == outer + length =>
        {
            Some((signed, value))
        }
        _ => None,
    }
}
