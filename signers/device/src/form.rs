use tongguan_crypto::{Hash, digest};

/// What stands before a SHA-1 digest in an RSASSA-PKCS1-v1_5 signature (RFC 8017, 9.2, note 1).
const SHA1_PREFIX: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];

/// The DigestInfo of a text's SHA-1: for devices that pad, and do not hash.
pub fn sha1_digest_info(text: &[u8]) -> Vec<u8> {
    let mut info = SHA1_PREFIX.to_vec();
    info.extend_from_slice(&digest(Hash::Sha1, &[text]));
    info
}

/// The same, padded to the length of the modulus (RFC 8017, 9.2): for devices that do nothing but
/// the private key's operation. `None` where the modulus is too short.
pub fn rsa_sha1_padded(text: &[u8], modulus: usize) -> Option<Vec<u8>> {
    let info = sha1_digest_info(text);
    let fill = modulus.checked_sub(info.len() + 3).filter(|n| *n >= 8)?;
    let mut padded = vec![0x00, 0x01];
    padded.extend(std::iter::repeat_n(0xff, fill));
    padded.push(0x00);
    padded.extend_from_slice(&info);
    Some(padded)
}

/// r‖s of a device's SM2 signature. GM/T 0016 and 0018 give each number 64 octets (512 bits), of
/// which SM2 fills the last 32; older vendors' headers have fields of 32. A number of SM2's is
/// never 0, so what was written tells which it is.
pub fn sm2_value(written: &[u8; 128]) -> Vec<u8> {
    let (first, rest) = written.split_at(64);
    if rest.iter().all(|octet| *octet == 0) {
        return first.to_vec();
    }
    [&first[32..], &rest[32..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_of_a_signatures_numbers_are_read() {
        let (r, s) = ([0xa1; 32], [0xb2; 32]);
        let mut wide = [0; 128];
        wide[32..64].copy_from_slice(&r);
        wide[96..].copy_from_slice(&s);
        let mut narrow = [0; 128];
        narrow[..32].copy_from_slice(&r);
        narrow[32..64].copy_from_slice(&s);
        assert_eq!(sm2_value(&wide), [r, s].concat());
        assert_eq!(sm2_value(&narrow), [r, s].concat());
    }

    #[test]
    fn padding_fills_the_modulus() {
        let padded = rsa_sha1_padded(b"abc", 256).unwrap();
        assert_eq!(padded.len(), 256);
        assert!(padded.ends_with(&sha1_digest_info(b"abc")));
        assert_eq!((padded[1], padded[256 - 36]), (1, 0));
        assert!(rsa_sha1_padded(b"abc", 45).is_none());
    }
}
