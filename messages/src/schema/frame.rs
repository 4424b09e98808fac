//! What is known of an open element.

use std::borrow::Cow;

use super::dsig::DsElement;
use crate::node::Place;
use crate::table::{Element, Particle, SimpleType};

/// An open element.
pub(crate) struct Frame {
    pub kind: Kind,
    /// Its name, for paths.
    pub name: Cow<'static, str>,
    /// Which one it is among its like, from 1; 0 where there can be one only.
    pub index: u32,
    pub place: Place,
    /// Where it begins in the input.
    pub start: u64,
    /// Its content is wrong already: nothing more in it is looked at.
    pub bad: bool,
    /// It is inside an element that the sink hears of as a whole.
    pub inner: bool,
}

/// What is in an open element.
pub(crate) enum Kind {
    /// The elements of a table's sequence; at which particle, and how often it stood.
    Sequence {
        element: &'static Element,
        particles: &'static [Particle],
        at: usize,
        count: u32,
        /// The table's usual prefix stands for its namespace here.
        usual: bool,
    },
    /// Text of a table's type.
    Text {
        element: &'static Element,
        kind: SimpleType,
        text: Gathered,
        attributes: super::Attributes,
    },
    /// At most one element of any kind, which is not looked into.
    One {
        element: &'static Element,
        taken: bool,
    },
    /// Anything, which is looked into where it is known. `None`: nobody's element.
    Anything { element: Option<&'static Element> },
    /// Elements of a signature; the step where its model stands.
    Model {
        /// The table's element, at the top of a signature.
        element: Option<&'static Element>,
        ds: usize,
        step: Option<usize>,
    },
    /// Text in a signature.
    DsText {
        ds: &'static DsElement,
        text: Gathered,
    },
}

/// Text that came piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub text: String,
    /// There was text or a CDATA section, be it empty.
    pub any: bool,
    /// There was an element.
    pub element: bool,
}

impl Frame {
    /// What the frame is of, if the tables know.
    pub fn element(&self) -> Option<&'static Element> {
        match &self.kind {
            Kind::Sequence { element, .. }
            | Kind::Text { element, .. }
            | Kind::One { element, .. } => Some(element),
            Kind::Anything { element } | Kind::Model { element, .. } => *element,
            Kind::DsText { .. } => None,
        }
    }
}
