//! The content models of a signature's elements, as automata that are walked element by element.

use std::sync::LazyLock;

use super::dsig::{DsContent, DsElement, ELEMENTS, Group, Part, find};

/// One place in a content model where an element stands (a position of Glushkov's automaton).
#[derive(Debug)]
pub(crate) struct Step {
    pub term: Term,
    /// The steps that may follow.
    pub next: Vec<usize>,
    /// The content may end here.
    pub last: bool,
}

/// What stands at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    /// That element of [`ELEMENTS`].
    Element(usize),
    /// An element of another namespace.
    Other,
    /// Any element.
    Any,
}

/// A content model, ready to be walked.
#[derive(Debug, Default)]
pub(crate) struct Automaton {
    pub steps: Vec<Step>,
    pub first: Vec<usize>,
    /// It may be empty.
    pub nullable: bool,
    /// The element's start tag with the usual prefix and no attributes.
    pub open: String,
    /// The same up to the value of its required attribute, if it has one.
    pub open_value: String,
    /// Its end tag.
    pub close: String,
}

/// The content models of [`ELEMENTS`]; empty for text.
pub(crate) static AUTOMATA: LazyLock<Vec<Automaton>> = LazyLock::new(|| {
    let model = |element: &DsElement| {
        let name = element.name;
        let mut automaton = Automaton {
            open: format!("<ds:{name}>"),
            open_value: match element.attributes.iter().find(|a| a.required) {
                Some(attribute) => format!("<ds:{name} {}=\"", attribute.name),
                None => String::new(),
            },
            close: format!("</ds:{name}>"),
            ..Automaton::default()
        };
        if let DsContent::Group { group, .. } = &element.content {
            let ends = automaton.add(group);
            for step in ends.last {
                automaton.steps[step].last = true;
            }
            automaton.first = ends.first;
            automaton.nullable = ends.nullable;
        }
        automaton
    };
    ELEMENTS.iter().map(model).collect()
});

/// The ends of a part of a model: the steps it may begin and end with.
struct Ends {
    first: Vec<usize>,
    last: Vec<usize>,
    nullable: bool,
}

impl Automaton {
    fn add(&mut self, group: &Group) -> Ends {
        match group {
            Group::Element(name) => {
                // The table names its own elements only; a test sees to that.
                self.step(Term::Element(find(name).unwrap_or(usize::MAX)))
            }
            Group::Other => self.step(Term::Other),
            Group::Any => self.step(Term::Any),
            Group::Sequence(parts) => {
                let mut all = Ends {
                    first: Vec::new(),
                    last: Vec::new(),
                    nullable: true,
                };
                for part in *parts {
                    let ends = self.part(part);
                    self.link(&all.last, &ends.first);
                    if all.nullable {
                        all.first.extend(&ends.first);
                    }
                    if !ends.nullable {
                        all.last.clear();
                    }
                    all.last.extend(ends.last);
                    all.nullable &= ends.nullable;
                }
                all
            }
            Group::Choice(parts) => {
                let mut all = Ends {
                    first: Vec::new(),
                    last: Vec::new(),
                    nullable: false,
                };
                for part in *parts {
                    let ends = self.part(part);
                    all.first.extend(ends.first);
                    all.last.extend(ends.last);
                    all.nullable |= ends.nullable;
                }
                all
            }
        }
    }

    fn part(&mut self, part: &Part) -> Ends {
        let mut ends = self.add(&part.group);
        if part.many {
            let (last, first) = (ends.last.clone(), ends.first.clone());
            self.link(&last, &first);
        }
        ends.nullable |= part.min == 0;
        ends
    }

    fn step(&mut self, term: Term) -> Ends {
        let index = self.steps.len();
        self.steps.push(Step {
            term,
            next: Vec::new(),
            last: false,
        });
        Ends {
            first: vec![index],
            last: vec![index],
            nullable: false,
        }
    }

    fn link(&mut self, from: &[usize], to: &[usize]) {
        for step in from {
            for target in to {
                if !self.steps[*step].next.contains(target) {
                    self.steps[*step].next.push(*target);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_that_is_named_is_there() {
        for automaton in AUTOMATA.iter() {
            assert!(
                automaton
                    .steps
                    .iter()
                    .all(|s| s.term != Term::Element(usize::MAX))
            );
        }
    }

    #[test]
    fn a_reference_may_begin_with_its_digest_method() {
        let reference = &AUTOMATA[find("Reference").unwrap()];
        assert_eq!(reference.first.len(), 2);
        assert!(!reference.nullable);
        assert!(AUTOMATA[find("Object").unwrap()].nullable);
    }
}
