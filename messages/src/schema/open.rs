//! Opens elements: the schema's own, those that the document gives a type, and nobody's.

use std::borrow::Cow;
use std::ops::Range;

use super::attributes::Xsi;
use super::dsig::{DS, ELEMENTS};
use super::frame::{Frame, Kind};
use super::globals::Globals;
use super::particles::at;
use super::sink::Sink;
use super::types::{Declared, Given, Type};
use super::walk::{Walk, shown};
use crate::node::Place;
use crate::table::{Content, Element, namespace_of};

impl<S: Sink> Walk<'_, S> {
    /// Looks at an element wherever anything may stand: into it, if it is known.
    pub(super) fn known(&mut self, name: Range<usize>, tag: &Range<usize>) {
        let (namespace, local) = self.scanner.expanded(name);
        let ds = ELEMENTS
            .iter()
            .position(|e| namespace == DS && e.global && e.name == local);
        if let Some(ds) = ds {
            self.push_ds(ds, None, 0, tag);
        } else if let Some(element) = self
            .message
            .and_then(|m| Globals::element(m.schema, namespace, local))
        {
            self.push_element(element, 0, tag);
        } else {
            let name = Cow::Owned(shown(local));
            match self.given_type(Declared::Not) {
                Given::Own => self.push(Kind::Anything, name, 0, None, tag),
                Given::Other(given) => self.push_typed(given, name, 0, None, false, tag),
                Given::Wrong => {
                    let path = self.path(&format!("{name}/@xsi:type"));
                    let place = self.scanner.tag_place(tag);
                    let text = "the schema has no type of that name";
                    let remedy = "remove it";
                    self.report(at(&path, place, "unknown-attribute", text, remedy));
                    self.skip = Some(self.scanner.depth());
                }
            }
        }
    }

    /// Opens an element of the tables.
    pub(super) fn push_element(
        &mut self,
        element: &'static Element,
        index: u32,
        tag: &Range<usize>,
    ) {
        if matches!(element.content, Content::Signature) {
            self.push_ds(0, Some(element), index, tag);
            return;
        }
        let mut xsi = Xsi::declared();
        let mut narrow = None;
        if !self.scanner.attributes().is_empty() {
            match (self.given_type(Declared::Table(element)), &element.content) {
                (Given::Own, _) => {}
                (Given::Other(Type::Builtin(given)), Content::Text(_)) => narrow = Some(given),
                (Given::Other(given), _) => {
                    let name = Cow::Borrowed(element.name);
                    self.push_typed(given, name, index, Some(element), true, tag);
                    return;
                }
                (Given::Wrong, _) => xsi.wrong_type = true,
            }
        }
        let (kind, whole) = match element.content {
            Content::Text(_) => (
                Kind::Text {
                    element,
                    narrow,
                    text: Box::default(),
                    attributes: Vec::new(),
                },
                None,
            ),
            Content::Sequence(particles) => (
                Kind::Sequence {
                    element,
                    particles,
                    at: 0,
                    count: 0,
                    usual: self.usual(element.prefix),
                },
                None,
            ),
            Content::AnyElement => (Kind::One { taken: false }, Some(element)),
            Content::AnyType | Content::Signature => (Kind::Anything, Some(element)),
        };
        self.push(kind, Cow::Borrowed(element.name), index, whole, tag);
        let attributes = self.table_attributes(element, xsi, tag);
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.inner {
            return;
        }
        match &mut frame.kind {
            Kind::Sequence { .. } => self.sink.open(element, frame.place, attributes),
            Kind::Text {
                attributes: own, ..
            } => *own = attributes,
            _ => {}
        }
    }

    /// Whether a table's usual prefix stands for its namespace here.
    fn usual(&self, prefix: &str) -> bool {
        // What a tag does not declare is as it was around it.
        if !self.scanner.declares() {
            match self.frames.last().map(|f| &f.kind) {
                Some(Kind::Sequence { element, usual, .. }) if element.prefix == prefix => {
                    return *usual;
                }
                Some(Kind::Model { usual, .. }) if prefix == "ds" => return *usual,
                _ => {}
            }
        }
        self.scanner.namespace(prefix) == Some(namespace_of(prefix))
    }

    /// Opens an element of a signature; `element` is the table's, at the top.
    pub(super) fn push_ds(
        &mut self,
        ds: usize,
        element: Option<&'static Element>,
        index: u32,
        tag: &Range<usize>,
    ) {
        let known = &ELEMENTS[ds];
        let name = Cow::Borrowed(known.name);
        let mut xsi = Xsi::declared();
        if !self.scanner.attributes().is_empty() {
            match self.given_type(Declared::Ds(known)) {
                Given::Own => {}
                Given::Other(given) => {
                    self.push_typed(given, name, index, element, true, tag);
                    return;
                }
                Given::Wrong => xsi.wrong_type = true,
            }
        }
        let kind = Type::Ds(ds).kind(|prefix| self.usual(prefix));
        self.push(kind, name, index, element, tag);
        self.ds_attributes(known, xsi, tag);
    }

    /// Opens an element of a type that the document names itself; `whole` is the table's.
    fn push_typed(
        &mut self,
        given: Type,
        name: Cow<'static, str>,
        index: u32,
        whole: Option<&'static Element>,
        declared: bool,
        tag: &Range<usize>,
    ) {
        let xsi = Xsi {
            declared,
            wrong_type: false,
        };
        let kind = given.kind(|prefix| self.usual(prefix));
        let text = matches!(kind, Kind::OtherText { .. });
        self.push(kind, name, index, whole, tag);
        match given {
            Type::Any => {}
            Type::Ds(ds) => self.ds_attributes(&ELEMENTS[ds], xsi, tag),
            Type::Table(element) if !text => {
                self.table_attributes(element, xsi, tag);
            }
            Type::Table(_) | Type::Builtin(_) => self.no_attributes(xsi, tag),
        }
    }

    fn push(
        &mut self,
        kind: Kind,
        name: Cow<'static, str>,
        index: u32,
        whole: Option<&'static Element>,
        tag: &Range<usize>,
    ) {
        // Of a document in memory a place can be found when it is needed; that is rare.
        let place = if S::PLACES || self.scanner.moves() {
            self.scanner.tag_place(tag)
        } else {
            Place::default()
        };
        let inner = self.frames.last().is_some_and(Frame::hides);
        self.frames.push(Frame {
            kind,
            name,
            index,
            place,
            start: self.scanner.offset(tag.start),
            bad: false,
            inner,
            whole,
        });
    }
}
