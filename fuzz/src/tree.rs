//! roxmltree as the judge of what is well-formed, and of what a document holds.

use roxmltree::{Document, Error, Node as Theirs};
use tongguan_messages::{Node, NodeContent, Parsed, Problem};

/// The reader's verdict and tree are those of roxmltree.
pub fn agrees(octets: &[u8], problems: &[Problem], parsed: Option<&Parsed>) {
    let fault = problems.first().filter(|p| p.ill_formed);
    if fault.is_some_and(refused_on_purpose) {
        return;
    }
    let Ok(text) = std::str::from_utf8(octets) else {
        assert!(fault.is_some(), "it is not UTF-8");
        return;
    };
    match (Document::parse(text), fault) {
        (Ok(theirs), None) => {
            // It takes a carriage return and a line feed that is written as a reference for one line
            // end; expat and libxml2 see two, as we do.
            if let Some(parsed) = parsed.filter(|_| !text.contains("\r&#")) {
                element(&parsed.root, theirs.root_element());
            }
        }
        (Err(_), Some(_)) => {}
        // It knows the prefix in attributes' names only.
        (Err(Error::UnknownNamespace(prefix, _)), None) if prefix == "xml" => {}
        // It takes `x:xmlns` for the default namespace, whatever x is.
        (Ok(_), Some(fault))
            if fault.text.contains("uses the prefix") && text.contains(":xmlns") => {}
        (Err(error), None) => panic!("roxmltree says {error}, we: {problems:?}"),
        (Ok(_), Some(fault)) => panic!("roxmltree takes it, we say {fault}"),
    }
}

/// What follows an XML declaration that roxmltree would take for an instruction: one with a line
/// feed after its name.
pub fn after_declaration(text: &str) -> &str {
    let body = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    body.strip_prefix("<?xml")
        .filter(|t| t.starts_with(['\t', '\n', '\r']))
        .and_then(|t| t.split_once("?>"))
        .map_or(text, |(_, document)| document)
}

/// Our limits, and what XML forbids and roxmltree does not see. libxml2 sees it as we do: it is the
/// judge in the mutants' test.
fn refused_on_purpose(fault: &Problem) -> bool {
    const UNSEEN: [&str; 10] = [
        "refers to the character",
        "has an XML declaration",
        "declares a version of XML other than 1.0",
        "declares standalone neither",
        "declares the encoding",
        "has a processing instruction without ?>",
        "has a colon in a processing instruction's name",
        "has a wrong namespace declaration",
        "has the attribute xmlns twice",
        "with a colon astray",
    ];
    fault.rule == "too-large" || UNSEEN.iter().any(|unseen| fault.text.contains(unseen))
}

/// The element is theirs, with all that is in it.
fn element(ours: &Node, theirs: Theirs<'_, '_>) {
    assert_eq!(ours.element.name, theirs.tag_name().name());
    for (name, value) in &ours.attributes {
        assert_eq!(theirs.attribute(*name), Some(value.as_str()), "{name}");
    }
    match &ours.content {
        NodeContent::Text(text) => {
            let own: String = theirs
                .children()
                .filter(Theirs::is_text)
                .filter_map(|t| t.text())
                .collect();
            let absent = ours.element.fixed.or(ours.element.default);
            let value = absent.filter(|_| own.is_empty()).unwrap_or(&own);
            assert_eq!(text, value, "{}", ours.element.name);
        }
        NodeContent::Opaque(range) => {
            let theirs = theirs.range();
            assert_eq!(*range, theirs);
        }
        NodeContent::Children(children) => {
            let theirs: Vec<_> = theirs.children().filter(Theirs::is_element).collect();
            assert_eq!(children.len(), theirs.len(), "{}", ours.element.name);
            for (ours, theirs) in children.iter().zip(theirs) {
                element(ours, theirs);
            }
        }
    }
}
