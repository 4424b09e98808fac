//! A double of what local platforms were seen to serve. No description of it is published; this
//! follows what clients in the field send and get:
//!
//! - `POST /cebcmsg` takes JSON, `Message.MessageHead` and `Message.MessageBody.data`: the signed
//!   message in base64, without an envelope. It is answered with the text `OK`.
//! - `GET /ceb312msg?dxpid=&qryid=` and `/ceb622msg` give the receipts after a time
//!   (`YYYYMMDDhhmmss`), as rows that a Java program printed: `[{orderno=T1, returnstatus=2}]`.
//!
//! Rows seen of inventories had no `copno`; here they have it, by the same rule as the other fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::fmt::Write as _;

use tongguan_messages::envelope::{Envelope, Head, Opened, open};
use tongguan_messages::{Kind, Limits, Message, message, read};

use super::shelf::Kept;
use crate::receipts::{CLEARANCE, guid, now};

/// The envelope that the platform puts around what it was given.
pub(super) fn envelope(body: &[u8]) -> Result<(String, Vec<u8>), String> {
    let value: Value = serde_json::from_slice(body).map_err(|e| format!("no JSON: {e}"))?;
    let text = |path: &str| {
        let found = value.pointer(path).and_then(Value::as_str);
        found.ok_or_else(|| format!("no text at {path}"))
    };
    let data = text("/Message/MessageBody/data")?;
    let data = STANDARD
        .decode(data)
        .map_err(|e| format!("no base64: {e}"))?;
    let kind = text("/Message/MessageHead/MessageType")?;
    let kind = kind.strip_suffix(".xml").unwrap_or(kind);
    // Who sends is in the message.
    let parsed = read(&data, &Limits::default()).ok();
    let sender = parsed.and_then(|p| Some(p.root.text("BaseTransfer/dxpId")?.to_owned()));
    let named = text("/Message/MessageHead/MessageId").unwrap_or_default();
    let cop_msg_id = match named {
        "" => guid(),
        named => named.to_owned(),
    };
    let head = Head {
        cop_msg_id: cop_msg_id.clone(),
        sender_id: sender.unwrap_or_else(|| "UNKNOWN".to_owned()),
        receiver_ids: vec![CLEARANCE.to_owned()],
        creat_time: now(time::macros::format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second]"
        )),
        msg_type: kind.to_owned(),
    };
    let octets = Envelope { head, data }.write();
    let octets = octets.map_err(|problems| format!("{:?}", problems.first()))?;
    Ok((cop_msg_id, octets))
}

/// What a path asks for: the receipt's message, and what its guid is called in rows.
pub(super) fn asked(path: &str) -> Option<(&'static Message, &'static str)> {
    match path {
        "/ceb312msg" => Some((message("CEB312Message")?, "re_order_guid")),
        "/ceb622msg" => Some((message("CEB622Message")?, "re_elist_guid")),
        _ => None,
    }
}

/// The rows after a time, as Java prints them.
pub(super) fn rows<'a>(
    kept: impl Iterator<Item = &'a Kept>,
    (receipt, guid_name): (&'static Message, &str),
    dxp_id: &str,
    after: &str,
) -> String {
    let mut rows: Vec<String> = Vec::new();
    for kept in kept {
        let Ok(Opened::Envelope(envelope)) = open(&kept.octets, &Limits::default()) else {
            continue;
        };
        if !envelope.head.receiver_ids.iter().any(|id| id == dxp_id) {
            continue;
        }
        let Ok(parsed) = read(&envelope.data, &Limits::default()) else {
            continue;
        };
        if parsed.message.name != receipt.name || parsed.message.kind != Kind::Receipt {
            continue;
        }
        for unit in parsed.root.children() {
            let time = unit.text("returnTime").unwrap_or_default();
            let second = time.get(..14).unwrap_or(time);
            if second <= after {
                continue;
            }
            let mut row = format!("{{trans_dxpid={dxp_id}");
            for field in unit.children() {
                let Some(text) = field.own_text() else {
                    continue;
                };
                let (name, text) = match field.element.name {
                    "guid" => (guid_name.to_owned(), text),
                    "returnTime" => ("returntime2".to_owned(), second),
                    name => (name.to_lowercase(), text),
                };
                // Writing to a text never fails.
                let _ = write!(row, ", {name}={text}");
            }
            row.push('}');
            rows.push(row);
        }
    }
    format!("[{}]", rows.join(", "))
}
