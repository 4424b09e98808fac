//! URIs.

use super::{Broken, broken};

/// Whether `text` is an `xs:anyURI` as libxml2 takes it: a reference by RFC 3986, once each
/// character that no URI may have is replaced by one that it may.
pub(super) fn any_uri(text: &str) -> Result<(), Broken> {
    if plain(text.as_bytes()) {
        return Ok(());
    }
    let replaced: Vec<u8> = text
        .bytes()
        .map(|b| match b {
            b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`' => b'_',
            b if !(33..127).contains(&b) => b'_',
            b => b,
        })
        .collect();
    if is_reference(&replaced) {
        Ok(())
    } else {
        Err(broken(
            "uri",
            "is not a URI",
            "write % only before two hexadecimal digits, and : only after a scheme",
        ))
    }
}

/// The usual: `http://`, then nothing out of the ordinary.
fn plain(octets: &[u8]) -> bool {
    let Some(rest) = octets.strip_prefix(b"http://") else {
        return octets.is_empty();
    };
    let (ordinary, hashes) = rest.iter().fold((true, 0_u32), |(ordinary, hashes), b| {
        let fits = b.is_ascii_alphanumeric() | matches!(b, b'.' | b'-' | b'/' | b'#');
        (ordinary & fits, hashes + u32::from(*b == b'#'))
    });
    // A digit may begin an address, after which not everything may follow.
    ordinary && hashes <= 1 && rest.first().is_some_and(u8::is_ascii_alphabetic)
}

/// Whether the octets are a URI reference (RFC 3986, 4.1).
pub(crate) fn is_reference(octets: &[u8]) -> bool {
    let (rest, fragment) = part(octets, b'#');
    let (rest, query) = part(rest, b'?');
    let in_fragment = |b: u8| matches!(b, b'/' | b'?' | b'[' | b']');
    if !fragment.is_none_or(|f| all(f, in_fragment)) {
        return false;
    }
    if !query.is_none_or(|q| all(q, |b| matches!(b, b'/' | b'?'))) {
        return false;
    }
    let scheme = rest.iter().position(|b| *b == b':').filter(|colon| {
        let scheme = &rest[..*colon];
        scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    let hierarchy = scheme.map_or(rest, |colon| &rest[colon + 1..]);
    if let Some(after) = hierarchy.strip_prefix(b"//") {
        let end = after.iter().position(|b| *b == b'/').unwrap_or(after.len());
        return authority(&after[..end]) && all(&after[end..], |b| b == b'/');
    }
    if scheme.is_none() {
        // The first segment of a relative path may not look like a scheme.
        let first = hierarchy.split(|b| *b == b'/').next().unwrap_or_default();
        if first.contains(&b':') {
            return false;
        }
    }
    all(hierarchy, |b| b == b'/')
}

/// What stands before the first `mark`, and what after it.
fn part(octets: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match octets.iter().position(|b| *b == mark) {
        Some(at) => (&octets[..at], Some(&octets[at + 1..])),
        None => (octets, None),
    }
}

fn authority(octets: &[u8]) -> bool {
    let host = match octets.iter().position(|b| *b == b'@') {
        Some(at) => {
            if !all(&octets[..at], |_| false) {
                return false;
            }
            &octets[at + 1..]
        }
        None => octets,
    };
    let (host, port) = if host.first() == Some(&b'[') {
        match host.iter().position(|b| *b == b']') {
            Some(end) => (&b""[..], &host[end + 1..]),
            None => return false,
        }
    } else {
        let colon = host.iter().position(|b| *b == b':').unwrap_or(host.len());
        host.split_at(colon)
    };
    let port = match port.split_first() {
        None => true,
        // libxml2 keeps the port in 32 bits.
        Some((b':', digits)) => {
            let number = std::str::from_utf8(digits).ok().map(str::parse::<i32>);
            digits.iter().all(u8::is_ascii_digit) && matches!(number, Some(Ok(_)))
        }
        Some(_) => false,
    };
    port && !host.contains(&b'@') && all(host, |_| false)
}

/// Whether all are characters of a path's segment (RFC 3986, 3.3), or what else is allowed.
fn all(octets: &[u8], also: impl Fn(u8) -> bool) -> bool {
    octets.iter().enumerate().all(|(at, b)| match b {
        b'%' => octets
            .get(at + 1..at + 3)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
        | b',' | b';' | b'=' | b':' | b'@' => true,
        b => b.is_ascii_alphanumeric() || also(*b),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_those_of_rfc_3986() {
        for good in [
            "",
            "http://www.w3.org/2000/09/xmldsig#sha1",
            "urn:",
            "./a:b",
            "a/b:c",
            "///",
            "#x",
            "http://a@b:80/?q#f[]",
            "http://[::1]/",
            "//h",
            "%41",
            "国",
            "a\\b",
            "a_b",
            "mailto:a@b",
            "a b",
            "http://a:0002147483647",
        ] {
            assert!(any_uri(good).is_ok(), "{good}");
        }
        for bad in [
            "1:b",
            ":a",
            "-a:b",
            "a_b:c",
            "http://a:",
            "http://a:b",
            "http://a@b@c/",
            "a :b",
            "http://a:2147483648",
            "%",
            "%4",
            "%zz",
            "#a#b",
            "a[b]",
            "?a[b",
            "http://[::1",
        ] {
            assert!(any_uri(bad).is_err(), "{bad}");
        }
    }
}
