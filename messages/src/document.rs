//! A declaration as a document again: to be mended, and declared anew.

use crate::json::Json;
use crate::node::{Node, NodeContent};
use crate::read::read_fragment;
use crate::table::{Content, Fill, Message, SimpleType};

/// The document in JSON of a declaration, by its canonical octets as [`fragment`](crate::fragment)
/// writes them, without what every declaration has of its own (guid, time). `None` where the octets
/// are none.
pub fn document(message: &Message, fragment: &[u8]) -> Option<String> {
    let parsed = read_fragment(message, fragment)?;
    let unit = parsed.root.children().first()?;
    Some(object(unit).document())
}

fn object(node: &Node) -> Json {
    let mut fields = Vec::new();
    for particle in node.element.particles() {
        let element = particle.element;
        let all = node.children().iter();
        let mut own = all
            .filter(|child| child.element.name == element.name)
            .peekable();
        let Some(first) = own.peek() else { continue };
        let value = match &first.content {
            _ if matches!(element.fill, Some(Fill::Guid | Fill::Now)) => continue,
            NodeContent::Text(text) => match element.content {
                // Amounts are strings, so that no reader rounds them; whole numbers need not be.
                Content::Text(SimpleType::Int { .. }) => Json::number(text),
                _ => Json::text(text),
            },
            _ if particle.max > 1 => Json::Array(own.map(object).collect()),
            _ => object(first),
        };
        fields.push((element.name, value));
    }
    Json::Object(fields)
}
