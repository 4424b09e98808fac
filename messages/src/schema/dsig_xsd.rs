//! Exports the schema of signatures.

use std::fmt::Write as _;

use super::dsig::{DS, DsAttribute, DsContent, DsElement, ELEMENTS, Group, Part};

/// The schema of signatures, as data that other programs read.
pub(crate) fn xsd() -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:ds=\"{DS}\" \
         targetNamespace=\"{DS}\" elementFormDefault=\"qualified\">\n"
    );
    let mut written = Vec::new();
    for element in ELEMENTS {
        if element.global {
            write_element(&mut out, element, "", 1);
        }
        let named = element.type_name().filter(|name| !written.contains(name));
        if let Some(name) = named {
            write_type(&mut out, element, &name);
            written.push(name);
        }
    }
    out.push_str("</xs:schema>\n");
    out
}

fn write_element(out: &mut String, element: &DsElement, occurs: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    let kind = match (element.type_name(), &element.content) {
        (None, DsContent::Text(kind)) => format!("xs:{}", kind.name()),
        (named, _) => format!("ds:{}", named.unwrap_or_default()),
    };
    let _ = writeln!(
        out,
        "{pad}<xs:element name=\"{}\" type=\"{kind}\"{occurs}/>",
        element.name
    );
}

fn write_type(out: &mut String, element: &DsElement, name: &str) {
    match &element.content {
        // No element of a signature has both text of a type and attributes.
        DsContent::Text(kind) => {
            let _ = writeln!(
                out,
                "  <xs:simpleType name=\"{name}\"><xs:restriction base=\"xs:{}\"/></xs:simpleType>",
                kind.name()
            );
        }
        DsContent::Group { mixed, group } => {
            let mixed = if *mixed { " mixed=\"true\"" } else { "" };
            let _ = writeln!(out, "  <xs:complexType name=\"{name}\"{mixed}>");
            write_group(out, group, "", 2);
            for attribute in element.attributes {
                write_attribute(out, attribute, 2);
            }
            let _ = writeln!(out, "  </xs:complexType>");
        }
    }
}

fn write_attribute(out: &mut String, attribute: &DsAttribute, depth: usize) {
    let pad = "  ".repeat(depth);
    let used = if attribute.required {
        "required"
    } else {
        "optional"
    };
    let _ = writeln!(
        out,
        "{pad}<xs:attribute name=\"{}\" type=\"xs:{}\" use=\"{used}\"/>",
        attribute.name,
        attribute.kind.name()
    );
}

fn write_group(out: &mut String, group: &Group, occurs: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    let (tag, parts): (&str, &[Part]) = match group {
        Group::Sequence(parts) => ("sequence", parts),
        Group::Choice(parts) => ("choice", parts),
        Group::Element(name) => {
            let known = ELEMENTS.iter().find(|e| e.name == *name);
            match known {
                Some(element) if !element.global => write_element(out, element, occurs, depth),
                _ => {
                    let _ = writeln!(out, "{pad}<xs:element ref=\"ds:{name}\"{occurs}/>");
                }
            }
            return;
        }
        Group::Other | Group::Any => {
            let namespace = if matches!(group, Group::Any) {
                "##any"
            } else {
                "##other"
            };
            let _ = writeln!(
                out,
                "{pad}<xs:any namespace=\"{namespace}\" processContents=\"lax\"{occurs}/>"
            );
            return;
        }
    };
    let _ = writeln!(out, "{pad}<xs:{tag}{occurs}>");
    for part in parts {
        let mut occurs = String::new();
        if part.min == 0 {
            occurs.push_str(" minOccurs=\"0\"");
        }
        if part.many {
            occurs.push_str(" maxOccurs=\"unbounded\"");
        }
        write_group(out, &part.group, &occurs, depth + 1);
    }
    let _ = writeln!(out, "{pad}</xs:{tag}>");
}
