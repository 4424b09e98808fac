//! Types that the document names itself (`xsi:type`): on elements that have a type, on those that
//! may be anything, and on elements of nobody.

use tongguan_messages::Content;

use super::Mutation;
use super::values::{self, DATE_TIMES, DECIMALS, INTS};
use crate::document::{Document, Element};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("xsi:type on a typed element", typed),
    ("xsi:type on anything", anything),
    ("xsi:type on nobody's element", nobodys),
    ("xsi:type of a whole signature", signature),
];

const XSI: &str = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
const NAMES: &str = "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
     xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
     xmlns:c=\"http://www.chinaport.gov.cn/ceb\" xmlns:d=\"http://www.chinaport.gov.cn/dxp\"";

const BUILTIN: &str = "\
    anyType anySimpleType string normalizedString token language Name NCName NMTOKEN \
    NMTOKENS ID IDREF IDREFS ENTITY ENTITIES boolean decimal integer nonPositiveInteger \
    negativeInteger long int short byte nonNegativeInteger unsignedLong unsignedInt \
    unsignedShort unsignedByte positiveInteger float double duration dateTime time date \
    gYearMonth gYear gMonthDay gDay gMonth hexBinary base64Binary anyURI QName NOTATION \
    anyAtomicType untyped yearMonthDuration String";

const NAMED: &[&str] = &[
    "ds:SignatureType",
    "ds:SignatureValueType",
    "ds:SignedInfoType",
    "ds:DigestMethodType",
    "ds:CanonicalizationMethodType",
    "ds:SignatureMethodType",
    "ds:ReferenceType",
    "ds:TransformsType",
    "ds:TransformType",
    "ds:DigestValueType",
    "ds:CryptoBinary",
    "ds:KeyInfoType",
    "ds:KeyValueType",
    "ds:RetrievalMethodType",
    "ds:X509DataType",
    "ds:X509IssuerSerialType",
    "ds:PGPDataType",
    "ds:SPKIDataType",
    "ds:ObjectType",
    "ds:ManifestType",
    "ds:SignaturePropertiesType",
    "ds:SignaturePropertyType",
    "ds:DSAKeyValueType",
    "ds:RSAKeyValueType",
    "ds:KeyNameType",
    "ds:Signature",
    "c:XMLElement",
    "c:Message",
    "d:Data",
    "d:TransInfoType",
    "d:AddInfo",
    "d:SvNoType",
    "d:Key",
    "d:DxpMsg",
    "string",
    "q:string",
    " xs:string",
    "xs:string ",
    "xs: string",
    "xs:",
    ":string",
    "xs:string:x",
    "&#120;s:int",
    "&#10;xs:int",
    "xml:string",
];

/// Values that are of one of XML Schema's types and nearly of another.
const VALUES: &[&str] = &[
    "true",
    "1",
    " 0 ",
    "TRUE",
    "a",
    "a b",
    ":a",
    "a:b",
    "xs:a",
    "ds:a ",
    " ds:a",
    "q:a",
    "zh-Hans",
    "en_US",
    "e\u{301}",
    "国",
    "-1",
    " -1 ",
    "0",
    "-0",
    "+0",
    "127",
    "128",
    "-128",
    "-129",
    "255",
    "256",
    "32767",
    "32768",
    "-32769",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "999999999999999999999999",
    "9999999999999999999999999",
    "1.5",
    "1e5",
    "1e",
    " 1e+ ",
    "NaN",
    "NaN ",
    " INF",
    "-INF",
    "+INF",
    "P1Y",
    " P1Y",
    "P1Y ",
    "-P1Y2M3DT4H5M6.7S",
    "PT",
    "P1DT",
    "P1.5Y",
    "PT.5S",
    "PT1.S",
    "PT.S",
    "P1M1Y",
    "PT1S1S",
    "P1Y1Y",
    "P768614336404564650Y",
    "P768614336404564651Y",
    "PT9223372036854775808S",
    "12:00:00",
    " 12:00:00Z",
    "12:00:00 ",
    "24:00:00.0",
    "2026-11",
    "2026-13",
    "2026",
    "-2026Z",
    "02026",
    " 2026",
    "--11-23",
    "--02-30",
    "--02-29",
    "--11-23+08:00",
    "---31",
    "---32",
    "---1",
    "--11",
    "--13",
    "--11--",
    "--11Z",
    "0aB1",
    " 0A",
    "0",
    "0G",
    "AAAA",
    "AA==",
    "A",
    "http://a b",
    "1:b",
    "%",
    "",
    " ",
    "<a/>",
    "x<a/>",
    "<ds:KeyName>x</ds:KeyName>",
    "<ds:KeyName><b/></ds:KeyName>",
    "<!-- x -->",
    "<![CDATA[1]]>",
    "&#32;1",
    "1&#10;",
    "<ds:Modulus>AAAA</ds:Modulus>",
    "<ds:Modulus>AAAA</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>",
    "<a/><b/>",
    "<d:CopMsgId>1</d:CopMsgId>",
    "<d:FileName/>",
    "<ds:Reference/>",
];

fn words(list: &'static str) -> Vec<&'static str> {
    list.split(' ').collect()
}

fn type_name(r: &mut Random) -> String {
    if r.once_in(2) {
        r.pick(NAMED).to_owned()
    } else {
        format!("xs:{}", r.pick(&words(BUILTIN)))
    }
}

fn value(r: &mut Random) -> String {
    match r.below(8) {
        0 => r.pick(DECIMALS).to_owned(),
        1 => r.pick(INTS).to_owned(),
        2 => r.pick(DATE_TIMES).to_owned(),
        3 => values::odd_base64(r),
        _ => r.pick(VALUES).to_owned(),
    }
}

fn more(r: &mut Random) -> &'static str {
    r.pick(&[
        "",
        "",
        "",
        "",
        " a=\"b\"",
        " Id=\"typed\"",
        " Algorithm=\"urn:a\"",
        " Ver=\"1.0\"",
        " xsi:nil=\"true\"",
        " xsi:nil=\"x\"",
        " xsi:unknown=\"x\"",
        " xsi:schemaLocation=\"a\"",
        " name=\"x\"",
        " Target=\"#a\"",
    ])
}

/// The element with a type of its own, as often as not with another content.
fn with_type(d: &Document, r: &mut Random, element: &Element) -> Option<Vec<u8>> {
    let (name, extra) = (type_name(r), more(r));
    let attribute = format!(" {XSI} {NAMES} xsi:type=\"{name}\"{extra}");
    let at = element.name.end;
    // Declarations that the element has already must not stand twice.
    if d.attributes(element)
        .iter()
        .any(|a| d.text(&a.name).starts_with("xmlns"))
    {
        return None;
    }
    let mut edits = vec![(at..at, attribute.into_bytes())];
    if r.once_in(2) {
        edits.push((element.inner.clone(), value(r).into_bytes()));
    }
    Some(d.edited(edits))
}

/// Elements whose type has a name, which another could be derived from.
fn typed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    const OWN: &str = "\
    KeyName MgmtData X509IssuerName X509SubjectName X509SerialNumber X509SKI X509CRL XPath \
    SPKISexp PGPKeyID DigestValue SignatureValue Modulus X509Certificate CreatTime \
    NoticeTime SendTime Data TransInfo OriHead SvNo AddInfo Key Message RecMapId gnum \
    Signature SignedInfo KeyInfo Object DigestMethod Transform P Y";
    let own = d.all(|e| words(OWN).contains(&d.local(e).as_str()));
    let element = match r.of(&own) {
        Some(own) if !r.once_in(5) => &d.elements[*own],
        _ => d.elements.get(r.below(d.elements.len()))?,
    };
    with_type(d, r, element)
}

fn anything(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let any = d.all(|e| {
        let open = |c: &Content| matches!(c, Content::AnyType | Content::AnyElement);
        e.field.is_some_and(|f| open(&f.content))
    });
    let any = *r.of(&any)?;
    with_type(d, r, &d.elements[any])
}

fn nobodys(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (name, extra, inner) = (type_name(r), more(r), value(r));
    let own = r.pick(&[
        "<a xmlns=\"urn:a\"",
        "<ds:KeyName",
        "<ds:Manifest",
        "<c:note",
        "<u:a xmlns:u=\"urn:u\"",
    ]);
    let tag = own[1..].split(' ').next()?;
    let new = format!("{own} {XSI} {NAMES} xsi:type=\"{name}\"{extra}>{inner}</{tag}>");
    let new = match r.below(4) {
        0 => format!("<o xmlns=\"urn:o\">{new}</o>"),
        1 => format!("{new}\n{new}"),
        _ => new,
    };
    let open = d.all(|e| {
        let name = d.local(e);
        let any = matches!(
            name.as_str(),
            "KeyInfo" | "Object" | "Transform" | "RecMapId"
        );
        any && !d.octets[e.start_tag.clone()].ends_with(b"/>")
    });
    let taker = &d.elements[*r.of(&open)?];
    Some(d.inserted(r.pick(&[taker.inner.start, taker.inner.end]), new))
}

/// What a signature has room for, with the type of an element of signatures and its content.
fn signature(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let whole: Vec<usize> = d.all(|e| d.prefix(e) == "ds:");
    let model = &d.elements[*r.of(&whole)?];
    let name = d.local(model);
    let attributes: Vec<String> = d
        .attributes(model)
        .iter()
        .map(|a| d.text(&a.whole))
        .filter(|a| !a.contains("xmlns") && !a.contains("xsi:type"))
        .map(|a| {
            if a.contains(" Id=") {
                " Id=\"other\"".to_owned()
            } else {
                a
            }
        })
        .collect();
    let attributes = attributes.concat();
    let inner = d.text(&model.inner).replace(" Id=\"", " Id=\"again-");
    let new = format!(
        "<a xmlns=\"urn:a\" {XSI} {NAMES} xsi:type=\"ds:{name}Type\"{attributes}>{inner}</a>"
    );
    let open = d.all(|e| {
        matches!(d.local(e).as_str(), "KeyInfo" | "Object")
            && !d.octets[e.start_tag.clone()].ends_with(b"/>")
    });
    let taker = &d.elements[*r.of(&open)?];
    Some(d.inserted(taker.inner.end, new))
}
