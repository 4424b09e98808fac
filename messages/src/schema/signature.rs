//! Elements in a signature.

use std::ops::Range;

use super::dsig::{AUTOMATA, DS, ELEMENTS, Term};
use super::frame::{Frame, Kind};
use super::particles::{at, frame_name};
use super::sink::Sink;
use super::walk::{Walk, shown};
use crate::problem::Problem;

impl<S: Sink> Walk<'_, S> {
    /// An element begins where a signature's model says what may stand.
    pub(super) fn in_model(&mut self, name: Range<usize>, tag: &Range<usize>) {
        let Some(Frame {
            kind: Kind::Model { ds, step, .. },
            ..
        }) = self.frames.last()
        else {
            return;
        };
        let automaton = &AUTOMATA[*ds];
        let candidates = match step {
            None => &automaton.first,
            Some(step) => &automaton.steps[*step].next,
        };
        let (namespace, local) = self.scanner.expanded(name.clone());
        let fits = |term: Term| match term {
            Term::Element(index) => namespace == DS && ELEMENTS[index].name == local,
            Term::Other => namespace != DS && !namespace.is_empty(),
            Term::Any => true,
        };
        let next = candidates
            .iter()
            .copied()
            .find(|c| fits(automaton.steps[*c].term));
        let Some(next) = next else {
            let expected: Vec<&str> = candidates
                .iter()
                .filter_map(|c| match automaton.steps[*c].term {
                    Term::Element(index) => Some(ELEMENTS[index].name),
                    _ => None,
                })
                .collect();
            let parent = ELEMENTS[*ds].name;
            let local = shown(local);
            let remedy = if expected.is_empty() {
                format!("remove it: nothing more may stand in {parent}")
            } else {
                format!("{} belongs here", expected.join(" or "))
            };
            let text = format!("{local} does not belong here in {parent}");
            self.reject(tag, &local, "misplaced", text, remedy, None);
            return;
        };
        if let Some(Frame {
            kind: Kind::Model { step, .. },
            ..
        }) = self.frames.last_mut()
        {
            *step = Some(next);
        }
        match automaton.steps[next].term {
            Term::Element(index) => self.push_ds(index, None, 0, tag),
            Term::Other | Term::Any => self.known(name, tag),
        }
    }

    /// An element of a signature lacks something.
    pub(super) fn incomplete_model(&mut self, frame: &Frame) {
        let path = self.path(&frame_name(frame));
        let text = format!("{} is not complete", frame.name);
        let remedy = "have the message signed again";
        self.report(match frame.element() {
            Some(element) => Problem::at(element, &path, frame.place, "missing", text, remedy),
            None => at(&path, frame.place, "missing", text, remedy),
        });
    }
}
