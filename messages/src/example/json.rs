//! Examples as documents in JSON.

use super::Extent;
use super::part::{Part, PartContent};
use crate::json::Json;
use crate::table::{Content, SimpleType};

/// One declaration, or an array of them.
pub(super) fn written(units: &[&Part], extent: Extent) -> String {
    let value = match units {
        [unit] => object(unit, extent),
        units => Json::Array(units.iter().map(|unit| object(unit, extent)).collect()),
    };
    value.document()
}

fn object(part: &Part, extent: Extent) -> Json {
    let mut fields = Vec::new();
    for particle in part.element.particles() {
        let element = particle.element;
        let mut parts = part.parts().iter();
        let Some(first) = parts.find(|p| p.element.name == element.name) else {
            continue;
        };
        // What is filled in need not be given.
        if extent == Extent::Minimal && element.fill.is_some() {
            continue;
        }
        let value = match &first.content {
            PartContent::Text(text) if is_whole(&element.content) => Json::number(text),
            PartContent::Text(text) => Json::text(text),
            _ if particle.max > 1 => {
                let others = parts.filter(|p| p.element.name == element.name);
                let all = std::iter::once(first).chain(others);
                Json::Array(all.map(|p| object(p, extent)).collect())
            }
            _ => object(first, extent),
        };
        fields.push((element.name, value));
    }
    Json::Object(fields)
}

/// Amounts are strings, so that no reader rounds them; whole numbers need not be.
fn is_whole(content: &Content) -> bool {
    matches!(content, Content::Text(SimpleType::Int { .. }))
}
