//! Messages and elements as the tables have them.

use std::fmt::Write as _;

use tongguan_messages::{Content, Element, Format, Message, SimpleType};

/// A whole signature.
const SIGNATURE: &str = include_str!("seeds/signature.xml");

/// The message with all that the tables allow, or with no more than they ask for.
pub fn message(message: &Message, full: bool) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (prefix, namespace) = (message.prefix, message.namespace);
    let declared = format!(" xmlns:{prefix}=\"{namespace}\"");
    write(&mut out, &message.root, &declared, full, 0);
    out
}

/// One element as the tables have it, with the namespaces that it needs.
pub fn element(element: &Element, full: bool) -> String {
    let mut out = String::new();
    let declared = " xmlns:ceb=\"http://www.chinaport.gov.cn/ceb\" \
                    xmlns:dxp=\"http://www.chinaport.gov.cn/dxp\"";
    write(&mut out, element, declared, full, 0);
    out
}

fn write(out: &mut String, element: &Element, more: &str, full: bool, depth: usize) {
    let pad = "\t".repeat(depth);
    if matches!(element.content, Content::Signature) {
        out.push_str(SIGNATURE);
        return;
    }
    let (prefix, name) = (element.prefix, element.name);
    let _ = write!(out, "{pad}<{prefix}:{name}{more}");
    for attribute in element.attributes {
        if attribute.required || full {
            let value = attribute
                .fixed
                .map_or_else(|| value(attribute.kind), str::to_owned);
            let _ = write!(out, " {}=\"{value}\"", attribute.name);
        }
    }
    out.push('>');
    match element.content {
        Content::Sequence([]) => {}
        Content::Sequence(particles) => {
            out.push('\n');
            for particle in particles {
                let count = if full {
                    particle.max.min(2)
                } else {
                    particle.min
                };
                for _ in 0..count {
                    write(out, particle.element, "", full, depth + 1);
                }
            }
            out.push_str(&pad);
        }
        Content::Text(kind) => out.push_str(&text(element, kind)),
        Content::AnyElement if full => out.push_str("<any xmlns=\"\" a=\"b\">text</any>"),
        Content::AnyType if full => out.push_str("text<any/>"),
        _ => {}
    }
    let _ = writeln!(out, "</{prefix}:{name}>");
}

fn text(element: &Element, kind: SimpleType) -> String {
    if let Some(fixed) = element.fixed {
        return fixed.to_owned();
    }
    match element.format {
        Some(Format::Date8) => "20261123".to_owned(),
        Some(Format::DateTime14) => "20261123093000".to_owned(),
        Some(Format::DateTime17) => "20261123093000000".to_owned(),
        None => element
            .codes
            .first()
            .map_or_else(|| value(kind), |c| c.0.to_owned()),
    }
}

fn value(kind: SimpleType) -> String {
    match kind {
        SimpleType::Chars { min, max, .. } => {
            let length = min.max(max.min(5)) as usize;
            "示例A1Z".chars().cycle().take(length).collect()
        }
        SimpleType::Decimal { fraction: 0, .. } => "12".to_owned(),
        SimpleType::Decimal { .. } => "12.5".to_owned(),
        SimpleType::Int { .. } => "1".to_owned(),
        SimpleType::Date => "2026-11-23".to_owned(),
        SimpleType::DateTime => "2026-11-23T09:30:00".to_owned(),
        SimpleType::Base64 => "QUJD".to_owned(),
        SimpleType::Id => "id1".to_owned(),
    }
}
