//! URIs.

/// Whether `text` is an `xs:anyURI` as libxml2 takes it: a reference by RFC 3986, once each
/// character that no URI may have is replaced by one that it may.
pub(super) fn is_any_uri(text: &str) -> bool {
    if plain(text.as_bytes()) {
        return true;
    }
    let replaced: Vec<u8> = text
        .bytes()
        .map(|b| match b {
            b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`' => b'_',
            b if !(33..127).contains(&b) => b'_',
            b => b,
        })
        .collect();
    is_reference(&replaced)
}

/// The usual: `http://`, then nothing out of the ordinary, all of it ASCII and no markup.
pub(crate) fn plain(octets: &[u8]) -> bool {
    let Some(rest) = octets.strip_prefix(b"http://") else {
        return octets.is_empty();
    };
    if rest.len() > usize::from(u8::MAX) {
        return false;
    }
    // No early end, and nothing wider than an octet: so the loop looks at many octets at once.
    let (strange, fragments) = rest.iter().fold((0_u8, 0_u8), |(strange, fragments), b| {
        let letter = (b | 0x20).wrapping_sub(b'a') < 26;
        let fragment = u8::from(*b == b'#');
        // `-`, `.`, `/` and the digits stand in a row.
        let ordinary = u8::from(letter) | u8::from(b.wrapping_sub(b'-') < 13) | fragment;
        (strange | (ordinary ^ 1), fragments + fragment)
    });
    let ordinary = strange == 0;
    // A digit may begin an address, after which not everything may follow.
    ordinary && rest.first().is_some_and(u8::is_ascii_alphabetic) && fragments <= 1
}

/// Whether the octets are a URI reference (RFC 3986, 4.1).
pub(crate) fn is_reference(octets: &[u8]) -> bool {
    if plain(octets) {
        return true;
    }
    let scheme = octets.iter().position(|b| *b == b':').filter(|colon| {
        let scheme = &octets[..*colon];
        scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    let hierarchy = scheme.map_or(octets, |colon| &octets[colon + 1..]);
    let mut rest = hierarchy;
    if let Some(after) = hierarchy.strip_prefix(b"//") {
        match after_authority(after) {
            None => return false,
            Some([b'/', path @ ..]) => rest = after_all(path, b":@/"),
            Some(end) => rest = end,
        }
    } else {
        // The first segment of a relative path may not look like a scheme.
        let first = after_all(hierarchy, b"@");
        if scheme.is_none() && first.starts_with(b":") {
            return false;
        }
        rest = after_all(rest, b":@/");
    }
    if let Some(query) = rest.strip_prefix(b"?") {
        rest = after_all(query, b":@/?");
    }
    if let Some(fragment) = rest.strip_prefix(b"#") {
        rest = after_all(fragment, b":@/?[]");
    }
    rest.is_empty()
}

/// What stands after the user, host and port (RFC 3986, 3.2) at the start of the octets.
fn after_authority(octets: &[u8]) -> Option<&[u8]> {
    let host = after_all(octets, b":").strip_prefix(b"@").unwrap_or(octets);
    let after = match host.strip_prefix(b"[") {
        // libxml2 does not look at what an address is made of.
        Some(address) => {
            let end = address.iter().position(|b| *b == b']')?;
            &address[end + 1..]
        }
        None => after_all(host, b""),
    };
    let Some(port) = after.strip_prefix(b":") else {
        return Some(after);
    };
    let digits = port.iter().take_while(|b| b.is_ascii_digit()).count();
    // It keeps the port in 32 bits.
    let number = std::str::from_utf8(&port[..digits]).ok()?;
    number.parse::<i32>().ok()?;
    Some(&port[digits..])
}

/// What stands after the characters that any part may have, and those in `also`.
fn after_all<'o>(octets: &'o [u8], also: &[u8]) -> &'o [u8] {
    let mut rest = octets;
    loop {
        match rest {
            [b'%', one, two, after @ ..] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() => {
                rest = after;
            }
            [b, after @ ..]
                if b.is_ascii_alphanumeric()
                    || b"-._~!$&'()*+,;=".contains(b)
                    || also.contains(b) =>
            {
                rest = after;
            }
            _ => return rest,
        }
    }
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
            assert!(is_any_uri(good), "{good}");
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
            assert!(!is_any_uri(bad), "{bad}");
        }
    }
}
