//! A declaration in a message, as the clearance service looks at it.

use tongguan_messages::{Node, Parsed, business_key};

/// One declaration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit<'p> {
    pub node: &'p Node,
    /// Its number in its message, from 1.
    pub number: usize,
}

/// A field of a declaration's own, or of its head; nothing where it is empty.
pub(crate) fn own_or_head<'n>(declaration: &'n Node, name: &str) -> Option<&'n str> {
    let head = || declaration.children().first()?.text(name);
    let text = declaration.text(name).or_else(head)?;
    Some(text).filter(|text| !text.is_empty())
}

/// The declarations in a message.
pub(crate) fn units(parsed: &Parsed) -> impl Iterator<Item = Unit<'_>> {
    let unit = parsed.message.unit.map_or("", |unit| unit.name);
    let children = parsed.root.children().iter();
    let of = children.filter(move |c| c.element.name == unit);
    of.zip(1..).map(|(node, number)| Unit { node, number })
}

impl<'p> Unit<'p> {
    /// A field of its own, or of its head.
    pub fn text(&self, name: &str) -> Option<&'p str> {
        let text = own_or_head(self.node, name)?.trim();
        Some(text).filter(|text| !text.is_empty())
    }

    pub fn field(&self, name: &str) -> &'p str {
        self.text(name).unwrap_or_default()
    }

    pub fn key(&self, parsed: &Parsed) -> String {
        business_key(parsed.message, self.node).unwrap_or_default()
    }

    /// It changes (2) or deletes (3) what is there.
    pub fn amends(&self) -> bool {
        matches!(self.field("appType"), "2" | "3")
    }

    pub fn deletes(&self) -> bool {
        self.field("appType") == "3"
    }

    /// The numbers by which declarations of one order find each other.
    pub fn numbers(&self) -> impl Iterator<Item = String> {
        let of = |name: &'static str| Some(format!("{name} {}", self.text(name)?));
        ["orderNo", "logisticsNo"].into_iter().filter_map(of)
    }
}
