//! Builds a tree of what a document holds.

use std::ops::Range;

use crate::node::{Node, NodeContent, Place};
use crate::schema::{Attributes, Sink};
use crate::table::{Element, Message};

/// Takes units out of the tree as they are complete.
type Take<'a> = &'a mut dyn FnMut(&'static Message, Node, usize);

/// A tree in the making.
pub(crate) struct Tree<'a> {
    message: Option<&'static Message>,
    open: Vec<Node>,
    root: Option<Node>,
    take: Option<Take<'a>>,
    /// Units so far.
    units: usize,
}

impl<'a> Tree<'a> {
    pub fn new(take: Option<Take<'a>>) -> Self {
        Self {
            message: None,
            open: Vec::new(),
            root: None,
            take,
            units: 0,
        }
    }

    /// The tree, once its root has ended.
    pub fn root(self) -> Option<Node> {
        self.root
    }

    fn add(&mut self, node: Node) {
        if let Some(parent) = self.open.last_mut()
            && let NodeContent::Children(children) = &mut parent.content
        {
            children.push(node);
        }
    }
}

impl Sink for Tree<'_> {
    const PLACES: bool = true;

    fn begin(&mut self, message: &'static Message) {
        self.message = Some(message);
    }

    fn open(&mut self, element: &'static Element, place: Place, attributes: Attributes) {
        self.open.push(Node {
            element,
            place,
            attributes,
            content: NodeContent::Children(Vec::with_capacity(element.particles().len())),
        });
    }

    fn leaf(
        &mut self,
        element: &'static Element,
        place: Place,
        text: &str,
        attributes: Attributes,
    ) {
        self.add(Node {
            element,
            place,
            attributes,
            content: NodeContent::Text(text.to_owned()),
        });
    }

    fn opaque(&mut self, element: &'static Element, place: Place, octets: Range<u64>) {
        self.add(Node {
            element,
            place,
            attributes: Vec::new(),
            content: NodeContent::Opaque(octets.start as usize..octets.end as usize),
        });
    }

    fn close(&mut self, good: bool) {
        let Some(node) = self.open.pop() else {
            return;
        };
        if self.open.is_empty() {
            self.root = Some(node);
            return;
        }
        let unit = |m: &&'static Message| m.unit.is_some_and(|u| u.name == node.element.name);
        if let (1, Some(message), Some(take)) =
            (self.open.len(), self.message.filter(unit), &mut self.take)
        {
            self.units += 1;
            if good {
                take(message, node, self.units);
            }
            return;
        }
        self.add(node);
    }
}
