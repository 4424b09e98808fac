//! The two forms of an SM2 signature value: r‖s (64 octets) and ASN.1 DER (GM/T 0009, 7.3).

use crate::CryptoError;

/// r‖s as a DER SEQUENCE of two INTEGERs.
///
/// # Errors
/// [`CryptoError::Malformed`] when it is not 64 octets long.
pub fn raw_to_der(raw: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if raw.len() != 64 {
        return Err(CryptoError::Malformed("r‖s is 64 octets long"));
    }
    let mut body = Vec::with_capacity(72);
    for half in raw.chunks(32) {
        let start = half.iter().position(|b| *b != 0).unwrap_or(31);
        let number = &half[start..];
        let sign = usize::from(number[0] & 0x80 != 0);
        body.extend_from_slice(&[0x02, (number.len() + sign) as u8]);
        body.extend(std::iter::repeat_n(0, sign));
        body.extend_from_slice(number);
    }
    let mut der = vec![0x30, body.len() as u8];
    der.append(&mut body);
    Ok(der)
}

/// A DER SEQUENCE of two INTEGERs as r‖s. Strict: one encoding for each value.
///
/// # Errors
/// [`CryptoError::Malformed`].
pub fn der_to_raw(der: &[u8]) -> Result<Vec<u8>, CryptoError> {
    const BAD: CryptoError = CryptoError::Malformed("not the DER form of r and s");
    let [0x30, len, rest @ ..] = der else {
        return Err(BAD);
    };
    if usize::from(*len) != rest.len() || *len >= 0x80 {
        return Err(BAD);
    }
    let mut raw = Vec::with_capacity(64);
    let mut rest = rest;
    for _ in 0..2 {
        let [0x02, len, more @ ..] = rest else {
            return Err(BAD);
        };
        let len = usize::from(*len);
        if len == 0 || len > 33 || len > more.len() {
            return Err(BAD);
        }
        let (number, after) = more.split_at(len);
        rest = after;
        let number = match number {
            [0, high, ..] if *high & 0x80 != 0 => &number[1..],
            [0] => number,
            [0, ..] => return Err(BAD),
            [high, ..] if *high & 0x80 != 0 => return Err(BAD),
            _ => number,
        };
        if number.len() > 32 {
            return Err(BAD);
        }
        raw.extend(std::iter::repeat_n(0, 32 - number.len()));
        raw.extend_from_slice(number);
    }
    if rest.is_empty() { Ok(raw) } else { Err(BAD) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        for (first, second) in [(0x00_u8, 0x01_u8), (0x80, 0x7f), (0xff, 0x00)] {
            let mut raw = vec![first; 32];
            raw.extend(vec![second; 32]);
            raw[63] = 9;
            assert_eq!(der_to_raw(&raw_to_der(&raw).unwrap()).unwrap(), raw);
        }
        assert!(raw_to_der(&[1; 63]).is_err());
        for bad in [
            &[][..],
            &[0x30, 0],
            &[0x30, 6, 2, 1, 0x80, 2, 1, 1],
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 1],
            &[0x30, 6, 2, 1, 1, 2, 1, 1, 0],
        ] {
            assert!(der_to_raw(bad).is_err(), "{bad:?}");
        }
    }
}
