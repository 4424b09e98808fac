//! Documents for tests, written from the tables: every field there, and every rule kept.

use std::fmt::Write as _;

use tongguan_messages::{Content, Direction, Element, Message, Particle, SimpleType, message};

/// What to change in a document: a path such as `Order[1]/OrderHead/orderNo`, and the text to put
/// there; `None` leaves the element out.
pub type Change<'c> = (&'c str, Option<&'c str>);

/// A document with two units of two items each, as far as the schema allows, and these changes.
pub fn document(name: &str, changes: &[Change<'_>]) -> String {
    let message = message(name).expect(name);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ceb:{name} xmlns:ceb=\"{}\" guid=\"{}\" version=\"1.0\">\n",
        message.namespace,
        guid(99)
    );
    let mut used = vec![false; changes.len()];
    let mut writer = Writer {
        message,
        changes,
        used: &mut used,
        out: &mut out,
        unit: 0,
    };
    for particle in message.root.particles() {
        writer.particle(particle, "");
    }
    for ((path, _), used) in changes.iter().zip(used) {
        assert!(used, "{name} has no {path}");
    }
    let _ = write!(out, "</ceb:{name}>");
    out
}

fn guid(number: usize) -> String {
    format!("4CDE1CFD-EDED-46B1-946C-{number:012}")
}

struct Writer<'w> {
    message: &'static Message,
    changes: &'w [Change<'w>],
    used: &'w mut [bool],
    out: &'w mut String,
    /// Which unit is written, from 1; 0 outside.
    unit: usize,
}

impl Writer<'_> {
    fn particle(&mut self, particle: &'static Particle, path: &str) {
        if particle.element.name == "ExtendMessage" {
            return;
        }
        let many = particle.max > 1;
        let times = if many { particle.max.min(2) } else { 1 };
        for index in 1..=times as usize {
            let name = particle.element.name;
            let path = match (path, many) {
                ("", true) => format!("{name}[{index}]"),
                ("", false) => name.to_owned(),
                (path, true) => format!("{path}/{name}[{index}]"),
                (path, false) => format!("{path}/{name}"),
            };
            if self.message.unit.is_some_and(|u| u.name == name) {
                self.unit = index;
            }
            self.element(particle.element, &path, index);
        }
    }

    fn element(&mut self, element: &'static Element, path: &str, index: usize) {
        let change = self.changes.iter().position(|(p, _)| *p == path);
        if let Some(at) = change {
            self.used[at] = true;
        }
        let change = change.map(|at| self.changes[at].1);
        if change == Some(None) {
            return;
        }
        match element.content {
            Content::Signature => self.out.push_str(SIGNATURE),
            Content::Text(kind) => {
                let text = match change {
                    Some(Some(text)) => text.to_owned(),
                    _ => self.value(element, kind, index, path),
                };
                let _ = writeln!(self.out, "<ceb:{0}>{text}</ceb:{0}>", element.name);
            }
            _ => {
                let _ = writeln!(self.out, "<ceb:{}>", element.name);
                for particle in element.particles() {
                    self.particle(particle, path);
                }
                let _ = writeln!(self.out, "</ceb:{}>", element.name);
            }
        }
    }

    /// A text that keeps every rule.
    fn value(
        &self,
        element: &'static Element,
        kind: SimpleType,
        index: usize,
        path: &str,
    ) -> String {
        let keys = self.message.business_key;
        let is_key = keys.iter().any(|key| path.ends_with(&format!("]/{key}")));
        let items = |one: &str, two: &str| {
            let list = self.message.unit.and_then(|u| u.particles().get(1));
            if list.is_some_and(|l| l.max > 1) {
                two.to_owned()
            } else {
                one.to_owned()
            }
        };
        if let Some(fixed) = element.fixed {
            return fixed.to_owned();
        }
        let text = match element.name {
            "guid" => return guid(self.unit),
            "gnum" => {
                let list = path.rsplit('[').next().and_then(|t| t.split(']').next());
                return list.unwrap_or("1").to_owned();
            }
            "msgCount" | "msgSeqNo" => {
                return if is_key {
                    self.unit.to_string()
                } else {
                    "9".into()
                };
            }
            "goodsValue" | "acturalPaid" => return items("10", "20"),
            "amountPaid" | "charge" => return "20".into(),
            "price" | "totalPrice" => return "10".into(),
            "qty" | "qty1" | "qty2" | "packNo" | "grossWeight" | "weight" => return "1".into(),
            "netWeight" => return "0.5".into(),
            "freight" | "discount" | "taxTotal" | "insuredFee" => return "0".into(),
            "buyerIdNumber" | "payerIdNumber" => return "11010519491231002X".into(),
            "appType" => return "1".into(),
            "appStatus" => return "2".into(),
            "ieFlag" => {
                let back = matches!(self.message.name, "CEB213Message" | "CEB215Message");
                let import = self.message.direction == Direction::Import || back;
                return if import { "I".into() } else { "E".into() };
            }
            "dxpMode" => return "DXP".into(),
            "status" => return "ALL".into(),
            "gcode" => return "0902301000".into(),
            "customsCode" | "portCode" => return "2901".into(),
            "country" => "502",
            "unit" | "unit1" | "unit2" => "035",
            "currency" | "fCurrency" | "iCurrency" => "142",
            name if name.ends_with("Code") && !is_key => "3301960T01",
            "ebpCode" | "ebcCode" | "logisticsCode" | "payCode" => "3301960T01",
            _ => "",
        };
        if !text.is_empty() {
            return text.to_owned();
        }
        if let [(code, ..), ..] = element.codes {
            return (*code).to_owned();
        }
        if let Some(format) = element.format {
            return "20261124093000000"[..format.form().len()].to_owned();
        }
        match kind {
            SimpleType::Chars { min, .. } if is_key => {
                format!("{:0>1$}", self.unit, (min as usize).max(4))
            }
            SimpleType::Chars { min, .. } => "7".repeat(min.max(1) as usize),
            _ => index.to_string(),
        }
    }
}

/// Keeps the schema; signs nothing.
const SIGNATURE: &str = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>\
<ds:SignatureMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"/>\
<ds:Reference URI=\"\"><ds:Transforms>\
<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></ds:Transforms>\
<ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>\
<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>\
<ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>\n";
