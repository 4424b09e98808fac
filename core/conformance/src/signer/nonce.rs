//! Whether two SM2 signatures were made with the same random number: whoever sees two such has the key.

use tongguan_crypto::{Certificate, sm2_digest};

/// The curve's order (GM/T 0003.5).
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0x72, 0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23,
];

/// Of two texts and their values. r = e + x mod n, where e is the digest and x is of the random
/// number's point (GB/T 32918.2, 6.1): so r₁ + e₂ and r₂ + e₁ are the same mod n if x is.
pub(super) fn same(certificate: &Certificate, one: (&[u8], &[u8]), other: (&[u8], &[u8])) -> bool {
    let (Some(first), Some(second)) = (
        sm2_digest(certificate, one.0),
        sm2_digest(certificate, other.0),
    ) else {
        return false;
    };
    let (Some(r), Some(s)) = (one.1.get(..32), other.1.get(..32)) else {
        return false;
    };
    let (mut left, mut right) = (sum(r, &second), sum(s, &first));
    if left < right {
        std::mem::swap(&mut left, &mut right);
    }
    // They differ by less than 3n.
    let apart = difference(left, right);
    let twice = sum(&ORDER, &ORDER);
    [sum(&[0; 32], &[0; 32]), sum(&ORDER, &[0; 32]), twice].contains(&apart)
}

/// The sum of two numbers of 32 octets, in 33.
fn sum(one: &[u8], other: &[u8]) -> [u8; 33] {
    let mut all = [0; 33];
    let mut carry = 0u16;
    for at in (0..32).rev() {
        let digit = u16::from(one[at]) + u16::from(other[at]) + carry;
        all[at + 1] = digit.to_le_bytes()[0];
        carry = digit >> 8;
    }
    all[0] = carry.to_le_bytes()[0];
    all
}

/// The greater less the smaller.
fn difference(greater: [u8; 33], smaller: [u8; 33]) -> [u8; 33] {
    let mut all = greater;
    let mut borrow = 0u16;
    for at in (0..33).rev() {
        let digit = 0x100 + u16::from(greater[at]) - u16::from(smaller[at]) - borrow;
        all[at] = digit.to_le_bytes()[0];
        borrow = 1 - (digit >> 8);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{ORDER, difference, same, sum};
    use tongguan_crypto::{Scheme, TestSubject, provider, sm2_digest};

    #[test]
    fn numbers_are_added_and_taken_away() {
        let one = sum(&ORDER, &ORDER);
        assert_eq!((one[0], one[32]), (1, 0x46));
        assert_eq!(
            difference(one, sum(&ORDER, &[0; 32])),
            sum(&ORDER, &[0; 32])
        );
        assert_eq!(difference(one, one), [0; 33]);
    }

    #[test]
    fn a_random_number_that_is_used_twice_shows() {
        let subject = TestSubject {
            common_name: "nonce".into(),
            days: 1,
            from_days: 0,
        };
        let issued = provider()
            .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
            .unwrap();
        let certificate = provider().certificate(&issued.certificate_pem).unwrap();
        let key = provider().key_file(&issued.key_pem, None).unwrap().key;
        let value = key.sign(b"one").unwrap();
        let next = key.sign(b"other").unwrap();
        assert!(!same(&certificate, (b"one", &value), (b"other", &next)));
        // What r would be for the other text by the same random number: r - e + e' mod n.
        let of = |text: &[u8]| sm2_digest(&certificate, text).unwrap();
        let mut r = sum(&value[..32], &of(b"other"));
        let mut taken = sum(&of(b"one"), &[0; 32]);
        while r < taken {
            r = add(r, ORDER);
        }
        r = difference(r, taken);
        taken = sum(&ORDER, &[0; 32]);
        while r >= taken {
            r = difference(r, taken);
        }
        assert!(same(&certificate, (b"one", &value), (b"other", &r[1..])));
    }

    fn add(number: [u8; 33], more: [u8; 32]) -> [u8; 33] {
        let mut all = sum(&number[1..], &more);
        all[0] += number[0];
        all
    }
}
