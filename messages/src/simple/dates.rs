//! Dates and times: XML Schema's, and those that the standard writes as digits.

use super::{Broken, broken};
use crate::table::Format;

fn two(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The year, month and day at the start of `text`, and the rest.
fn split_date(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (year, rest) = unsigned.split_once('-')?;
    if year.len() < 4
        || (year.len() > 4 && year.starts_with('0'))
        || !year.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    // What 64 bits cannot hold is no year.
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

pub(super) fn date(text: &str) -> Option<()> {
    zone(split_date(text)?)
}

pub(super) fn date_time(text: &str) -> Option<()> {
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

impl Format {
    /// How it is written: `YYYYMMDDhhmmss`.
    pub fn form(self) -> &'static str {
        match self {
            Self::Date8 => "YYYYMMDD",
            Self::DateTime14 => "YYYYMMDDhhmmss",
            Self::DateTime17 => "YYYYMMDDhhmmssSSS",
        }
    }

    /// Whether `text` is a date or time that exists, written so. The schema checks only the
    /// length (spec 3.1.4: 格式:YYYYMMDDhhmmss).
    ///
    /// ```
    /// use tongguan_messages::Format;
    /// assert!(Format::Date8.holds("20240229"));
    /// assert!(!Format::Date8.holds("20230229"));
    /// ```
    pub fn holds(self, text: &str) -> bool {
        let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u32>().ok());
        text.len() == self.form().len()
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
            && (self == Self::Date8
                || part(8, 10).is_some_and(|h| h < 24)
                    && part(10, 12).is_some_and(|m| m < 60)
                    && part(12, 14).is_some_and(|s| s < 60))
    }
}

/// As [`Format::holds`], with what is wrong.
pub(crate) fn check_format(format: Format, text: &str) -> Result<(), Broken> {
    if format.holds(text) {
        return Ok(());
    }
    let form = format.form();
    let example = &"20261123093000000"[..form.len()];
    Err(broken(
        "date-form",
        format!("is not a real date of the form {form}"),
        format!("write it as {form}, China time, for example {example}"),
    ))
}
