//! Elements in a table's sequence.

use std::ops::Range;

use super::frame::{Frame, Kind};
use super::sink::Sink;
use super::walk::{Walk, shown};
use crate::node::Place;
use crate::problem::Problem;
use crate::simple;
use crate::table::namespace_of;
use crate::table::{Content, Element, Particle};

impl<S: Sink> Walk<'_, S> {
    /// Takes as many fields as come in the short form, in the table's order, and enters the
    /// element after them if that comes in the short form too. Says whether it did.
    pub(super) fn leaves(&mut self) -> bool {
        let Some(Frame {
            kind:
                Kind::Sequence {
                    particles,
                    at,
                    count,
                    usual: true,
                    ..
                },
            bad: false,
            inner,
            whole,
            ..
        }) = self.frames.last()
        else {
            return false;
        };
        let (particles, hides) = (*particles, *inner || whole.is_some());
        let (mut at, mut count) = (*at, *count);
        let mut next = at;
        let mut entered = None;
        while let Some(particle) = particles.get(next) {
            let element = particle.element;
            let stood = if next == at { count } else { 0 };
            let Content::Text(kind) = element.content else {
                if stood < particle.max
                    && element.attributes.is_empty()
                    && matches!(element.content, Content::Sequence(_))
                    && let Some(tag) = self.scanner.enter(element.open)
                {
                    entered = Some((particle, tag));
                    (at, count) = (next, stood + 1);
                    break;
                }
                if stood < particle.min && !self.may_lack(element) {
                    break;
                }
                next += 1;
                continue;
            };
            if stood < particle.max
                && element.attributes.is_empty()
                && let Some(leaf) = self.scanner.leaf(element.open, element.close)
            {
                (at, count) = (next, stood + 1);
                let octets = self.scanner.octets(leaf.text.clone());
                let good = simple::passes(kind, octets, leaf.ascii)
                    && element.fixed.is_none_or(|f| f.as_bytes() == octets);
                if !good || (S::PLACES && !hides) {
                    self.leaf(element, count, particle.max, leaf.start, &leaf.text);
                }
                if particle.max == 1 && next + 1 < particles.len() {
                    next += 1;
                }
                continue;
            }
            if stood < particle.min && !self.may_lack(element) {
                break;
            }
            next += 1;
        }
        if let Some(Frame {
            kind: Kind::Sequence {
                at: a, count: c, ..
            },
            ..
        }) = self.frames.last_mut()
        {
            (*a, *c) = (at, count);
        }
        let Some((particle, tag)) = entered else {
            return false;
        };
        let index = if particle.max > 1 { count } else { 0 };
        self.push_element(particle.element, index, &tag);
        true
    }

    /// A field in the short form that needs a closer look, or that the sink wants.
    fn leaf(
        &mut self,
        element: &'static Element,
        index: u32,
        max: u32,
        start: usize,
        range: &Range<usize>,
    ) {
        let mut text = self.scanner.str(range.clone());
        let absent = element.fixed.or(element.default);
        if let (true, Some(value)) = (text.is_empty(), absent) {
            text = value;
        }
        let broken = simple::check_element(element, text).err();
        let hides = self.frames.last().is_some_and(Frame::hides);
        if let Some(broken) = broken {
            let place = self.scanner.place(start);
            let name = if max > 1 {
                format!("{}[{index}]", element.name)
            } else {
                element.name.to_owned()
            };
            let path = self.path(&name);
            self.report(Problem::field(element, &path, place, broken));
        } else if S::PLACES && !hides {
            let place = self.scanner.place(start);
            let text = self.scanner.str(range.clone());
            let text = match absent {
                Some(value) if text.is_empty() => value,
                _ => text,
            };
            self.sink.leaf(element, place, text, Vec::new());
        }
    }

    /// Whether the element may be missing although the table demands it.
    fn may_lack(&self, element: &Element) -> bool {
        self.unsigned && matches!(element.name, "BaseTransfer" | "Signature")
    }

    /// An element begins in a sequence.
    pub(super) fn in_sequence(&mut self, name: Range<usize>, tag: &Range<usize>) {
        let Some(Frame {
            kind:
                Kind::Sequence {
                    element,
                    particles,
                    at,
                    count,
                    ..
                },
            ..
        }) = self.frames.last()
        else {
            return;
        };
        let (parent, particles, at, count) = (*element, *particles, *at, *count);
        if particles.is_empty() {
            self.not_empty();
            return;
        }
        let (namespace, local) = self.scanner.expanded(name);
        let matches =
            |p: &Particle| p.element.name == local && namespace_of(p.element.prefix) == namespace;
        let mut next = None;
        let mut lacking = None;
        for (index, particle) in particles.iter().enumerate().skip(at) {
            let stood = if index == at { count } else { 0 };
            if stood < particle.max && matches(particle) {
                next = Some(index);
                break;
            }
            if stood < particle.min && !self.may_lack(particle.element) {
                lacking = Some(particle.element);
                break;
            }
        }
        let Some(next) = next else {
            let found = particles.iter().position(matches);
            let known = particles.iter().any(|p| p.element.name == local);
            let local = shown(local);
            self.unexpected(
                &local, parent, particles, found, at, count, lacking, known, tag,
            );
            return;
        };
        let particle = &particles[next];
        let count = if next == at { count + 1 } else { 1 };
        if let Some(Frame {
            kind: Kind::Sequence {
                at: a, count: c, ..
            },
            ..
        }) = self.frames.last_mut()
        {
            (*a, *c) = (next, count);
        }
        let index = if particle.max > 1 { count } else { 0 };
        self.push_element(particle.element, index, tag);
    }

    /// An element that may not stand here.
    #[expect(
        clippy::too_many_arguments,
        reason = "it says all that is known of the place"
    )]
    fn unexpected(
        &mut self,
        name: &str,
        parent: &'static Element,
        particles: &'static [Particle],
        found: Option<usize>,
        at: usize,
        count: u32,
        lacking: Option<&'static Element>,
        known: bool,
        tag: &Range<usize>,
    ) {
        let Some(index) = found else {
            let remedy = if known {
                format!(
                    "its namespace is wrong: use {}",
                    namespace_of(parent.prefix)
                )
            } else {
                Problem::nearest(name, particles.iter().map(|p| p.element))
            };
            let text = format!("{name} is not known in {} ({})", parent.name, parent.zh);
            self.reject(tag, name, "unknown-field", text, remedy, None);
            return;
        };
        let particle = &particles[index];
        let element = particle.element;
        if index > at || (index == at && count == 0) {
            // It belongs further on: something before it is missing.
            if let Some(lacking) = lacking {
                let text = format!(
                    "{} is missing: {name} stands where it must be",
                    lacking.name
                );
                let remedy = format!("add {} ({}) before {name}", lacking.name, lacking.zh);
                self.reject(tag, name, "missing", text, remedy, Some(lacking));
                return;
            }
        }
        if index == at && count >= particle.max {
            let (text, remedy) = if particle.max == 1 {
                ("stands twice".to_owned(), "remove one of them".to_owned())
            } else {
                (
                    format!("stands more than {} times", particle.max),
                    format!("at most {} fit in one: split it", particle.max),
                )
            };
            self.reject(tag, name, "too-many", text, remedy, Some(element));
            return;
        }
        let remedy = match index.checked_sub(1).map(|i| particles[i].element.name) {
            Some(before) => format!("put it right after {before}, and only there"),
            None => format!("put it first in {}, and only there", parent.name),
        };
        let text = "stands in the wrong place";
        self.reject(tag, name, "misplaced", text, remedy, Some(element));
    }

    /// A sequence ends: is all there that must be?
    pub(super) fn end_sequence(&mut self, frame: &Frame) {
        let Kind::Sequence {
            element: parent,
            particles,
            at,
            count,
            ..
        } = &frame.kind
        else {
            return;
        };
        let lacking = particles.iter().enumerate().skip(*at).find(|(index, p)| {
            let stood = if index == at { *count } else { 0 };
            stood < p.min && !self.may_lack(p.element)
        });
        if let Some((_, particle)) = lacking {
            let element = particle.element;
            let path = self.path(&frame_name(frame));
            let place = self.place_of(frame);
            self.report(Problem::at(
                element,
                &path,
                place,
                "missing",
                format!("{} is missing in {}", element.name, parent.name),
                format!("add {} ({})", element.name, element.zh),
            ));
        }
    }

    /// Text stands where only elements may.
    pub(super) fn stray_text(&mut self) {
        let text = "holds text between its elements";
        self.report_content("stray-text", text, "remove the text");
    }

    /// An element stands where nothing may.
    fn not_empty(&mut self) {
        self.report_content(
            "not-empty",
            "holds an element, but must be empty",
            "remove it",
        );
        if let Some(parent) = self.frames.last_mut() {
            parent.bad = true;
        }
        self.skip = Some(self.scanner.depth());
    }

    /// Reports what is wrong with the content of the innermost open element as a whole.
    fn report_content(&mut self, rule: &'static str, text: &str, remedy: &str) {
        let path = self.path("");
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let place = self.place_of(&frame);
        let problem = match frame.element() {
            Some(element) => Problem::at(element, &path, place, rule, text, remedy),
            None => at(&path, place, rule, text, remedy),
        };
        self.frames.push(frame);
        self.report(problem);
    }
}

/// A frame's name with its index, as in paths.
pub(super) fn frame_name(frame: &Frame) -> String {
    if frame.index > 0 {
        format!("{}[{}]", frame.name, frame.index)
    } else {
        frame.name.clone().into_owned()
    }
}

/// A problem of something that the tables do not know.
pub(super) fn at(
    path: &str,
    place: Place,
    rule: &'static str,
    text: impl Into<String>,
    remedy: impl Into<String>,
) -> Problem {
    Problem {
        line: place.line,
        column: place.column,
        path: path.to_owned(),
        ..Problem::document(rule, text, remedy)
    }
}
