//! Prefixes and namespaces.

use super::Mutation;
use crate::document::{Document, Element};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("prefix changed everywhere", prefix_everywhere),
    ("default namespace everywhere", default_everywhere),
    ("namespace changed", changed),
    ("prefix changed at one element", prefix_at_one),
    ("namespace declared at one element", declared),
    ("colon in a name", colons),
];

const CEB: &str = "http://www.chinaport.gov.cn/ceb";

fn some<'d>(d: &'d Document, r: &mut Random) -> &'d Element {
    &d.elements[r.below(d.elements.len())]
}

/// Every name and declaration of the root's prefix, changed to another.
fn change_prefix(d: &Document, new: &str) -> Option<Vec<u8>> {
    let old = d.prefix(d.elements.first()?);
    let mut edits = Vec::new();
    for element in &d.elements {
        for name in d.names(element) {
            if d.prefix(element) == old {
                let local = d.local(element);
                edits.push((name, format!("{new}{local}").into_bytes()));
            }
        }
        for attribute in d.attributes(element) {
            let name = d.text(&attribute.name);
            let own = if old.is_empty() {
                "xmlns"
            } else {
                name.strip_prefix("xmlns:").unwrap_or_default()
            };
            if name.starts_with("xmlns") && old.strip_suffix(':').unwrap_or("xmlns") == own {
                let declared = match new.strip_suffix(':') {
                    Some(prefix) => format!("xmlns:{prefix}"),
                    None => "xmlns".to_owned(),
                };
                edits.push((attribute.name, declared.into_bytes()));
            }
        }
    }
    Some(d.edited(edits))
}

fn prefix_everywhere(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    change_prefix(
        d,
        r.pick(&[
            "x:", "ds:", "CEB:", "a-b.c:", "_:", "国:", "xml:", "xmlns:", "Xml:", "1:", "xmlx:",
            "dxp:",
        ]),
    )
}

fn default_everywhere(d: &Document, _: &mut Random) -> Option<Vec<u8>> {
    change_prefix(d, "")
}

fn changed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let mut declarations = Vec::new();
    for element in &d.elements {
        let own = d.attributes(element).into_iter();
        declarations.extend(own.filter(|a| d.text(&a.name).starts_with("xmlns")));
    }
    let declaration = declarations.get(r.below(declarations.len().max(1)))?;
    let value = d.text(&declaration.value);
    let new = match r.below(13) {
        0 => String::new(),
        1 => format!("{value}/"),
        2 => value.to_uppercase(),
        3 => format!(" {value}"),
        4 => format!("{value} "),
        5 => "urn:x".to_owned(),
        6 => "http://www.w3.org/XML/1998/namespace".to_owned(),
        7 => "http://www.w3.org/2000/xmlns/".to_owned(),
        8 => value.replace('o', "&#111;"),
        9 => "relative".to_owned(),
        10 => "not a uri %".to_owned(),
        11 => "http://www.w3.org/2000/09/xmldsig#".to_owned(),
        _ => CEB.to_owned(),
    };
    Some(d.with(declaration.value.clone(), new))
}

fn prefix_at_one(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = some(d, r);
    let prefix = r.pick(&["", "x:", "ds:", "ceb:", "xml:", "xmlns:", "xsi:", "dxp:"]);
    let name = format!("{prefix}{}", d.local(element));
    let names = d.names(element).into_iter();
    Some(d.edited(names.map(|n| (n, name.clone().into_bytes())).collect()))
}

fn declared(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = some(d, r);
    let own = d.prefix(element);
    let own = own
        .strip_suffix(':')
        .map_or("xmlns".to_owned(), |p| format!("xmlns:{p}"));
    let kinds = [
        " xmlns=\"\"".to_owned(),
        " xmlns=\"urn:a\"".to_owned(),
        format!(" xmlns=\"{CEB}\""),
        format!(" {own}=\"{CEB}\""),
        format!(" {own}=\"urn:a\""),
        format!(" {own}=\"\""),
        " xmlns:a=\"\"".to_owned(),
        " xmlns:a=\"urn:a\"".to_owned(),
        " xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"".to_owned(),
        " xmlns:xml=\"urn:a\"".to_owned(),
        " xmlns:xmlns=\"urn:a\"".to_owned(),
        " xmlns:a=\"http://www.w3.org/XML/1998/namespace\"".to_owned(),
        " xmlns:a=\"http://www.w3.org/2000/xmlns/\"".to_owned(),
        " xmlns=\"http://www.w3.org/XML/1998/namespace\"".to_owned(),
        " xmlns:a=\"urn:a\" xmlns:a=\"urn:a\"".to_owned(),
        " xmlns:=\"urn:a\"".to_owned(),
        " xmlns:a:b=\"urn:a\"".to_owned(),
        " xmlns:1=\"urn:a\"".to_owned(),
        " xmlns=\"http://www.w3.org/2000/xmlns/\"".to_owned(),
        " xmlns:a=\"a b\"".to_owned(),
        " xmlns:a=\"&lt;\"".to_owned(),
        " xmlns:a=\"<\"".to_owned(),
        " xmlns:a=\"urn:国\"".to_owned(),
        " XMLNS=\"urn:a\"".to_owned(),
        " xmlns:xmla=\"urn:a\"".to_owned(),
        " xmlns:XML=\"urn:a\"".to_owned(),
        " xmlns:ds=\"urn:a\"".to_owned(),
        " xmlns=\"%\"".to_owned(),
        " xmlns:a=\"&#0;\"".to_owned(),
        " xmlns:a=\"&x;\"".to_owned(),
        " xmlns:a=\"urn:&amp;\"".to_owned(),
    ];
    Some(d.inserted(element.name.end, &kinds[r.below(kinds.len())]))
}

fn colons(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = some(d, r);
    let (prefix, local) = (d.prefix(element), d.local(element));
    let name = match r.below(7) {
        0 => format!("{prefix}{prefix}{local}"),
        1 => format!(":{local}"),
        2 => format!("{prefix}:{local}"),
        3 => format!("{prefix}{local}:"),
        4 => format!("{prefix}1{local}"),
        5 => prefix.clone(),
        _ => format!("{prefix}{local}:x"),
    };
    if name.is_empty() {
        return None;
    }
    let names = d.names(element).into_iter();
    Some(d.edited(names.map(|n| (n, name.clone().into_bytes())).collect()))
}
