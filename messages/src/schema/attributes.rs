//! Attributes.

use std::borrow::Cow;
use std::ops::Range;

use super::dsig::DsElement;
use super::frame::Frame;
use super::particles::at;
use super::sink::{Attributes, Sink};
use super::text::{new_id, twice};
use super::walk::{Walk, path, shown};
use crate::node::Place;
use crate::problem::Problem;
use crate::simple::{self, Broken, Builtin};
use crate::table::{Content, Element, SimpleType};
use crate::xml::{RawAttribute, Scanner, XML, XSI, normalize, split_name};

/// The name of an attribute of a start tag.
struct Given<'s> {
    namespace: &'s str,
    name: &'s str,
}

impl<'s> Given<'s> {
    fn of(raw: &RawAttribute, scanner: &'s Scanner<'_>) -> Self {
        let (prefix, name) = split_name(scanner.str(raw.name.clone()));
        let namespace = if prefix.is_empty() {
            ""
        } else {
            scanner.namespace(prefix).unwrap_or_default()
        };
        Self { namespace, name }
    }
}

/// Whether it is the attribute of that name, in no namespace.
fn is(raw: &RawAttribute, scanner: &Scanner<'_>, name: &str) -> bool {
    scanner.octets(raw.name.clone()) == name.as_bytes()
}

fn value_of<'s>(raw: &RawAttribute, scanner: &'s Scanner<'_>) -> Cow<'s, str> {
    normalize(scanner.str(raw.value.clone())).unwrap_or_default()
}

/// What stands in the way of XML Schema's own attributes.
#[derive(Clone, Copy)]
pub(super) struct Xsi {
    /// The schema declares the element: it says that it cannot be nil.
    pub declared: bool,
    /// The type that the document names is none that the element can have.
    pub wrong_type: bool,
}

impl Xsi {
    /// The element is declared, and its type is its own.
    pub fn declared() -> Self {
        Self {
            declared: true,
            wrong_type: false,
        }
    }
}

impl<S: Sink> Walk<'_, S> {
    /// Checks the attributes of the innermost open element, which is as a table has it.
    pub(super) fn table_attributes(
        &mut self,
        element: &'static Element,
        xsi: Xsi,
        tag: &Range<usize>,
    ) -> Attributes {
        let mut found = Vec::new();
        if self.scanner.attributes().is_empty() && element.attributes.is_empty() {
            return found;
        }
        let mut problems = Vec::new();
        for raw in self.scanner.attributes() {
            let mut all = element.attributes.iter();
            let Some(known) = all.find(|a| is(raw, &self.scanner, a.name)) else {
                let given = Given::of(raw, &self.scanner);
                let any = matches!(element.content, Content::AnyType);
                if !any || (given.namespace == XSI && matches!(given.name, "type" | "nil")) {
                    problems.extend(foreign(&self.frames, Some(element), &given, xsi));
                }
                continue;
            };
            let value = value_of(raw, &self.scanner);
            let value = value.as_ref();
            let broken = match simple::check(known.kind, value) {
                Err(broken) => Some(broken),
                Ok(()) if known.fixed.is_some_and(|f| f != value) => {
                    let fixed = known.fixed.unwrap_or_default();
                    Some(Broken {
                        rule: "fixed",
                        text: format!("must be {fixed:?}"),
                        remedy: format!("write {}=\"{fixed}\"", known.name),
                    })
                }
                Ok(()) if known.kind == SimpleType::Id => {
                    (!new_id(&mut self.ids, value.trim())).then(twice)
                }
                Ok(()) => None,
            };
            if let Some(broken) = broken {
                let path = path(&self.frames, &format!("@{}", known.name));
                problems.push(Problem::attribute(known, &path, Place::default(), broken));
            }
            // Only who wants to know what a document holds has use for the value.
            let value = if S::PLACES {
                value.to_owned()
            } else {
                String::new()
            };
            found.push((known.name, value));
        }
        for known in element.attributes {
            if known.required && !found.iter().any(|(name, _)| *name == known.name) {
                let broken = Broken {
                    rule: "missing",
                    text: "is missing".to_owned(),
                    remedy: format!("add the attribute {}", known.name),
                };
                let path = path(&self.frames, &format!("@{}", known.name));
                problems.push(Problem::attribute(known, &path, Place::default(), broken));
            }
        }
        self.report_at(tag, problems);
        found
    }

    /// Checks the attributes of the innermost open element, which is as a signature has it.
    pub(super) fn ds_attributes(
        &mut self,
        element: &'static DsElement,
        xsi: Xsi,
        tag: &Range<usize>,
    ) {
        if self.scanner.attributes().is_empty() && element.attributes.is_empty() {
            return;
        }
        let mut problems = Vec::new();
        let mut stand = 0;
        for raw in self.scanner.attributes() {
            let mut all = element.attributes.iter();
            let Some(known) = all.find(|a| is(raw, &self.scanner, a.name)) else {
                let given = Given::of(raw, &self.scanner);
                problems.extend(foreign(&self.frames, None, &given, xsi));
                continue;
            };
            let value = value_of(raw, &self.scanner);
            stand += usize::from(known.required);
            let broken = match known.kind.check(&value) {
                Err(broken) => Some(broken),
                Ok(()) if known.kind == Builtin::Id => {
                    (!new_id(&mut self.ids, value.trim())).then(twice)
                }
                Ok(()) => None,
            };
            if let Some(Broken { rule, text, remedy }) = broken {
                let path = path(&self.frames, &format!("@{}", known.name));
                problems.push(at(&path, Place::default(), rule, text, remedy));
            }
        }
        let mut required = element.attributes.iter().filter(|a| a.required);
        // No element of a signature requires more than one.
        if let (0, Some(known)) = (stand, required.next()) {
            let path = path(&self.frames, &format!("@{}", known.name));
            let text = format!("the attribute {} is missing", known.name);
            let remedy = format!("add the attribute {}", known.name);
            problems.push(at(&path, Place::default(), "missing", text, remedy));
        }
        self.report_at(tag, problems);
    }

    /// Checks the attributes of the innermost open element, which has only text.
    pub(super) fn no_attributes(&mut self, xsi: Xsi, tag: &Range<usize>) {
        let given = self.scanner.attributes().iter();
        let problems = given
            .filter_map(|raw| foreign(&self.frames, None, &Given::of(raw, &self.scanner), xsi))
            .collect();
        self.report_at(tag, problems);
    }

    fn report_at(&mut self, tag: &Range<usize>, problems: Vec<Problem>) {
        for mut problem in problems {
            let place = self.scanner.tag_place(tag);
            (problem.line, problem.column) = (place.line, place.column);
            self.report(problem);
        }
    }
}

/// The problem of an attribute that the tables do not know, if it is one.
fn foreign(
    frames: &[Frame],
    element: Option<&'static Element>,
    given: &Given<'_>,
    xsi: Xsi,
) -> Option<Problem> {
    let name = shown(given.name);
    let name = match given.namespace {
        XSI if matches!(&*name, "schemaLocation" | "noNamespaceSchemaLocation") => return None,
        XSI if name == "type" && !xsi.wrong_type => return None,
        XSI if name == "nil" && !xsi.declared => return None,
        XSI => format!("xsi:{name}"),
        XML => format!("xml:{name}"),
        _ => name,
    };
    let path = path(frames, &format!("@{name}"));
    let text = format!("the attribute {name} is not allowed here");
    let (place, rule) = (Place::default(), "unknown-attribute");
    Some(match element {
        Some(element) => Problem::at(element, &path, place, rule, text, "remove it"),
        None => at(&path, place, rule, text, "remove it"),
    })
}
