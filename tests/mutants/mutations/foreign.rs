//! Elements of other messages, and roots under other names.

use tongguan_messages::{Content, Element as Field, messages};

use super::Mutation;
use crate::document::Document;
use crate::random::Random;
use crate::seeds;

pub const ALL: &[Mutation] = &[
    ("another message's element put in", put_in),
    (
        "another message's element put in a signature",
        put_in_signature,
    ),
    ("element replaced by another message's", replaced),
    ("root renamed", root_renamed),
    ("root dropped", root_dropped),
    ("root's content of another message", other_content),
];

/// The elements that hold elements, of all messages of a prefix.
fn complex(prefix: &str) -> Vec<&'static Field> {
    fn below(element: &'static Field, found: &mut Vec<&'static Field>) {
        if !matches!(element.content, Content::Text(_) | Content::Signature) {
            found.push(element);
        }
        for particle in element.particles() {
            below(particle.element, found);
        }
    }
    let mut found = Vec::new();
    for message in messages().iter().filter(|m| m.prefix == prefix) {
        below(&message.root, &mut found);
    }
    found
}

/// An element of the tables, as they make it, with its namespaces declared; and its name.
fn any(r: &mut Random) -> String {
    let prefix = r.pick(&["ceb", "ceb", "dxp"]);
    let all = complex(prefix);
    let mut element = *r.of(&all).unwrap();
    // Oftener a field of it.
    if r.once_in(2)
        && let Some(particle) = r.of(element.particles())
        && !matches!(particle.element.content, Content::Signature)
    {
        element = particle.element;
    }
    let text = seeds::element(element, r.once_in(2));
    if !r.once_in(4) {
        return text;
    }
    // Spoiled itself.
    let document = Document::new(text.clone().into_bytes());
    let inner = &document.elements[r.below(document.elements.len())];
    let spoiled = match r.below(3) {
        0 => document.with(inner.whole.clone(), ""),
        1 => document.with(inner.inner.clone(), "x"),
        _ => document.with(inner.inner.clone(), ""),
    };
    String::from_utf8(spoiled).unwrap_or(text)
}

fn place(d: &Document, r: &mut Random) -> usize {
    let element = &d.elements[r.below(d.elements.len())];
    if element.parent.is_none() {
        return r.pick(&[element.inner.start, element.inner.end]);
    }
    r.pick(&[
        element.whole.start,
        element.whole.end,
        element.inner.start,
        element.inner.end,
    ])
}

fn put_in(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    Some(d.inserted(place(d, r), any(r)))
}

fn put_in_signature(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    const OPEN: &[&str] = &[
        "KeyInfo",
        "Object",
        "Transform",
        "KeyValue",
        "X509Data",
        "SignatureProperty",
        "SPKIData",
        "PGPData",
        "Message",
        "RecMapId",
    ];
    let open = d.all(|e| {
        OPEN.contains(&d.local(e).as_str()) && !d.octets[e.start_tag.clone()].ends_with(b"/>")
    });
    let taker = &d.elements[*r.of(&open)?];
    let new = match r.below(4) {
        0 => format!("<o xmlns=\"urn:o\">{}</o>", any(r)),
        1 => format!("{}{}", any(r), any(r)),
        _ => any(r),
    };
    Some(d.inserted(r.pick(&[taker.inner.start, taker.inner.end]), new))
}

fn replaced(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let below: Vec<usize> = d.all(|e| e.parent.is_some());
    let element = &d.elements[*r.of(&below)?];
    let name = d.local(element);
    // An element of the same name in another message is nearly right.
    let mut same: Vec<&Field> = complex("ceb");
    same.retain(|e| e.name == name);
    let new = match r.of(&same) {
        Some(field) if !r.once_in(3) => seeds::element(field, r.once_in(2)),
        _ => any(r),
    };
    Some(d.with(element.whole.clone(), new))
}

fn root_renamed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let root = d.elements.first()?;
    let local = match r.below(4) {
        0 => r.of(&complex("ceb"))?.name.to_owned(),
        1 => r
            .pick(&[
                "Message",
                "Signature",
                "CEB311",
                "ceb311Message",
                "CEB999Message",
            ])
            .to_owned(),
        _ => r.of(messages())?.name.to_owned(),
    };
    let name = format!("{}{local}", d.prefix(root));
    let names = d.names(root).into_iter();
    Some(d.edited(names.map(|n| (n, name.clone().into_bytes())).collect()))
}

/// A child stands as the root, with the root's namespaces.
fn root_dropped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let child = &d.elements[*r.of(&d.children(0))?];
    let mut declared = String::new();
    for attribute in d.attributes(d.elements.first()?) {
        let whole = d.text(&attribute.whole);
        if whole.trim_start().starts_with("xmlns") {
            declared.push_str(&whole);
        }
    }
    let has_own = d.text(&child.start_tag).contains("xmlns");
    let at = child.name.end - child.whole.start;
    let mut octets = d.octets[child.whole.clone()].to_vec();
    if !has_own {
        octets.splice(at..at, declared.into_bytes());
    }
    Some(octets)
}

fn other_content(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let root = d.elements.first()?;
    let other = r.of(messages())?;
    let other = Document::new(seeds::element(&other.root, r.once_in(2)).into_bytes());
    let inner = &other.octets[other.elements.first()?.inner.clone()];
    let prefix = d.prefix(root);
    let prefix = prefix.strip_suffix(':').unwrap_or_default();
    if prefix != "ceb" && prefix != "dxp" {
        return None;
    }
    Some(d.with(root.inner.clone(), inner))
}
