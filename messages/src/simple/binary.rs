//! Base64.

use super::{Broken, broken};

/// Whether `text` is base64 as libxml2 takes it: what is no letter of its alphabet is passed over.
pub(super) fn base64(text: &str) -> Result<(), Broken> {
    letters(text.as_bytes()).map(drop).map_err(|why| {
        broken(
            "base64",
            format!("is not base64: {why}"),
            "encode the octets as base64 (RFC 4648)",
        )
    })
}

/// Whether octets are base64, with nothing but line feeds between its letters.
pub(super) fn is_plain_base64(octets: &[u8]) -> bool {
    let padding = octets.iter().rev().take(8).filter(|b| **b == b'=').count();
    letters(octets).is_ok_and(|letters| {
        let other = octets.len() - letters - padding;
        other == 0 || other == memchr::memchr_iter(b'\n', octets).count()
    })
}

/// How many letters of base64's alphabet there are, if they are base64.
fn letters(octets: &[u8]) -> Result<usize, &'static str> {
    let body = memchr::memchr(b'=', octets).unwrap_or(octets.len());
    let (body, tail) = octets.split_at(body);
    if tail.iter().any(|b| is_letter(*b)) {
        return Err("padding in the middle");
    }
    let padding = memchr::memchr_iter(b'=', tail).count();
    let letters = count(body);
    let expected = match padding {
        0 => 0,
        1 => 3,
        2 => 2,
        _ => return Err("too much padding"),
    };
    if letters % 4 != expected {
        return Err("the length is wrong");
    }
    // The bits that padding leaves over must be zero (XML Schema 1.0, 3.2.16).
    let last = body.iter().rev().copied().find(|b| is_letter(*b));
    let clean = match (padding, last) {
        (1, Some(last)) => b"AEIMQUYcgkosw048".contains(&last),
        (2, Some(last)) => b"AQgw".contains(&last),
        _ => true,
    };
    if clean {
        Ok(letters)
    } else {
        Err("stray bits before the padding")
    }
}

fn count(octets: &[u8]) -> usize {
    // No early end: so the loops look at many octets at once.
    let strange = octets.iter().fold(false, |some, b| some | !is_letter(*b));
    if !strange {
        return octets.len();
    }
    let letters = |chunk: &[u8]| chunk.iter().map(|b| u8::from(is_letter(*b))).sum::<u8>();
    octets.chunks(128).map(|c| usize::from(letters(c))).sum()
}

#[inline]
fn is_letter(b: u8) -> bool {
    ((b | 0x20).wrapping_sub(b'a') < 26) | (b.wrapping_sub(b'0') < 10) | (b == b'+') | (b == b'/')
}
