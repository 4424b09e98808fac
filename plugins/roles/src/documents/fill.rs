use time::macros::offset;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use tongguan_messages::Filler;

/// Fills in what a document leaves out, by the clock and the random numbers of this machine.
pub(crate) struct Fresh;

const FORM: &[BorrowedFormatItem<'static>] =
    format_description!("[year][month][day][hour][minute][second]");

impl Filler for Fresh {
    fn guid(&self) -> String {
        // Newer ones come after older ones: an index of them grows at its end.
        let mut buffer = uuid::Uuid::encode_buffer();
        uuid::Uuid::now_v7()
            .hyphenated()
            .encode_upper(&mut buffer)
            .to_owned()
    }

    fn now(&self) -> String {
        // China has one time zone, without summer time.
        let now = OffsetDateTime::now_utc().to_offset(offset!(+8));
        // The form has only fields that every time has.
        now.format(FORM).unwrap_or_default()
    }

    fn serial(&self) -> String {
        let text = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
        text.chars().take(20).collect()
    }
}
