//! Canonical XML 1.0, inclusive, without comments (W3C recommendation of 2001-03-15).

use crate::bounds;
use roxmltree::{Attribute, Document, Node, NodeId, ParsingOptions};
use std::borrow::Cow;

/// Why a document cannot be canonicalised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// Larger than allowed.
    #[error("the document has {octets} octets, at most {most} are taken")]
    TooLarge {
        /// Its octets.
        octets: usize,
        /// The bound.
        most: usize,
    },
    /// Not UTF-8.
    #[error("the document is not UTF-8 (from octet {0})")]
    NotUtf8(usize),
    /// A document type declaration, with which entities come.
    #[error("the document has a document type declaration (<!DOCTYPE), which is never taken")]
    Dtd,
    /// More of something than any message has, for which others might pay with time.
    #[error("the document has too many {0}")]
    TooMany(&'static str),
    /// Not well-formed.
    #[error("the document is not well-formed XML: {0}")]
    IllFormed(String),
}

/// The canonical form of a document.
///
/// ```
/// let canonical = tongguan_xmldsig::canonicalize(b"<a  c='1' b=\"2\"/><!-- gone -->", 1 << 20)?;
/// assert_eq!(canonical, b"<a b=\"2\" c=\"1\"></a>");
/// # Ok::<(), tongguan_xmldsig::CanonicalError>(())
/// ```
///
/// # Errors
/// See [`CanonicalError`].
pub fn canonicalize(document: &[u8], max_octets: usize) -> Result<Vec<u8>, CanonicalError> {
    let text = decode(document, max_octets)?;
    let document = parse(&text)?;
    Ok(whole(&document, None))
}

/// The document as text whose lines end as XML means them (XML 1.0, 2.11). The parser does that too,
/// but takes a carriage return before a line feed that is written as a reference for one line end.
pub(crate) fn decode(document: &[u8], max_octets: usize) -> Result<Cow<'_, str>, CanonicalError> {
    if document.len() > max_octets {
        return Err(CanonicalError::TooLarge {
            octets: document.len(),
            most: max_octets,
        });
    }
    let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    let text =
        std::str::from_utf8(document).map_err(|e| CanonicalError::NotUtf8(e.valid_up_to()))?;
    if !text.contains('\r') {
        return Ok(Cow::Borrowed(text));
    }
    Ok(Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")))
}

pub(crate) fn parse(text: &str) -> Result<Document<'_>, CanonicalError> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: 8_000_000,
        entity_resolver: None,
    };
    // The parser would step over one more, and past the look at the declaration behind it.
    if text.starts_with('\u{FEFF}') {
        let what = "it begins with two byte order marks";
        return Err(CanonicalError::IllFormed(what.to_owned()));
    }
    let text = match declaration(text) {
        Some((declared, _)) if !is_utf8(declared) => {
            let what = "it declares another encoding than UTF-8";
            return Err(CanonicalError::IllFormed(what.to_owned()));
        }
        // The parser knows an XML declaration by a space after <?xml, and would keep one with a
        // line feed there. Canonical XML drops it, so it is dropped here.
        Some((declared, document))
            if !declared.starts_with(' ') && declared.trim_start().starts_with("version") =>
        {
            document
        }
        _ => text,
    };
    bounds::check(text)?;
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => CanonicalError::Dtd,
        other => CanonicalError::IllFormed(other.to_string()),
    })?;
    // Most documents have an XML declaration and no instruction.
    let declared = text.strip_prefix("<?xml ");
    if declared.unwrap_or(text).contains("<?") && document.descendants().any(is_no_instruction) {
        let what = "a processing instruction is named xml, or has no space after its name";
        return Err(CanonicalError::IllFormed(what.to_owned()));
    }
    Ok(document)
}

/// What is in the XML declaration, and what follows it.
fn declaration(text: &str) -> Option<(&str, &str)> {
    let declared = text.strip_prefix("<?xml")?;
    let declared = declared.starts_with(SPACE).then_some(declared)?;
    declared.split_once("?>")
}

/// Whether the declaration agrees with how the document is read. No digest covers it: who believes
/// another encoding reads another document.
fn is_utf8(declared: &str) -> bool {
    let Some((_, value)) = declared.split_once("encoding") else {
        return true;
    };
    let value = value.trim_matches(['"', '\'', '=', ' ', '\t', '\n', '\r']);
    let end = value.find(['"', '\'']).unwrap_or(value.len());
    value[..end].eq_ignore_ascii_case("utf-8")
}

const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Whether it would be a processing instruction but for its name (XML 1.0, 2.6), which the parser
/// does not look at closely: canonicalised, it would become something else.
fn is_no_instruction(node: Node<'_, '_>) -> bool {
    let Some(pi) = node.pi() else { return false };
    let source = &node.document().input_text()[node.range()];
    let value = source
        .strip_prefix("<?")
        .and_then(|s| s.strip_prefix(pi.target));
    let parted = value.is_some_and(|v| v == "?>" || v.starts_with(SPACE));
    pi.target.eq_ignore_ascii_case("xml") || !parted
}

/// The canonical form of a whole document, without the element `omitted`.
pub(crate) fn whole(document: &Document<'_>, omitted: Option<NodeId>) -> Vec<u8> {
    let mut out = Vec::with_capacity(document.input_text().len());
    let root = document.root_element().id();
    let mut after_root = false;
    for node in document.root().children() {
        if node.id() == root {
            subtree(&mut out, node, omitted, false);
            after_root = true;
        } else if node.is_pi() {
            // Processing instructions outside the root stand on lines of their own.
            if after_root {
                out.push(b'\n');
            }
            instruction(&mut out, node);
            if !after_root {
                out.push(b'\n');
            }
        }
    }
    out
}

/// The canonical form of one element as a document subset: with all namespaces in scope, and the
/// `xml:` attributes of its ancestors.
pub(crate) fn subset(element: Node<'_, '_>) -> Vec<u8> {
    let mut out = Vec::new();
    subtree(&mut out, element, None, true);
    out
}

/// Walks without recursion: depth is the sender's choice, the stack is not.
fn subtree(out: &mut Vec<u8>, top: Node<'_, '_>, omitted: Option<NodeId>, apex: bool) {
    let mut node = top;
    loop {
        let skip = Some(node.id()) == omitted;
        if !skip {
            enter(out, node, apex && node.id() == top.id());
            if let Some(child) = node.first_child() {
                node = child;
                continue;
            }
        }
        let mut leaving = skip;
        loop {
            if !leaving && node.is_element() {
                out.extend_from_slice(b"</");
                out.extend_from_slice(name(node).as_bytes());
                out.push(b'>');
            }
            leaving = false;
            if node.id() == top.id() {
                return;
            }
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return,
            }
        }
    }
}

fn enter(out: &mut Vec<u8>, node: Node<'_, '_>, apex: bool) {
    if node.is_text() {
        escape(out, node.text().unwrap_or_default());
    } else if node.is_pi() {
        instruction(out, node);
    } else if node.is_element() {
        out.push(b'<');
        out.extend_from_slice(name(node).as_bytes());
        namespaces(out, node, apex);
        attributes(out, node, apex);
        out.push(b'>');
    }
}

/// The element's name as written, with its prefix: the tree keeps only the namespace.
fn name<'a>(node: Node<'a, '_>) -> &'a str {
    let source = &node.document().input_text()[node.range()];
    let source = source.strip_prefix('<').unwrap_or(source);
    let end = source
        .find([' ', '\t', '\n', '\r', '/', '>'])
        .unwrap_or(source.len());
    &source[..end]
}

fn default_namespace<'a>(node: Node<'a, '_>) -> &'a str {
    node.default_namespace().unwrap_or_default()
}

fn namespaces(out: &mut Vec<u8>, node: Node<'_, '_>, apex: bool) {
    let parent = if apex { None } else { node.parent_element() };
    // Most elements declare nothing. The tree keeps each pair of prefix and URI once, so lists that
    // say the same are the same references.
    let same = |above: &Node<'_, '_>| {
        let mut pairs = node.namespaces().zip(above.namespaces());
        node.namespaces().len() == above.namespaces().len()
            && pairs.all(|(n, a)| std::ptr::eq(n, a))
    };
    if parent.as_ref().is_some_and(same) {
        return;
    }
    let default = default_namespace(node);
    let above = parent.map(default_namespace).unwrap_or_default();
    if default != above {
        out.extend_from_slice(b" xmlns=\"");
        escape_attribute(out, default);
        out.push(b'"');
    }
    // An element's list is its own declarations, then what is left of its parent's, in that order:
    // from behind, one pass over both parts them.
    let mut inherited = parent.iter().flat_map(Node::namespaces).rev();
    let own = node
        .namespaces()
        .rev()
        .filter(|n| !inherited.any(|i| std::ptr::eq(i, *n)));
    let mut prefixed: Vec<(&str, &str)> = own
        .filter_map(|n| Some((n.name()?, n.uri())))
        .filter(|(prefix, _)| *prefix != "xml")
        .filter(|(prefix, uri)| {
            parent.and_then(|p| p.lookup_namespace_uri(Some(prefix))) != Some(*uri)
        })
        .collect();
    prefixed.sort_unstable();
    for (prefix, uri) in prefixed {
        out.extend_from_slice(b" xmlns:");
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(b"=\"");
        escape_attribute(out, uri);
        out.push(b'"');
    }
}

fn attributes(out: &mut Vec<u8>, node: Node<'_, '_>, apex: bool) {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    let mut all: Vec<Attribute<'_, '_>> = node.attributes().collect();
    if apex {
        for ancestor in node.ancestors().skip(1) {
            for attribute in ancestor.attributes().filter(|a| a.namespace() == Some(XML)) {
                let there = |a: &Attribute<'_, '_>| {
                    a.namespace() == Some(XML) && a.name() == attribute.name()
                };
                if !all.iter().any(there) {
                    all.push(attribute);
                }
            }
        }
    }
    all.sort_by_key(|a| (a.namespace().unwrap_or_default(), a.name()));
    let source = node.document().input_text();
    for attribute in all {
        out.push(b' ');
        out.extend_from_slice(source[attribute.range_qname()].as_bytes());
        out.extend_from_slice(b"=\"");
        escape_attribute(out, attribute.value());
        out.push(b'"');
    }
}

fn instruction(out: &mut Vec<u8>, node: Node<'_, '_>) {
    let Some(pi) = node.pi() else { return };
    out.extend_from_slice(b"<?");
    out.extend_from_slice(pi.target.as_bytes());
    if let Some(value) = pi.value {
        out.push(b' ');
        out.extend_from_slice(value.replace("\r\n", "\n").replace('\r', "\n").as_bytes());
    }
    out.extend_from_slice(b"?>");
}

pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    replace(out, text, |b| match b {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

fn escape_attribute(out: &mut Vec<u8>, text: &str) {
    replace(out, text, |b| match b {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// Every octet that is replaced is ASCII, so UTF-8 sequences stay whole.
fn replace(out: &mut Vec<u8>, text: &str, by: impl Fn(u8) -> Option<&'static [u8]>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (i, b) in bytes.iter().enumerate() {
        if let Some(replacement) = by(*b) {
            out.extend_from_slice(&bytes[done..i]);
            out.extend_from_slice(replacement);
            done = i + 1;
        }
    }
    out.extend_from_slice(&bytes[done..]);
}
