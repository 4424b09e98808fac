//! Examples in XML, indented for reading.

use std::fmt::Write as _;

use super::part::{Part, PartContent};
use crate::table::Message;

/// Keeps the schema; signs nothing.
const SIGNATURE: &str = "\
<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>\
<ds:SignatureMethod Algorithm=\"http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3\"/>\
<ds:Reference URI=\"\"><ds:Transforms>\
<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></ds:Transforms>\
<ds:DigestMethod Algorithm=\"http://www.chinaport.gov.cn/2022/04/xmldsig#sm3\"/>\
<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>\
<ds:SignatureValue>AAAA</ds:SignatureValue>\
<ds:KeyInfo><ds:KeyName>0001</ds:KeyName></ds:KeyInfo></ds:Signature>";

/// Said above it.
const NOT_SIGNED: &str =
    "<!-- 签名占位，并非真实签名 / The place of the signature: this one verifies nothing -->";

pub(super) fn written(message: &Message, root: &Part) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!-- {} {} {}：示例，均为虚构 / an example, all of it made up -->\n",
        message.name, message.zh, message.en
    );
    let namespace = format!(" xmlns:{}=\"{}\"", message.prefix, message.namespace);
    part(&mut out, root, &namespace, 0);
    out
}

fn part(out: &mut String, part_: &Part, namespace: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    let (prefix, name) = (part_.element.prefix, part_.element.name);
    if matches!(part_.content, PartContent::Signature) {
        let _ = writeln!(out, "{pad}{NOT_SIGNED}\n{pad}{SIGNATURE}");
        return;
    }
    let _ = write!(out, "{pad}<{prefix}:{name}{namespace}");
    for (name, value) in &part_.attributes {
        let _ = write!(out, " {name}=\"{}\"", escaped(value));
    }
    match &part_.content {
        PartContent::Text(text) => {
            let _ = write!(out, ">{}", escaped(text));
        }
        PartContent::Custom => {
            out.push_str("><shop:Note xmlns:shop=\"urn:example:shop\">示例，均为虚构</shop:Note>")
        }
        PartContent::Parts(parts) if parts.is_empty() => {
            out.push_str("/>\n");
            return;
        }
        PartContent::Parts(parts) => {
            out.push_str(">\n");
            for child in parts {
                part(out, child, "", depth + 1);
            }
            out.push_str(&pad);
        }
        PartContent::Signature => {}
    }
    let _ = writeln!(out, "</{prefix}:{name}>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
