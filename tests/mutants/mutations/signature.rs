//! The signature, by the W3C's schema: its children, its attributes, its texts.

use super::Mutation;
use super::values::odd_base64;
use crate::document::{Attribute, Document, Element, find};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("signature's child dropped", dropped),
    ("signature's child doubled", doubled),
    ("signature's children swapped", swapped),
    ("signature's renamed", renamed),
    ("signature's element put in", put_in),
    ("signature's attribute dropped", attribute_dropped),
    ("signature's attribute changed", attribute_changed),
    ("signature's attribute added", attribute_added),
    ("signature's text changed", text_changed),
    ("signature's text put in", text_put_in),
];

/// The elements of signatures, the signature itself included.
fn inside(d: &Document) -> Vec<usize> {
    let mut within = Vec::new();
    for index in 0..d.elements.len() {
        let element = &d.elements[index];
        let below = element.parent.is_some_and(|p| within.contains(&p));
        if below || d.local(element) == "Signature" {
            within.push(index);
        }
    }
    within
}

fn some<'d>(d: &'d Document, r: &mut Random) -> Option<&'d Element> {
    Some(&d.elements[*r.of(&inside(d))?])
}

fn dropped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    Some(d.with(some(d, r)?.whole.clone(), ""))
}

fn doubled(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let whole = some(d, r)?.whole.clone();
    Some(d.inserted(whole.end, &d.octets[whole.clone()]))
}

fn swapped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let (a, b) = (some(d, r)?.whole.clone(), some(d, r)?.whole.clone());
    let (a, b) = if a.start < b.start { (a, b) } else { (b, a) };
    (a.end <= b.start).then(|| {
        d.edited(vec![
            (a.clone(), d.octets[b.clone()].to_vec()),
            (b.clone(), d.octets[a.clone()].to_vec()),
        ])
    })
}

fn renamed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = some(d, r)?;
    let prefix = if r.once_in(5) {
        String::new()
    } else {
        d.prefix(element)
    };
    let local = if r.once_in(3) {
        "Other".to_owned()
    } else {
        d.local(some(d, r)?)
    };
    let names = d.names(element).into_iter();
    Some(
        d.edited(
            names
                .map(|n| (n, format!("{prefix}{local}").into_bytes()))
                .collect(),
        ),
    )
}

/// Whole elements to put in anywhere, `ds:` standing for the signature's prefix.
const ELEMENTS: &[&str] = &[
    "<ds:Object/>",
    "<ds:Object>x</ds:Object>",
    "<ds:KeyInfo/>",
    "<ds:KeyInfo><ds:KeyName/></ds:KeyInfo>",
    "<ds:KeyName>a</ds:KeyName>",
    "<a/>",
    "<a xmlns=\"urn:a\">x<b/></a>",
    "<ds:Unknown/>",
    "<ds:Transforms/>",
    "<ds:Transform Algorithm=\"urn:a\"/>",
    "<ds:Transform/>",
    "<ds:XPath>a</ds:XPath>",
    "<ds:Manifest/>",
    "<ds:SignatureProperties/>",
    "<ds:SignatureProperty Target=\"\"/>",
    "<ds:X509Data/>",
    "<ds:X509Data><a xmlns=\"urn:a\"/></ds:X509Data>",
    "<ds:X509Data><a/></ds:X509Data>",
    "<ds:X509Certificate>AAAA</ds:X509Certificate>",
    "<ds:PGPData/>",
    "<ds:SPKIData/>",
    "<ds:SPKIData><ds:SPKISexp>A</ds:SPKISexp><a xmlns=\"urn:a\"/></ds:SPKIData>",
    "<ds:PGPData><ds:PGPKeyPacket>AAAA</ds:PGPKeyPacket><a xmlns=\"urn:a\"/></ds:PGPData>",
    "<ds:MgmtData/>",
    "<ds:DigestValue>A</ds:DigestValue>",
    "<ds:KeyValue/>",
    "<ds:KeyValue><a xmlns=\"urn:a\"/></ds:KeyValue>",
    "<ds:KeyValue>x<ds:RSAKeyValue/></ds:KeyValue>",
    "<ds:RetrievalMethod/>",
    "<ds:HMACOutputLength>1</ds:HMACOutputLength>",
    "<ds:HMACOutputLength>x</ds:HMACOutputLength>",
    "<ds:Signature/>",
    "<ds:SignedInfo/>",
    "<ds:Reference/>",
    "<ds:X509IssuerSerial/>",
    "<ds:DSAKeyValue/>",
    "<ds:DSAKeyValue><ds:Y>A</ds:Y></ds:DSAKeyValue>",
    "<ds:RSAKeyValue/>",
    "<ds:DSAKeyValue><ds:G>AAAA</ds:G><ds:Y>AAAA</ds:Y></ds:DSAKeyValue>",
    "<ds:DSAKeyValue><ds:P>AAAA</ds:P><ds:Y>AAAA</ds:Y></ds:DSAKeyValue>",
    "<ds:DSAKeyValue><ds:Y>AAAA</ds:Y><ds:J>AAAA</ds:J><ds:Seed>AAAA</ds:Seed></ds:DSAKeyValue>",
    "<ds:SignatureValue>A</ds:SignatureValue>",
    "<ds:SignatureMethod/>",
    "<ds:CanonicalizationMethod/>",
    "<ds:DigestMethod/>",
    "<ds:P>A</ds:P>",
    "<ds:Object><ds:Manifest/></ds:Object>",
    "<a xmlns=\"urn:a\"><ds:Manifest/></a>",
    "<a xmlns=\"urn:a\"><ds:P>A</ds:P></a>",
    "<ds:X509SKI>A</ds:X509SKI>",
    "<ds:SPKISexp>AAAA</ds:SPKISexp>",
    "<ceb:note xmlns:ceb=\"http://www.chinaport.gov.cn/ceb\"/>",
    "<ceb:CEB311Message xmlns:ceb=\"http://www.chinaport.gov.cn/ceb\"/>",
    "<ceb:BaseTransfer xmlns:ceb=\"http://www.chinaport.gov.cn/ceb\"/>",
    "<ds:KeyName><a/></ds:KeyName>",
    "<ds:DigestValue><a/></ds:DigestValue>",
    "<a xmlns=\"urn:a\"><b><ds:DigestValue>!</ds:DigestValue></b></a>",
    "<a xmlns=\"http://www.w3.org/2001/XMLSchema\"/>",
    "<ds:Exponent>A</ds:Exponent>",
];

/// An element's place for children, oftener where any may stand.
fn place(d: &Document, r: &mut Random) -> Option<usize> {
    let element = some(d, r)?;
    let open = [
        "KeyInfo",
        "Object",
        "SignatureMethod",
        "Transform",
        "DigestMethod",
        "KeyValue",
        "X509Data",
        "SignatureProperty",
        "PGPData",
        "SPKIData",
    ];
    let takes = inside(d).into_iter();
    let takes: Vec<usize> = takes
        .filter(|i| open.contains(&d.local(&d.elements[*i]).as_str()))
        .collect();
    if let Some(taker) = r.of(&takes)
        && r.once_in(2)
    {
        let taker = &d.elements[*taker];
        return Some(r.pick(&[taker.inner.start, taker.inner.end]));
    }
    Some(r.pick(&[
        element.whole.start,
        element.whole.end,
        element.inner.start,
        element.inner.end,
    ]))
}

fn put_in(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let prefix = d.prefix(some(d, r)?);
    let new = r.pick(ELEMENTS);
    let at = place(d, r)?;
    // `<ds:a/>` is cut open by what is put into it.
    if at > 0 && d.octets[..at].ends_with(b"/>") && r.once_in(2) {
        let element = d.elements.iter().find(|e| e.whole.end == at)?;
        let name = d.text(&element.name);
        let new = new.replace("ds:", &prefix);
        return Some(d.with(at - 2..at, format!(">{new}</{name}>")));
    }
    let new = if prefix.is_empty() {
        new.to_owned()
    } else {
        new.replace("ds:", &prefix)
    };
    Some(d.inserted(at, new))
}

fn attribute(d: &Document, r: &mut Random) -> Option<Attribute> {
    let with = inside(d).into_iter();
    let with: Vec<usize> = with
        .filter(|i| find(&d.octets[d.elements[*i].start_tag.clone()], 0, b"=").is_some())
        .collect();
    let mut all = d.attributes(&d.elements[*r.of(&with)?]);
    if all.is_empty() {
        return None;
    }
    let at = r.below(all.len());
    Some(all.swap_remove(at))
}

fn attribute_dropped(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    Some(d.with(attribute(d, r)?.whole, ""))
}

const URIS: &[&str] = &[
    "",
    "#",
    "#a",
    "#a#b",
    "a",
    "a b",
    " a",
    "a ",
    "%",
    "%41",
    "%zz",
    "http://a",
    "http://a/b?c#d",
    "http://a b",
    "国",
    "http://国/",
    "a:b",
    "1:b",
    ":",
    ":a",
    "a:",
    "//",
    "///",
    "http://",
    "http://[::1]/",
    "http://[",
    "http://]",
    "[",
    "]",
    "{",
    "}",
    "|",
    "\\",
    "^",
    "`",
    "&quot;",
    "&lt;",
    "&gt;",
    "'",
    "\n",
    "\t",
    "&#32;",
    "&#10;",
    "http://a:80",
    "http://a:b",
    "http://a:",
    "http://a:99999999999",
    "urn:a:b",
    "urn:",
    "mailto:a@b",
    "?",
    "a?b?c",
    "a#b?c",
    ".",
    "..",
    "~",
    "!$&amp;'()*+,;=",
    "@",
    "http://@/",
    "http://a@b@c/",
    "é",
    "\u{A0}",
    "\u{E000}",
    "😀",
    "http://a/[b]",
    "#xpointer(/)",
    "#xpointer(id('a'))",
    "a%2",
    "%%",
    "a[b]",
    "a:/b",
    "a:b:c",
    "a/b:c",
    "./a:b",
    "-a:b",
    "+a:b",
    "a+b:c",
    "a.b-c:d",
    "a_b:c",
    "http://a_b/",
    "http://1.2.3/",
    "http://a/%41%",
    "\u{7F}",
    "http://a//b",
    "a;b",
    "http://[1:2/",
    "http://a:-1/",
    "http://:80/",
    "//a b",
    "//[",
    "http:",
    "http:a",
    "#%41",
    "#%4",
    "?%4",
    "#[",
    "#^",
    "#{",
    "?{",
    "\"",
];

fn attribute_changed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    Some(d.with(attribute(d, r)?.value, r.pick(URIS)))
}

fn attribute_added(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let at = some(d, r)?.name.end;
    let kinds = [
        " Id=\"new\"",
        " Id=\"key\"",
        " Id=\"1\"",
        " Algorithm=\"urn:a\"",
        " URI=\"#a\"",
        " Type=\"urn:a\"",
        " Target=\"#a\"",
        " MimeType=\"x\"",
        " Encoding=\"urn:a\"",
        " a=\"b\"",
        " xml:lang=\"zh\"",
        " xmlns:u=\"urn:u\" u:a=\"b\"",
        " id=\"a\"",
        " Encoding=\"a b\"",
        " Type=\"%\"",
        " Target=\"\"",
    ];
    Some(d.inserted(at, r.pick(&kinds)))
}

fn text_changed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let leaves: Vec<usize> = inside(d)
        .into_iter()
        .filter(|i| d.elements[*i].is_leaf())
        .collect();
    let element = &d.elements[*r.of(&leaves)?];
    let numbers = [
        "0",
        "-1",
        "+1",
        "1.0",
        "1.",
        "x",
        " 1 ",
        "1 2",
        "999999999999999999999999",
        "9999999999999999999999999",
        "00000000000000000000000000000000001",
        "1e1",
        "",
        "-0",
        "１",
        "<![CDATA[1]]>",
        "1<!-- x -->2",
        "\n1\n",
        "--1",
        "+",
        "-",
    ];
    let new = if r.once_in(3) {
        r.pick(&numbers).to_owned()
    } else {
        odd_base64(r)
    };
    Some(d.with(element.inner.clone(), new))
}

fn text_put_in(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds = [
        "x",
        " ",
        "&#32;",
        "<!-- x -->",
        "<?p?>",
        "<![CDATA[x]]>",
        "<![CDATA[ ]]>",
        "国",
        "&amp;",
        "\u{A0}",
        "<![CDATA[]]>",
    ];
    let at = place(d, r)?;
    Some(d.inserted(at, r.pick(&kinds)))
}
