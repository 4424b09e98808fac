//! Attributes.

use std::borrow::Cow;
use std::ops::Range;

use super::dsig::{DsElement, DsType};
use super::frame::Frame;
use super::particles::at;
use super::sink::{Attributes, Sink};
use super::text::{new_id, twice};
use super::walk::{Walk, path, shown};
use crate::node::Place;
use crate::problem::Problem;
use crate::simple::{self, Broken};
use crate::table::{Content, Element, SimpleType};
use crate::xml::{RawAttribute, Scanner, XML, XSI, normalize, split_name};

/// An attribute of a start tag: its namespace, local name and value.
struct Given<'s> {
    namespace: &'s str,
    name: &'s str,
    value: Cow<'s, str>,
}

impl<'s> Given<'s> {
    fn of(raw: &RawAttribute, scanner: &'s Scanner<'_>) -> Self {
        let (prefix, name) = split_name(scanner.str(raw.name.clone()));
        let namespace = if prefix.is_empty() {
            ""
        } else {
            scanner.namespace(prefix).unwrap_or_default()
        };
        let value = scanner.str(raw.value.clone());
        Self {
            namespace,
            name,
            value: normalize(value).unwrap_or_default(),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.namespace.is_empty() && self.name == name
    }
}

impl<S: Sink> Walk<'_, S> {
    /// Checks the attributes of the innermost open element, which is a table's.
    pub(super) fn table_attributes(
        &mut self,
        element: &'static Element,
        tag: &Range<usize>,
    ) -> Attributes {
        let mut found = Vec::new();
        if self.scanner.attributes().is_empty() && element.attributes.is_empty() {
            return found;
        }
        let mut problems = Vec::new();
        for raw in self.scanner.attributes() {
            let given = Given::of(raw, &self.scanner);
            let known = element.attributes.iter().find(|a| given.is(a.name));
            let Some(known) = known else {
                if !matches!(element.content, Content::AnyType) || given.namespace == XSI {
                    problems.extend(foreign(&self.frames, &self.scanner, Some(element), &given));
                }
                continue;
            };
            let value = given.value.as_ref();
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
            found.push((known.name, given.value.into_owned()));
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

    /// Checks the attributes of the innermost open element, which is a signature's.
    pub(super) fn ds_attributes(&mut self, element: &'static DsElement, tag: &Range<usize>) {
        if self.scanner.attributes().is_empty() && element.attributes.is_empty() {
            return;
        }
        let mut problems = Vec::new();
        let mut stand = 0;
        for raw in self.scanner.attributes() {
            let given = Given::of(raw, &self.scanner);
            let known = element.attributes.iter().find(|a| given.is(a.name));
            let Some(known) = known else {
                problems.extend(foreign(&self.frames, &self.scanner, None, &given));
                continue;
            };
            stand += usize::from(known.required);
            let broken = match simple::check_ds(known.kind, &given.value) {
                Err(broken) => Some(broken),
                Ok(()) if known.kind == DsType::Id => {
                    (!new_id(&mut self.ids, given.value.trim())).then(twice)
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

    /// Checks the attributes of an element that is nobody's: all but a type that is not its own.
    pub(super) fn foreign_attributes(&mut self, tag: &Range<usize>) {
        let mut problems = Vec::new();
        for raw in self.scanner.attributes() {
            let given = Given::of(raw, &self.scanner);
            if given.namespace == XSI && given.name == "type" {
                problems.extend(foreign(&self.frames, &self.scanner, None, &given));
            }
        }
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
    scanner: &Scanner<'_>,
    element: Option<&'static Element>,
    given: &Given<'_>,
) -> Option<Problem> {
    let name = shown(given.name);
    let name = match given.namespace {
        XSI if matches!(&*name, "schemaLocation" | "noNamespaceSchemaLocation") => return None,
        XSI if name == "type" && own_type(scanner, element, &given.value) => return None,
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

/// Whether `xsi:type` names the type that the element has anyway.
fn own_type(scanner: &Scanner<'_>, element: Option<&'static Element>, value: &str) -> bool {
    const XS: &str = "http://www.w3.org/2001/XMLSchema";
    let (prefix, name) = split_name(value.trim_matches([' ', '\t', '\n', '\r']));
    if scanner.namespace(prefix) != Some(XS) {
        return false;
    }
    element
        .filter(|e| e.type_name.is_none())
        .and_then(|e| e.content.plain_type())
        == Some(name)
}
