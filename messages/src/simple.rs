//! Checks of text against the simple types, as XML Schema 1.0 defines them.

use crate::schema::dsig::DsType;
use crate::table::{Content, Element, Format, SimpleType};

/// Numbers of more significant digits are not taken: libxml2, by which others judge, takes none.
const LONGEST: usize = 24;

/// A broken rule: its id, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub rule: &'static str,
    pub text: String,
    pub remedy: String,
}

fn broken(rule: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Broken {
    Broken {
        rule,
        text: text.into(),
        remedy: remedy.into(),
    }
}

/// Whether octets that XML can carry are of the type; `false` means: look closer. It decides
/// quickly for nearly all values, and gives no reasons.
#[inline]
pub(crate) fn passes(kind: SimpleType, octets: &[u8], ascii: bool) -> bool {
    match kind {
        SimpleType::Chars { min, max, collapse } => {
            if collapse && octets.contains(&b' ') {
                return false;
            }
            // An octet may be less than a character, never more.
            let most = octets.len() as u64;
            let least = if ascii { most } else { most.min(1) };
            most <= u64::from(max) && least >= u64::from(min)
        }
        SimpleType::Decimal { total, fraction } => {
            let mut point = None;
            for (at, b) in octets.iter().enumerate() {
                match b {
                    b'0'..=b'9' => {}
                    b'.' if point.is_none() && at > 0 => point = Some(at),
                    _ => return false,
                }
            }
            let part = point.map_or(0, |at| octets.len() - at - 1);
            let digits = octets.len() - usize::from(point.is_some());
            digits > 0 && digits <= total as usize && part <= fraction as usize
        }
        SimpleType::Int { digits } => {
            let most = if digits == 0 {
                9
            } else {
                digits.min(9) as usize
            };
            !octets.is_empty() && octets.len() <= most && octets.iter().all(u8::is_ascii_digit)
        }
        SimpleType::Date | SimpleType::DateTime | SimpleType::Base64 | SimpleType::Id => false,
    }
}

/// Whether `text` is of the type.
pub(crate) fn check(kind: SimpleType, text: &str) -> Result<(), Broken> {
    match kind {
        SimpleType::Chars { min, max, collapse } => {
            let collapsed;
            let text = if collapse {
                collapsed = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
                &collapsed
            } else {
                text
            };
            chars(text, min, max)
        }
        SimpleType::Decimal { total, fraction } => decimal(text, total, fraction),
        SimpleType::Int { digits } => int(text, digits),
        SimpleType::Date => date(collapse(text)).ok_or(()).map_err(|()| {
            broken(
                "date",
                "is not a date",
                "write YYYY-MM-DD, for example 2026-11-23",
            )
        }),
        SimpleType::DateTime => date_time(collapse(text)).ok_or(()).map_err(|()| {
            broken(
                "date-time",
                "is not a date and time",
                "write YYYY-MM-DDThh:mm:ss, for example 2026-11-23T09:30:00",
            )
        }),
        SimpleType::Base64 => base64(text),
        SimpleType::Id => id(collapse(text)),
    }
}

/// Whether `text` may stand in the element.
pub(crate) fn check_element(element: &Element, text: &str) -> Result<(), Broken> {
    if let Some(fixed) = element.fixed
        && text != fixed
    {
        return Err(broken(
            "fixed",
            format!("must be {fixed}"),
            format!("write {fixed}"),
        ));
    }
    match element.content {
        Content::Text(kind) => check(kind, text),
        _ => Ok(()),
    }
}

fn collapse(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

fn chars(text: &str, min: u32, max: u32) -> Result<(), Broken> {
    // Bytes bound characters from above, and most fields are far from their bound.
    if min <= 1 && text.len() as u64 <= u64::from(max) && text.len() as u64 >= u64::from(min) {
        return Ok(());
    }
    let count = text.chars().count() as u64;
    if count < u64::from(min) {
        if count == 0 {
            return Err(broken("empty", "is empty", "give a value"));
        }
        return Err(broken(
            "length",
            format!("has {count} characters, {} needed", exactly(min, max)),
            "check the value",
        ));
    }
    if count > u64::from(max) {
        if min == max {
            return Err(broken(
                "length",
                format!("has {count} characters, exactly {max} needed"),
                "check the value",
            ));
        }
        return Err(broken(
            "too-long",
            format!("has {count} characters, at most {max} allowed"),
            format!("shorten it to {max} characters"),
        ));
    }
    Ok(())
}

fn exactly(min: u32, max: u32) -> String {
    if min == max {
        format!("exactly {min}")
    } else {
        format!("at least {min}")
    }
}

fn decimal(text: &str, total: u32, fraction: u32) -> Result<(), Broken> {
    let not_decimal = || {
        let remedy = if text.contains(',') {
            "write digits with at most one point and no separators, for example 1234.50"
        } else if text.contains(['e', 'E']) {
            "write the number in full: a spreadsheet has turned it into scientific notation"
        } else {
            "write digits with at most one point, for example 128.50"
        };
        broken("decimal", "is not a decimal number", remedy)
    };
    let text = collapse(text);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && part.is_empty())
        || !whole
            .bytes()
            .chain(part.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return Err(not_decimal());
    }
    // XML Schema counts the digits of the value, not of its lexical form: leading zeros of the
    // whole and trailing zeros of the fraction don't count.
    let whole = whole.trim_start_matches('0').len();
    let written = whole + part.len();
    let part = part.trim_end_matches('0').len();
    if part > fraction as usize {
        return Err(broken(
            "fraction-digits",
            format!("has {part} digits after the point, at most {fraction} allowed"),
            format!("round it to {fraction} digits"),
        ));
    }
    if whole + part > total as usize {
        return Err(broken(
            "total-digits",
            format!("has {} digits, at most {total} allowed", whole + part),
            "check the value",
        ));
    }
    if written > LONGEST {
        return Err(broken(
            "total-digits",
            format!("is written with {written} digits, at most {LONGEST} are read"),
            "drop the zeros at its end",
        ));
    }
    Ok(())
}

fn int(text: &str, digits: u32) -> Result<(), Broken> {
    // XML Schema would let white space around it pass; libxml2, by which others judge, does not.
    let not_int = || {
        broken(
            "whole-number",
            "is not a whole number",
            "write digits only, without spaces, for example 1",
        )
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Err(not_int());
    }
    let significant = unsigned.trim_start_matches('0');
    if significant.len() > 10 || text.parse::<i64>().is_ok_and(|n| i32::try_from(n).is_err()) {
        return Err(broken(
            "whole-number",
            "is out of range",
            "write a number from -2147483648 to 2147483647",
        ));
    }
    if digits > 0 && significant.len() > digits as usize {
        return Err(broken(
            "total-digits",
            format!("has {} digits, at most {digits} allowed", significant.len()),
            "check the value",
        ));
    }
    Ok(())
}

fn two(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The year, month and day at the start of `text`, and the rest.
fn split_date(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (year, rest) = unsigned.split_once('-')?;
    if year.len() < 4
        || year.len() > 9
        || (year.len() > 4 && year.starts_with('0'))
        || !year.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let number: i64 = year.parse().ok().filter(|y| *y != 0)?;
    let month = two(rest.get(..2)?)?;
    let day = two(rest.get(2..)?.strip_prefix('-')?.get(..2)?)?;
    ((1..=12).contains(&month) && day >= 1 && day <= days(number, month))
        .then(|| rest.get(5..))
        .flatten()
}

fn days(year: i64, month: u32) -> u32 {
    match month {
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn zone(text: &str) -> Option<()> {
    if text.is_empty() || text == "Z" {
        return Some(());
    }
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 14 && minutes < 60 || hours == 14 && minutes == 0).then_some(())
}

fn date(text: &str) -> Option<()> {
    zone(split_date(text)?)
}

fn date_time(text: &str) -> Option<()> {
    let rest = split_date(text)?.strip_prefix('T')?;
    let hour = two(rest.get(..2)?)?;
    let minute = two(rest.get(2..5)?.strip_prefix(':')?)?;
    let second = two(rest.get(5..8)?.strip_prefix(':')?)?;
    let rest = rest.get(8..)?;
    let (fraction, zone_text) = match rest.strip_prefix('.') {
        None => ("", rest),
        Some(more) => {
            let end = more
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(more.len());
            if end == 0 {
                return None;
            }
            more.split_at(end)
        }
    };
    let midnight = hour == 24 && minute == 0 && second == 0 && fraction.bytes().all(|b| b == b'0');
    (hour < 24 && minute < 60 && second < 60 || midnight).then_some(())?;
    zone(zone_text)
}

fn base64(text: &str) -> Result<(), Broken> {
    is_base64(text.as_bytes()).map_err(|why| {
        broken(
            "base64",
            format!("is not base64: {why}"),
            "encode the octets as base64 (RFC 4648)",
        )
    })
}

fn is_base64(octets: &[u8]) -> Result<(), &'static str> {
    let space = |b: u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    let body = octets
        .iter()
        .rposition(|b| *b != b'=' && !space(*b))
        .map_or(0, |last| last + 1);
    let (body, tail) = octets.split_at(body);
    let padding = tail.iter().filter(|b| **b == b'=').count();
    // No early end: so the loop looks at many octets at once.
    let mut foreign = false;
    let mut spaces = 0;
    for chunk in body.chunks(128) {
        let mut some = 0_u8;
        for b in chunk {
            let letter = (b | 0x20).wrapping_sub(b'a') < 26;
            let digit = b.wrapping_sub(b'0') < 10;
            let white = (*b == b' ') | (*b == b'\t') | (*b == b'\n') | (*b == b'\r');
            foreign |= !(letter | digit | white | (*b == b'+') | (*b == b'/'));
            some += u8::from(white);
        }
        spaces += usize::from(some);
    }
    if foreign {
        return Err(if body.contains(&b'=') {
            "padding in the middle"
        } else {
            "a foreign character"
        });
    }
    if padding > 2 || !(body.len() - spaces + padding).is_multiple_of(4) {
        return Err("the length is wrong");
    }
    // The bits that padding leaves over must be zero (XML Schema 1.0, 3.2.16).
    let last = body.last().copied().unwrap_or(b'A');
    let clean = match padding {
        1 => b"AEIMQUYcgkosw048".contains(&last),
        2 => b"AQgw".contains(&last),
        _ => true,
    };
    if clean {
        Ok(())
    } else {
        Err("stray bits before the padding")
    }
}

fn id(text: &str) -> Result<(), Broken> {
    let mut chars = text.chars();
    let good = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{B7}'));
    if good {
        Ok(())
    } else {
        Err(broken(
            "id",
            "is not an XML id",
            "start with a letter, no spaces or colons",
        ))
    }
}

/// Whether octets are of a type of the signature's schema; `false` means: look closer.
#[inline]
pub(crate) fn passes_ds(kind: DsType, octets: &[u8]) -> bool {
    match kind {
        DsType::String => true,
        DsType::Base64 => is_base64(octets).is_ok(),
        DsType::AnyUri => std::str::from_utf8(octets).is_ok_and(|uri| check_ds(kind, uri).is_ok()),
        DsType::Id | DsType::Integer => false,
    }
}

/// Whether `text` is of a type of the signature's schema.
pub(crate) fn check_ds(kind: DsType, text: &str) -> Result<(), Broken> {
    match kind {
        DsType::String => Ok(()),
        DsType::Base64 => base64(text),
        DsType::Id => id(collapse(text)),
        DsType::AnyUri => any_uri(collapse(text)),
        DsType::Integer => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let significant = digits.trim_start_matches('0').len();
            if !digits.is_empty()
                && digits.bytes().all(|b| b.is_ascii_digit())
                && significant <= LONGEST
            {
                Ok(())
            } else {
                Err(broken(
                    "whole-number",
                    "is not a whole number",
                    "write digits only",
                ))
            }
        }
    }
}

/// A reference to a resource as RFC 3986 has it; the characters that it calls unwise are let
/// through, as XML Schema 1.0 (3.2.17) does.
fn any_uri(text: &str) -> Result<(), Broken> {
    let bad = || {
        Err(broken(
            "uri",
            "is not a URI",
            "write it without spaces, and % only before two hexadecimal digits",
        ))
    };
    let octets = text.as_bytes();
    for (at, b) in octets.iter().enumerate() {
        let fits = match b {
            b'%' => octets
                .get(at + 1..at + 3)
                .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
            b' ' | b'<' | b'>' | b'"' => false,
            b => b.is_ascii_graphic(),
        };
        if !fits {
            return bad();
        }
    }
    if octets.iter().filter(|b| **b == b'#').count() > 1 {
        return bad();
    }
    let before_path = text.find(['/', '?', '#']).unwrap_or(text.len());
    if let Some(colon) = text[..before_path].find(':') {
        let scheme = &text[..colon];
        let proper = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !proper {
            return bad();
        }
    }
    Ok(())
}

/// Whether `text` is a real date or time of that form. The schema checks only the length
/// (spec 3.1.4: 格式:YYYYMMDDhhmmss).
pub(crate) fn check_format(format: Format, text: &str) -> Result<(), Broken> {
    let (len, form, example) = match format {
        Format::Date8 => (8, "YYYYMMDD", "20261123"),
        Format::DateTime14 => (14, "YYYYMMDDhhmmss", "20261123093000"),
        Format::DateTime17 => (17, "YYYYMMDDhhmmssSSS", "20261123093000000"),
    };
    let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u32>().ok());
    let real = text.len() == len
        && text.bytes().all(|b| b.is_ascii_digit())
        && match (part(0, 4), part(4, 6), part(6, 8)) {
            (Some(year), Some(month), Some(day)) => {
                year > 0
                    && (1..=12).contains(&month)
                    && day >= 1
                    && day <= days(i64::from(year), month)
            }
            _ => false,
        }
        && (len == 8
            || part(8, 10).is_some_and(|h| h < 24)
                && part(10, 12).is_some_and(|m| m < 60)
                && part(12, 14).is_some_and(|s| s < 60));
    if real {
        Ok(())
    } else {
        Err(broken(
            "date-form",
            format!("is not a real date of the form {form}"),
            format!("write it as {form}, China time, for example {example}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(kind: SimpleType, text: &str) -> bool {
        check(kind, text).is_ok()
    }

    #[test]
    fn decimals_are_counted_by_value() {
        let n = SimpleType::Decimal {
            total: 19,
            fraction: 5,
        };
        for good in [
            "0",
            "+1.50",
            ".5",
            "5.",
            "-0.00001",
            "00000000000000000000001",
            " 1 ",
            "1.1234500000",
            "12345678901234.12345",
        ] {
            assert!(ok(n, good), "{good}");
        }
        for bad in [
            "",
            ".",
            "+",
            "1e3",
            "1,000.00",
            "1.123456",
            "123456789012345.12345",
            "１",
            "1 2",
            "--1",
            "1.2.3",
            "NaN",
        ] {
            assert!(!ok(n, bad), "{bad}");
        }
    }

    #[test]
    fn whole_numbers_are_32_bit() {
        let n = SimpleType::Int { digits: 9 };
        assert!(ok(n, "+000000000001") && ok(n, "-999999999"));
        assert!(!ok(n, "1234567890") && !ok(n, "1.0") && !ok(n, ""));
        let int = SimpleType::Int { digits: 0 };
        assert!(ok(int, "2147483647") && !ok(int, "2147483648") && ok(int, "-2147483648"));
    }

    fn chars_type(min: u32, max: u32) -> SimpleType {
        SimpleType::Chars {
            min,
            max,
            collapse: false,
        }
    }

    #[test]
    fn lengths_count_characters() {
        let c = chars_type(1, 3);
        assert!(ok(c, "三个字") && ok(c, "😀😀😀") && !ok(c, "四个字了") && !ok(c, ""));
        assert!(ok(chars_type(0, 3), ""));
        assert!(!ok(chars_type(3, 3), "ab"));
    }

    #[test]
    fn dates_are_real() {
        assert!(ok(SimpleType::Date, "2024-02-29") && !ok(SimpleType::Date, "2023-02-29"));
        assert!(ok(SimpleType::Date, "2024-02-29+08:00") && !ok(SimpleType::Date, "0000-01-01"));
        assert!(ok(SimpleType::DateTime, "2024-02-29T24:00:00"));
        assert!(ok(SimpleType::DateTime, "2024-02-29T23:59:59.5Z"));
        assert!(!ok(SimpleType::DateTime, "2024-02-29T24:00:01"));
        assert!(!ok(SimpleType::DateTime, "2024-02-29 10:00:00"));
        assert!(check_format(Format::DateTime14, "20260229000000").is_err());
        assert!(check_format(Format::DateTime17, "20261123235959999").is_ok());
        assert!(check_format(Format::Date8, "20261341").is_err());
    }

    #[test]
    fn base64_is_exact() {
        assert!(ok(SimpleType::Base64, "") && ok(SimpleType::Base64, "QUJ\nD"));
        assert!(ok(SimpleType::Base64, "QQ==") && !ok(SimpleType::Base64, "QR=="));
        assert!(!ok(SimpleType::Base64, "Q=Q=") && !ok(SimpleType::Base64, "QQ"));
    }
}
