//! The schema of XML signatures (xmldsig-core-schema.xsd as the standard ships it) as data: a
//! signature is the one part of a message that the tables of the messages do not describe.

use std::sync::LazyLock;

/// The namespace.
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// An element of a signature.
#[derive(Debug)]
pub(crate) struct DsElement {
    pub name: &'static str,
    /// It may stand wherever the schema lets anything in.
    pub global: bool,
    pub content: DsContent,
    pub attributes: &'static [DsAttribute],
}

/// What is in an element of a signature.
#[derive(Debug)]
pub(crate) enum DsContent {
    Text(DsType),
    /// Elements; between them text, if `mixed`.
    Group {
        mixed: bool,
        group: Group,
    },
}

/// An attribute of an element of a signature.
#[derive(Debug)]
pub(crate) struct DsAttribute {
    pub name: &'static str,
    pub kind: DsType,
    pub required: bool,
}

/// A type of text in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DsType {
    String,
    Base64,
    Id,
    AnyUri,
    Integer,
}

impl DsType {
    /// Its name in XML Schema.
    pub fn xsd(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Base64 => "base64Binary",
            Self::Id => "ID",
            Self::AnyUri => "anyURI",
            Self::Integer => "integer",
        }
    }
}

/// What may stand where.
#[derive(Debug)]
pub(crate) enum Group {
    /// The element of that name.
    Element(&'static str),
    /// An element of another namespace; looked into where it is known.
    Other,
    /// Any element; looked into where it is known.
    Any,
    Sequence(&'static [Part]),
    Choice(&'static [Part]),
}

/// A group, and how often it stands: at least `min` times, at most once or without bound.
#[derive(Debug)]
pub(crate) struct Part {
    pub group: Group,
    pub min: u8,
    pub many: bool,
}

const fn part(group: Group, min: u8, many: bool) -> Part {
    Part { group, min, many }
}
const fn one(name: &'static str) -> Part {
    part(Group::Element(name), 1, false)
}
const fn optional(name: &'static str) -> Part {
    part(Group::Element(name), 0, false)
}
const fn some(name: &'static str) -> Part {
    part(Group::Element(name), 1, true)
}
const OTHER: Part = part(Group::Other, 1, false);
const OTHERS: Part = part(Group::Other, 0, true);

const fn attribute(name: &'static str, kind: DsType, required: bool) -> DsAttribute {
    DsAttribute {
        name,
        kind,
        required,
    }
}
const ID: DsAttribute = attribute("Id", DsType::Id, false);
const URI: DsAttribute = attribute("URI", DsType::AnyUri, false);
const TYPE: DsAttribute = attribute("Type", DsType::AnyUri, false);
const ALGORITHM: &[DsAttribute] = &[attribute("Algorithm", DsType::AnyUri, true)];

const fn text(name: &'static str, kind: DsType, global: bool) -> DsElement {
    DsElement {
        name,
        global,
        content: DsContent::Text(kind),
        attributes: &[],
    }
}
const fn plain(
    name: &'static str,
    global: bool,
    parts: &'static [Part],
    attributes: &'static [DsAttribute],
) -> DsElement {
    DsElement {
        name,
        global,
        content: DsContent::Group {
            mixed: false,
            group: Group::Sequence(parts),
        },
        attributes,
    }
}
const fn mixed(
    name: &'static str,
    parts: &'static [Part],
    attributes: &'static [DsAttribute],
) -> DsElement {
    DsElement {
        name,
        global: true,
        content: DsContent::Group {
            mixed: true,
            group: Group::Sequence(parts),
        },
        attributes,
    }
}

/// Every element, the most frequent first.
pub(crate) static ELEMENTS: &[DsElement] = &[
    plain(
        "Signature",
        true,
        &[
            one("SignedInfo"),
            one("SignatureValue"),
            optional("KeyInfo"),
        ],
        &[ID],
    ),
    plain(
        "SignedInfo",
        true,
        &[
            one("CanonicalizationMethod"),
            one("SignatureMethod"),
            some("Reference"),
        ],
        &[],
    ),
    mixed("CanonicalizationMethod", &[], ALGORITHM),
    mixed("SignatureMethod", &[], ALGORITHM),
    plain(
        "Reference",
        true,
        &[
            optional("Transforms"),
            one("DigestMethod"),
            one("DigestValue"),
        ],
        &[ID, URI, TYPE],
    ),
    plain("Transforms", true, &[some("Transform")], &[]),
    mixed(
        "Transform",
        &[part(Group::Choice(&[OTHER, one("XPath")]), 0, true)],
        ALGORITHM,
    ),
    mixed("DigestMethod", &[], ALGORITHM),
    text("DigestValue", DsType::Base64, true),
    text("SignatureValue", DsType::Base64, true),
    mixed(
        "KeyInfo",
        &[part(
            Group::Choice(&[
                one("KeyName"),
                one("KeyValue"),
                one("RetrievalMethod"),
                one("X509Data"),
                one("PGPData"),
                one("SPKIData"),
                one("MgmtData"),
                OTHER,
            ]),
            1,
            true,
        )],
        &[],
    ),
    text("KeyName", DsType::String, true),
    plain(
        "X509Data",
        true,
        &[part(
            Group::Choice(&[
                one("X509IssuerSerial"),
                one("X509SKI"),
                one("X509SubjectName"),
                one("X509Certificate"),
                one("X509CRL"),
                OTHER,
            ]),
            1,
            true,
        )],
        &[],
    ),
    text("X509Certificate", DsType::Base64, false),
    text("MgmtData", DsType::String, true),
    mixed(
        "KeyValue",
        &[part(
            Group::Choice(&[one("DSAKeyValue"), one("RSAKeyValue"), OTHER]),
            1,
            false,
        )],
        &[],
    ),
    plain(
        "RetrievalMethod",
        true,
        &[optional("Transforms")],
        &[URI, TYPE],
    ),
    plain(
        "X509IssuerSerial",
        false,
        &[one("X509IssuerName"), one("X509SerialNumber")],
        &[],
    ),
    text("X509IssuerName", DsType::String, false),
    text("X509SerialNumber", DsType::Integer, false),
    text("X509SKI", DsType::Base64, false),
    text("X509SubjectName", DsType::String, false),
    text("X509CRL", DsType::Base64, false),
    text("XPath", DsType::String, false),
    plain(
        "PGPData",
        true,
        &[part(
            Group::Choice(&[
                part(
                    Group::Sequence(&[one("PGPKeyID"), optional("PGPKeyPacket"), OTHERS]),
                    1,
                    false,
                ),
                part(Group::Sequence(&[one("PGPKeyPacket"), OTHERS]), 1, false),
            ]),
            1,
            false,
        )],
        &[],
    ),
    text("PGPKeyID", DsType::Base64, false),
    text("PGPKeyPacket", DsType::Base64, false),
    plain(
        "SPKIData",
        true,
        &[part(
            Group::Sequence(&[one("SPKISexp"), part(Group::Other, 0, false)]),
            1,
            true,
        )],
        &[],
    ),
    text("SPKISexp", DsType::Base64, false),
    mixed(
        "Object",
        &[part(Group::Any, 0, true)],
        &[
            ID,
            attribute("MimeType", DsType::String, false),
            attribute("Encoding", DsType::AnyUri, false),
        ],
    ),
    plain("Manifest", true, &[some("Reference")], &[ID]),
    plain(
        "SignatureProperties",
        true,
        &[some("SignatureProperty")],
        &[ID],
    ),
    mixed(
        "SignatureProperty",
        &[part(Group::Choice(&[OTHER]), 1, true)],
        &[attribute("Target", DsType::AnyUri, true), ID],
    ),
    plain(
        "DSAKeyValue",
        true,
        &[
            part(Group::Sequence(&[one("P"), one("Q")]), 0, false),
            optional("G"),
            one("Y"),
            optional("J"),
            part(
                Group::Sequence(&[one("Seed"), one("PgenCounter")]),
                0,
                false,
            ),
        ],
        &[],
    ),
    plain("RSAKeyValue", true, &[one("Modulus"), one("Exponent")], &[]),
    text("P", DsType::Base64, false),
    text("Q", DsType::Base64, false),
    text("G", DsType::Base64, false),
    text("Y", DsType::Base64, false),
    text("J", DsType::Base64, false),
    text("Seed", DsType::Base64, false),
    text("PgenCounter", DsType::Base64, false),
    text("Modulus", DsType::Base64, false),
    text("Exponent", DsType::Base64, false),
];

/// The element of that name: its place in [`ELEMENTS`].
pub(crate) fn find(name: &str) -> Option<usize> {
    ELEMENTS.iter().position(|e| e.name == name)
}

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
