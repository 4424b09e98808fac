//! Personal data: which fields hold it, and a mark that takes its place in a document, so that it
//! shows wherever it comes out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use roxmltree::Document;
use tongguan_messages::{Content, Element, messages};

/// The fields that hold personal data in one message or another.
pub static FIELDS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    fn collect(element: &'static Element, names: &mut BTreeSet<&'static str>) {
        if element.personal && matches!(element.content, Content::Text(_)) {
            names.insert(element.name);
        }
        for particle in element.particles() {
            collect(particle.element, names);
        }
    }
    let mut names = BTreeSet::new();
    for message in messages() {
        collect(&message.root, &mut names);
    }
    assert!(names.contains("buyerName"));
    names
});

/// Four characters of it in a row are enough to know it.
pub const MARK: &str = "7Q7Q";

/// As long as `text`, and nothing but mark.
pub fn mark(text: &str) -> String {
    let length = text.chars().count();
    "7Q".chars().cycle().take(length).collect()
}

/// The document with marks for the texts of personal fields; nothing where it has none, is not
/// well-formed or holds the mark anyway.
pub fn marked(octets: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(octets).ok()?;
    if text.contains("7Q") || text.contains("7q") {
        return None;
    }
    let tree = Document::parse(text).ok()?;
    let mut marked = String::with_capacity(text.len());
    let mut done = 0;
    for node in tree.descendants().filter(|n| n.is_text()) {
        let field = node.parent_element().map_or("", |p| p.tag_name().name());
        let value = node.text().unwrap_or_default();
        // White space around a value is not personal, and decides about types.
        let blank = value.trim().is_empty();
        if FIELDS.contains(field) && !blank {
            let range = node.range();
            marked.push_str(&text[done..range.start]);
            marked.push_str(&mark(value));
            done = range.end;
        }
    }
    marked.push_str(&text[done..]);
    (done > 0).then_some(marked)
}
