//! Attributes.

use std::ops::Range;

use super::dsig::DsElement;
use super::particles::at;
use super::sink::{Attributes, Sink};
use super::text::twice;
use super::walk::{Walk, shown};
use crate::problem::Problem;
use crate::simple::{self, Broken};
use crate::table::{Content, Element, SimpleType};
use crate::xml::{XML, XSI, normalize};

/// An attribute of a start tag: its namespace, local name and value.
struct Given {
    namespace: String,
    name: String,
    value: String,
}

impl<S: Sink> Walk<'_, S> {
    fn given(&self) -> Vec<Given> {
        self.scanner
            .attributes()
            .iter()
            .map(|raw| {
                let name = self.scanner.str(raw.name.clone());
                let value = self.scanner.str(raw.value.clone());
                let (prefix, local) = name.split_once(':').unwrap_or(("", name));
                let namespace = if prefix.is_empty() {
                    ""
                } else {
                    self.scanner.namespace(prefix).unwrap_or_default()
                };
                Given {
                    namespace: namespace.to_owned(),
                    name: local.to_owned(),
                    value: normalize(value).unwrap_or_default().into_owned(),
                }
            })
            .collect()
    }

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
        let given = self.given();
        let place = self.scanner.tag_place(tag);
        for attribute in given {
            let known = element
                .attributes
                .iter()
                .find(|a| attribute.namespace.is_empty() && a.name == attribute.name);
            let Some(known) = known else {
                if matches!(element.content, Content::AnyType) && attribute.namespace != XSI {
                    continue;
                }
                self.foreign(Some(element), &attribute, tag);
                continue;
            };
            let value = attribute.value;
            let broken = match simple::check(known.kind, &value) {
                Err(broken) => Some(broken),
                Ok(()) => known.fixed.filter(|f| *f != value).map(|fixed| Broken {
                    rule: "fixed",
                    text: format!("must be {fixed:?}"),
                    remedy: format!("write {}=\"{fixed}\"", known.name),
                }),
            };
            let broken = match broken {
                None if known.kind == SimpleType::Id && !self.new_id(value.trim().to_owned()) => {
                    Some(twice())
                }
                other => other,
            };
            if let Some(broken) = broken {
                let path = self.path(&format!("@{}", known.name));
                self.report(Problem::attribute(known, &path, place, broken));
            }
            found.push((known.name, value));
        }
        for known in element.attributes {
            if known.required && !found.iter().any(|(name, _)| *name == known.name) {
                let broken = Broken {
                    rule: "missing",
                    text: "is missing".to_owned(),
                    remedy: format!("add the attribute {}", known.name),
                };
                let path = self.path(&format!("@{}", known.name));
                self.report(Problem::attribute(known, &path, place, broken));
            }
        }
        found
    }

    /// Checks the attributes of the innermost open element, which is a signature's.
    pub(super) fn ds_attributes(&mut self, element: &'static DsElement, tag: &Range<usize>) {
        if self.scanner.attributes().is_empty() && element.attributes.is_empty() {
            return;
        }
        let given = self.given();
        let place = self.scanner.tag_place(tag);
        for attribute in &given {
            let known = element
                .attributes
                .iter()
                .find(|a| attribute.namespace.is_empty() && a.name == attribute.name);
            let Some(known) = known else {
                self.foreign(None, attribute, tag);
                continue;
            };
            let broken = match simple::check_ds(known.kind, &attribute.value) {
                Err(broken) => Some(broken),
                Ok(()) if known.kind == super::dsig::DsType::Id => {
                    let new = self.new_id(attribute.value.trim().to_owned());
                    (!new).then(twice)
                }
                Ok(()) => None,
            };
            if let Some(broken) = broken {
                let path = self.path(&format!("@{}", known.name));
                self.report(at(&path, place, broken.rule, broken.text, broken.remedy));
            }
        }
        for known in element.attributes {
            let stands = |g: &Given| g.namespace.is_empty() && g.name == known.name;
            if known.required && !given.iter().any(stands) {
                let path = self.path(&format!("@{}", known.name));
                let text = format!("the attribute {} is missing", known.name);
                let remedy = format!("add the attribute {}", known.name);
                self.report(at(&path, place, "missing", text, remedy));
            }
        }
    }

    /// Checks the attributes of an element that is nobody's: all but a type that is not its own.
    pub(super) fn foreign_attributes(&mut self, tag: &Range<usize>) {
        let given = self.given();
        for attribute in given
            .iter()
            .filter(|a| a.namespace == XSI && a.name == "type")
        {
            self.foreign(None, attribute, tag);
        }
    }

    /// An attribute that the tables do not know.
    fn foreign(&mut self, element: Option<&'static Element>, given: &Given, tag: &Range<usize>) {
        let name = shown(&given.name);
        let name = match &*given.namespace {
            XSI if matches!(&*name, "schemaLocation" | "noNamespaceSchemaLocation") => return,
            XSI if name == "type" && self.own_type(element, &given.value) => return,
            XSI => format!("xsi:{name}"),
            XML => format!("xml:{name}"),
            _ => name,
        };
        let path = self.path(&format!("@{name}"));
        let place = self.scanner.tag_place(tag);
        let text = format!("the attribute {name} is not allowed here");
        let problem = match element {
            Some(element) => Problem::at(
                element,
                &path,
                place,
                "unknown-attribute",
                text,
                "remove it",
            ),
            None => at(&path, place, "unknown-attribute", text, "remove it"),
        };
        self.report(problem);
    }

    /// Whether `xsi:type` names the type that the element has anyway.
    fn own_type(&self, element: Option<&'static Element>, value: &str) -> bool {
        const XS: &str = "http://www.w3.org/2001/XMLSchema";
        let value = value.trim_matches([' ', '\t', '\n', '\r']);
        let (prefix, name) = value.split_once(':').unwrap_or(("", value));
        if self.scanner.namespace(prefix) != Some(XS) {
            return false;
        }
        let own = match element.map(|e| &e.content) {
            Some(Content::Text(SimpleType::Int { digits: 0 })) => "int",
            Some(Content::Text(SimpleType::Date)) => "date",
            Some(Content::Text(SimpleType::DateTime)) => "dateTime",
            Some(Content::Text(SimpleType::Base64)) => "base64Binary",
            Some(Content::Text(SimpleType::Chars {
                min: 0,
                max: u32::MAX,
                collapse: false,
            })) => "string",
            Some(Content::AnyType) => "anyType",
            _ => return false,
        };
        name == own
    }
}
