//! Checks of text against the simple types, as XML Schema 1.0 defines them.

mod binary;
mod builtin;
mod dates;
mod duration;
mod id;
pub(crate) mod uri;

use crate::table::{Content, Element, SimpleType};
use crate::xml::foreign_char;

pub(crate) use builtin::Builtin;
pub(crate) use dates::check_format;

use binary::{base64, is_plain_base64};
use dates::{date, date_time};

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
        SimpleType::Date => date(text).ok_or(()).map_err(|()| {
            broken(
                "date",
                "is not a date",
                "write YYYY-MM-DD, for example 2026-11-23",
            )
        }),
        SimpleType::DateTime => date_time(text).ok_or(()).map_err(|()| {
            broken(
                "date-time",
                "is not a date and time",
                "write YYYY-MM-DDThh:mm:ss, for example 2026-11-23T09:30:00",
            )
        }),
        SimpleType::Base64 => base64(text),
        SimpleType::Id => Builtin::Id.check(text),
    }
}

/// Whether XML can carry `text` at all (XML 1.0, 2.2).
pub(crate) fn check_characters(text: &str) -> Result<(), Broken> {
    foreign_char(text).map_or(Ok(()), |(_, bad)| {
        let text = format!(
            "holds the character U+{:04X}, which XML cannot carry",
            u32::from(bad)
        );
        Err(broken("character", text, "remove control characters"))
    })
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

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn collapse(text: &str) -> &str {
    text.trim_matches(is_space)
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
    let spaced = text.ends_with(is_space);
    let text = collapse(text);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // libxml2 takes a sign with white space after it for zero.
    if digits.is_empty() && !text.is_empty() && spaced {
        return Ok(());
    }
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
    if written > LONGEST || (whole == LONGEST && digits.contains('.')) {
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

/// Whether octets are of a type that signatures use, ASCII and without markup; `false` means: look
/// closer.
#[inline]
pub(crate) fn passes_builtin(kind: Builtin, octets: &[u8]) -> bool {
    match kind {
        Builtin::String => octets
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b' '),
        Builtin::Base64Binary => is_plain_base64(octets),
        Builtin::AnyUri => uri::plain(octets),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

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
        assert!(ok(SimpleType::DateTime, "2024-02-29T23:59:59.5Z \n"));
        assert!(ok(SimpleType::DateTime, "2024-02-29T23:59:59-08:00\t"));
        assert!(!ok(SimpleType::DateTime, "2024-02-29T23:59:59 "));
        assert!(!ok(SimpleType::DateTime, " 2024-02-29T23:59:59Z"));
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
        assert!(ok(SimpleType::Base64, "QU,JD国") && !ok(SimpleType::Base64, "===="));
    }
}
