//! Octets that are lost, changed or put in anywhere, and tags that are written oddly.

use super::Mutation;
use crate::document::Document;
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("cut off", cut_off),
    ("bit flipped", flipped),
    ("octet put in", put_in),
    ("octets lost", lost),
    ("markup put in", markup),
    ("pieces of markup put in", pieces),
    ("document of pieces of markup", only_pieces),
    ("line ends", line_ends),
    ("not UTF-8", not_utf8),
    ("space in a tag", space_in_tag),
    ("tags mismatched", mismatched),
    ("tag spoiled", tag_spoiled),
    ("block doubled", block_doubled),
];

fn anywhere(d: &Document, r: &mut Random) -> Option<usize> {
    (!d.octets.is_empty()).then(|| r.below(d.octets.len()))
}

fn cut_off(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = anywhere(d, r)?;
    Some(d.octets[..at].to_vec())
}

fn flipped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = anywhere(d, r)?;
    let octet = d.octets[at] ^ (1 << r.below(8));
    Some(d.with(at..at + 1, [octet]))
}

fn put_in(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = anywhere(d, r)?;
    let octet = u8::try_from(r.below(256)).unwrap();
    Some(d.inserted(at, [octet]))
}

fn lost(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = anywhere(d, r)?;
    let length = r.pick(&[1, 1, 1, 2, 3, 10, 100]);
    Some(d.with(at..(at + length).min(d.octets.len()), ""))
}

fn markup(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = anywhere(d, r)?;
    let kinds = [
        "<",
        ">",
        "/",
        "&",
        ";",
        "\"",
        "'",
        "=",
        "?",
        "!",
        "]",
        "]]>",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?",
        "?>",
        "</",
        "/>",
        "--",
        " ",
        "\n",
        "#",
        "&#",
        "&amp;",
        "<a>",
        "</a>",
        ":",
        "\t",
        "xmlns",
        "\r",
    ];
    Some(d.inserted(at, r.pick(&kinds)))
}

/// What XML is written with, whole and in halves; the line feeds tell where a fault is seen.
const PIECES: &[&str] = &[
    "<",
    "</",
    ">",
    "/>",
    "a",
    "b",
    "a:b",
    "xmlns",
    "xmlns:a",
    "=",
    "\"",
    "'",
    "\"x\"",
    "'x'",
    " ",
    "\n",
    "\n",
    "\n",
    "\t",
    "\r\n",
    "&",
    "&amp;",
    "&#65;",
    "&#0;",
    "&x;",
    ";",
    "<!--",
    "-->",
    "--",
    "<![CDATA[",
    "]]>",
    "]]",
    "<?",
    "?>",
    "<?p",
    "<?xml",
    "<!",
    "<!DOCTYPE",
    "x",
    "国",
    "\u{1}",
    "]",
    "<a>",
    "</a>",
    "<a/>",
    "<a b=\"c\">",
    " b=\"\"",
    " b='c'",
    " xmlns:u=\"urn:u\"",
    " u:b=\"\"",
    "1",
    "-",
    ".",
    ":",
    "?",
    "!",
    "[",
    "/",
    "#",
    "<b",
    "</b",
    "<a\n",
    "</a\n",
];

fn some_pieces(r: &mut Random, most: usize) -> String {
    (0..r.within(2..most)).map(|_| r.pick(PIECES)).collect()
}

fn pieces(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = &d.elements[r.below(d.elements.len())];
    let places = [
        element.start_tag.start,
        element.name.end,
        element.start_tag.end - 1,
        element.inner.start,
        element.inner.end,
        element.whole.end,
        anywhere(d, r)?,
    ];
    Some(d.inserted(r.pick(&places), some_pieces(r, 8)))
}

fn only_pieces(_: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let start = r.pick(&["", "", "<a>", "<a>\n", "<a ", "<?xml version=\"1.0\"?>\n"]);
    let end = r.pick(&["", "", "</a>", ">", "\n", "<a/>"]);
    Some(format!("{start}{}{end}", some_pieces(r, 25)).into_bytes())
}

fn line_ends(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let end: &[u8] = r.pick(&[
        &b"\r\n"[..],
        b"\r",
        b"\n\n",
        b"\n\r",
        b" ",
        b"\t\n",
        b"\r\r\n",
        b"\n",
    ]);
    let some = r.once_in(2);
    let mut out = Vec::with_capacity(d.octets.len() + 1000);
    for octet in &d.octets {
        if *octet == b'\n' && !(some && r.once_in(2)) {
            out.extend_from_slice(end);
        } else {
            out.push(*octet);
        }
    }
    Some(out)
}

fn not_utf8(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds: &[&[u8]] = &[
        b"\x80",
        b"\xFF",
        b"\xFE",
        b"\xC0\x80",
        b"\xC1\xBF",
        b"\xE0\x80\x80",
        b"\xF0\x80\x80\x80",
        b"\xED\xA0\x80",
        b"\xED\xBF\xBF",
        b"\xF4\x90\x80\x80",
        b"\xF5\x80\x80\x80",
        b"\xC2",
        b"\xE4\xB8",
        b"\xF0\x9F\x98",
        b"\xD6\xD0\xB9\xFA",
        b"\xBF",
        b"\xF8\x88\x80\x80\x80",
        b"\xE4\xB8<",
        b"\xEF\xBF\xBE",
        b"\xEF\xBF\xBF",
        b"\xC2A",
    ];
    let inside: Vec<usize> = d.all(|e| e.is_leaf() && !e.inner.is_empty());
    let at = match r.of(&inside) {
        Some(leaf) if !r.once_in(3) => d.elements[*leaf].inner.start,
        _ => anywhere(d, r)?,
    };
    Some(d.inserted(at, r.pick(kinds)))
}

fn space_in_tag(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = &d.elements[r.below(d.elements.len())];
    let end_tag = element.inner.end;
    let mut places = vec![
        element.start_tag.start,
        element.start_tag.start + 1,
        element.name.end,
        element.start_tag.end - 1,
    ];
    if d.octets[end_tag..].starts_with(b"</") {
        places.extend([end_tag + 1, end_tag + 2, element.whole.end - 1]);
    }
    let spaces = [
        " ", "\n", "\t", "\r\n", "  ", "\u{A0}", "\u{3000}", "\u{C}", "/", "\n\n\n",
    ];
    Some(d.inserted(r.pick(&places), r.pick(&spaces)))
}

fn mismatched(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = &d.elements[r.below(d.elements.len())];
    let name = r.of(&d.names(element))?.clone();
    let own = d.text(&name);
    let new = match r.below(5) {
        0 => own.to_uppercase(),
        1 => format!("{own}x"),
        2 => d.local(element),
        3 => own
            .chars()
            .take(own.chars().count().saturating_sub(1))
            .collect(),
        _ => d.text(&d.elements[r.below(d.elements.len())].name),
    };
    Some(d.with(name, new))
}

fn tag_spoiled(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = &d.elements[r.below(d.elements.len())];
    let end_tag = element.inner.end..element.whole.end;
    let start_tag = element.start_tag.clone();
    let name = d.text(&element.name);
    Some(match r.below(8) {
        0 => d.with(end_tag, ""),
        1 => d.with(start_tag, ""),
        2 => d.with(end_tag, format!("<{name}>")),
        3 => d.with(end_tag, format!("</{name}/>")),
        4 => d.with(end_tag, format!("</{name} a=\"b\">")),
        5 => d.with(end_tag, "</>"),
        6 => d.with(start_tag.end - 1..start_tag.end, ""),
        _ => d.with(end_tag, format!("</{name}></{name}>")),
    })
}

fn block_doubled(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let from = anywhere(d, r)?;
    let to = (from + r.below(200)).min(d.octets.len());
    let at = anywhere(d, r)?;
    Some(d.inserted(at, &d.octets[from..to]))
}
