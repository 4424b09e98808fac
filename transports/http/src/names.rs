//! What templates can ask for.

use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::macros::offset;

use tongguan_contracts::{Outgoing, Secret};
use tongguan_messages::Limits;
use tongguan_messages::envelope::{Opened, open};

use crate::template::Names;

/// What is the same in all that one request says: its time, its nonce.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    at: OffsetDateTime,
    nonce: String,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self {
            at: OffsetDateTime::now_utc().to_offset(offset!(+8)),
            nonce: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// The time in China, as a pattern says: `YYYY-MM-DD hh:mm:ss`.
    fn written(&self, pattern: &str) -> String {
        written(self.at, pattern)
    }
}

/// A time as a pattern says.
pub(crate) fn written(at: OffsetDateTime, pattern: &str) -> String {
    let parts = [
        ("YYYY", format!("{:04}", at.year())),
        ("MM", format!("{:02}", u8::from(at.month()))),
        ("DD", format!("{:02}", at.day())),
        ("hh", format!("{:02}", at.hour())),
        ("mm", format!("{:02}", at.minute())),
        ("SSS", format!("{:03}", at.millisecond())),
        ("ss", format!("{:02}", at.second())),
    ];
    let (mut out, mut rest) = (String::new(), pattern);
    'text: while let Some(next) = rest.chars().next() {
        for (word, part) in &parts {
            if let Some(after) = rest.strip_prefix(word) {
                out.push_str(part);
                rest = after;
                continue 'text;
            }
        }
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    out
}

/// The manifest's own names.
#[derive(Clone, Default)]
pub(crate) struct Given {
    pub values: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Secret>,
}

impl Given {
    fn get(&self, name: &str) -> Option<&[u8]> {
        let value = self.values.get(name).map(|v| v.as_bytes());
        value.or_else(|| self.secrets.get(name).map(|s| s.as_bytes()))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// What every request can say, whatever it is about.
pub(crate) const ALWAYS: [&str; 4] = ["time", "millis", "seconds", "nonce"];

/// What a request that carries an envelope can say besides.
pub(crate) const CARRYING: [&str; 5] =
    ["envelope", "content", "cop_msg_id", "message", "file_name"];

/// What one request is about.
pub(crate) struct Scope<'a> {
    pub given: &'a Given,
    pub moment: Moment,
    /// The envelope that it carries.
    pub outgoing: Option<Outgoing<'a>>,
    /// The message in it.
    pub content: Option<Vec<u8>>,
    /// From where receipts are asked for, or which one is acknowledged; its signature.
    pub own: Vec<(&'static str, String)>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(given: &'a Given) -> Self {
        Self {
            given,
            moment: Moment::now(),
            outgoing: None,
            content: None,
            own: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.own.push((name, value.to_owned()));
        self
    }

    /// About an envelope. It is opened only where what is in it is asked for.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn carrying(
        mut self,
        outgoing: Outgoing<'a>,
        open_it: bool,
    ) -> Result<Self, String> {
        if open_it {
            let limits = Limits {
                octets: outgoing.envelope.len(),
            };
            self.content = match open(outgoing.envelope, &limits) {
                Ok(Opened::Envelope(envelope)) => Some(envelope.data),
                Ok(_) => return Err("it is no DxpMsg, so there is no message in it".to_owned()),
                Err(problems) => {
                    let first = problems.first().map(ToString::to_string);
                    return Err(first.unwrap_or_default());
                }
            };
        }
        self.outgoing = Some(outgoing);
        Ok(self)
    }
}

impl Names for Scope<'_> {
    fn get(&self, name: &str, form: Option<&str>) -> Option<Cow<'_, [u8]>> {
        let text = |text: String| Some(Cow::Owned(text.into_bytes()));
        let borrowed = |octets| Some(Cow::Borrowed(octets));
        if let Some((_, value)) = self.own.iter().find(|(own, _)| *own == name) {
            return borrowed(value.as_bytes());
        }
        let millis = self.moment.at.unix_timestamp_nanos() / 1_000_000;
        match (name, &self.outgoing) {
            ("time", _) => text(self.moment.written(form.unwrap_or("YYYY-MM-DDThh:mm:ss"))),
            ("millis", _) => text(millis.to_string()),
            ("seconds", _) => text((millis / 1000).to_string()),
            ("nonce", _) => borrowed(self.moment.nonce.as_bytes()),
            ("envelope", Some(outgoing)) => borrowed(outgoing.envelope),
            ("content", Some(_)) => self.content.as_deref().map(Cow::Borrowed),
            ("cop_msg_id", Some(outgoing)) => borrowed(outgoing.cop_msg_id.as_bytes()),
            ("message", Some(outgoing)) => borrowed(outgoing.message.as_bytes()),
            ("file_name", Some(outgoing)) => text(outgoing.file_name()),
            _ => self.given.get(name).map(Cow::Borrowed),
        }
    }
}

/// Something in an answer: its members by their paths, `head.code`.
pub(crate) struct Found<'a>(pub &'a Value);

impl Names for Found<'_> {
    fn get(&self, name: &str, _: Option<&str>) -> Option<Cow<'_, [u8]>> {
        let text = said(at(self.0, name)?)?;
        Some(Cow::Owned(text.into_bytes()))
    }
}

/// What is at a path: names, and numbers in lists; nothing names the whole.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    // A name with a dot in it is found before a path.
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    path.split('.').try_fold(value, |value, name| match value {
        Value::Array(list) => list.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}

/// A value as text, where it is one.
pub(crate) fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_time_is_written_as_asked() {
        let at = datetime!(2026-11-26 08:05:09.007 +8);
        assert_eq!(written(at, "YYYYMMDDhhmmss"), "20261126080509");
        assert_eq!(
            written(at, "YYYY-MM-DD hh:mm:ss.SSS"),
            "2026-11-26 08:05:09.007"
        );
    }

    #[test]
    fn a_path_leads_through_names_and_lists() {
        let value = serde_json::json!({"a": [{"b": 1}], "c.d": true, "n": null});
        assert_eq!(said(at(&value, "a.0.b").unwrap()).unwrap(), "1");
        assert_eq!(said(at(&value, "c.d").unwrap()).unwrap(), "true");
        assert!(said(at(&value, "n").unwrap()).is_none());
        assert!(at(&value, "a.b").is_none());
        assert_eq!(at(&value, ""), Some(&value));
    }
}
