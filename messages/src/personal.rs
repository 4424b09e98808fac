//! Personal data, as the tables mark it: which values a declaration has, and texts without them.

use crate::node::Node;
use crate::read::read_fragment;
use crate::table::{Element, Message};

/// A field with personal data.
#[derive(Debug, Clone)]
pub struct Personal {
    /// Its place in the declaration: `OrderHead/buyerName`.
    pub path: String,
    /// What the tables say of it.
    pub element: &'static Element,
    /// What is in it.
    pub value: String,
}

/// The personal data in a declaration, by its canonical octets as [`fragment`](crate::fragment)
/// writes them. Empty where the octets are none.
pub fn personal(message: &Message, fragment: &[u8]) -> Vec<Personal> {
    let mut found = Vec::new();
    if let Some(parsed) = read_fragment(message, fragment) {
        for unit in parsed.root.children() {
            collect(unit, "", &mut found);
        }
    }
    found
}

fn collect(node: &Node, path: &str, found: &mut Vec<Personal>) {
    for child in node.children() {
        let path = format!("{path}{}", child.element.name);
        match child.own_text() {
            Some(text) if child.element.personal && !text.is_empty() => found.push(Personal {
                path,
                element: child.element,
                value: text.to_owned(),
            }),
            _ => collect(child, &format!("{path}/"), found),
        }
    }
}

/// A personal value so that who knows it knows it again, and nobody else does: `张***`.
pub fn mask(value: &str) -> String {
    let mut shown: String = value.chars().take(1).collect();
    shown.push_str("***");
    shown
}

/// As [`masked`], for the personal data in a declaration, by its canonical octets.
pub fn masked_by(text: &str, message: &Message, fragment: &[u8]) -> String {
    // Most texts repeat nothing at all of a declaration, which is found out without reading it.
    if !repeats(text, fragment) {
        return text.to_owned();
    }
    masked(text, &personal(message, fragment))
}

/// Whether the text has any value of the fields, which stand between `>` and `<`, or may have one
/// that is written with a reference.
fn repeats(text: &str, fragment: &[u8]) -> bool {
    let text = text.as_bytes();
    fragment.split(|b| *b == b'>').any(|piece| {
        let value = &piece[..memchr::memchr(b'<', piece).unwrap_or_default()];
        value.contains(&b'&') || (value.len() > 1 && memchr::memmem::find(text, value).is_some())
    })
}

/// A text, with the personal data that it repeats masked. A single character tells nothing of
/// anybody, and is left.
pub fn masked(text: &str, personal: &[Personal]) -> String {
    let mut values: Vec<&str> = personal.iter().map(|p| p.value.as_str()).collect();
    // The longer first: one may be part of another.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for value in values {
        if value.chars().nth(1).is_some() && text.contains(value) {
            text = text.replace(value, &mask(value));
        }
    }
    text
}
