//! Text at its bounds, in all that can stand for a character.

use tongguan_messages::SimpleType;

use super::Mutation;
use crate::document::{Document, Element};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("length at a bound", length),
    ("length at a bound, as references", length_in_references),
    ("length at a bound, with CDATA", length_in_cdata),
    ("reference in text", reference),
    ("CDATA in text", cdata),
    ("comment or instruction in text", comment),
    ("character in text", character),
];

const FILLERS: &[&str] = &[
    "x",
    "国",
    "😀",
    "e\u{301}",
    "\u{A0}",
    "\u{3000}",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\u{2028}",
    "\u{85}",
    "\u{200B}",
    "\u{FEFF}",
    "\u{FFFD}",
    "a国😀",
    "👨\u{200D}👩",
    "\u{10FFFF}",
    "é",
    " a",
];

pub fn leaf<'d>(d: &'d Document, r: &mut Random) -> Option<&'d Element> {
    let leaves = d.all(|e| e.is_leaf() && e.field.is_some());
    Some(&d.elements[*r.of(&leaves)?])
}

/// A length beside one of the bounds, and the element to fill so far.
fn bounded<'d>(d: &'d Document, r: &mut Random) -> Option<(&'d Element, usize)> {
    let bounded = d.all(|e| e.is_leaf() && matches!(e.simple(), Some(SimpleType::Chars { .. })));
    let element = &d.elements[*r.of(&bounded)?];
    let Some(SimpleType::Chars { min, max, .. }) = element.simple() else {
        return None;
    };
    let bound = if max == u32::MAX || r.once_in(4) {
        min
    } else {
        max
    } as usize;
    Some((element, (bound + r.below(3)).saturating_sub(1)))
}

/// So many characters.
fn filled(r: &mut Random, length: usize) -> Vec<char> {
    r.pick(FILLERS).chars().cycle().take(length).collect()
}

fn length(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (element, length) = bounded(d, r)?;
    let text: String = filled(r, length).into_iter().collect();
    Some(d.with(element.inner.clone(), text))
}

fn length_in_references(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (element, length) = bounded(d, r)?;
    let how = r.below(4);
    let mut text = String::new();
    for c in filled(r, length) {
        let number = u32::from(c);
        text.push_str(&match how {
            0 => format!("&#x{number:X};"),
            1 => format!("&#{number};"),
            2 => r
                .pick(&["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"])
                .to_owned(),
            _ if r.once_in(3) => format!("&#x000{number:x};"),
            _ => c.to_string(),
        });
    }
    Some(d.with(element.inner.clone(), text))
}

fn length_in_cdata(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (element, length) = bounded(d, r)?;
    let text = filled(r, length);
    let cut = r.below(length + 1);
    let (a, b): (String, String) = (text[..cut].iter().collect(), text[cut..].iter().collect());
    let whole = match r.below(6) {
        0 => format!("<![CDATA[{a}{b}]]>"),
        1 => format!("{a}<![CDATA[{b}]]>"),
        2 => format!("<![CDATA[{a}]]>{b}"),
        3 => format!("<![CDATA[{a}]]><![CDATA[{b}]]>"),
        4 => format!("{a}<!-- {b} -->{b}"),
        _ => format!("{a}<?p q?>{b}"),
    };
    Some(d.with(element.inner.clone(), whole))
}

/// Somewhere in a text, between two characters of it.
fn inside(d: &Document, r: &mut Random) -> Option<usize> {
    let element = leaf(d, r)?;
    let text = d.text(&element.inner);
    let places: Vec<usize> = (0..=text.len())
        .filter(|i| text.is_char_boundary(*i))
        .collect();
    Some((element.inner.start + r.pick(&places)).min(element.inner.end))
}

/// Puts one of these into a text, or in its place.
fn put(d: &Document, r: &mut Random, kinds: &[&str]) -> Option<Vec<u8>> {
    let new = r.pick(kinds);
    if r.once_in(3) {
        return Some(d.with(leaf(d, r)?.inner.clone(), new));
    }
    Some(d.inserted(inside(d, r)?, new))
}

fn reference(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds = [
        "&#x41;",
        "&#65;",
        "&#x4e;",
        "&#X41;",
        "&amp;",
        "&lt;",
        "&gt;",
        "&quot;",
        "&apos;",
        "&#0;",
        "&#x0;",
        "&#xD800;",
        "&#xDFFF;",
        "&#xFFFE;",
        "&#xFFFF;",
        "&#x10FFFF;",
        "&#x110000;",
        "&#1;",
        "&#9;",
        "&#10;",
        "&#13;",
        "&#32;",
        "&#x7F;",
        "&#x85;",
        "&#xA0;",
        "&undefined;",
        "&nbsp;",
        "&",
        "&amp",
        "&#;",
        "&#x;",
        "&#x41",
        "&#65 ;",
        "& amp;",
        "&#xG;",
        "&#6a;",
        "&AMP;",
        "&#4294967361;",
        "&#x100000041;",
        "&#00000000000000000065;",
        "&a&b;",
        "&;",
        "&#-1;",
        "&amp;amp;",
        "&#x1F600;",
        "&lt;a/&gt;",
        "&#60;b/>",
        "&#38;amp;",
        "&名;",
        "&a.b;",
        "&#xFFFFFFFFFF;",
        "&#99999999999999999999;",
        "&lt",
        "&gt x;",
        "&#x20;",
    ];
    put(d, r, &kinds)
}

fn cdata(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds = [
        "<![CDATA[x]]>",
        "<![CDATA[]]>",
        "<![CDATA[<a>&b;]]>",
        "<![CDATA[ ]]>",
        "]]>",
        "]]",
        "]] >",
        "]]&gt;",
        "<![CDATA[]]]]><![CDATA[>]]>",
        "<![cdata[x]]>",
        "<![CDATA [x]]>",
        "<![CDATA[x",
        "<![CDATA[x]] >",
        "<![CDATA[\u{FFFE}]]>",
        "<![CDATA[\u{1}]]>",
        "<![CDATA[<![CDATA[x]]>",
        "<![CDATA[x]]>]]>",
        "<![CDATA[]]]>",
        "<![CDATA[]>]]>",
        "<![CDATA[\r\n\r]]>",
        "<![CDATA[\n\n]]>",
        "<![CDATA[国😀]]>",
        "<![INCLUDE[x]]>",
        "<![",
        "<![CDATA[&#0;]]>",
        "]]]>",
        "]\n]>",
    ];
    if r.once_in(4) {
        let element = leaf(d, r)?;
        let text = d.text(&element.inner);
        return Some(d.with(element.inner.clone(), format!("<![CDATA[{text}]]>")));
    }
    put(d, r, &kinds)
}

fn comment(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds = [
        "<!---->",
        "<!-- x -->",
        "<!-- - -->",
        "<!-- -- -->",
        "<!--->",
        "<!--x--->",
        "<!-- x",
        "<!- x ->",
        "<! -- x -->",
        "<!-- <a> & &x; -->",
        "<!--\n\n-->",
        "<?p?>",
        "<?p q r?>",
        "<?p ?q?>",
        "<??>",
        "<? p?>",
        "<?p",
        "<?p >",
        "<?1?>",
        "<?xml?>",
        "<?xml version=\"1.0\"?>",
        "<?XML x?>",
        "<?xMl?>",
        "<?xml-stylesheet a?>",
        "<?a:b?>",
        "<?p\n?>",
        "<?p\u{1}?>",
        "<!--\u{1}-->",
        "<!--\u{FFFF}-->",
        "<!-- 国😀 -->",
        "<?国?>",
        "<?p?q?>",
        "<?xmlx y?>",
        "<?p?><!-- x --><?p?>",
        "<!>",
        "<!ELEMENT a ANY>",
        "<!ENTITY a \"b\">",
        "<?p? >",
        "<!--x--y-->",
        "<?a:?>",
        "<?:a?>",
        "<?p<a/>?>",
    ];
    put(d, r, &kinds)
}

fn character(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds = [
        "\0",
        "\u{1}",
        "\u{8}",
        "\u{B}",
        "\u{C}",
        "\u{1F}",
        "\u{7F}",
        "\u{80}",
        "\u{85}",
        "\u{FFFE}",
        "\u{FFFF}",
        "\u{FFFD}",
        "\u{1FFFE}",
        "\u{10FFFF}",
        "\u{E000}",
        "\u{FEFF}",
        "<",
        ">",
        "\"",
        "'",
        "\r",
        "\r\n",
        "\n\r",
        "\t",
        " ",
        "\n",
        "\u{2028}",
        "\u{1B}",
        "<<",
        "< ",
        "</",
        "</>",
        "<>",
        "<1/>",
        "😀",
        "\u{301}",
    ];
    put(d, r, &kinds)
}
