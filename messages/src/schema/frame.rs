//! What is known of an open element.

use std::borrow::Cow;

use crate::node::Place;
use crate::simple::Builtin;
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
    /// The table's element, if the sink hears of it as a whole.
    pub whole: Option<&'static Element>,
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
        /// A type derived from the table's that the document names itself.
        narrow: Option<Builtin>,
        text: Box<Gathered>,
        attributes: super::Attributes,
    },
    /// At most one element of any kind, which is not looked into.
    One { taken: bool },
    /// Anything, which is looked into where it is known.
    Anything,
    /// Elements of a signature; the step where its model stands.
    Model {
        ds: usize,
        step: Option<usize>,
        /// The usual prefix stands for their namespace here.
        usual: bool,
    },
    /// Text in a signature, or of a type that the document names itself.
    OtherText { kind: TextType, text: Box<Gathered> },
}

/// A type of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextType {
    Table(SimpleType),
    Builtin(Builtin),
}

/// Text that came piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub text: String,
    /// There was text or a CDATA section, be it empty.
    pub any: bool,
    /// There was an element.
    pub element: bool,
    /// It is a qualified name whose prefix is not declared where it stands.
    pub astray: bool,
}

impl Frame {
    /// What the frame is of, if the tables know.
    pub fn element(&self) -> Option<&'static Element> {
        match &self.kind {
            Kind::Sequence { element, .. } | Kind::Text { element, .. } => Some(element),
            _ => self.whole,
        }
    }

    /// Whether the sink does not hear of the elements in it.
    pub fn hides(&self) -> bool {
        self.inner || self.whole.is_some() || !matches!(self.kind, Kind::Sequence { .. })
    }
}
