//! Character references and the five entities that XML knows; line ends.

use std::borrow::Cow;

use super::chars::is_char;

/// A reference that cannot be expanded: where in the text, and why.
#[derive(Debug)]
pub(crate) struct BadReference {
    pub at: usize,
    pub text: String,
}

/// Text as XML means it: references expanded, line ends turned into `\n` (XML 1.0, 2.11).
pub(crate) fn expand(raw: &str) -> Result<Cow<'_, str>, BadReference> {
    if memchr::memchr2(b'&', b'\r', raw.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(raw));
    }
    unfold(raw, false).map(Cow::Owned)
}

/// An attribute's value as XML means it: as text, and white space turned into spaces (XML 1.0,
/// 3.3.3).
pub(crate) fn normalize(raw: &str) -> Result<Cow<'_, str>, BadReference> {
    // No early end: so the loop looks at many octets at once.
    let special = |b: u8| (b == b'&') | (b == b'\r') | (b == b'\n') | (b == b'\t');
    if !raw.bytes().fold(false, |found, b| found | special(b)) {
        return Ok(Cow::Borrowed(raw));
    }
    unfold(raw, true).map(Cow::Owned)
}

fn unfold(raw: &str, attribute: bool) -> Result<String, BadReference> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\r', '\n', '\t']) {
        out.push_str(&rest[..at]);
        let here = raw.len() - rest.len() + at;
        let tail = &rest[at..];
        rest = if tail.starts_with('&') {
            let end = reference_end(tail).map_err(|text| BadReference { at: here, text })?;
            let c = referred(&tail[1..end]).map_err(|text| BadReference { at: here, text })?;
            out.push(c);
            &tail[end + 1..]
        } else {
            let line_end = tail.strip_prefix("\r\n");
            out.push(match (attribute, tail.starts_with('\t')) {
                (true, _) => ' ',
                (false, true) => '\t',
                (false, false) => '\n',
            });
            line_end.unwrap_or(&tail[1..])
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the `;` of the reference stands that begins `tail`.
fn reference_end(tail: &str) -> Result<usize, String> {
    let body = tail[1..]
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '#' | '_' | '-' | '.' | ':')))
        .map_or(tail.len(), |i| i + 1);
    if tail[body..].starts_with(';') && body > 1 {
        Ok(body)
    } else {
        Err("holds a bare &".to_owned())
    }
}

fn referred(name: &str) -> Result<char, String> {
    let number = match name.strip_prefix('#') {
        None => {
            return match name {
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "amp" => Ok('&'),
                "apos" => Ok('\''),
                "quot" => Ok('"'),
                other => {
                    let shown: String = other.chars().take(30).collect();
                    Err(format!(
                        "refers to the entity &{shown};, which is not defined"
                    ))
                }
            };
        }
        Some(number) => number,
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    let bad = || {
        let shown: String = name.chars().take(30).collect();
        format!("refers to the character &{shown};, which XML does not have")
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(bad());
    }
    // Leading zeros are allowed; what overflows 32 bits is no character.
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|c| is_char(*c))
        .ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_what_xml_knows() {
        assert_eq!(
            expand("a&lt;&#65;&#x4e2d;\r\n\rb\t").unwrap(),
            "a<A中\n\nb\t"
        );
        assert_eq!(normalize("a\r\n\tb&#10;").unwrap(), "a  b\n");
        for bad in [
            "&",
            "&;",
            "&lt",
            "&foo;",
            "&#0;",
            "&#xD800;",
            "&#x110000;",
            "&#xFFFE;",
            "&#;",
            "&#x;",
            "&#12a;",
            "& lt;",
        ] {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }
}
