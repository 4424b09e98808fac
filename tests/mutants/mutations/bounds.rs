//! The bounds that libxml2 itself sets: how deep, how long, how many.

use super::Mutation;
use crate::document::Document;
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("nested deep", deep),
    ("long name", long_name),
    ("many attributes", many_attributes),
];

/// Somewhere, oftener where anything may stand.
fn place(d: &Document, r: &mut Random) -> (usize, usize) {
    let open = d.all(|e| matches!(d.local(e).as_str(), "Object" | "Message" | "RecMapId"));
    let at = match r.of(&open) {
        Some(open) if !r.once_in(4) => *open,
        _ => r.below(d.elements.len()),
    };
    let mut depth = 1;
    let mut up = d.elements[at].parent;
    while let Some(parent) = up {
        depth += 1;
        up = d.elements[parent].parent;
    }
    (d.elements[at].inner.end, depth)
}

fn deep(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (at, depth) = place(d, r);
    let levels = r.within(253..262).saturating_sub(depth);
    let (open, close) = r.pick(&[
        ("<a>", "</a>"),
        ("<a>\n", "</a>"),
        ("<a b=\"c\">", "</a>\n"),
    ]);
    let last = r.pick(&["", "x", "<b/>", "<!-- x -->"]);
    let new = format!("{}{last}{}", open.repeat(levels), close.repeat(levels));
    Some(d.inserted(at, new))
}

fn long_name(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (at, _) = place(d, r);
    // libxml2 loses its way in long names beyond ASCII.
    let name = match r.below(5) {
        0 => "国".repeat(r.within(59..70)),
        _ => "x".repeat(r.pick(&[61, 1000, 49_999, 50_000, 50_001, 60_000])),
    };
    let new = match r.below(5) {
        0 => format!("<{name}/>"),
        1 => format!("<a {name}=\"b\"/>"),
        2 => format!("<?{name}?>"),
        3 => format!("<p:{name} xmlns:p=\"urn:p\"/>"),
        _ => format!("<a>&{name};</a>"),
    };
    Some(d.inserted(at, new))
}

fn many_attributes(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (at, _) = place(d, r);
    let (before, after) = r.pick(&[("a", ""), ("a", "\n"), ("xmlns:a", "")]);
    // The reader takes fewer namespaces than libxml2: finding one is a walk over all.
    let count = r
        .pick(&[2, 20, 50, 400])
        .min(if before == "a" { 400 } else { 50 });
    let attributes: String = (0..count)
        .map(|i| format!(" {before}{i}=\"urn:{i}\"{after}"))
        .collect();
    Some(d.inserted(at, format!("<a{attributes}/>")))
}
