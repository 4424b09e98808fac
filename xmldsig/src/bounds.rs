//! What is looked at before the parser looks: bounds on what it does in the square of the input's
//! length (it compares each attribute of a tag with all others, and an element that declares a
//! namespace gets a list of all that are in force), and what it takes although it is not XML.

use crate::CanonicalError;

/// So many attributes, namespace declarations included, may stand in one tag.
const MOST_ATTRIBUTES: usize = 200;
/// So many namespace declarations may be in force at once; messages have two or three.
const MOST_NAMESPACES: usize = 100;

/// Whether a document keeps within the bounds. What is not XML is left for the parser to find: up
/// to there, both see the same tags.
pub(crate) fn check(text: &str) -> Result<(), CanonicalError> {
    // How many namespaces each open element declares, and all of them together.
    let mut open: Vec<usize> = Vec::new();
    let mut in_force = 0;
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        references(&rest[..start])?;
        rest = &rest[start..];
        if let Some(body) = rest.strip_prefix("<!--") {
            rest = after(body, "-->");
        } else if let Some(body) = rest.strip_prefix("<![CDATA[") {
            rest = after(body, "]]>");
        } else if let Some(body) = rest.strip_prefix("<?") {
            rest = after(body, "?>");
        } else if let Some(body) = rest.strip_prefix("</") {
            in_force -= open.pop().unwrap_or_default();
            rest = after(body, ">");
        } else {
            let tag = Tag::read(&rest[1..]);
            references(&rest[..rest.len() - tag.rest.len()])?;
            if tag.defaults > 1 {
                let what = "a tag declares the default namespace twice";
                return Err(CanonicalError::IllFormed(what.to_owned()));
            }
            if tag.disguised {
                let what = "an attribute is named xmlns, with a prefix";
                return Err(CanonicalError::IllFormed(what.to_owned()));
            }
            if tag.attributes > MOST_ATTRIBUTES {
                return Err(CanonicalError::TooMany("attributes in one tag"));
            }
            if in_force + tag.namespaces > MOST_NAMESPACES {
                return Err(CanonicalError::TooMany("namespaces in force at once"));
            }
            if !tag.empty {
                open.push(tag.namespaces);
                in_force += tag.namespaces;
            }
            rest = tag.rest;
        }
    }
    Ok(())
}

/// Numbers of characters that XML does not have: the parser takes some for U+FFFD.
fn references(text: &str) -> Result<(), CanonicalError> {
    for reference in text.split("&#").skip(1) {
        let digits = reference.split(';').next().unwrap_or_default();
        let number = match digits.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        let character = number.ok().and_then(char::from_u32);
        if !character.is_some_and(is_char) {
            let what = "it refers to a character that XML does not have";
            return Err(CanonicalError::IllFormed(what.to_owned()));
        }
    }
    Ok(())
}

/// XML 1.0, 2.2.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

fn after<'t>(text: &'t str, end: &str) -> &'t str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

/// A start tag.
struct Tag<'t> {
    attributes: usize,
    namespaces: usize,
    /// How often it declares the default namespace: the parser lets it be twice, and keeps both.
    defaults: usize,
    /// An attribute's name ends in `:xmlns`: the parser takes it for the default namespace.
    disguised: bool,
    empty: bool,
    /// What follows it.
    rest: &'t str,
}

impl<'t> Tag<'t> {
    fn read(text: &'t str) -> Self {
        let mut tag = Self {
            attributes: 0,
            namespaces: 0,
            defaults: 0,
            disguised: false,
            empty: false,
            rest: text,
        };
        // A > in quotes does not end it.
        while let Some(at) = tag.rest.find(['"', '\'', '>']) {
            let (before, found) = tag.rest.split_at(at);
            if let Some(rest) = found.strip_prefix('>') {
                tag.empty = before.ends_with('/');
                tag.rest = rest;
                return tag;
            }
            tag.attributes += 1;
            let name = before.trim_end_matches([' ', '\t', '\n', '\r', '=']);
            let name = name.rsplit([' ', '\t', '\n', '\r']).next();
            tag.defaults += usize::from(name == Some("xmlns"));
            tag.disguised |= name.is_some_and(|n| n.ends_with(":xmlns"));
            tag.namespaces += usize::from(name.is_some_and(|n| n.starts_with("xmlns")));
            tag.rest = after(&found[1..], &found[..1]);
        }
        tag.rest = "";
        tag
    }
}
