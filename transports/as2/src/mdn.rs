//! Message disposition notifications (RFC 4130, 7; RFC 8098): what is told of a message.

use bytes::Bytes;
use openssl::error::ErrorStack;
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::message::{self, Mic, Refusal};
use crate::mime::{Entity, fields, multipart};
use crate::options::Options;

/// A line of text from the partner is repeated up to so many characters.
const LONGEST: usize = 300;

/// What an MDN says of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// It is the receiver's now.
    Processed,
    /// It is the receiver's now, though: `duplicate-document`.
    Warning(String),
    /// It is not: `decryption-failed`.
    Failed(String),
}

/// RFC 4130, 7.4.3: what was sent twice.
pub(crate) const DUPLICATE: &str = "duplicate-document";

impl Disposition {
    /// `automatic-action/MDN-sent-automatically; processed/error: decryption-failed`
    fn read(text: &str) -> Self {
        let (_, said) = text.split_once(';').unwrap_or(("", text));
        let (state, modifier) = said.split_once(':').unwrap_or((said, ""));
        let state = state.trim().to_ascii_lowercase();
        let modifier = short(modifier);
        match state.as_str() {
            "processed" if modifier.is_empty() => Self::Processed,
            "processed" | "processed/warning" => Self::Warning(modifier),
            _ if modifier.is_empty() => Self::Failed(short(&state)),
            _ => Self::Failed(modifier),
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processed => f.write_str("processed"),
            Self::Warning(modifier) => write!(f, "processed/warning: {modifier}"),
            // RFC 4130, 7.5.3: what cannot be done at all is a failure.
            Self::Failed(modifier) if modifier.starts_with("unsupported") => {
                write!(f, "failed/Failure: {modifier}")
            }
            Self::Failed(modifier) => write!(f, "processed/error: {modifier}"),
        }
    }
}

/// One line, not too long.
fn short(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(LONGEST).collect::<String>().trim().to_owned()
}

/// An MDN, read.
#[derive(Debug)]
pub(crate) struct Report {
    /// Of the message that it is about, with its angle brackets.
    pub message_id: String,
    pub disposition: Disposition,
    /// What the receiver's digest of the message was.
    pub mic: Option<Mic>,
    /// The sentence for people.
    pub text: String,
}

/// Whether an entity is an MDN, signed or not.
pub(crate) fn is_mdn(entity: &Entity) -> bool {
    match entity.kind().name.as_str() {
        "multipart/report" => true,
        "multipart/signed" => {
            let first = entity
                .parts()
                .ok()
                .and_then(|parts| parts.into_iter().next());
            first
                .and_then(|first| Entity::parse(&first).ok())
                .is_some_and(|first| first.kind().name == "multipart/report")
        }
        _ => false,
    }
}

/// Reads an MDN that the partner signed.
pub(crate) fn read(options: &Options, entity: &Entity) -> Result<Report, Refusal> {
    let (first, _) = message::verified(options, entity)?;
    report(&first).map_err(|why| Refusal {
        modifier: message::UNEXPECTED,
        why: format!("its MDN cannot be read: {why}"),
    })
}

fn report(octets: &Bytes) -> Result<Report, String> {
    let whole = Entity::parse(octets)?;
    if whole.kind().name != "multipart/report" {
        return Err(format!(
            "it is {:?}, not multipart/report",
            whole.kind().name
        ));
    }
    let (mut text, mut told) = (String::new(), None);
    for part in whole.parts()? {
        let part = Entity::parse(&part)?;
        match part.kind().name.as_str() {
            "message/disposition-notification" => {
                // Its fields are the part's content; it may end without an empty line.
                let content = [&part.content()?[..], b"\r\n\r\n"].concat();
                told = Some(Entity::parse(&Bytes::from(content))?);
            }
            "text/plain" if text.is_empty() => {
                text = short(&String::from_utf8_lossy(&part.content()?));
            }
            _ => {}
        }
    }
    let told = told.ok_or("it holds no message/disposition-notification")?;
    let disposition = told.field("Disposition").ok_or("it has no Disposition")?;
    let message_id = told.field("Original-Message-ID");
    let mic = told.field("Received-Content-MIC").and_then(|mic| {
        let (value, algorithm) = mic.split_once(',')?;
        Some(Mic {
            value: value.trim().to_owned(),
            algorithm: algorithm.trim().to_owned(),
        })
    });
    Ok(Report {
        message_id: message_id.unwrap_or_default().to_owned(),
        disposition: Disposition::read(disposition),
        mic,
        text,
    })
}

/// What the sender of a message wants to be told, and how.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub message_id: String,
    pub signed: bool,
    /// Where to; in the answer where there is none.
    pub url: Option<String>,
}

impl Wanted {
    /// What a message's header asks for (RFC 4130, 7.3); none where it asks for no MDN.
    pub(crate) fn read(message: &Entity, message_id: &str) -> Option<Self> {
        message.field("Disposition-Notification-To")?;
        let how = message.field("Disposition-Notification-Options");
        let url = message.field("Receipt-Delivery-Option").map(str::trim);
        Some(Self {
            message_id: message_id.to_owned(),
            signed: how.is_some_and(|how| how.to_ascii_lowercase().contains("pkcs7-signature")),
            url: url.filter(|url| !url.is_empty()).map(str::to_owned),
        })
    }
}

/// Writes an MDN.
pub(crate) fn write(
    options: &Options,
    wanted: &Wanted,
    disposition: &Disposition,
    mic: Option<&Mic>,
) -> Result<Entity, ErrorStack> {
    let sentence = match disposition {
        Disposition::Failed(_) => "The message was not taken. What was wrong is told below.",
        _ => "The message was taken, and is kept. It was not read for its contents.",
    };
    let text = format!("Content-Type: text/plain; charset=us-ascii\r\n\r\n{sentence}\r\n");
    let mut told = format!(
        "Content-Type: message/disposition-notification\r\n\r\n\
         Reporting-UA: tongguan\r\n\
         Original-Recipient: rfc822; {to}\r\n\
         Final-Recipient: rfc822; {to}\r\n\
         Original-Message-ID: {id}\r\n\
         Disposition: automatic-action/MDN-sent-automatically; {disposition}\r\n",
        to = options.from,
        id = wanted.message_id,
    );
    if let Some(Mic { value, algorithm }) = mic {
        told.push_str(&format!("Received-Content-MIC: {value}, {algorithm}\r\n"));
    }
    let kind = "multipart/report; report-type=disposition-notification";
    let (kind, body) = multipart(kind, &[text.as_bytes(), told.as_bytes()]);
    let mut entity = Entity::new(fields(&[("Content-Type", &kind)]), body);
    if wanted.signed {
        entity = message::signed(options, &entity.octets())?;
    }
    let id = format!("<{}@{}>", uuid::Uuid::new_v4(), domain(&options.from));
    Ok(addressed(options, entity, &id))
}

/// An entity with the fields that every AS2 message has (RFC 4130, 6).
pub(crate) fn addressed(options: &Options, entity: Entity, message_id: &str) -> Entity {
    let now = OffsetDateTime::now_utc().format(&Rfc2822);
    let mut all = fields(&[
        ("AS2-Version", "1.2"),
        ("AS2-From", &quoted(&options.from)),
        ("AS2-To", &quoted(&options.to)),
        ("Message-ID", message_id),
        ("Date", &now.unwrap_or_default()),
        ("MIME-Version", "1.0"),
    ]);
    all.extend_from_slice(entity.fields());
    Entity::new(all, entity.body)
}

/// An AS2 name as a header has it (RFC 4130, 6.2).
fn quoted(name: &str) -> String {
    if name.contains([' ', '"', '\\']) {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{escaped}\"");
    }
    name.to_owned()
}

/// A name as the right side of a Message-ID: other characters than a host's become hyphens.
pub(crate) fn domain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let domain: String = name.chars().map(plain).collect();
    format!("{}.as2", domain.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::{Disposition, domain, quoted, report};
    use bytes::Bytes;

    #[test]
    fn dispositions_are_read_as_they_are_written_and_as_others_write_them() {
        let read = |text: &str| Disposition::read(&format!("automatic-action/x; {text}"));
        let failed = |text: &str| Disposition::Failed(text.to_owned());
        for one in [
            Disposition::Processed,
            Disposition::Warning("duplicate-document".to_owned()),
            failed("decryption-failed"),
            failed("unsupported format"),
        ] {
            assert_eq!(read(&one.to_string()), one);
        }
        assert_eq!(read("Processed"), Disposition::Processed);
        assert_eq!(read("processed/Error:a"), failed("a"));
        assert_eq!(read("failed/Failure: b"), failed("b"));
        assert_eq!(read("failed"), failed("failed"));
        assert_eq!(read("displayed"), failed("displayed"));
        assert_eq!(read("processed/error"), failed("processed/error"));
        assert_eq!(read("a: b\r\nc\x1b"), failed("b  c"));
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(quoted("A-1"), "A-1");
        assert_eq!(quoted("A \"1\""), "\"A \\\"1\\\"\"");
        assert_eq!(domain("A <b>"), "A--b.as2");
    }

    #[test]
    fn a_report_needs_its_notification() {
        let whole = |part: &str| {
            let text = format!(
                "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n{part}\r\n--b--\r\n"
            );
            report(&Bytes::from(text))
        };
        let told = "Content-Type: message/disposition-notification\r\n\r\n";
        let good = whole(&format!(
            "{told}Original-Message-ID: <a@b>\r\nDisposition: x; processed\r\n\
             Received-content-MIC: abc=, SHA256"
        ))
        .unwrap();
        assert_eq!(good.message_id, "<a@b>");
        let mic = good.mic.unwrap();
        assert_eq!(
            (mic.value.as_str(), mic.algorithm.as_str()),
            ("abc=", "SHA256")
        );
        assert!(whole("Content-Type: text/plain\r\n\r\nprocessed").is_err());
        assert!(whole(&format!("{told}Original-Message-ID: <a@b>")).is_err());
    }
}
