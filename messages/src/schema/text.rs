//! The end of an element with text.

use std::collections::HashSet;

use super::frame::{Frame, Kind};
use super::particles::{at, frame_name};
use super::sink::Sink;
use super::walk::Walk;
use crate::problem::Problem;
use crate::simple::{self, Broken};
use crate::table::SimpleType;

impl<S: Sink> Walk<'_, S> {
    pub(super) fn end_text(&mut self, frame: Frame) {
        let place = self.place_of(&frame);
        let name = frame_name(&frame);
        let Kind::Text {
            element,
            kind,
            text,
            attributes,
        } = frame.kind
        else {
            return;
        };
        if text.element {
            let path = self.path(&name);
            self.report(Problem::at(
                element,
                &path,
                place,
                "not-text",
                "holds an element, but takes only text",
                "write the value as text",
            ));
            return;
        }
        // XML Schema 1.0, 3.3.4: an empty element stands for its fixed or default value.
        let value = match element.fixed.or(element.default) {
            Some(value) if !text.any => value,
            _ => &text.text,
        };
        let broken = match simple::check_element(element, value) {
            Err(broken) => Some(broken),
            Ok(()) if kind == SimpleType::Id && !new_id(&mut self.ids, value.trim()) => {
                Some(twice())
            }
            Ok(()) => None,
        };
        match broken {
            Some(broken) => {
                let path = self.path(&name);
                self.report(Problem::field(element, &path, place, broken));
            }
            None if frame.inner => {}
            None => self.sink.leaf(element, place, value, attributes),
        }
    }

    pub(super) fn end_ds_text(&mut self, frame: &Frame) {
        let Kind::DsText { ds, text } = &frame.kind else {
            return;
        };
        let broken = if text.element {
            Some(Broken {
                rule: "not-text",
                text: "holds an element, but takes only text".to_owned(),
                remedy: "have the message signed again".to_owned(),
            })
        } else if let super::dsig::DsContent::Text(kind) = ds.content {
            simple::check_ds(kind, &text.text).err()
        } else {
            None
        };
        if let Some(broken) = broken {
            let place = self.place_of(frame);
            let path = self.path(&frame_name(frame));
            self.report(at(&path, place, broken.rule, broken.text, broken.remedy));
        }
    }
}

/// Keeps a value of `xs:ID`; false if it was there already.
pub(super) fn new_id(ids: &mut HashSet<String>, id: &str) -> bool {
    ids.insert(id.to_owned())
}

/// An id that stands twice.
pub(super) fn twice() -> Broken {
    Broken {
        rule: "id",
        text: "is an id that stands in the message already".to_owned(),
        remedy: "give each element an id of its own".to_owned(),
    }
}
