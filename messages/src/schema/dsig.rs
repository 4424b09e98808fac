//! The schema of XML signatures (xmldsig-core-schema.xsd as the standard ships it) as data: a
//! signature is the one part of a message that the tables of the messages do not describe.

use crate::simple::Builtin;

/// The namespace.
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// An element of a signature.
#[derive(Debug)]
pub(crate) struct DsElement {
    pub name: &'static str,
    /// It may stand wherever the schema lets anything in.
    pub global: bool,
    /// What the schema calls its type, where that is not a type of XML Schema itself. A group's is
    /// called as its element, with `Type` after it.
    type_name: Option<&'static str>,
    pub content: DsContent,
    pub attributes: &'static [DsAttribute],
}

impl DsElement {
    /// What the schema calls its type, where that is not a type of XML Schema itself.
    pub fn type_name(&self) -> Option<String> {
        match self.content {
            DsContent::Group { .. } => Some(format!("{}Type", self.name)),
            DsContent::Text(_) => self.type_name.map(str::to_owned),
        }
    }
}

/// What is in an element of a signature.
#[derive(Debug)]
pub(crate) enum DsContent {
    Text(Builtin),
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
    pub kind: Builtin,
    pub required: bool,
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

const fn attribute(name: &'static str, kind: Builtin, required: bool) -> DsAttribute {
    DsAttribute {
        name,
        kind,
        required,
    }
}
const ID: DsAttribute = attribute("Id", Builtin::Id, false);
const URI: DsAttribute = attribute("URI", Builtin::AnyUri, false);
const TYPE: DsAttribute = attribute("Type", Builtin::AnyUri, false);
const ALGORITHM: &[DsAttribute] = &[attribute("Algorithm", Builtin::AnyUri, true)];

const fn text(name: &'static str, kind: Builtin, global: bool) -> DsElement {
    DsElement {
        name,
        global,
        type_name: None,
        content: DsContent::Text(kind),
        attributes: &[],
    }
}
const fn base64(name: &'static str, type_name: &'static str, global: bool) -> DsElement {
    DsElement {
        type_name: Some(type_name),
        ..text(name, Builtin::Base64Binary, global)
    }
}
const fn crypto(name: &'static str) -> DsElement {
    base64(name, "CryptoBinary", false)
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
        type_name: None,
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
        type_name: None,
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
    base64("DigestValue", "DigestValueType", true),
    base64("SignatureValue", "SignatureValueType", true),
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
    text("KeyName", Builtin::String, true),
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
    text("X509Certificate", Builtin::Base64Binary, false),
    text("MgmtData", Builtin::String, true),
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
    text("X509IssuerName", Builtin::String, false),
    text("X509SerialNumber", Builtin::Integer, false),
    text("X509SKI", Builtin::Base64Binary, false),
    text("X509SubjectName", Builtin::String, false),
    text("X509CRL", Builtin::Base64Binary, false),
    text("XPath", Builtin::String, false),
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
    text("PGPKeyID", Builtin::Base64Binary, false),
    text("PGPKeyPacket", Builtin::Base64Binary, false),
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
    text("SPKISexp", Builtin::Base64Binary, false),
    mixed(
        "Object",
        &[part(Group::Any, 0, true)],
        &[
            ID,
            attribute("MimeType", Builtin::String, false),
            attribute("Encoding", Builtin::AnyUri, false),
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
        &[attribute("Target", Builtin::AnyUri, true), ID],
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
    crypto("P"),
    crypto("Q"),
    crypto("G"),
    crypto("Y"),
    crypto("J"),
    crypto("Seed"),
    crypto("PgenCounter"),
    crypto("Modulus"),
    crypto("Exponent"),
];

/// The element of that name: its place in [`ELEMENTS`].
pub(crate) fn find(name: &str) -> Option<usize> {
    ELEMENTS.iter().position(|e| e.name == name)
}
