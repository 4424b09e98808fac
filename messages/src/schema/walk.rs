//! The walk over a document's tokens.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

use super::automaton::AUTOMATA;
use super::dsig::{DsContent, ELEMENTS};
use super::frame::{Frame, Kind, TextType};
use super::sink::Sink;
use crate::node::Place;
use crate::problem::{MOST_PROBLEMS, Problem};
use crate::simple::Builtin;
use crate::table::{Element, Message, message, messages};
use crate::xml::{Fault, Scanner, Token, Window, expand, split_name};

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
    pub(super) message: Option<&'static Message>,
    /// Elements at this depth and below are not looked at.
    pub(super) skip: Option<usize>,
    /// The values of `xs:ID`: each stands once.
    pub(super) ids: HashSet<String>,
    /// More text than this in one element is not taken.
    most: usize,
}

impl<'a, S: Sink> Walk<'a, S> {
    pub fn new(window: Window<'a>, sink: S, unsigned: bool, most: usize) -> Self {
        Self {
            scanner: Scanner::new(window),
            sink,
            // Few messages nest deeper.
            frames: Vec::with_capacity(8),
            problems: Vec::new(),
            unsigned,
            message: None,
            skip: None,
            ids: HashSet::new(),
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
                            | Kind::OtherText { .. }
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
            Kind::Text { text, .. } | Kind::OtherText { text, .. } => {
                text.element = true;
                parent.bad = true;
                self.skip = Some(depth);
            }
            Kind::One { taken } if !*taken => {
                *taken = true;
                self.skip = Some(depth);
            }
            Kind::One { .. } => {
                let element = parent.whole;
                let text = format!("stands beside another element in {}", parent.name);
                let shown = shown(self.scanner.expanded(name).1);
                let remedy = "put one element around them";
                self.reject(tag, &shown, "too-many", text, remedy, element);
            }
            Kind::Anything => self.known(name, tag),
            Kind::Model { .. } => self.in_model(name, tag),
        }
    }

    fn root(&mut self, name: Range<usize>, tag: &Range<usize>) {
        let (namespace, local) = self.scanner.expanded(name);
        let like = message(local);
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
        if let (Some(element), false) = (frame.whole, frame.inner) {
            let octets = frame.start..self.scanner.offset(tag.end);
            self.sink.opaque(element, frame.place, octets);
        }
        match &frame.kind {
            Kind::Text { .. } => self.end_text(frame),
            Kind::OtherText { .. } => self.end_other_text(&frame),
            Kind::Sequence { .. } => {
                if !frame.bad {
                    self.end_sequence(&frame);
                }
                if !frame.hides() {
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
            }
            Kind::One { .. } | Kind::Anything => {}
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
            Kind::Text { text, .. } | Kind::OtherText { text, .. } => {
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
                if let Kind::OtherText {
                    kind: TextType::Builtin(Builtin::QName),
                    text,
                } = &mut frame.kind
                {
                    let (prefix, _) = split_name(&text.text);
                    text.astray = self.scanner.namespace(prefix).is_none();
                }
                false
            }
            Kind::Sequence { particles: [], .. } => true,
            Kind::Sequence { .. } | Kind::One { .. } => !blank(),
            Kind::Anything => false,
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
