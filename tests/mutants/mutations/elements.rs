//! Elements that are missing, too many, astray or under another name.

use super::Mutation;
use crate::document::{Document, Element, find};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("element dropped", dropped),
    ("element doubled", doubled),
    ("siblings swapped", siblings_swapped),
    ("elements swapped", elements_swapped),
    ("children shuffled", shuffled),
    ("element renamed", renamed),
    ("element moved", moved),
    ("tags dropped", tags_dropped),
    ("element wrapped", wrapped),
    ("element emptied", emptied),
    ("elements put into text", put_into_text),
    ("text among elements", text_among),
    ("unknown element", unknown),
    ("repeats at the bound", repeats),
];

/// Repeats make a document no larger than this.
const LARGEST: usize = 300_000;

fn some(d: &Document, r: &mut Random, suits: impl Fn(&Element) -> bool) -> Option<usize> {
    r.of(&d.all(suits)).copied()
}

fn below_root(d: &Document, r: &mut Random) -> Option<usize> {
    some(d, r, |e| e.parent.is_some())
}

fn dropped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = below_root(d, r)?;
    Some(d.with(d.elements[at].whole.clone(), ""))
}

fn doubled(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let whole = d.elements[below_root(d, r)?].whole.clone();
    Some(d.inserted(whole.end, &d.octets[whole.clone()]))
}

fn exchange(d: &Document, a: usize, b: usize) -> Option<Vec<u8>> {
    let (a, b) = (&d.elements[a.min(b)].whole, &d.elements[a.max(b)].whole);
    (a.end <= b.start).then(|| {
        d.edited(vec![
            (a.clone(), d.octets[b.clone()].to_vec()),
            (b.clone(), d.octets[a.clone()].to_vec()),
        ])
    })
}

fn siblings_swapped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let parent = some(d, r, |e| e.children > 1)?;
    let children = d.children(parent);
    let first = r.below(children.len() - 1);
    exchange(d, children[first], children[first + 1])
}

fn elements_swapped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    exchange(d, below_root(d, r)?, below_root(d, r)?)
}

/// The children of an element in another order.
fn shuffled(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let parent = some(d, r, |e| e.children > 2)?;
    let children = d.children(parent);
    let mut order = children.clone();
    if r.once_in(3) {
        order.reverse();
    } else {
        for last in (1..order.len()).rev() {
            order.swap(last, r.below(last + 1));
        }
    }
    let whole = |at: usize| d.elements[at].whole.clone();
    let edits = children.iter().zip(&order);
    Some(
        d.edited(
            edits
                .map(|(to, from)| (whole(*to), d.octets[whole(*from)].to_vec()))
                .collect(),
        ),
    )
}

fn renamed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = r.below(d.elements.len());
    let element = &d.elements[at];
    let own = d.local(element);
    let other = d.local(&d.elements[r.below(d.elements.len())]);
    let local = match r.below(9) {
        0 => "unknown".to_owned(),
        1 => own.to_uppercase(),
        2 => own.to_lowercase(),
        3 => own.chars().skip(1).collect(),
        4 => format!("{own}1"),
        5 => "名称".to_owned(),
        6 => r
            .pick(&[
                "a.b", "_", "é", "a·b", "-a", "1a", "a b", "a\u{D7}b", "xml", "𠮷",
            ])
            .to_owned(),
        _ => other,
    };
    let name = format!("{}{local}", d.prefix(element));
    let edits = d.names(element).into_iter();
    Some(d.edited(edits.map(|n| (n, name.clone().into_bytes())).collect()))
}

fn moved(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let from = d.elements[below_root(d, r)?].whole.clone();
    let to = place(d, r);
    if from.contains(&to) {
        return None;
    }
    let moved = d.octets[from.clone()].to_vec();
    Some(d.edited(vec![(from, Vec::new()), (to..to, moved)]))
}

/// Beside or inside some element below the root.
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

fn tags_dropped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = &d.elements[r.below(d.elements.len())];
    Some(d.with(element.whole.clone(), &d.octets[element.inner.clone()]))
}

fn wrapped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = &d.elements[below_root(d, r)?];
    let parent = &d.elements[element.parent?];
    let name = match r.below(3) {
        0 => d.text(&element.name),
        1 => d.text(&parent.name),
        _ => "wrap".to_owned(),
    };
    let whole = element.whole.clone();
    Some(d.edited(vec![
        (whole.start..whole.start, format!("<{name}>").into_bytes()),
        (whole.end..whole.end, format!("</{name}>").into_bytes()),
    ]))
}

fn emptied(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = &d.elements[r.below(d.elements.len())];
    let kinds = [
        "",
        " ",
        "\n\t",
        "&#32;",
        "<!---->",
        "<?p?>",
        "<![CDATA[]]>",
        "<![CDATA[ ]]>",
        "&#9;",
    ];
    if r.once_in(3) && !d.octets[element.start_tag.clone()].ends_with(b"/>") {
        let tag = &d.octets[element.start_tag.start..element.start_tag.end - 1];
        return Some(d.with(element.whole.clone(), [tag, b"/>"].concat()));
    }
    Some(d.with(element.inner.clone(), r.pick(&kinds)))
}

fn put_into_text(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = some(d, r, Element::is_leaf)?;
    let element = &d.elements[at];
    let name = d.text(&element.name);
    let kinds = [
        "<a/>".to_owned(),
        "<a xmlns=\"\"/>".to_owned(),
        format!("<{name}/>"),
        format!("<{name}>1</{name}>"),
        "<a b=\"c\">d<e/></a><f/>".to_owned(),
        "<a/> <!-- b --> <a/>".to_owned(),
    ];
    let new = &kinds[r.below(kinds.len())];
    if d.octets[..element.start_tag.end].ends_with(b"/>") {
        let close = element.start_tag.end - 2..element.start_tag.end;
        return Some(d.with(close, format!(">{new}</{name}>")));
    }
    let at = r.pick(&[element.inner.start, element.inner.end]);
    if r.once_in(4) {
        return Some(d.with(element.inner.clone(), new));
    }
    Some(d.inserted(at, new))
}

fn text_among(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let parent = some(d, r, |e| e.children > 0)?;
    let mut places = vec![d.elements[parent].inner.start];
    places.extend(d.children(parent).iter().map(|c| d.elements[*c].whole.end));
    let kinds = [
        "x",
        "国",
        "&#32;",
        "&#x20;&#10;",
        "&amp;",
        "<![CDATA[ ]]>",
        "<![CDATA[]]>",
        "<![CDATA[x]]>",
        "<!-- x -->",
        "<?x y?>",
        "\u{A0}",
        "\u{3000}",
        "&#xA0;",
        "\u{85}",
        "]]",
        "\n\nx\n",
        "0",
        ">",
        "\u{200B}",
        "\u{FEFF}",
        "&#13;",
        "\r",
        "&nbsp;",
    ];
    Some(d.inserted(r.pick(&places), r.pick(&kinds)))
}

fn unknown(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let prefix = d.prefix(d.elements.first()?);
    let kinds = [
        "<a/>".to_owned(),
        format!("<{prefix}a/>"),
        format!("<{prefix}a>x</{prefix}a>"),
        format!("<{prefix}note>x</{prefix}note>"),
        "<a xmlns=\"urn:a\" b=\"c\"><d/>e</a>".to_owned(),
        format!("<{prefix}a><{prefix}note/><{prefix}guid>1</{prefix}guid></{prefix}a>"),
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>".to_owned(),
        "<a xmlns=\"\">\n<b>\n</b></a>".to_owned(),
    ];
    Some(d.inserted(place(d, r), &kinds[r.below(kinds.len())]))
}

fn repeats(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let bound = |e: &Element| {
        let parent = d.elements[e.parent?].field?;
        let mut particles = parent.particles().iter();
        particles
            .find(|p| Some(p.element.name) == e.field.map(|f| f.name))
            .map(|p| p.max)
    };
    let at = some(d, r, |e| {
        bound(e).is_some_and(|b| b > 1 && (b as usize).min(100) * e.whole.len() < LARGEST)
    })?;
    let element = &d.elements[at];
    let present = d.children(element.parent?).into_iter();
    let present = present
        .filter(|c| d.text(&d.elements[*c].name) == d.text(&element.name))
        .count();
    let bound = (bound(element)? as usize).min(100);
    let wanted = r.pick(&[bound - 1, bound, bound + 1, bound + 2, bound * 2]);
    let mut one = d.octets[element.whole.clone()].to_vec();
    if r.once_in(2) {
        one.push(b'\n');
    }
    // One of them spoiled: what stands after the bound is not looked at.
    let mut more = one.repeat(wanted.saturating_sub(present));
    if r.once_in(4)
        && let Some(at) = find(&more, r.below(more.len().max(1)), b">")
    {
        more.splice(at + 1..at + 1, *b"x");
    }
    Some(d.inserted(element.whole.end, more))
}
