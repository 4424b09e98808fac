//! The character classes of XML 1.0 (fifth edition), productions 2, 3, 4 and 4a.

/// What an octet can be in text and names; see the table.
const NAME_START: u8 = 1;
const NAME: u8 = 2;
const SPACE: u8 = 4;

const CLASS: [u8; 256] = {
    let mut class = [0_u8; 256];
    let mut b = 0_usize;
    while b < 128 {
        let c = b as u8;
        class[b] = if c.is_ascii_alphabetic() || c == b'_' {
            NAME_START | NAME
        } else if c.is_ascii_digit() || c == b'-' || c == b'.' {
            NAME
        } else if c == b' ' || c == b'\t' || c == b'\n' || c == b'\r' {
            SPACE
        } else {
            0
        };
        b += 1;
    }
    class
};

#[inline]
pub(crate) fn is_space(b: u8) -> bool {
    CLASS[usize::from(b)] & SPACE != 0
}

/// Whether the octet is ASCII and may stand in a name without a colon.
#[inline]
pub(crate) fn is_name(b: u8) -> bool {
    CLASS[usize::from(b)] & NAME != 0
}

/// Whether the octet is ASCII and may begin a name without a colon.
#[inline]
pub(crate) fn is_name_start(b: u8) -> bool {
    CLASS[usize::from(b)] & NAME_START != 0
}

/// Whether XML can carry the character at all.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Whether a character beyond ASCII may begin a name.
pub(crate) fn begins_name(c: char) -> bool {
    matches!(c,
        '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// Whether a character beyond ASCII may stand in a name.
pub(crate) fn continues_name(c: char) -> bool {
    begins_name(c) || matches!(c, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// The character that begins the octets, if they are proper UTF-8 that far.
pub(crate) fn first_char(octets: &[u8]) -> Result<char, Cut> {
    let head = &octets[..octets.len().min(4)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => {
            let good = error.valid_up_to();
            if good == 0 {
                return Err(match error.error_len() {
                    None => Cut::Short,
                    Some(_) => Cut::Wrong,
                });
            }
            std::str::from_utf8(&head[..good]).map_err(|_| Cut::Wrong)?
        }
    };
    text.chars().next().ok_or(Cut::Short)
}

/// Why octets do not begin with a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// More octets are needed.
    Short,
    /// They are not UTF-8.
    Wrong,
}

/// Whether octets without control characters are ASCII, ideographs and full-width forms only: then
/// they are UTF-8 that XML can carry. `false` means: look closer.
#[inline]
pub(crate) fn plain_chinese(mut octets: &[u8]) -> bool {
    loop {
        octets = match octets {
            [] => return true,
            [0x00..=0x7F, rest @ ..] => rest,
            [0xE1..=0xEC, 0x80..=0xBF, 0x80..=0xBF, rest @ ..] => rest,
            [0xEF, 0xBC | 0xBD, 0x80..=0xBF, rest @ ..] => rest,
            _ => return false,
        };
    }
}

/// The first place in `text` where something is that XML cannot carry, and what.
pub(crate) fn foreign_char(text: &str) -> Option<(usize, char)> {
    // Only control characters and the sequence EF BF BE/BF can be it. No early end: so the loop
    // looks at many octets at once.
    let suspicious = text.bytes().fold(false, |found, b| {
        found | ((b < 0x20) & (b != b'\t') & (b != b'\n') & (b != b'\r')) | (b == 0xEF)
    });
    suspicious
        .then(|| text.char_indices().find(|(_, c)| !is_char(*c)))
        .flatten()
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Eight times the octet.
#[inline]
pub(crate) const fn every(octet: u8) -> u64 {
    LOW * octet as u64
}

/// The octets of `word` that are below `b` (at most 0x80), as their high bits; it may mark more
/// above a marked one.
#[inline]
pub(crate) const fn below(word: u64, b: u8) -> u64 {
    word.wrapping_sub(every(b)) & !word & HIGH
}

/// The octets of `word` that equal `b`, as their high bits. May also mark an octet right above a
/// marked one; the lowest mark is always right.
#[inline]
pub(crate) const fn equal(word: u64, b: u8) -> u64 {
    below(word ^ every(b), 1)
}

/// Whether `octets` begin with `with`; quick for what has eight octets and more.
#[inline]
pub(crate) fn begins(octets: &[u8], with: &[u8]) -> bool {
    let Some(octets) = octets.get(..with.len()) else {
        return false;
    };
    match with.len() {
        0..8 => octets == with,
        // Two looks, which may overlap.
        8..16 => {
            let last = with.len() - 8;
            eight(octets, 0) == eight(with, 0) && eight(octets, last) == eight(with, last)
        }
        16.. => {
            let last = with.len() - 16;
            let mut at = 0;
            while at < last {
                if sixteen(octets, at) != sixteen(with, at) {
                    return false;
                }
                at += 16;
            }
            sixteen(octets, last) == sixteen(with, last)
        }
    }
}

#[inline]
fn eight(octets: &[u8], at: usize) -> Option<u64> {
    let eight = octets.get(at..at + 8)?;
    Some(u64::from_le_bytes(eight.try_into().ok()?))
}

#[inline]
fn sixteen(octets: &[u8], at: usize) -> Option<u128> {
    let sixteen = octets.get(at..at + 16)?;
    Some(u128::from_le_bytes(sixteen.try_into().ok()?))
}

/// The colon that parts a name's prefix from the rest.
#[inline]
pub(crate) fn split_name(name: &str) -> (&str, &str) {
    match name.bytes().position(|b| b == b':') {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => ("", name),
    }
}

/// Where plain text ends: at `<`, `&`, `]` or a control character other than a line feed or a
/// tab. Also whether it is ASCII.
#[inline]
pub(crate) fn plain_text(octets: &[u8]) -> (usize, bool) {
    let mut at = 0;
    let mut high = 0_u64;
    while let Some(eight) = octets.get(at..at + 8) {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(eight);
        let word = u64::from_le_bytes(bytes);
        let low = below(word, 0x20);
        let stop = low | equal(word, b'<') | equal(word, b'&') | equal(word, b']');
        if stop == 0 {
            high |= word & HIGH;
            at += 8;
            continue;
        }
        let count = stop.trailing_zeros() / 8;
        high |= word & HIGH & ((1_u64 << (8 * count)) - 1);
        at += count as usize;
        if !matches!(octets[at], b'\n' | b'\t') {
            return (at, high == 0);
        }
        at += 1;
    }
    while let Some(b) = octets.get(at) {
        let control = *b < 0x20 && !matches!(b, b'\n' | b'\t');
        if control || matches!(b, b'<' | b'&' | b']') {
            break;
        }
        high |= u64::from(*b & 0x80);
        at += 1;
    }
    (at, high == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_chinese_is_utf8_that_xml_carries() {
        for c in ('\0'..=char::MAX).filter(|c| !c.is_ascii()) {
            let text = c.to_string();
            if plain_chinese(text.as_bytes()) {
                assert!(is_char(c), "{c:?}");
            }
        }
        assert!(plain_chinese("示例（测试），a".as_bytes()));
        for lead in 0x80..=0xFF {
            for second in [0x00, 0x7F, 0x80, 0x9F, 0xA0, 0xBB, 0xBF, 0xC0] {
                for octets in [
                    &[lead][..],
                    &[lead, second],
                    &[lead, second, 0x80],
                    &[lead, second, 0x41],
                ] {
                    assert!(!plain_chinese(octets) || std::str::from_utf8(octets).is_ok());
                }
            }
        }
    }

    #[test]
    fn begins_is_starts_with() {
        let text = b"<ceb:consigneeTelephone>";
        for length in 1..=text.len() {
            assert!(begins(text, &text[..length]));
            assert!(!begins(&text[1..], &text[..length]));
            assert!(!begins(&text[..length - 1], &text[..length]));
            let mut other = text.to_vec();
            other[length - 1] ^= 1;
            assert!(!begins(&other, &text[..length]));
        }
    }

    #[test]
    fn plain_text_ends_where_markup_begins() {
        for length in 0..40 {
            for stop in [b'<', b'&', b']', b'\r', 0] {
                for fill in [
                    b'a', 0xE4, b' ', b'\n', b'\t', b'=', b'%', b'\\', b'^', b';', b'\x7F',
                ] {
                    let mut octets = vec![fill; length];
                    octets.push(stop);
                    octets.extend_from_slice(b"tail of it, <long> enough");
                    let (end, ascii) = plain_text(&octets);
                    assert_eq!((end, ascii), (length, fill < 0x80 || length == 0));
                }
            }
            assert_eq!(plain_text(&vec![b'x'; length]), (length, true));
        }
    }
}
