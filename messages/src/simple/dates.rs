//! Dates and times: XML Schema's, and those that the standard writes as digits.

use super::{Broken, broken, is_space};
use crate::table::Format;

fn two(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The year at the start of `text`, and the rest.
fn year(text: &str) -> Option<(i64, &str)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit());
    let (year, rest) = unsigned.split_at(end.unwrap_or(unsigned.len()));
    if year.len() < 4 || (year.len() > 4 && year.starts_with('0')) {
        return None;
    }
    // What 64 bits cannot hold is no year.
    let number: i64 = year.parse().ok().filter(|y| *y != 0)?;
    Some((number, rest))
}

/// The year, month and day at the start of `text`; the rest.
fn split_date(text: &str) -> Option<&str> {
    let (year, rest) = year(text)?;
    let (month, rest) = month_number(rest)?;
    let (day, rest) = part(rest.strip_prefix('-')?)?;
    (day >= 1 && day <= days(year, month)).then_some(rest)
}

/// `-11` at the start of `text`.
fn month_number(text: &str) -> Option<(u32, &str)> {
    let (month, rest) = part(text.strip_prefix('-')?)?;
    (1..=12).contains(&month).then_some((month, rest))
}

/// Two digits at the start of `text`, and the rest.
fn part(text: &str) -> Option<(u32, &str)> {
    Some((two(text.get(..2)?)?, text.get(2..)?))
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

/// `xs:dateTime`. libxml2 lets white space stand after a zone, and nowhere else.
pub(super) fn date_time(text: &str) -> Option<()> {
    let bare = text.trim_end_matches(is_space);
    if bare.len() < text.len() && !bare.ends_with('Z') && zoned(bare).is_none() {
        return None;
    }
    time(split_date(bare)?.strip_prefix('T')?)
}

/// A zone of hours and minutes at the end of `text`.
fn zoned(text: &str) -> Option<()> {
    let start = text.len().checked_sub("+08:00".len())?;
    text.get(start..)?.starts_with(['+', '-']).then_some(())
}

pub(super) fn time(text: &str) -> Option<()> {
    let (hour, rest) = part(text)?;
    let (minute, rest) = part(rest.strip_prefix(':')?)?;
    let (second, rest) = part(rest.strip_prefix(':')?)?;
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

/// `xs:gYear`
pub(super) fn g_year(text: &str) -> Option<()> {
    zone(year(text)?.1)
}

/// `xs:gYearMonth`
pub(super) fn g_year_month(text: &str) -> Option<()> {
    zone(month_number(year(text)?.1)?.1)
}

/// `xs:gMonthDay`; February has 29 days.
pub(super) fn g_month_day(text: &str) -> Option<()> {
    let (month, rest) = month_number(text.strip_prefix('-')?)?;
    let (day, rest) = part(rest.strip_prefix('-')?)?;
    (day >= 1 && day <= days(4, month)).then_some(())?;
    zone(rest)
}

/// `xs:gDay`
pub(super) fn g_day(text: &str) -> Option<()> {
    let (day, rest) = part(text.strip_prefix("---")?)?;
    (1..=31).contains(&day).then_some(())?;
    zone(rest)
}

/// `xs:gMonth`
pub(super) fn g_month(text: &str) -> Option<()> {
    zone(month_number(text.strip_prefix('-')?)?.1)
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
