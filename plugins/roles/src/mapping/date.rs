//! Dates and times in an enterprise's own form, to the standard's: China Standard Time.

use time::macros::offset;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use tongguan_messages::Format;

/// How an enterprise writes a date.
#[derive(Debug, Clone)]
pub(crate) enum DateForm {
    /// Seconds since 1970, UTC.
    Unix,
    /// Milliseconds since 1970, UTC.
    UnixMilliseconds,
    /// Parts and what stands between them.
    Parts(Vec<Part>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A number of at least and at most so many digits.
    Number(Unit, usize, usize),
    /// `Z`, `+08:00`, `+0800`.
    Zone,
    Literal(char),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Milli,
}

/// The longest first: `MM` before `M`.
const PARTS: [(&str, Part); 11] = [
    ("YYYY", Part::Number(Unit::Year, 4, 4)),
    ("MM", Part::Number(Unit::Month, 2, 2)),
    ("M", Part::Number(Unit::Month, 1, 2)),
    ("DD", Part::Number(Unit::Day, 2, 2)),
    ("D", Part::Number(Unit::Day, 1, 2)),
    ("hh", Part::Number(Unit::Hour, 2, 2)),
    ("h", Part::Number(Unit::Hour, 1, 2)),
    ("mm", Part::Number(Unit::Minute, 2, 2)),
    ("ss", Part::Number(Unit::Second, 2, 2)),
    ("SSS", Part::Number(Unit::Milli, 3, 3)),
    ("Z", Part::Zone),
];

impl DateForm {
    /// Reads a form such as `YYYY-MM-DD hh:mm:ss`, for a field of the standard's form `target`.
    ///
    /// # Errors
    /// What the form lacks.
    pub fn read(written: &str, target: Format) -> Result<Self, String> {
        match written {
            "unix" => return Ok(Self::Unix),
            "unix-ms" => return Ok(Self::UnixMilliseconds),
            _ => {}
        }
        let mut parts = Vec::new();
        let mut rest = written;
        while let Some(c) = rest.chars().next() {
            // The T between date and time is itself.
            let known = PARTS.iter().find(|(name, _)| rest.starts_with(name));
            let (taken, part) = known.map_or((c.len_utf8(), Part::Literal(c)), |(name, part)| {
                (name.len(), *part)
            });
            parts.push(part);
            rest = &rest[taken..];
        }
        let has = |unit| {
            let of = |p: &&Part| matches!(p, Part::Number(u, ..) if *u == unit);
            parts.iter().filter(of).count()
        };
        let needed: &[Unit] = match target {
            Format::Date8 => &[Unit::Year, Unit::Month, Unit::Day],
            _ => &[
                Unit::Year,
                Unit::Month,
                Unit::Day,
                Unit::Hour,
                Unit::Minute,
                Unit::Second,
            ],
        };
        if let Some(lacks) = needed.iter().find(|unit| has(**unit) == 0) {
            return Err(format!("it has no {lacks:?}, which the field needs").to_lowercase());
        }
        let all = [
            Unit::Year,
            Unit::Month,
            Unit::Day,
            Unit::Hour,
            Unit::Minute,
            Unit::Second,
        ];
        if let Some(twice) = all.iter().find(|unit| has(**unit) > 1) {
            return Err(format!("it has {twice:?} twice").to_lowercase());
        }
        Ok(Self::Parts(parts))
    }

    /// The text in the form of the standard; `None` where it is no real date of this form.
    pub fn apply(&self, text: &str, target: Format) -> Option<String> {
        let at = match self {
            Self::Unix => from_unix(text, 1000)?,
            Self::UnixMilliseconds => from_unix(text, 1)?,
            Self::Parts(parts) => read(text, parts)?,
        };
        let (date, time) = (at.date(), at.time());
        let day = format!(
            "{:04}{:02}{:02}",
            date.year(),
            u8::from(date.month()),
            date.day()
        );
        let clock = format!("{:02}{:02}{:02}", time.hour(), time.minute(), time.second());
        Some(match target {
            Format::Date8 => day,
            Format::DateTime14 => day + &clock,
            Format::DateTime17 => format!("{day}{clock}{:03}", time.millisecond()),
        })
    }
}

fn from_unix(text: &str, milliseconds: i64) -> Option<OffsetDateTime> {
    let count = text.parse::<i64>().ok()?.checked_mul(milliseconds)?;
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(count) * 1_000_000).ok()?;
    let at = at.to_offset(offset!(+8));
    (0..=9999).contains(&at.year()).then_some(at)
}

/// Without a zone of its own, a time is China's, which has one zone and no summer time.
fn read(text: &str, parts: &[Part]) -> Option<OffsetDateTime> {
    let mut numbers = [0_u16, 1, 1, 0, 0, 0, 0];
    let mut zone = offset!(+8);
    let mut rest = text;
    for part in parts {
        match part {
            Part::Literal(c) => rest = rest.strip_prefix(*c)?,
            Part::Number(unit, least, most) => {
                let digits = rest
                    .bytes()
                    .take(*most)
                    .take_while(u8::is_ascii_digit)
                    .count();
                if digits < *least {
                    return None;
                }
                numbers[*unit as usize] = rest[..digits].parse().ok()?;
                rest = &rest[digits..];
            }
            Part::Zone => (zone, rest) = read_zone(rest)?,
        }
    }
    if !rest.is_empty() {
        return None;
    }
    let small = |unit: Unit| u8::try_from(numbers[unit as usize]).ok();
    let month = Month::try_from(small(Unit::Month)?).ok()?;
    let year = i32::from(numbers[Unit::Year as usize]);
    let date = Date::from_calendar_date(year, month, small(Unit::Day)?).ok()?;
    let (hour, minute, second) = (
        small(Unit::Hour)?,
        small(Unit::Minute)?,
        small(Unit::Second)?,
    );
    let time = Time::from_hms_milli(hour, minute, second, numbers[Unit::Milli as usize]).ok()?;
    let at = PrimitiveDateTime::new(date, time).assume_offset(zone);
    let at = at.checked_to_offset(offset!(+8))?;
    (0..=9999).contains(&at.year()).then_some(at)
}

fn read_zone(text: &str) -> Option<(UtcOffset, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((UtcOffset::UTC, rest));
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours: i8 = number(text.get(1..3)?)?;
    let after = text.get(3..)?;
    let after = after.strip_prefix(':').unwrap_or(after);
    let minutes: i8 = number(after.get(..2)?)?;
    let zone = UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?;
    Some((zone, after.get(2..)?))
}

fn number(text: &str) -> Option<i8> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn forms_of_shops() {
        for (form, text, target, result) in [
            (
                "YYYY-MM-DD hh:mm:ss",
                "2026-01-02 03:04:05",
                Format::DateTime14,
                Some("20260102030405"),
            ),
            (
                "YYYY/M/D h:mm:ss",
                "2026/1/2 9:04:05",
                Format::DateTime14,
                Some("20260102090405"),
            ),
            (
                "YYYY年M月D日",
                "2026年11月3日",
                Format::Date8,
                Some("20261103"),
            ),
            (
                "YYYY-MM-DDThh:mm:ssZ",
                "2026-01-02T23:04:05Z",
                Format::DateTime14,
                Some("20260103070405"),
            ),
            (
                "YYYY-MM-DDThh:mm:ss.SSSZ",
                "2026-01-02T03:04:05.678+0800",
                Format::DateTime17,
                Some("20260102030405678"),
            ),
            (
                "YYYY-MM-DDThh:mm:ssZ",
                "2026-01-02T03:04:05+99:00",
                Format::DateTime14,
                None,
            ),
            (
                "YYYY-MM-DDThh:mm:ssZ",
                "9999-12-31T23:59:59-23:00",
                Format::DateTime14,
                None,
            ),
            (
                "YYYY-MM-DD hh:mm:ss",
                "2026-02-30 03:04:05",
                Format::DateTime14,
                None,
            ),
            ("YYYY-MM-DD", "2026-01-02 ", Format::Date8, None),
            ("YYYY-MM-DD", "2026-1-02", Format::Date8, None),
            (
                "unix",
                "1767225600",
                Format::DateTime14,
                Some("20260101080000"),
            ),
            (
                "unix-ms",
                "1767225600123",
                Format::DateTime17,
                Some("20260101080000123"),
            ),
            ("unix-ms", "99999999999999999999", Format::Date8, None),
            ("unix", "9223372036854775807", Format::Date8, None),
        ] {
            let read = DateForm::read(form, target).unwrap();
            assert_eq!(read.apply(text, target).as_deref(), result, "{form} {text}");
        }
        assert!(
            DateForm::read("YYYY-MM-DD", Format::DateTime14)
                .unwrap_err()
                .contains("hour")
        );
        assert!(
            DateForm::read("MM/DD/YY", Format::Date8)
                .unwrap_err()
                .contains("year")
        );
        assert!(
            DateForm::read("YYYYMMDDDD", Format::Date8)
                .unwrap_err()
                .contains("twice")
        );
    }
}
