//! Exports the tables as XML Schema.

use std::fmt::Write as _;

use crate::table::{Attribute, Content, Element, Particle, SimpleType, messages};

/// The schema of a namespace, by its usual prefix: `ceb`, `dxp` or `ds`. The first two import the
/// third, the schema of signatures, as `xmldsig-core-schema.xsd`.
pub fn xsd(prefix: &str) -> String {
    if prefix == "ds" {
        return crate::schema::dsig_xsd::xsd();
    }
    let namespace = crate::table::namespace_of(prefix);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:{prefix}=\"{namespace}\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" targetNamespace=\"{namespace}\" \
         elementFormDefault=\"qualified\" version=\"{}\">\n  \
         <xs:import namespace=\"http://www.w3.org/2000/09/xmldsig#\" \
         schemaLocation=\"xmldsig-core-schema.xsd\"/>\n",
        crate::edition()
    );
    for message in messages().iter().filter(|m| m.prefix == prefix) {
        element(&mut out, &message.root, None, 1);
    }
    let mut named = Vec::new();
    for message in messages().iter().filter(|m| m.prefix == prefix) {
        named_types(&mut out, &message.root, &mut named);
    }
    out.push_str("</xs:schema>\n");
    out
}

/// The types of elements that hold text and attributes: an extension needs them named.
fn named_types(out: &mut String, element: &'static Element, named: &mut Vec<&'static str>) {
    if let Content::Text(kind) = element.content
        && !element.attributes.is_empty()
        && !named.contains(&element.name)
    {
        named.push(element.name);
        let (base, facets) = facets(kind);
        let _ = writeln!(
            out,
            "  <xs:simpleType name=\"{}Text\"><xs:restriction base=\"xs:{base}\">{facets}\
             </xs:restriction></xs:simpleType>",
            element.name
        );
    }
    for particle in element.particles() {
        named_types(out, particle.element, named);
    }
}

fn pad(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn element(out: &mut String, element: &Element, particle: Option<&Particle>, depth: usize) {
    let mut occurs = String::new();
    if let Some(particle) = particle {
        if particle.min != 1 {
            let _ = write!(occurs, " minOccurs=\"{}\"", particle.min);
        }
        if particle.max == u32::MAX {
            occurs.push_str(" maxOccurs=\"unbounded\"");
        } else if particle.max != 1 {
            let _ = write!(occurs, " maxOccurs=\"{}\"", particle.max);
        }
    }
    pad(out, depth);
    let name = element.name;
    if matches!(element.content, Content::Signature) {
        let _ = writeln!(out, "<xs:element ref=\"ds:Signature\"{occurs}/>");
        return;
    }
    if matches!(element.content, Content::AnyType) {
        let _ = writeln!(out, "<xs:element name=\"{name}\"{occurs}/>");
        return;
    }
    if let Some(fixed) = element.fixed {
        let _ = write!(occurs, " fixed=\"{fixed}\"");
    }
    if let Some(default) = element.default {
        let _ = write!(occurs, " default=\"{default}\"");
    }
    let _ = writeln!(out, "<xs:element name=\"{name}\"{occurs}>");
    pad(out, depth + 1);
    let _ = writeln!(
        out,
        "<xs:annotation><xs:documentation>{} {}</xs:documentation></xs:annotation>",
        plain(element.zh),
        plain(element.en)
    );
    match element.content {
        Content::Text(kind) if element.attributes.is_empty() => simple(out, kind, depth + 1),
        Content::Text(_) => {
            // Attributes stand on an extension of a named type: see `named_types`.
            pad(out, depth + 1);
            let _ = writeln!(
                out,
                "<xs:complexType><xs:simpleContent><xs:extension base=\"{}:{name}Text\">",
                element.prefix
            );
            attributes(out, element.attributes, depth + 2);
            pad(out, depth + 1);
            out.push_str("</xs:extension></xs:simpleContent></xs:complexType>\n");
        }
        Content::AnyElement => {
            pad(out, depth + 1);
            out.push_str(
                "<xs:complexType><xs:sequence><xs:any namespace=\"##any\" \
                 processContents=\"skip\" minOccurs=\"0\"/></xs:sequence></xs:complexType>\n",
            );
        }
        Content::Sequence(particles) => {
            pad(out, depth + 1);
            out.push_str("<xs:complexType>\n");
            if !particles.is_empty() {
                pad(out, depth + 2);
                out.push_str("<xs:sequence>\n");
                for particle in particles {
                    self::element(out, particle.element, Some(particle), depth + 3);
                }
                pad(out, depth + 2);
                out.push_str("</xs:sequence>\n");
            }
            attributes(out, element.attributes, depth + 2);
            pad(out, depth + 1);
            out.push_str("</xs:complexType>\n");
        }
        Content::Signature | Content::AnyType => {}
    }
    pad(out, depth);
    out.push_str("</xs:element>\n");
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn simple(out: &mut String, kind: SimpleType, depth: usize) {
    let (base, facets) = facets(kind);
    pad(out, depth);
    let _ = writeln!(
        out,
        "<xs:simpleType><xs:restriction base=\"xs:{base}\">{facets}</xs:restriction></xs:simpleType>"
    );
}

const COLLAPSE: &str = "<xs:whiteSpace value=\"collapse\"/>";

fn facets(kind: SimpleType) -> (&'static str, String) {
    let mut facets = String::new();
    let base = match kind {
        SimpleType::Chars { min, max, collapse } if min == max => {
            if collapse {
                facets.push_str(COLLAPSE);
            }
            let _ = write!(facets, "<xs:length value=\"{min}\"/>");
            "string"
        }
        SimpleType::Chars { min, max, collapse } => {
            if collapse {
                facets.push_str(COLLAPSE);
            }
            if min > 0 {
                let _ = write!(facets, "<xs:minLength value=\"{min}\"/>");
            }
            if max < u32::MAX {
                let _ = write!(facets, "<xs:maxLength value=\"{max}\"/>");
            }
            "string"
        }
        SimpleType::Decimal { total, fraction } => {
            let _ = write!(
                facets,
                "<xs:totalDigits value=\"{total}\"/><xs:fractionDigits value=\"{fraction}\"/>"
            );
            "decimal"
        }
        SimpleType::Int { digits } => {
            if digits > 0 {
                let _ = write!(facets, "<xs:totalDigits value=\"{digits}\"/>");
            }
            "int"
        }
        SimpleType::Date => "date",
        SimpleType::DateTime => "dateTime",
        SimpleType::Base64 => "base64Binary",
        SimpleType::Id => "ID",
    };
    (base, facets)
}

fn attributes(out: &mut String, attributes: &[Attribute], depth: usize) {
    for attribute in attributes {
        pad(out, depth);
        let used = if attribute.required {
            "required"
        } else {
            "optional"
        };
        if let Some(fixed) = attribute.fixed {
            let _ = writeln!(
                out,
                "<xs:attribute name=\"{}\" type=\"xs:string\" use=\"{used}\" fixed=\"{fixed}\"/>",
                attribute.name
            );
            continue;
        }
        let _ = writeln!(
            out,
            "<xs:attribute name=\"{}\" use=\"{used}\">",
            attribute.name
        );
        simple(out, attribute.kind, depth + 1);
        pad(out, depth);
        out.push_str("</xs:attribute>\n");
    }
}
