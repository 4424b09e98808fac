//! The end of an element with text.

use std::collections::HashSet;

use super::frame::{Frame, Kind, TextType};
use super::particles::{at, frame_name};
use super::sink::Sink;
use super::walk::Walk;
use crate::problem::Problem;
use crate::simple::{self, Broken};

impl<S: Sink> Walk<'_, S> {
    pub(super) fn end_text(&mut self, frame: Frame) {
        let place = self.place_of(&frame);
        let name = frame_name(&frame);
        let Kind::Text {
            element,
            narrow,
            text,
            attributes,
            ..
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
        let checked = simple::check_element(element, value)
            .and_then(|()| narrow.map_or(Ok(()), |narrow| narrow.check(value)));
        match checked.err() {
            Some(broken) => {
                let path = self.path(&name);
                self.report(Problem::field(element, &path, place, broken));
            }
            None if frame.inner => {}
            None => self.sink.leaf(element, place, value, attributes),
        }
    }

    pub(super) fn end_other_text(&mut self, frame: &Frame) {
        let Kind::OtherText { kind, text } = &frame.kind else {
            return;
        };
        let broken = if text.element {
            Some(Broken {
                rule: "not-text",
                text: "holds an element, but takes only text".to_owned(),
                remedy: "write the value as text".to_owned(),
            })
        } else if text.astray {
            Some(Broken {
                rule: "type",
                text: "has a prefix that is not declared".to_owned(),
                remedy: "declare the prefix".to_owned(),
            })
        } else {
            match kind {
                TextType::Table(kind) => simple::check(*kind, &text.text).err(),
                TextType::Builtin(builtin) => builtin.check(&text.text).err(),
            }
        };
        if let Some(broken) = broken {
            let place = self.place_of(frame);
            let path = self.path(&frame_name(frame));
            self.report(match frame.whole {
                Some(element) => Problem::field(element, &path, place, broken),
                None => at(&path, place, broken.rule, broken.text, broken.remedy),
            });
        }
    }
}

/// Keeps a value of `xs:ID`; false if it was there already.
pub(super) fn new_id(ids: &mut HashSet<String>, id: &str) -> bool {
    // A hostile document may have many; ours have one.
    const MOST: usize = 100_000;
    if ids.len() >= MOST {
        return !ids.contains(id);
    }
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
