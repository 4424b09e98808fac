use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};

/// Now, in milliseconds since 1970 (UTC).
pub(crate) fn now_ms() -> i64 {
    i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Now as `CreatTime` has it: `yyyy-mm-ddThh:mm:ss`, China Standard Time (spec, table 4-3).
pub(crate) fn creat_time() -> String {
    const FORM: &[BorrowedFormatItem<'static>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    // The form has only fields that every time has.
    OffsetDateTime::now_utc()
        .to_offset(offset!(+8))
        .format(FORM)
        .unwrap_or_default()
}

/// A new upper-case UUID, as the standard writes guids; newer ones come after older ones, so that
/// an index grows at its end.
pub(crate) fn guid() -> String {
    let mut buffer = uuid::Uuid::encode_buffer();
    uuid::Uuid::now_v7()
        .hyphenated()
        .encode_upper(&mut buffer)
        .to_owned()
}
