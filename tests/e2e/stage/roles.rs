//! The six roles, and what each may declare.

use serde_json::Value;
use std::fs;
use std::path::Path;
use tongguan_messages::{Extent, Kind, Message, example_json, messages};

use super::{TONGGUAN, good};

pub const ROLES: [&str; 6] = [
    "ecommerce",
    "platform",
    "payment",
    "logistics",
    "warehouse",
    "agent",
];

/// What a role may declare.
pub fn may(role: &str) -> impl Iterator<Item = &'static Message> {
    let all = messages()
        .iter()
        .copied()
        .filter(|m| m.kind == Kind::Declaration);
    all.filter(move |m| m.senders.contains(&role))
}

/// A manifest's table of a role that declares all that it may.
pub fn table(role: &str) -> String {
    let names: Vec<String> = may(role).map(|m| format!("{:?}", m.name)).collect();
    format!(
        "[roles.{role}]\nkind = {role:?}\ndeclares = [{}]\nreceipts = \"receipts.jsonl\"\n",
        names.join(", ")
    )
}

/// A document that can be declared, and answered.
pub fn document(message: &'static Message) -> String {
    // An arrival may leave out the bill of lading, but its receipt may not.
    let extent = match message.name {
        "CEB507Message" => Extent::Full,
        _ => Extent::Minimal,
    };
    example_json(message, extent).unwrap()
}

/// So many documents, the first with number `from`.
pub fn documents(message: &'static Message, from: usize, count: usize) -> String {
    let key = message.business_key.iter().rev();
    let mut key = key.filter(|path| !path.ends_with("msgSeqNo"));
    let name = key.next().unwrap().rsplit('/').next().unwrap();
    let read = |json: String| serde_json::from_str(&json).unwrap();
    let mut document: Value = read(document(message));
    if !set(&mut document, name, "") {
        // A key may be left out; here it is needed.
        document = read(example_json(message, Extent::Full).unwrap());
    }
    let numbered = (from..from + count).map(|n| {
        let mut document = document.clone();
        assert!(set(&mut document, name, &format!("N{n:07}")), "{name}");
        set(
            &mut document,
            "guid",
            &format!("4CDE1CFD-EDED-46B1-946C-{n:012}"),
        );
        match document {
            Value::Array(mut one) => one.remove(0),
            one => one,
        }
    });
    Value::Array(numbered.collect()).to_string()
}

/// Sets a field wherever it stands; says whether it stands anywhere.
fn set(value: &mut Value, name: &str, to: &str) -> bool {
    match value {
        Value::Array(list) => list
            .iter_mut()
            .fold(false, |any, one| set(one, name, to) | any),
        Value::Object(fields) => fields.iter_mut().fold(false, |any, (field, value)| {
            if field == name {
                *value = to.into();
                return true;
            }
            set(value, name, to) | any
        }),
        _ => false,
    }
}

/// Puts these roles into a folder's manifest, instead of the usual one.
pub fn play(dir: &Path, roles: &str) {
    let path = dir.join("tongguan.toml");
    if !path.exists() {
        good(dir, TONGGUAN, &["init", "."]);
    }
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, rest) = manifest.split_once("[roles.main]").unwrap();
    let (_, after) = rest.split_once("[waits]").unwrap();
    fs::write(path, format!("{before}{roles}\n[waits]{after}")).unwrap();
}
