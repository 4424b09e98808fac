//! Examples as documents in JSON.

use std::fmt::Write as _;

use super::Extent;
use super::part::{Part, PartContent};
use crate::table::{Content, SimpleType};

/// One declaration, or an array of them.
pub(super) fn written(units: &[&Part], extent: Extent) -> String {
    let mut out = String::new();
    match units {
        [unit] => object(&mut out, unit, extent, 0),
        units => array(&mut out, units, extent, 0),
    }
    out.push('\n');
    out
}

fn array(out: &mut String, parts: &[&Part], extent: Extent, depth: usize) {
    let pad = "  ".repeat(depth + 1);
    out.push('[');
    for (index, part) in parts.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(out, "{comma}\n{pad}");
        object(out, part, extent, depth + 1);
    }
    let _ = write!(out, "\n{}]", "  ".repeat(depth));
}

fn object(out: &mut String, part: &Part, extent: Extent, depth: usize) {
    let pad = "  ".repeat(depth + 1);
    let parts = part.parts();
    let mut comma = "";
    out.push('{');
    for particle in part.element.particles() {
        let element = particle.element;
        let of_name: Vec<&Part> = parts
            .iter()
            .filter(|p| p.element.name == element.name)
            .collect();
        let Some(first) = of_name.first() else {
            continue;
        };
        // What is filled in need not be given.
        if extent == Extent::Minimal && element.fill.is_some() {
            continue;
        }
        let _ = write!(out, "{comma}\n{pad}\"{}\": ", element.name);
        comma = ",";
        match &first.content {
            PartContent::Text(text) if is_whole(&element.content) => out.push_str(text),
            PartContent::Text(text) => {
                let _ = write!(out, "{}", serde_json::Value::from(text.as_str()));
            }
            _ if particle.max > 1 => array(out, &of_name, extent, depth + 1),
            _ => object(out, first, extent, depth + 1),
        }
    }
    let _ = write!(out, "\n{}}}", "  ".repeat(depth));
}

/// Amounts are strings, so that no reader rounds them; whole numbers need not be.
fn is_whole(content: &Content) -> bool {
    matches!(content, Content::Text(SimpleType::Int { .. }))
}
