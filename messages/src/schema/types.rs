//! `xsi:type`: a document may name the type of an element itself, where the schema lets anything
//! stand, or a type that is derived from the element's own (XML Schema 1.0, part 1, 2.6.1).

use super::dsig::{DS, DsContent, DsElement, ELEMENTS};
use super::frame::{Kind, TextType};
use super::globals::Globals;
use super::sink::Sink;
use super::walk::Walk;
use crate::simple::Builtin;
use crate::table::{Content, Element, SimpleType};
use crate::xml::{XS, XSI, normalize, split_name};

/// A type that has a name.
#[derive(Clone, Copy)]
pub(super) enum Type {
    /// `xs:anyType`
    Any,
    Builtin(Builtin),
    /// What is in that element of the tables.
    Table(&'static Element),
    /// What is in that element of a signature.
    Ds(usize),
}

/// Which type the schema gives an element.
#[derive(Clone, Copy)]
pub(super) enum Declared {
    /// None: it is nobody's element.
    Not,
    Table(&'static Element),
    Ds(&'static DsElement),
}

/// Which type the document gives it.
pub(super) enum Given {
    /// None, or the one that it has anyway.
    Own,
    Other(Type),
    /// One that it cannot have.
    Wrong,
}

impl Type {
    /// The type of XML Schema itself from which it is derived, if it is one of text.
    fn base(self) -> Option<Builtin> {
        match self {
            Self::Any => None,
            Self::Builtin(builtin) => Some(builtin),
            Self::Table(element) => match element.content {
                Content::Text(SimpleType::Chars { .. }) => Some(Builtin::String),
                Content::Text(SimpleType::Base64) => Some(Builtin::Base64Binary),
                _ => None,
            },
            Self::Ds(ds) => match ELEMENTS[ds].content {
                DsContent::Text(builtin) => Some(builtin),
                DsContent::Group { .. } => None,
            },
        }
    }

    /// What it lets stand in an element; `usual` says whether a table's usual prefix stands for
    /// its namespace.
    pub(super) fn kind(self, usual: impl Fn(&str) -> bool) -> Kind {
        let text = |kind| Kind::OtherText {
            kind,
            text: Box::default(),
        };
        match self {
            Self::Any => Kind::Anything,
            Self::Builtin(builtin) => text(TextType::Builtin(builtin)),
            Self::Table(element) => match element.content {
                Content::Text(simple) => text(TextType::Table(simple)),
                Content::Sequence(particles) => Kind::Sequence {
                    element,
                    particles,
                    at: 0,
                    count: 0,
                    usual: usual(element.prefix),
                },
                Content::AnyElement => Kind::One { taken: false },
                // Neither has a name in the tables.
                Content::AnyType | Content::Signature => Kind::Anything,
            },
            Self::Ds(ds) => match ELEMENTS[ds].content {
                DsContent::Text(builtin) => text(TextType::Builtin(builtin)),
                DsContent::Group { .. } => Kind::Model {
                    ds,
                    step: None,
                    usual: usual("ds"),
                },
            },
        }
    }
}

impl<S: Sink> Walk<'_, S> {
    /// The type that the document gives the element of the last start tag.
    pub(super) fn given_type(&self, declared: Declared) -> Given {
        let is_type = |prefix: &str, name: &str| {
            name == "type" && !prefix.is_empty() && self.scanner.namespace(prefix) == Some(XSI)
        };
        let mut attributes = self.scanner.attributes().iter();
        let given = attributes.find(|raw| {
            if !self.scanner.octets(raw.name.clone()).ends_with(b":type") {
                return false;
            }
            let (prefix, name) = split_name(self.scanner.str(raw.name.clone()));
            is_type(prefix, name)
        });
        let Some(given) = given else {
            return Given::Own;
        };
        let value = normalize(self.scanner.str(given.value.clone())).unwrap_or_default();
        let (prefix, name) = split_name(&value);
        let namespace = match self.scanner.namespace(prefix) {
            None => return Given::Wrong,
            Some(namespace) => namespace,
        };
        match self.find_type(namespace, name) {
            None => Given::Wrong,
            Some(found) => derived(found, declared),
        }
    }

    fn find_type(&self, namespace: &str, name: &str) -> Option<Type> {
        if namespace == XS {
            return match name {
                "anyType" => Some(Type::Any),
                _ => Builtin::named(name).map(Type::Builtin),
            };
        }
        if namespace == DS {
            let mut all = ELEMENTS.iter();
            let found = all.position(|e| e.type_name().is_some_and(|n| n == name));
            return found.map(Type::Ds);
        }
        let own = self.message?.schema;
        Globals::of_type(own, namespace, name).map(Type::Table)
    }
}

/// Whether an element may have the type instead of its own.
fn derived(found: Type, declared: Declared) -> Given {
    let from = |own: Builtin| match found.base() {
        Some(base) if base.is(own) => match found {
            Type::Builtin(builtin) if builtin == own => Given::Own,
            _ => Given::Other(found),
        },
        _ => Given::Wrong,
    };
    match declared {
        Declared::Not => match found {
            Type::Any => Given::Own,
            _ => Given::Other(found),
        },
        Declared::Table(element) => {
            // With attributes the type is another, which has no name.
            let bare =
                !matches!(element.content, Content::Text(_)) || element.attributes.is_empty();
            match (element.type_name, element.content.plain_type()) {
                (Some(own), _) => match found {
                    Type::Table(other) if bare && other.type_name == Some(own) => Given::Own,
                    _ => Given::Wrong,
                },
                (None, Some("anyType")) => derived(found, Declared::Not),
                (None, Some(plain)) => Builtin::named(plain).map_or(Given::Wrong, from),
                (None, None) => Given::Wrong,
            }
        }
        Declared::Ds(element) => match (element.type_name(), &element.content) {
            (Some(own), _) => match found {
                Type::Ds(other) if ELEMENTS[other].type_name() == Some(own) => Given::Own,
                _ => Given::Wrong,
            },
            (None, DsContent::Text(own)) => from(*own),
            (None, DsContent::Group { .. }) => Given::Wrong,
        },
    }
}
