//! What an answer, or what was pushed, holds: receipts, each with its id and place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderMap;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use tongguan_messages::envelope::write_receipt;

use crate::names::{Found, at};
use crate::options::{Content, Encoding, Extract, Form, Query, Receipt};
use crate::rows;
use crate::template::{Guard, Template};

/// More receipts do not come at once: empty ones would take fifty times the memory of what came.
const MOST: usize = 100_000;

/// One receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The same each time that it comes.
    pub id: String,
    /// What leads past it.
    pub position: String,
    /// The receipt itself.
    pub octets: Vec<u8>,
}

impl Extract {
    /// The items of what came.
    ///
    /// # Errors
    /// It is not written as the manifest says.
    pub(crate) fn items(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Value>, String> {
        let text = String::from_utf8_lossy(body);
        let whole = match self.form {
            Form::Raw if body.is_empty() => return Ok(Vec::new()),
            Form::Raw => return Ok(vec![raw(headers, &text)]),
            Form::Rows => rows::read(&text)?,
            Form::Json => {
                if text.trim().is_empty() {
                    return Ok(Vec::new());
                }
                serde_json::from_str(&text).map_err(|e| format!("it is no JSON: {e}"))?
            }
        };
        let there = match &whole {
            // An answer that is a list has nothing by a name.
            Value::Array(_) => Some(&whole),
            _ => at(&whole, &self.items),
        };
        match there {
            Some(Value::Array(list)) if list.len() > MOST => Err(format!(
                "it has {} receipts, and no more than {MOST} are taken at once",
                list.len()
            )),
            Some(Value::Array(list)) => Ok(list.clone()),
            Some(one @ Value::Object(_)) => Ok(vec![one.clone()]),
            Some(Value::Null) => Ok(Vec::new()),
            _ => Err(format!("it has no list at items = {:?}", self.items)),
        }
    }

    /// The receipt in an item. One that cannot be read is handed on as it is, so that it is kept
    /// where people look, and is not asked for again for ever.
    pub(crate) fn octets(&self, item: &Value) -> Vec<u8> {
        let names = Found(item);
        let made = match &self.content {
            Content::Receipt(receipt) => receipt.write(item),
            Content::Octets(template, encoding) => template
                .fill(&names, Guard::None)
                .map_err(|name| format!("it has no {name}"))
                .and_then(|octets| match encoding {
                    Encoding::Text => Ok(octets),
                    Encoding::Base64 => unbase64(&octets),
                }),
        };
        made.unwrap_or_else(|why| {
            tracing::error!(
                why,
                "a receipt is not written as the manifest says: kept as it came"
            );
            match (self.form, item.get("body")) {
                (Form::Raw, Some(Value::String(body))) => body.clone().into_bytes(),
                _ => item.to_string().into_bytes(),
            }
        })
    }
}

impl Query {
    /// The receipts in an answer.
    ///
    /// # Errors
    /// It is not written as the manifest says.
    pub(crate) fn receipts(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Item>, String> {
        let items = self.extract.items(headers, body)?;
        Ok(items.iter().map(|item| self.receipt(item)).collect())
    }

    /// An item as a receipt.
    fn receipt(&self, item: &Value) -> Item {
        let names = Found(item);
        let text = |template: Option<&Template>| template?.text(&names, Guard::None).ok();
        let from = self.cursor.as_ref().map(|cursor| &cursor.from);
        Item {
            id: text(self.id.as_ref())
                .unwrap_or_else(|| hex::encode(Sha256::digest(item.to_string()))),
            position: text(from).unwrap_or_default(),
            octets: self.extract.octets(item),
        }
    }
}

/// A whole answer as an item: its body, and its headers by their names.
fn raw(headers: &HeaderMap, body: &str) -> Value {
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), Value::String(value))
    };
    let mut item: Map<String, Value> = headers.iter().map(header).collect();
    item.insert("body".to_owned(), Value::String(body.to_owned()));
    Value::Object(item)
}

fn unbase64(octets: &[u8]) -> Result<Vec<u8>, String> {
    let compact: Vec<u8> = octets
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    STANDARD
        .decode(compact)
        .map_err(|e| format!("it is no base64: {e}"))
}

impl Receipt {
    /// The receipt as the standard writes it. What has no value is left out.
    fn write(&self, item: &Value) -> Result<Vec<u8>, String> {
        let names = Found(item);
        let text = |template: &Template| {
            let filled = template.text(&names, Guard::None);
            filled.map_err(|name| format!("it has no {name}"))
        };
        let guid = text(&self.guid)?;
        let mut fields = Vec::new();
        for (name, template) in &self.fields {
            let value = text(template)?;
            if !value.is_empty() {
                fields.push((*name, value));
            }
        }
        Ok(write_receipt(self.message, &guid, &[fields]))
    }
}
