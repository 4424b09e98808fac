//! A message, or a part of one, as a tree that the tables know.

use std::ops::Range;

use crate::table::Element;

/// A place in a document, from 1; 0 when unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

/// An element and what is in it.
#[derive(Debug, Clone)]
pub struct Node {
    /// What the tables say of it.
    pub element: &'static Element,
    /// Where it starts.
    pub place: Place,
    /// Its attributes that the tables know.
    pub attributes: Vec<(&'static str, String)>,
    /// What is in it.
    pub content: NodeContent,
}

/// What is in an element.
#[derive(Debug, Clone)]
pub enum NodeContent {
    /// Text.
    Text(String),
    /// Elements, in the schema's order.
    Children(Vec<Node>),
    /// A signature or a custom message: the octets of the document that hold it.
    Opaque(Range<usize>),
}

impl Node {
    /// An element with text.
    pub fn leaf(element: &'static Element, place: Place, text: impl Into<String>) -> Self {
        Self {
            element,
            place,
            attributes: Vec::new(),
            content: NodeContent::Text(text.into()),
        }
    }

    /// The elements in it.
    pub fn children(&self) -> &[Node] {
        match &self.content {
            NodeContent::Children(children) => children,
            _ => &[],
        }
    }

    /// The first element of that name in it.
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children().iter().find(|c| c.element.name == name)
    }

    /// The first element at that path below it: `OrderHead/orderNo`.
    pub fn find(&self, path: &str) -> Option<&Node> {
        path.split('/')
            .try_fold(self, |node, name| node.child(name))
    }

    /// The text of the element at that path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.find(path)?.own_text()
    }

    /// The element's own text.
    pub fn own_text(&self) -> Option<&str> {
        match &self.content {
            NodeContent::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where an element that is not looked into stands in the document.
    pub fn octets(&self) -> Option<Range<usize>> {
        match &self.content {
            NodeContent::Opaque(range) => Some(range.clone()),
            _ => None,
        }
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.as_str())
    }
}
