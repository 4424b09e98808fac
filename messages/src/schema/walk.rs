//! The walk over a document's tokens.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::dsig::{AUTOMATA, DS, DsContent, ELEMENTS};
use super::frame::{Frame, Gathered, Kind};
use super::sink::Sink;
use crate::node::Place;
use crate::problem::{MOST_PROBLEMS, Problem};
use crate::table::{Content, Element, Message, included, messages, namespace_of};
use crate::xml::{Fault, Scanner, Token, Window, expand};

/// What came of a walk through the whole document.
pub(crate) struct Outcome {
    /// The message, if its root is one.
    pub message: Option<&'static Message>,
    /// Everything that is wrong, at most a hundred.
    pub problems: Vec<Problem>,
}

/// Walks through a document.
pub(crate) struct Walk<'a, S> {
    pub(super) scanner: Scanner<'a>,
    pub(super) sink: S,
    pub(super) frames: Vec<Frame>,
    problems: Vec<Problem>,
    /// `BaseTransfer` and `Signature` may be missing.
    pub(super) unsigned: bool,
    message: Option<&'static Message>,
    /// Elements at this depth and below are not looked at.
    skip: Option<usize>,
    /// The values of `xs:ID`: each stands once.
    pub(super) ids: Vec<String>,
    /// More text than this in one element is not taken.
    most: usize,
}

impl<'a, S: Sink> Walk<'a, S> {
    pub fn new(window: Window<'a>, sink: S, unsigned: bool, most: usize) -> Self {
        Self {
            scanner: Scanner::new(window),
            sink,
            frames: Vec::with_capacity(16),
            problems: Vec::new(),
            unsigned,
            message: None,
            skip: None,
            ids: Vec::new(),
            most,
        }
    }

    /// Walks to the end.
    ///
    /// # Errors
    /// The document is not XML; what was wrong before that place is not of interest then.
    pub fn run(mut self) -> Result<(Outcome, S), Fault> {
        loop {
            if self.skip.is_none() {
                let entered = match self.frames.last().map(|f| &f.kind) {
                    Some(Kind::Sequence { .. }) => self.leaves(),
                    Some(Kind::Model { .. }) => self.ds_leaves(),
                    _ => false,
                };
                if entered {
                    continue;
                }
                // White space before it is no text of these.
                if let Some(
                    Kind::Sequence {
                        particles: [_, ..], ..
                    }
                    | Kind::Model { .. },
                ) = self.frames.last().map(|f| &f.kind)
                    && let Some(tag) = self.scanner.leave()
                {
                    self.end(&tag);
                    continue;
                }
            }
            match self.scanner.next()? {
                Token::Start { name, tag } => {
                    if self.skip.is_none() {
                        self.start(name, &tag);
                    }
                }
                Token::End { tag } => self.end(&tag),
                Token::Space(range) => {
                    // Only where text belongs is white space text; where nothing may be, it is
                    // something.
                    if let (
                        None,
                        Some(
                            Kind::Text { .. }
                            | Kind::DsText { .. }
                            | Kind::Sequence { particles: [], .. },
                        ),
                    ) = (self.skip, self.frames.last().map(|f| &f.kind))
                    {
                        self.text(range, false)?;
                    }
                }
                Token::Text(range) => {
                    if self.skip.is_none() {
                        self.text(range, false)?;
                    }
                }
                Token::CData(range) => {
                    if self.skip.is_none() {
                        self.text(range, true)?;
                    }
                }
                Token::Done => break,
            }
        }
        let outcome = Outcome {
            message: self.message,
            problems: self.problems,
        };
        Ok((outcome, self.sink))
    }

    fn start(&mut self, name: Range<usize>, tag: &Range<usize>) {
        let depth = self.scanner.depth();
        let Some(parent) = self.frames.last_mut() else {
            self.root(name, tag);
            return;
        };
        if parent.bad {
            self.skip = Some(depth);
            return;
        }
        match &mut parent.kind {
            Kind::Sequence { .. } => self.in_sequence(name, tag),
            Kind::Text { text, .. } | Kind::DsText { text, .. } => {
                text.element = true;
                parent.bad = true;
                self.skip = Some(depth);
            }
            Kind::One { taken: false, .. } => {
                if let Kind::One { taken, .. } = &mut parent.kind {
                    *taken = true;
                }
                self.skip = Some(depth);
            }
            Kind::One { element, .. } => {
                let element = *element;
                let shown = shown(self.scanner.expanded(name).1);
                self.reject(
                    tag,
                    &shown,
                    "too-many",
                    format!("stands beside another element in {}", element.name),
                    "put one element around them",
                    Some(element),
                );
            }
            Kind::Anything { .. } => self.known(name, tag),
            Kind::Model { .. } => self.in_model(name, tag),
        }
    }

    fn root(&mut self, name: Range<usize>, tag: &Range<usize>) {
        let (namespace, local) = self.scanner.expanded(name);
        let like = messages().iter().copied().find(|m| m.name == local);
        match like.filter(|m| m.namespace == namespace) {
            Some(message) => {
                self.message = Some(message);
                self.sink.begin(message);
                self.push_element(&message.root, 0, tag);
            }
            None => {
                let remedy = match like {
                    Some(message) => format!("its namespace must be {}", message.namespace),
                    None => Problem::nearest(local, messages().iter().map(|m| &m.root)),
                };
                let name = shown(local);
                let text = format!("{name} is not a message of edition {}", crate::edition());
                let mut problem = Problem::document("unknown-message", text, remedy);
                problem.path = name;
                let place = self.scanner.tag_place(tag);
                (problem.line, problem.column) = (place.line, place.column);
                self.report(problem);
                self.skip = Some(1);
            }
        }
    }

    /// Looks at an element wherever anything may stand: into it, if it is known.
    pub(super) fn known(&mut self, name: Range<usize>, tag: &Range<usize>) {
        let (namespace, local) = self.scanner.expanded(name);
        let ds = ELEMENTS
            .iter()
            .position(|e| namespace == DS && e.global && e.name == local);
        if let Some(ds) = ds {
            self.push_ds(ds, None, 0, tag);
        } else if let Some(element) = self.global(namespace, local) {
            self.push_element(element, 0, tag);
        } else {
            let name = Cow::Owned(shown(local));
            self.push(Kind::Anything { element: None }, name, 0, tag);
            self.foreign_attributes(tag);
        }
    }

    /// The element of that name that the message's schema declares by itself.
    fn global(&self, namespace: &str, name: &str) -> Option<&'static Element> {
        fn below(element: &'static Element, name: &str) -> Option<&'static Element> {
            if element.global && element.name == name {
                return Some(element);
            }
            let particles = element.particles().iter();
            particles.map(|p| p.element).find_map(|e| below(e, name))
        }
        let own = self.message?.schema;
        let mut same = messages().iter().copied().filter(|m| {
            m.namespace == namespace && (m.schema == own || included(own).contains(&m.schema))
        });
        same.find_map(|m| below(&m.root, name))
            .filter(|e| namespace_of(e.prefix) == namespace)
    }

    /// Opens an element of the tables.
    pub(super) fn push_element(
        &mut self,
        element: &'static Element,
        index: u32,
        tag: &Range<usize>,
    ) {
        let kind = match element.content {
            Content::Text(kind) => Kind::Text {
                element,
                kind,
                text: Gathered::default(),
                attributes: Vec::new(),
            },
            Content::Sequence(particles) => Kind::Sequence {
                element,
                particles,
                at: 0,
                count: 0,
                usual: self.scanner.namespace(element.prefix)
                    == Some(crate::table::namespace_of(element.prefix)),
            },
            Content::AnyElement => Kind::One {
                element,
                taken: false,
            },
            Content::AnyType => Kind::Anything {
                element: Some(element),
            },
            Content::Signature => {
                self.push_ds(0, Some(element), index, tag);
                return;
            }
        };
        self.push(kind, Cow::Borrowed(element.name), index, tag);
        let attributes = self.table_attributes(element, tag);
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

    /// Opens an element of a signature; `element` is the table's, at the top.
    pub(super) fn push_ds(
        &mut self,
        ds: usize,
        element: Option<&'static Element>,
        index: u32,
        tag: &Range<usize>,
    ) {
        let known = &ELEMENTS[ds];
        let kind = match known.content {
            DsContent::Text(_) => Kind::DsText {
                ds: known,
                text: Gathered::default(),
            },
            DsContent::Group { .. } => Kind::Model {
                element,
                ds,
                step: None,
            },
        };
        self.push(kind, Cow::Borrowed(known.name), index, tag);
        self.ds_attributes(known, tag);
    }

    fn push(&mut self, kind: Kind, name: Cow<'static, str>, index: u32, tag: &Range<usize>) {
        // Of a document in memory a place can be found when it is needed; that is rare.
        let place = if S::PLACES || self.scanner.moves() {
            self.scanner.tag_place(tag)
        } else {
            Place::default()
        };
        let inner = self
            .frames
            .last()
            .is_some_and(|f| f.inner || !matches!(f.kind, Kind::Sequence { .. }));
        self.frames.push(Frame {
            kind,
            name,
            index,
            place,
            start: self.scanner.offset(tag.start),
            bad: false,
            inner,
        });
    }

    fn end(&mut self, tag: &Range<usize>) {
        if let Some(skip) = self.skip {
            // The element that ended is not counted any more.
            if self.scanner.depth() < skip {
                self.skip = None;
            }
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        match &frame.kind {
            Kind::Text { .. } => self.end_text(frame),
            Kind::DsText { .. } => self.end_ds_text(&frame),
            Kind::Sequence { .. } => {
                if !frame.bad {
                    self.end_sequence(&frame);
                }
                if !frame.inner {
                    self.sink.close(self.problems.is_empty());
                }
            }
            Kind::Model { ds, step, .. } => {
                let automaton = &AUTOMATA[*ds];
                let complete = match *step {
                    None => automaton.nullable,
                    Some(step) => automaton.steps[step].last,
                };
                if !frame.bad && !complete {
                    self.incomplete_model(&frame);
                }
                self.give_opaque(&frame, tag);
            }
            Kind::One { .. } | Kind::Anything { .. } => self.give_opaque(&frame, tag),
        }
    }

    fn give_opaque(&mut self, frame: &Frame, tag: &Range<usize>) {
        if let (Some(element), false) = (frame.element(), frame.inner) {
            let octets = frame.start..self.scanner.offset(tag.end);
            self.sink.opaque(element, frame.place, octets);
        }
    }

    fn text(&mut self, range: Range<usize>, cdata: bool) -> Result<(), Fault> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        if frame.bad {
            return Ok(());
        }
        let blank = || {
            let raw = self.scanner.str(range.clone());
            let text = if cdata {
                Cow::Borrowed(raw)
            } else {
                expand(raw).unwrap_or_default()
            };
            !cdata
                && text
                    .bytes()
                    .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
        };
        let stray = match &mut frame.kind {
            Kind::Text { text, .. } | Kind::DsText { text, .. } => {
                text.any = true;
                let raw = self.scanner.str(range.clone());
                if text.text.len() + raw.len() > self.most {
                    let place = self.scanner.place(range.start);
                    return Err(Fault {
                        rule: "too-large",
                        text: "has a single text beyond the limit".to_owned(),
                        place,
                    });
                }
                if cdata {
                    text.text
                        .push_str(&raw.replace("\r\n", "\n").replace('\r', "\n"));
                } else {
                    text.text.push_str(&expand(raw).unwrap_or_default());
                }
                false
            }
            Kind::Sequence { particles: [], .. } => true,
            Kind::Sequence { .. } | Kind::One { .. } => !blank(),
            Kind::Anything { .. } => false,
            Kind::Model { ds, .. } => {
                !matches!(ELEMENTS[*ds].content, DsContent::Group { mixed: true, .. }) && !blank()
            }
        };
        if stray {
            self.stray_text();
        }
        Ok(())
    }

    /// A frame's place, also where it was not looked up at its start.
    pub(super) fn place_of(&mut self, frame: &Frame) -> Place {
        if frame.place.line > 0 {
            frame.place
        } else {
            self.scanner.start_place(frame.start)
        }
    }

    /// The path of the innermost open element, and of `child` in it.
    pub(super) fn path(&self, child: &str) -> String {
        path(&self.frames, child)
    }

    pub(super) fn report(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Reports an element that may not stand where it stands: its parent's content is wrong from
    /// here on. `field` is what the problem is about, if the tables know.
    pub(super) fn reject(
        &mut self,
        tag: &Range<usize>,
        name: &str,
        rule: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
        field: Option<&'static Element>,
    ) {
        let place = self.scanner.tag_place(tag);
        let path = self.path(name);
        let problem = match field {
            Some(element) => Problem::at(element, &path, place, rule, text, remedy),
            None => Problem {
                line: place.line,
                column: place.column,
                path,
                ..Problem::document(rule, text, remedy)
            },
        };
        self.report(problem);
        if let Some(parent) = self.frames.last_mut() {
            parent.bad = true;
        }
        self.skip = Some(self.scanner.depth());
    }
}

/// The path of the last of the frames, and of `child` in it.
pub(super) fn path(frames: &[Frame], child: &str) -> String {
    let mut path = String::new();
    for frame in frames {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&frame.name);
        if frame.index > 0 {
            let _ = write!(path, "[{}]", frame.index);
        }
    }
    if !child.is_empty() {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(child);
    }
    path
}

/// An element's name for people; what a hostile input makes too long is cut.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}
