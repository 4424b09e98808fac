//! Other clocks than ours: customs', which stands in receipts, and the store's.
//!
//! Nothing that keeps declarations safe depends on clocks that agree: leases go by the store's
//! clock alone. But times in histories and messages are evidence, and a certificate is valid by
//! the clock.

use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime};

/// A receipt's own time, `YYYYMMDDhhmmssSSS` in China Standard Time, in milliseconds since 1970;
/// `None` for what is no time.
pub(crate) fn said_at(text: &str) -> Option<i64> {
    let form = format_description!("[year][month][day][hour][minute][second][subsecond digits:3]");
    let at: OffsetDateTime = PrimitiveDateTime::parse(text, form)
        .ok()?
        .assume_offset(offset!(+8));
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

/// An envelope's `CreatTime`, `yyyy-mm-ddThh:mm:ss` in China Standard Time (spec, table 4-3), likewise.
pub(crate) fn made_at(text: &str) -> Option<i64> {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let at = PrimitiveDateTime::parse(text, form).ok()?;
    Some(at.assume_offset(offset!(+8)).unix_timestamp() * 1000)
}

/// By how many milliseconds the sender's clock is ahead of ours at least; negative where it is
/// behind, 0 where nothing shows that they differ. A receipt was made after we signed (`made_at`;
/// our own confirm may come later than the receipt) and before we took it in (`at`).
pub(crate) fn off(said_at: i64, made_at: i64, at: i64) -> i64 {
    if said_at > at {
        said_at - at
    } else {
        (said_at - made_at).min(0)
    }
}

/// By how much, in words.
pub(crate) fn told(off: i64) -> String {
    let seconds = off.abs() / 1000;
    let size = match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    };
    if off > 0 {
        format!("{size} ahead of this client's")
    } else {
        format!("{size} behind this client's")
    }
}

#[cfg(test)]
mod tests {
    use super::{made_at, off, said_at, told};

    #[test]
    fn a_receipts_time_is_chinas() {
        assert_eq!(said_at("19700101080000123"), Some(123));
        assert_eq!(said_at("20261124190000000"), Some(1_795_518_000_000));
        for bad in ["", "20261124", "20261324190000000", "2026-11-24T19:00:00"] {
            assert_eq!(said_at(bad), None);
        }
    }

    #[test]
    fn an_envelopes_time_is_chinas() {
        assert_eq!(made_at("1970-01-01T08:00:01"), Some(1000));
        for bad in [
            "",
            "1970-01-01",
            "1970-01-01T08:00:01Z",
            "1970-13-01T08:00:00",
        ] {
            assert_eq!(made_at(bad), None);
        }
    }

    #[test]
    fn only_what_cannot_be_counts() {
        // Signed at 100, taken in at 200.
        assert_eq!(off(150, 100, 200), 0);
        assert_eq!(off(250, 100, 200), 50);
        assert_eq!(off(60, 100, 200), -40);
        assert_eq!(told(-720_000), "12 min behind this client's");
    }
}
