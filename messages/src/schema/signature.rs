//! Elements in a signature.

use std::ops::Range;

use super::automaton::{AUTOMATA, Term};
use super::dsig::{DS, DsContent, ELEMENTS};
use super::frame::{Frame, Kind};
use super::particles::{at, frame_name};
use super::sink::Sink;
use super::walk::{Walk, shown};
use crate::problem::Problem;
use crate::simple;

impl<S: Sink> Walk<'_, S> {
    /// Takes as many elements as come in the short form, as the model has them, and enters the
    /// one after them if that comes in the short form too. Says whether it did.
    pub(super) fn ds_leaves(&mut self) -> bool {
        let Some(Frame {
            kind:
                Kind::Model {
                    ds,
                    step,
                    usual: true,
                },
            bad: false,
            ..
        }) = self.frames.last_mut()
        else {
            return false;
        };
        let automaton = &AUTOMATA[*ds];
        'next: loop {
            let candidates = match step {
                None => &automaton.first,
                Some(step) => &automaton.steps[*step].next,
            };
            for candidate in candidates {
                let Term::Element(index) = automaton.steps[*candidate].term else {
                    continue;
                };
                let (element, tags) = (&ELEMENTS[index], &AUTOMATA[index]);
                let passes = |kind| move |octets: &[u8]| simple::passes_builtin(kind, octets);
                let required = element.attributes.iter().find(|a| a.required);
                let taken = match (&element.content, required) {
                    (DsContent::Text(kind), _) => {
                        let (open, close) = (&tags.open, &tags.close);
                        self.scanner.leaf_that(open, close, passes(*kind))
                    }
                    (DsContent::Group { .. }, Some(attribute)) if tags.nullable => {
                        let (open, close) = (&tags.open_value, &tags.close);
                        self.scanner.empty_that(open, close, passes(attribute.kind))
                    }
                    (DsContent::Group { .. }, Some(_)) => false,
                    (DsContent::Group { .. }, None) => {
                        if let Some(tag) = self.scanner.enter(&tags.open) {
                            *step = Some(*candidate);
                            self.push_ds(index, None, 0, &tag);
                            return true;
                        }
                        false
                    }
                };
                if taken {
                    *step = Some(*candidate);
                    continue 'next;
                }
            }
            return false;
        }
    }

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
        let place = self.place_of(frame);
        self.report(match frame.element() {
            Some(element) => Problem::at(element, &path, place, "missing", text, remedy),
            None => at(&path, place, "missing", text, remedy),
        });
    }
}
