//! What stands before and after the root element.

use super::Mutation;
use crate::document::{Document, find};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("XML declaration", declaration),
    ("before the document", before),
    ("between declaration and root", between),
    ("after the root", after),
    ("document type", document_type),
    ("whole document replaced", replaced),
];

const DECLARATIONS: &[&str] = &[
    "",
    "<?xml version=\"1.0\"?>",
    "<?xml version='1.0'?>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<?xml version=\"1.0\" encoding='utf-8'?>",
    "<?xml version=\"1.0\" encoding=\"UTF8\"?>",
    "<?xml version=\"1.1\"?>",
    "<?xml version=\"2.0\"?>",
    "<?xml version=\"1.\"?>",
    "<?xml version=\"1\"?>",
    "<?xml version=\"\"?>",
    "<?xml version=\"1.0 \"?>",
    "<?xml?>",
    "<?xml ?>",
    "<?xml encoding=\"UTF-8\"?>",
    "<?xml encoding=\"UTF-8\" version=\"1.0\"?>",
    "<?xml version=\"1.0\" standalone=\"yes\"?>",
    "<?xml version=\"1.0\" standalone=\"no\"?>",
    "<?xml version=\"1.0\" standalone=\"maybe\"?>",
    "<?xml version=\"1.0\" standalone=\"yes\" encoding=\"UTF-8\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>",
    "<?xml version=\"1.0\"encoding=\"UTF-8\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>",
    "<?xml\nversion=\"1.0\"\nencoding=\"UTF-8\"\n?>",
    "<?xml version = \"1.0\"?>",
    "<?xml version=\"1.0\">",
    "<?xml version=\"1.0\" ? >",
    "<?xml version=1.0?>",
    "<?xml version=\"1.0'?>",
    "<?XML version=\"1.0\"?>",
    "<?xml version=\"1.0\" encoding=\"GBK\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
    "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
    "<?xml version=\"1.0\" encoding=\"US-ASCII\"?>",
    "<?xml version=\"1.0\" encoding=\"unknown\"?>",
    "<?xml version=\"1.0\" encoding=\"\"?>",
    "<?xml version=\"1.0\" encoding=\"1\"?>",
    "<?xml version=\"1.0\" encoding=\" UTF-8\"?>",
    "<?xml version=\"1.0\" version=\"1.0\"?>",
    "<?xml version=\"1.0\" unknown=\"x\"?>",
    "<?xml  version=\"1.0\"  encoding=\"UTF-8\"  standalone='no'  ?>",
    "<?xmlversion=\"1.0\"?>",
    "<?xml version=\"1.0\" encoding=\"GB18030\"?>",
    "<?xml version=\"1.0\" encoding=\"GB2312\"?>",
    "<?xml version=\"1.9\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\" x?>",
    "<?xml version=\"1.0\" encoding?>",
    "<?xml version?>",
    "<?xml version=\"1.00\"?>",
    "<?xml version=\"01.0\"?>",
    "<?xml version=\"1.0a\"?>",
    "<? xml version=\"1.0\"?>",
    "<?xml version=\"1.0\"?",
    "<?xml\tversion=\"1.0\"\tencoding=\"Utf-8\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF_8\"?>",
    "<?xml version=\"1.0\" standalone = 'yes' ?>",
    "<?xml version=\"1.0\" encoding=\"ASCII\"?>",
    "<?xml version=\"1.10\"?>",
    "<?xml version=\"-1.0\"?>",
    "<?xml version=\"1.0\" standalone=\"YES\"?>",
    "<?xml version=\"1.0\" standalone='yes\"?>",
];

fn root(d: &Document) -> Option<usize> {
    Some(d.elements.first()?.start_tag.start)
}

fn declaration(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let start = usize::from(d.octets.starts_with(b"\xEF\xBB\xBF")) * 3;
    let end = if d.octets[start..].starts_with(b"<?xml") {
        find(&d.octets, 0, b"?>")? + 2
    } else {
        start
    };
    Some(d.with(start..end, r.pick(DECLARATIONS)))
}

fn before(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds: &[&[u8]] = &[
        b"\xEF\xBB\xBF",
        b"\xEF\xBB\xBF\xEF\xBB\xBF",
        b" ",
        b"\n",
        b"x",
        b"<!-- x -->",
        b"<?p?>",
        b"\xEF\xBB",
        b"\xFF\xFE",
        b"\xFE\xFF",
        b"\0",
        b"\xEF\xBB\xBF\n",
        b"<",
        b"&#32;",
        b"\r\n",
        b"\x1A",
        b"\xE3\x80\x80",
        b"<![CDATA[ ]]>",
        b"<a/>",
        b"]]>",
        b"\xEF\xBB\xBF ",
        b"\xC2\xA0",
        b"<?xml version=\"1.0\"?>",
        b"\xEF\xBB\xBF<?xml version=\"1.0\"?>",
    ];
    Some(d.inserted(0, r.pick(kinds)))
}

/// What may or may not stand beside the root.
const BESIDE: &[&str] = &[
    "<!-- x -->",
    "<!---->",
    "<!-- -- -->",
    "<!--->",
    "<!-- x",
    "<?p?>",
    "<?p q?>",
    "<?xml?>",
    "<?xml version=\"1.0\"?>",
    "<?XML?>",
    "<?a:b?>",
    "x",
    "国",
    "&#32;",
    "&amp;",
    "<![CDATA[]]>",
    "\n\n",
    "\t",
    " ",
    "\0",
    "\u{1}",
    "\u{A0}",
    "\u{FEFF}",
    "<a/>",
    "</a>",
    "<",
    "<!",
    "<?",
    "]]>",
    "<!-- \u{1} -->",
    "<?p \u{FFFE}?>",
    "\r\n<!-- x\r\n -->\r\n",
    "<!ELEMENT a ANY>",
    "<!-- x --->",
    "<1/>",
    ">",
    "<!-- 国 --><?p?><!-- y -->",
    "<?p?><?p?>",
    "\u{1A}",
    "\u{3000}",
    "<!-- x -- >",
    "<? p?>",
    "<?p?",
    "\n<!--\n\n-->\n<?p\n\n?>\n",
];

fn between(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    Some(d.inserted(root(d)?, r.pick(BESIDE)))
}

fn after(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let root = &d.elements.first()?.whole;
    let at = r.pick(&[root.end, d.octets.len()]);
    if r.once_in(6) {
        return Some(d.inserted(at, &d.octets[root.clone()]));
    }
    Some(d.inserted(at, r.pick(BESIDE)))
}

fn document_type(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let name = d.text(&d.elements.first()?.name);
    let kinds = [
        format!("<!DOCTYPE {name}>"),
        format!("<!DOCTYPE {name} SYSTEM \"none.dtd\">"),
        format!("<!DOCTYPE {name} [<!ENTITY a \"b\">]>"),
        format!("<!DOCTYPE {name} [<!ENTITY a SYSTEM \"/etc/hostname\">]>"),
        format!("<!doctype {name}>"),
        "<!DOCTYPE".to_owned(),
        "<!DOCTYPE>".to_owned(),
    ];
    Some(d.inserted(root(d)?, &kinds[r.below(kinds.len())]))
}

fn replaced(_: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let kinds: &[&str] = &[
        "",
        " ",
        "\n\n",
        "x",
        "<a/>",
        "<a></a>",
        "<a xmlns=\"http://www.chinaport.gov.cn/ceb\"/>",
        "<",
        "<a",
        "<a>",
        "</a>",
        "<!-- x -->",
        "<?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\"?>\n",
        "\u{FEFF}",
        "\0",
        "<ceb:CEB311Message/>",
        "<CEB311Message/>",
        "&#65;",
        "{}",
        "<CEB311Message xmlns=\"http://www.chinaport.gov.cn/ceb\"/>",
        "<DxpMsg xmlns=\"http://www.chinaport.gov.cn/dxp\"/>",
        "<a/><b/>",
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>",
        "<CEB900Message xmlns=\"http://www.chinaport.gov.cn/ceb\">\n</CEB900Message>",
        "<a b='c'/>",
        "<?p?>",
        "<a>\n</b>",
        "<![CDATA[x]]>",
        "<Order xmlns=\"http://www.chinaport.gov.cn/ceb\"/>",
        "\n<a/>",
        "<?xml version=\"1.0\"?><",
    ];
    Some(r.pick(kinds).as_bytes().to_vec())
}
