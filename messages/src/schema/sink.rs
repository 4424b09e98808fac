//! Who wants to know what a document holds while it is checked.

use std::ops::Range;

use crate::node::Place;
use crate::table::{Element, Message};

/// The attributes that the tables know, with their values.
pub(crate) type Attributes = Vec<(&'static str, String)>;

/// Hears of every element that the tables know, in document order.
pub(crate) trait Sink {
    /// Whether places are wanted: they cost time.
    const PLACES: bool;

    /// The root.
    fn begin(&mut self, message: &'static Message);
    /// An element with elements in it begins.
    fn open(&mut self, element: &'static Element, place: Place, attributes: Attributes);
    /// An element with text.
    fn leaf(&mut self, element: &'static Element, place: Place, text: &str, attributes: Attributes);
    /// An element that is not looked into: where it stands in the document.
    fn opaque(&mut self, element: &'static Element, place: Place, octets: Range<u64>);
    /// The last element that was opened ends; `good` if nothing was wrong so far.
    fn close(&mut self, good: bool);
}

/// Wants to know nothing.
pub(crate) struct Nothing;

impl Sink for Nothing {
    const PLACES: bool = false;

    fn begin(&mut self, _: &'static Message) {}
    fn open(&mut self, _: &'static Element, _: Place, _: Attributes) {}
    fn leaf(&mut self, _: &'static Element, _: Place, _: &str, _: Attributes) {}
    fn opaque(&mut self, _: &'static Element, _: Place, _: Range<u64>) {}
    fn close(&mut self, _: bool) {}
}
