//! Compressed data (RFC 3274), in DER of our own: what OpenSSL has of it comes only with zlib.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};
use openssl::cms::CmsContentInfo;

/// How hard zlib tries: its own default.
const LEVEL: u8 = 6;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
/// `[0] EXPLICIT`
const INSIDE: u8 = 0xa0;

/// id-ct-compressedData, 1.2.840.113549.1.9.16.1.9
const COMPRESSED_DATA: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x09,
];
/// id-alg-zlibCompress, 1.2.840.113549.1.9.16.3.8
const ZLIB: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x03, 0x08,
];
/// id-data, 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

/// A ContentInfo with the octets compressed.
pub(crate) fn compress(octets: &[u8]) -> Vec<u8> {
    let content = value(
        INSIDE,
        &[&value(OCTETS, &[&compress_to_vec_zlib(octets, LEVEL)])],
    );
    let info = value(SEQUENCE, &[&value(OID, &[DATA]), &content]);
    let algorithm = value(SEQUENCE, &[&value(OID, &[ZLIB])]);
    let version = value(INTEGER, &[&[0]]);
    let compressed = value(SEQUENCE, &[&version, &algorithm, &info]);
    let content = value(INSIDE, &[&compressed]);
    value(SEQUENCE, &[&value(OID, &[COMPRESSED_DATA]), &content])
}

/// What a ContentInfo holds compressed; never more than `most` octets.
pub(crate) fn decompress(info: &[u8], most: usize) -> Result<Vec<u8>, String> {
    // Others write lengths and strings in pieces, as BER may. OpenSSL makes DER of that.
    let info = CmsContentInfo::from_der(info).and_then(|info| info.to_der());
    let info = info.map_err(|e| format!("it is no CMS: {e}"))?;
    let zlib = find(&info).ok_or("it is no compressed data of RFC 3274")?;
    decompress_to_vec_zlib_with_limit(zlib, most).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => format!("decompressed, it is longer than {most} octets"),
        _ => format!("zlib: {error}"),
    })
}

/// The compressed octets of a ContentInfo in DER.
fn find(info: &[u8]) -> Option<&[u8]> {
    let (info, _) = take(info, SEQUENCE)?;
    let (kind, rest) = take(info, OID)?;
    let (content, _) = take(rest, INSIDE)?;
    let (compressed, _) = take(content, SEQUENCE)?;
    let (_version, rest) = take(compressed, INTEGER)?;
    let (algorithm, rest) = take(rest, SEQUENCE)?;
    let (algorithm, _) = take(algorithm, OID)?;
    let (inner, _) = take(rest, SEQUENCE)?;
    let (_data, rest) = take(inner, OID)?;
    let (content, _) = take(rest, INSIDE)?;
    let (octets, _) = take(content, OCTETS)?;
    (kind == COMPRESSED_DATA && algorithm == ZLIB).then_some(octets)
}

/// The value that stands first, and what comes after it.
fn take(octets: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = octets.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let add = |sum: usize, digit: &u8| sum << 8 | usize::from(*digit);
            (digits.iter().fold(0, add), rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length))?
}

/// Tag, length and the pieces of a value.
fn value(tag: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let digits = length.to_be_bytes();
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    let mut octets = vec![tag];
    if length > 0x7f {
        // At most eight digits.
        octets.push(0x80 | digits.len() as u8);
        octets.extend_from_slice(digits);
    } else {
        octets.push(length as u8);
    }
    for piece in pieces {
        octets.extend_from_slice(piece);
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::{COMPRESSED_DATA, DATA, OID, ZLIB, compress, decompress, value};
    use miniz_oxide::deflate::compress_to_vec_zlib;

    #[test]
    fn comes_back_whatever_its_length() {
        for length in [0, 1, 100, 127, 128, 255, 256, 70_000] {
            let octets: Vec<u8> = (0..length).map(|n| (n * n % 251) as u8).collect();
            assert_eq!(
                decompress(&compress(&octets), length.max(1)).unwrap(),
                octets
            );
        }
    }

    #[test]
    fn a_bomb_is_not_let_off() {
        let bomb = compress(&vec![0; 8 << 20]);
        assert!(bomb.len() < 20_000);
        let told = decompress(&bomb, 1 << 20).unwrap_err();
        assert!(told.contains("longer than 1048576"), "{told}");
    }

    /// As streaming libraries write it: lengths that are not told, and a string in pieces.
    #[test]
    fn ber_is_read() {
        let zlib = compress_to_vec_zlib(b"some text, some text", 6);
        let open = |tag: u8, inside: &[&[u8]]| {
            let mut octets = vec![tag, 0x80];
            octets.extend(inside.concat());
            octets.extend([0, 0]);
            octets
        };
        let (one, other) = zlib.split_at(7);
        let pieces = open(0x24, &[&value(4, &[one]), &value(4, &[other])]);
        let info = open(0x30, &[&value(OID, &[DATA]), &open(0xa0, &[&pieces])]);
        let algorithm = value(0x30, &[&value(OID, &[ZLIB])]);
        let compressed = open(0x30, &[&[2, 1, 0], &algorithm, &info]);
        let whole = open(
            0x30,
            &[&value(OID, &[COMPRESSED_DATA]), &open(0xa0, &[&compressed])],
        );
        assert_eq!(decompress(&whole, 100).unwrap(), b"some text, some text");
    }

    #[test]
    fn what_is_spoiled_is_refused() {
        let good = compress(b"some text, some text");
        for at in 0..good.len() {
            let mut spoiled = good.clone();
            spoiled[at] ^= 0x55;
            // What the octets are called inside is not looked at; they are never others.
            let read = decompress(&spoiled, 100);
            assert!(
                read.is_err() || read.unwrap() == b"some text, some text",
                "at {at}"
            );
            assert!(decompress(&good[..at], 100).is_err(), "cut at {at}");
        }
    }
}
