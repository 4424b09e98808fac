//! Attributes: missing, doubled, unknown, at their bounds, oddly quoted, and those that XML and
//! XML Schema know themselves.

use tongguan_messages::SimpleType;

use super::Mutation;
use crate::document::{Attribute, Document, Element, find};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("attribute dropped", dropped),
    ("attribute doubled", doubled),
    ("attribute added", added),
    ("attribute of the schema's own", schema_own),
    ("attribute's value", value),
    ("attribute's length", length),
    ("attribute's quoting", quoting),
    ("attribute's name", name),
    ("xs:ID", ids),
];

/// An element, oftener one with attributes.
fn element<'d>(d: &'d Document, r: &mut Random) -> Option<&'d Element> {
    let with = d.all(|e| find(&d.octets[e.start_tag.clone()], 0, b"=").is_some());
    if r.once_in(3) || with.is_empty() {
        return d.elements.get(r.below(d.elements.len()));
    }
    d.elements.get(*r.of(&with)?)
}

fn attribute<'d>(d: &'d Document, r: &mut Random) -> Option<(&'d Element, Attribute)> {
    let element = element(d, r)?;
    let mut all = d.attributes(element);
    if all.is_empty() {
        return None;
    }
    // Not always the namespace's declaration.
    if all.len() > 1 && !r.once_in(4) {
        all.retain(|a| !d.text(&a.name).starts_with("xmlns"));
    }
    let at = r.below(all.len().max(1));
    (at < all.len()).then(|| (element, all.swap_remove(at)))
}

fn dropped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    Some(d.with(attribute(d, r)?.1.whole, ""))
}

fn doubled(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (element, attribute) = attribute(d, r)?;
    let mut own = d.text(&attribute.whole);
    if r.once_in(3) {
        let value = d.text(&attribute.value);
        own = own.replace(&value, "other");
    }
    let at = r.pick(&[element.name.end, attribute.whole.end]);
    Some(d.inserted(at, own))
}

fn added(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = element(d, r)?;
    let prefix = d.prefix(element);
    let kinds = [
        " a=\"b\"".to_owned(),
        " xml:lang=\"zh\"".to_owned(),
        " xml:space=\"preserve\"".to_owned(),
        " xml:base=\"urn:a\"".to_owned(),
        " xml:id=\"a\"".to_owned(),
        " id=\"a\"".to_owned(),
        " Id=\"a\"".to_owned(),
        " guid=\"a\"".to_owned(),
        format!(" {prefix}guid=\"a\""),
        format!(" {prefix}version=\"1.0\""),
        " u:a=\"b\"".to_owned(),
        " xmlns:u=\"urn:u\" u:a=\"b\"".to_owned(),
        " a=\"b\" c=\"d\" e=\"f\"".to_owned(),
        " xml:lang=\"!\"".to_owned(),
        " xml:space=\"x\"".to_owned(),
        " xml:unknown=\"x\"".to_owned(),
        " a=\"\"".to_owned(),
        " xmlns:u=\"urn:u\" xmlns:v=\"urn:u\" u:a=\"b\" v:a=\"b\"".to_owned(),
        "\n a=\"b\"".to_owned(),
        " xmlns:u=\"urn:u\" u:a=\"b\" a=\"b\"".to_owned(),
        " 名=\"b\"".to_owned(),
        " xml:id=\"1\"".to_owned(),
        " Algorithm=\"urn:a\"".to_owned(),
        " ver=\"1.0\"".to_owned(),
        " name=\"x\"".to_owned(),
        " URI=\"\"".to_owned(),
        " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" ds:Id=\"a\"".to_owned(),
        " xml:a:b=\"x\"".to_owned(),
    ];
    Some(d.inserted(element.name.end, &kinds[r.below(kinds.len())]))
}

fn schema_own(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = element(d, r)?;
    let kinds = [
        "nil=\"true\"",
        "nil=\"false\"",
        "nil=\"1\"",
        "nil=\"0\"",
        "nil=\"x\"",
        "nil=\"\"",
        "nil=\" true \"",
        "type=\"xs:string\"",
        "type=\"xs:int\"",
        "type=\"string\"",
        "type=\"xs:nothing\"",
        "type=\"\"",
        "type=\"q:x\"",
        "type=\"xs:decimal\"",
        "type=\"xs:anyType\"",
        "type=\"xs:base64Binary\"",
        "type=\"ds:SignatureType\"",
        "schemaLocation=\"urn:a a.xsd\"",
        "schemaLocation=\"urn:a\"",
        "schemaLocation=\"\"",
        "type=\"xs:anySimpleType\"",
        "noNamespaceSchemaLocation=\"a.xsd\"",
        "noNamespaceSchemaLocation=\"\"",
        "unknown=\"x\"",
        "Type=\"x\"",
        "schemaLocation=\"http://www.chinaport.gov.cn/ceb none.xsd\"",
        "type=\"xs:string xs:int\"",
        "type=\"ds:KeyInfoType\"",
        "type=\"xs:token\"",
        "type=\"xs:dateTime\"",
        "type=\"xs:date\"",
        "type=\"xs:ID\"",
        "type=\"xs:integer\"",
        "type=\"xs:short\"",
    ];
    let own = format!(
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"{} xsi:{}",
        if r.once_in(2) {
            " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\""
        } else {
            ""
        },
        r.pick(&kinds)
    );
    if r.once_in(3) && element.is_leaf() {
        // A nil element must be empty.
        let inner = element.inner.clone();
        let at = element.name.end;
        return Some(d.edited(vec![(at..at, own.into_bytes()), (inner, Vec::new())]));
    }
    Some(d.inserted(element.name.end, own))
}

fn value(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (_, attribute) = attribute(d, r)?;
    let kinds = [
        "",
        " ",
        "x",
        "1.0",
        " 1.0",
        "1.0 ",
        "1.00",
        "2.0",
        "&#49;.0",
        "<",
        "&lt;",
        "&",
        "&amp;",
        "&#0;",
        "&#10;",
        "\n",
        "\t",
        "国",
        "😀",
        "a b",
        "#",
        "%",
        "%41",
        "%4",
        "http://[",
        "a:b",
        "1:b",
        "http://a b",
        "\u{1}",
        "\u{FFFE}",
        "&x;",
        "'",
        "]]>",
        "-1",
        "0",
        "&#13;",
        "\u{A0}",
        "a#b#c",
        "//",
        "http://国",
        "^",
        "{}",
        "a|b",
        "\\",
        "`",
        "http://a:b",
        "http://a:80:80/",
        "?",
        "??",
        "#a",
        ":",
        ":a",
        "a:",
        "urn:",
        "http://",
        "http:///",
        "..",
        "[",
        "http://[::1]/",
        "@",
        "mailto:a@b",
        "&quot;",
        "%zz",
        "http://a/%",
        "\u{2028}",
        "http://1.2.3.4:99999999999/",
        "http://a:/",
        "a%20b",
    ];
    Some(d.with(attribute.value, r.pick(&kinds)))
}

fn length(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (element, attribute) = attribute(d, r)?;
    let own = d.text(&attribute.name);
    let known = element.field?.attributes.iter().find(|a| a.name == own)?;
    let SimpleType::Chars { min, max, .. } = known.kind else {
        return None;
    };
    let bound = if r.once_in(4) || max == u32::MAX {
        min
    } else {
        max
    } as usize;
    let length = (bound + r.below(3)).saturating_sub(1);
    let filler = r.pick(&[
        "x",
        "国",
        "😀",
        "&#65;",
        "&amp;",
        " ",
        "\n",
        "&#10;",
        "e\u{301}",
        "&#x1F600;",
    ]);
    let parts = if filler == "e\u{301}" {
        length / 2
    } else {
        length
    };
    Some(d.with(attribute.value, filler.repeat(parts)))
}

fn quoting(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (_, attribute) = attribute(d, r)?;
    let name = d.text(&attribute.name);
    let value = d.text(&attribute.value);
    let new = match r.below(12) {
        0 => format!(" {name}='{value}'"),
        1 => format!(" {name}={value}"),
        2 => format!(" {name} = \"{value}\""),
        3 => format!("{name}=\"{value}\""),
        4 => format!(" {name}=\"{value}'"),
        5 => format!(" {name}=\"{value}"),
        6 => format!(" {name}"),
        7 => format!(" {name}="),
        8 => format!("\n\t{name}\n=\n\"{value}\"\n"),
        9 => format!(" {name}=\u{201C}{value}\u{201D}"),
        10 => format!(" {name}=\"{value}\"x"),
        _ => format!(", {name}=\"{value}\""),
    };
    Some(d.with(attribute.whole, new))
}

fn name(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (element, attribute) = attribute(d, r)?;
    let own = d.text(&attribute.name);
    let new = match r.below(8) {
        0 => own.to_uppercase(),
        1 => own.to_lowercase(),
        2 => format!("{}{own}", d.prefix(element)),
        3 => format!("x:{own}"),
        4 => format!("{own}:x"),
        5 => format!("1{own}"),
        6 => format!("xml:{own}"),
        _ => format!("{own}x"),
    };
    Some(d.with(attribute.name, new))
}

/// Attributes that hold an xs:ID: odd ones, and one id twice.
fn ids(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let mut places = Vec::new();
    for element in &d.elements {
        let own = d.attributes(element).into_iter();
        places.extend(own.filter(|a| d.text(&a.name) == "Id").map(|a| a.value));
    }
    let kinds = [
        "a1",
        "value",
        "key",
        "signature",
        "",
        " ",
        "1a",
        "-a",
        "_a",
        "a:b",
        ":a",
        "a b",
        " a ",
        "国",
        "a·b",
        "·a",
        "a.b",
        "é",
        "a\u{301}",
        "\u{301}a",
        "😀",
        "a\u{2070}",
        "ª",
        "²",
        "a²",
        "Ω",
        "a\u{D7}",
        "\n a\t",
        "a\u{37E}",
        "\u{2160}",
        "𠮷",
        "a&amp;",
        "٣",
        "a٣",
        "\u{1D400}",
        "\u{E000}",
        "\u{3007}",
        "a\u{2F800}",
        "ǅ",
        "a\u{B7}",
        "a\u{387}",
        "A1",
        "&#97;1",
        "a\u{A0}",
    ];
    let place = places.get(r.below(places.len().max(1)))?.clone();
    Some(d.with(place, r.pick(&kinds)))
}
