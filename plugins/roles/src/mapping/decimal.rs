//! Moves a number's decimal point, digit by digit: exact, whatever its length.

/// `text` times ten to the power of `by`, as a plain decimal; `None` where it is no plain number.
pub(crate) fn shifted(text: &str, by: i32) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + i64::from(by);
    let (whole, fraction) = if point <= 0 {
        let zeros = usize::try_from(-point).ok()?;
        (String::new(), "0".repeat(zeros) + &all)
    } else {
        let point = usize::try_from(point).ok()?;
        let padded = format!("{all:0<point$}");
        (padded[..point].to_owned(), padded[point..].to_owned())
    };
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let zero = whole == "0" && fraction.is_empty();
    let sign = if zero { "" } else { sign };
    Some(if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_moves_and_no_digit_is_lost() {
        for (text, by, moved) in [
            ("1999", -2, Some("19.99")),
            ("5", -2, Some("0.05")),
            ("-5", -3, Some("-0.005")),
            ("0", -2, Some("0")),
            ("-0.0", 1, Some("0")),
            ("1.5", 3, Some("1500")),
            ("+12.340", 0, Some("12.34")),
            ("0.1", 1, Some("1")),
            (".5", 1, Some("5")),
            (
                "123456789012345678901234567890.1",
                -2,
                Some("1234567890123456789012345678.901"),
            ),
            ("1e3", -2, None),
            ("1,000", -2, None),
            ("", -2, None),
            (".", -2, None),
            ("--1", -2, None),
            ("１２", -2, None),
        ] {
            assert_eq!(shifted(text, by).as_deref(), moved, "{text} by {by}");
        }
    }
}
