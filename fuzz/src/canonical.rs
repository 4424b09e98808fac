//! Canonical XML: it is its own canonical form, and says what the document says.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};
use tongguan_xmldsig::{CanonicalError, Policy, canonicalize, verify};

use crate::tree;

/// The largest document that is taken.
const MOST: usize = 1 << 20;

pub fn target(octets: &[u8]) {
    // Whatever it says: it must say it.
    let _ = verify(octets, &Policy::default());
    let canonical = match canonicalize(octets, MOST) {
        Ok(canonical) => canonical,
        Err(error) => return refused(octets, &error),
    };
    let again = canonicalize(&canonical, MOST * 6).expect("a canonical form is canonicalised");
    assert!(again == canonical, "the canonical form of a canonical form");

    let text = std::str::from_utf8(&canonical).expect("a canonical form is UTF-8");
    assert!(!text.contains('\r') && !text.starts_with("<?xml "));
    let ours = Document::parse(text).expect("a canonical form is well-formed");
    assert!(!ours.descendants().any(|n| n.is_comment()));
    let body = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    let theirs = std::str::from_utf8(body).expect("what was canonicalised is UTF-8");
    // roxmltree takes a carriage return and a line feed that is written as a reference for one line
    // end: it gets none.
    let theirs = theirs.replace("\r\n", "\n").replace('\r', "\n");
    let theirs = tree::after_declaration(&theirs);
    let theirs = Document::parse(theirs).expect("what was canonicalised is well-formed");
    same(ours.root(), theirs.root());
}

/// What is looked at more closely than roxmltree does.
const UNSEEN: [&str; 6] = [
    "instruction",
    "default namespace",
    "encoding",
    "byte order mark",
    "named xmlns",
    "refers to a character",
];

fn refused(octets: &[u8], error: &CanonicalError) {
    let body = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    let text = std::str::from_utf8(body);
    match error {
        CanonicalError::NotUtf8(at) => assert_eq!(text.unwrap_err().valid_up_to(), *at),
        CanonicalError::TooLarge { .. } => assert!(octets.len() > MOST),
        CanonicalError::IllFormed(why) if UNSEEN.iter().any(|what| why.contains(what)) => {}
        CanonicalError::IllFormed(_) => assert!(Document::parse(text.unwrap()).is_err()),
        _ => {}
    }
}

/// Both hold the same, comments excepted.
fn same(ours: Node<'_, '_>, theirs: Node<'_, '_>) {
    let (ours, theirs) = (pieces(ours), pieces(theirs));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        match (ours, theirs) {
            (Piece::Text(ours), Piece::Text(theirs)) => assert_eq!(ours, theirs),
            (Piece::Node(ours), Piece::Node(theirs)) => {
                assert_eq!(ours.pi().map(instruction), theirs.pi().map(instruction));
                assert_eq!(name(ours), name(theirs));
                assert_eq!(prefix(ours), prefix(theirs));
                assert_eq!(namespaces(ours), namespaces(theirs));
                assert_eq!(attributes(ours), attributes(theirs));
                same(*ours, *theirs);
            }
            _ => panic!("text is not markup"),
        }
    }
}

enum Piece<'a, 'i> {
    Text(String),
    Node(Node<'a, 'i>),
}

/// What is in a node; texts that only a comment parts are one text.
fn pieces<'a, 'i>(node: Node<'a, 'i>) -> Vec<Piece<'a, 'i>> {
    let mut pieces = Vec::new();
    for child in node.children().filter(|c| !c.is_comment()) {
        match (child.text().filter(|_| child.is_text()), pieces.last_mut()) {
            // An empty CDATA section.
            (Some(""), _) => {}
            (Some(text), Some(Piece::Text(before))) => before.push_str(text),
            (Some(text), _) => pieces.push(Piece::Text(text.to_owned())),
            (None, _) => pieces.push(Piece::Node(child)),
        }
    }
    pieces
}

fn instruction(pi: roxmltree::PI<'_>) -> (String, Option<String>) {
    let value = pi
        .value
        .map(|v| v.replace("\r\n", "\n").replace('\r', "\n"));
    (pi.target.to_owned(), value)
}

/// No namespace can be said (`xmlns=""`) or not.
fn name<'a>(node: &Node<'a, '_>) -> (&'a str, &'a str) {
    let name = node.tag_name();
    (name.namespace().unwrap_or_default(), name.name())
}

fn prefix<'a>(node: &Node<'a, '_>) -> &'a str {
    let tag = &node.document().input_text()[node.range()];
    let end = tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'));
    let name = &tag[..end.unwrap_or(tag.len())];
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// The namespaces in scope.
fn namespaces<'a>(node: &Node<'a, '_>) -> BTreeSet<(Option<&'a str>, &'a str)> {
    let all = node.namespaces().map(|n| (n.name(), n.uri()));
    all.filter(|(_, uri)| !uri.is_empty()).collect()
}

fn attributes<'a>(node: &Node<'a, '_>) -> BTreeSet<(Option<&'a str>, &'a str, &'a str)> {
    let all = node.attributes();
    all.map(|a| (a.namespace(), a.name(), a.value())).collect()
}
