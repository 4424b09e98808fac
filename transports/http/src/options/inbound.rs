//! How receipts come, read and checked.

use hyper::Method;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{PartOptions, Secret};

use super::tables::{CursorTable, ListenTable, QueryTable, ReceiptTable, Table};
use super::{
    ByTime, Certificates, Content, Cursor, Encoding, Extract, Form, Listen, Query, Receipt, pair,
    request,
};
use crate::request::{RequestTable, Wrong, template, wrong};
use crate::template::Template;

/// Anything: what an item has is known when it comes.
fn anything(_: &str) -> bool {
    true
}

fn extract(
    key: &str,
    form: Form,
    items: &str,
    octets: Option<&String>,
    encoding: Encoding,
    receipt: Option<&ReceiptTable>,
) -> Result<Extract, Wrong> {
    let content = match (octets, receipt, form) {
        (None, Some(_), Form::Raw) => {
            return Err(wrong(
                format!("{key}.receipt"),
                "a raw answer has no members",
            ));
        }
        (None, Some(receipt), _) => Content::Receipt(receipt.read(&format!("{key}.receipt"))?),
        (None, None, Form::Raw) => {
            let whole = Template::read("{body}").map_err(|why| wrong(key, why))?;
            Content::Octets(whole, encoding)
        }
        (Some(text), None, _) => {
            let octets = template(&format!("{key}.octets"), text, &anything)?;
            Content::Octets(octets, encoding)
        }
        _ => {
            let why = "either octets or receipt tells what an item becomes";
            return Err(wrong(format!("{key}.octets"), why));
        }
    };
    Ok(Extract {
        form,
        items: items.to_owned(),
        content,
    })
}

impl ReceiptTable {
    fn read(&self, key: &str) -> Result<Receipt, Wrong> {
        let message = tongguan_messages::message(&self.message);
        let message = message.filter(|m| m.unit.is_some()).ok_or_else(|| {
            let why = format!("{:?} is no message with records", self.message);
            wrong(format!("{key}.message"), why)
        })?;
        let unit = message.unit.map(|unit| unit.particles());
        let mut fields = Vec::new();
        for particle in unit.unwrap_or_default() {
            let name = particle.element.name;
            if let Some(text) = self.fields.get(name) {
                let key = format!("{key}.fields.{name}");
                fields.push((name, template(&key, text, &anything)?));
            }
        }
        let known = |name: &String| fields.iter().any(|(known, _)| *known == name.as_str());
        if let Some(unknown) = self.fields.keys().find(|name| !known(name)) {
            let why = format!("{} has no such field", message.name);
            return Err(wrong(format!("{key}.fields.{unknown}"), why));
        }
        Ok(Receipt {
            message,
            guid: template(&format!("{key}.guid"), &self.guid, &anything)?,
            fields,
        })
    }
}

impl QueryTable {
    pub(super) fn read(
        &self,
        name: &str,
        table: &Table,
        options: &PartOptions,
        everywhere: &dyn Fn(&str) -> bool,
    ) -> Result<Query, Wrong> {
        let key = format!("receive.{name}");
        let at = |what: &str| format!("{key}.{what}");
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(wrong(&key, "its name is letters, digits, - and _"));
        }
        let has_cursor = self.cursor.is_some();
        let known = |name: &str| everywhere(name) || (has_cursor && name == "cursor");
        let request =
            request(&key, &self.request)?.read(&key, Method::GET, &table.headers, &known)?;
        let about_one = |what: &str, method, one: Option<&RequestTable>| {
            let Some(one) = one else { return Ok(None) };
            if self.id.is_none() {
                return Err(wrong(at("id"), format!("{what} needs the receipt's id")));
            }
            let known = |name: &str| everywhere(name) || name == "id";
            one.read(&at(what), method, &table.headers, &known)
                .map(Some)
        };
        let fetch = about_one("fetch", Method::GET, self.fetch.as_ref())?;
        let acknowledge = about_one("acknowledge", Method::POST, self.acknowledge.as_ref())?;
        if fetch.is_some() && (self.octets.is_some() || self.receipt.is_some()) {
            let why = "with fetch, the answer to it is the receipt: octets and receipt have no say";
            return Err(wrong(at("fetch"), why));
        }
        // What is fetched takes its place.
        let nothing = String::new();
        let octets = fetch
            .as_ref()
            .map_or(self.octets.as_ref(), |_| Some(&nothing));
        let cursor = match &self.cursor {
            None if acknowledge.is_none() => {
                let why =
                    "neither cursor nor acknowledge is there: every receipt would come for ever";
                return Err(wrong(at("cursor"), why));
            }
            None => None,
            Some(cursor) => {
                if !request.asks("cursor") {
                    let why = "the request does not ask for {cursor}";
                    return Err(wrong(at("path"), why));
                }
                let state = table.state.clone();
                let state = state.unwrap_or_else(|| PathBuf::from("transport-state"));
                let file = format!("{}.{name}.json", safe(&options.part));
                let path = options.base.join(state).join(file);
                Some(cursor.read(&at("cursor"), path)?)
            }
        };
        let id = match &self.id {
            Some(text) => Some(template(&at("id"), text, &anything)?),
            None => None,
        };
        let poll = self.poll_ms.unwrap_or(table.poll_ms).max(50);
        Ok(Query {
            name: name.to_owned(),
            request,
            poll: Duration::from_millis(poll),
            extract: extract(
                &key,
                self.form,
                &self.items,
                octets,
                self.encoding,
                self.receipt.as_ref(),
            )?,
            id,
            cursor,
            fetch,
            acknowledge,
        })
    }
}

/// A part's name where it becomes a file's: `transport "main"` is `main`.
fn safe(part: &str) -> String {
    let name = part.split('"').nth(1).unwrap_or(part);
    let keep = |c: char| c.is_alphanumeric() || c == '-';
    name.chars()
        .map(|c| if keep(c) { c } else { '_' })
        .collect()
}

impl CursorTable {
    fn read(&self, key: &str, path: PathBuf) -> Result<Cursor, Wrong> {
        let time = match &self.time {
            Some(pattern) => Some(ByTime {
                pattern: pattern.clone(),
                overlap: time::Duration::seconds(self.overlap_seconds.unwrap_or(300).into()),
                first: time::Duration::hours(self.first_hours.unwrap_or(24).into()),
            }),
            None if self.overlap_seconds.is_some() || self.first_hours.is_some() => {
                let why = "overlap_seconds and first_hours are for a cursor that is a time";
                return Err(wrong(format!("{key}.time"), why));
            }
            None => None,
        };
        Ok(Cursor {
            from: template(&format!("{key}.from"), &self.from, &anything)?,
            start: self.start.clone(),
            time,
            path,
        })
    }
}

impl ListenTable {
    pub(super) fn read(
        &self,
        token: Option<Secret>,
        base: &dyn Fn(&PathBuf) -> PathBuf,
    ) -> Result<Listen, Wrong> {
        let own = pair(&self.certificate, &self.key, "listen.", base)?;
        if self.ca.is_some() && own.is_none() {
            let why = "ca asks for the caller's certificate, and that needs TLS: give certificate and key";
            return Err(wrong("listen.ca", why));
        }
        if token.as_ref().is_none_or(|token| token.is_empty()) && self.ca.is_none() {
            let why = "neither token nor ca is there: anybody could hand in receipts";
            return Err(wrong("listen.token", why));
        }
        if !self.path.starts_with('/') {
            return Err(wrong("listen.path", "it does not begin with /"));
        }
        Ok(Listen {
            address: self.address,
            path: self.path.clone(),
            token,
            certificates: Certificates {
                own,
                ca: self.ca.as_ref().map(base),
            },
            extract: extract(
                "listen",
                self.form,
                &self.items,
                self.octets.as_ref(),
                self.encoding,
                self.receipt.as_ref(),
            )?,
            answer: self.answer.clone(),
        })
    }
}
