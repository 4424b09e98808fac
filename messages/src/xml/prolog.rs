//! The byte order mark and the XML declaration.

use super::chars::is_space;
use super::markup::{Cursor, Stop, flaw, ill};

/// Steps over the byte order mark and the XML declaration, if they are there.
pub(crate) fn prolog(octets: &[u8]) -> Result<usize, Stop> {
    // A byte order mark, or a < of two or four octets.
    if matches!(
        octets,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<' | 0, ..]
    ) {
        return flaw(0, "encoding", "is UTF-16 or UTF-32, not UTF-8");
    }
    let start = if octets.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    if !octets[start..].starts_with(b"<?xml") {
        return Ok(start);
    }
    match octets.get(start + 5) {
        None => return Err(Stop::More),
        Some(b) if is_space(*b) => {}
        // A processing instruction of another name.
        Some(_) => return Ok(start),
    }
    let mut cursor = Cursor {
        octets,
        at: start + 5,
    };
    let mut expected = 0;
    loop {
        let before = cursor.at;
        cursor.skip_space();
        let rest = &octets[cursor.at..];
        if rest.starts_with(b"?>") {
            if expected == 0 {
                return ill(cursor.at, "has an XML declaration without a version");
            }
            return Ok(cursor.at + 2);
        }
        if rest.len() < 2 {
            return Err(Stop::More);
        }
        if before == cursor.at {
            return ill(cursor.at, "has an XML declaration that is not closed by ?>");
        }
        let at = cursor.at;
        let name = cursor.name()?;
        let name = &octets[name];
        if !matches!(
            (name, expected),
            (b"version", 0) | (b"encoding", 1) | (b"standalone", 1 | 2)
        ) {
            return ill(at, "has an XML declaration with something unknown in it");
        }
        let value = value(&mut cursor)?;
        match (name, expected) {
            (b"version", 0) => {
                version(at, value)?;
                expected = 1;
            }
            (b"encoding", 1) => {
                encoding(at, value)?;
                expected = 2;
            }
            _ => {
                if !matches!(value, b"yes" | b"no") {
                    return ill(at, "declares standalone neither \"yes\" nor \"no\"");
                }
                expected = 3;
            }
        }
    }
}

fn value<'w>(cursor: &mut Cursor<'w>) -> Result<&'w [u8], Stop> {
    cursor.skip_space();
    match cursor.octets.get(cursor.at) {
        None => return Err(Stop::More),
        Some(b'=') => cursor.at += 1,
        Some(_) => return ill(cursor.at, "has an XML declaration without ="),
    }
    cursor.skip_space();
    let quote = match cursor.octets.get(cursor.at) {
        None => return Err(Stop::More),
        Some(q @ (b'"' | b'\'')) => *q,
        Some(_) => return ill(cursor.at, "has an XML declaration without quotes"),
    };
    let start = cursor.at + 1;
    // Values are names and numbers: what else stands here is the fault, not a missing quote.
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':');
    let rest = &cursor.octets[start..];
    let end = rest.iter().take_while(|b| part(b)).count();
    match rest.get(end) {
        None => return Err(Stop::More),
        Some(b) if *b == quote => cursor.at = start + end + 1,
        Some(_) => return ill(start + end, "has an XML declaration with a wrong value"),
    }
    Ok(&cursor.octets[start..start + end])
}

/// `1.` and digits: a processor of XML 1.0 reads later documents as 1.0 (XML 1.0, 2.8).
fn version(at: usize, value: &[u8]) -> Result<(), Stop> {
    let minor = value.strip_prefix(b"1.");
    if minor.is_some_and(|m| m.iter().all(u8::is_ascii_digit)) {
        Ok(())
    } else {
        ill(at, "declares a version of XML other than 1.0")
    }
}

fn encoding(at: usize, value: &[u8]) -> Result<(), Stop> {
    if value.eq_ignore_ascii_case(b"utf-8") || value.eq_ignore_ascii_case(b"utf8") {
        return Ok(());
    }
    let shown: String = String::from_utf8_lossy(value).chars().take(20).collect();
    flaw(
        at,
        "encoding",
        format!("declares the encoding {shown:?}, but only UTF-8 is taken"),
    )
}
