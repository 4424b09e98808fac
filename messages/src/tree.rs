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
    /// How much may be held at once, in octets.
    room: usize,
    /// How much is held, roughly; and was when the unit that is open began.
    held: usize,
    held_before: usize,
    /// The part that there was no room for.
    overflow: Option<(&'static Element, Place)>,
}

impl<'a> Tree<'a> {
    pub fn new(take: Option<Take<'a>>, room: usize) -> Self {
        Self {
            message: None,
            open: Vec::new(),
            root: None,
            take,
            units: 0,
            room,
            held: 0,
            held_before: 0,
            overflow: None,
        }
    }

    /// The tree, once its root has ended.
    pub fn root(self) -> Option<Node> {
        self.root
    }

    /// The part of the document that there was no room for.
    pub fn overflow(&self) -> Option<(&'static Element, Place)> {
        self.overflow
    }

    fn add(&mut self, node: Node) {
        self.held += size_of::<Node>();
        if let NodeContent::Text(text) = &node.content {
            self.held += text.len();
        }
        if self.held > self.room {
            let part = self.open.get(1).unwrap_or(&node);
            self.overflow.get_or_insert((part.element, part.place));
            return;
        }
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
        if self.open.len() == 1 {
            self.held_before = self.held;
        }
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
            let whole = self.held <= self.room;
            self.held = self.held_before;
            if good && whole {
                take(message, node, self.units);
            }
            return;
        }
        self.add(node);
    }
}
