//! Writes messages. What comes out is already canonical XML 1.0 (attributes in order, no
//! declaration, start and end tags, the escapes that canonicalisation prescribes), so it is
//! digested and signed as it stands.

use std::io::Write as _;

use crate::node::{Node, NodeContent, Place};
use crate::problem::Problem;
use crate::simple;
use crate::table::{Content, Element, Message, SimpleType, message};
use crate::typed::{BaseTransfer, Record};
use crate::xml::{below, equal, every};

/// Appends the canonical form of text: `&`, `<`, `>` and CR escaped (canonical XML 1.0, 2.3).
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    if Text::of(text).plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        escape_each(out, text);
    }
}

#[cold]
fn escape_each(out: &mut Vec<u8>, text: &str) {
    for b in text.bytes() {
        match b {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            _ => out.push(b),
        }
    }
}

/// What is to be known of a text before it is written.
#[derive(Clone, Copy)]
struct Text {
    /// Nothing in it is to be escaped, and XML can carry all of it.
    plain: bool,
    /// It has as many characters as octets.
    ascii: bool,
}

impl Text {
    /// Fields are many and short: eight octets are looked at at a time, and the last eight once
    /// more rather than each of the rest.
    #[inline]
    fn of(text: &str) -> Self {
        let octets = text.as_bytes();
        let Some(last) = octets.last_chunk() else {
            let special = |b: &u8| matches!(b, 0..b' ' | b'&' | b'<' | b'>' | 0xEF);
            return Self {
                plain: !octets.iter().any(special),
                ascii: octets.is_ascii(),
            };
        };
        let (eights, _) = octets.as_chunks();
        let mut found = Self::look(last);
        for eight in eights {
            let (special, wide) = Self::look(eight);
            found = (found.0 | special, found.1 | wide);
        }
        Self {
            plain: found.0 == 0,
            ascii: found.1 & every(0x80) == 0,
        }
    }

    /// Top bits of octets: of those that are to be escaped or that XML may not carry (and perhaps
    /// of some after them), and of those that are not ASCII.
    #[inline]
    fn look(eight: &[u8; 8]) -> (u64, u64) {
        let word = u64::from_le_bytes(*eight);
        // `<` and `>` differ in one bit; U+FFFE and U+FFFF begin with EF.
        let special = equal(word, b'&')
            | equal(word | every(b'<' ^ b'>'), b'>')
            | below(word, b' ')
            | equal(word, 0xEF);
        (special, word)
    }
}

/// Appends the canonical form of an attribute's value.
pub(crate) fn escape_attribute(out: &mut Vec<u8>, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\t' => out.extend_from_slice(b"&#x9;"),
            '\n' => out.extend_from_slice(b"&#xA;"),
            '\r' => out.extend_from_slice(b"&#xD;"),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Writes typed records against their table, checking every field as it goes.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    element: &'static Element,
}

impl<'a> Writer<'a> {
    /// Writes one `record` as `element`, with its tags.
    ///
    /// # Errors
    /// The first field that breaks its type's rule. `out` then holds a part that must be thrown
    /// away.
    pub fn element<R: Record>(
        out: &'a mut Vec<u8>,
        element: &'static Element,
        record: &R,
    ) -> Result<(), Problem> {
        out.extend_from_slice(element.open.as_bytes());
        record.write(&mut Writer { out, element })?;
        out.extend_from_slice(element.close.as_bytes());
        Ok(())
    }

    /// Writes the value of the element's particle number `index`; generated code calls it in
    /// order.
    ///
    /// # Errors
    /// As [`Writer::element`].
    pub fn particle(&mut self, index: usize, value: &impl Value) -> Result<(), Problem> {
        let Some(particle) = self.element.particles().get(index) else {
            return Ok(());
        };
        let count = value.write(self.out, particle.element)?;
        if count < particle.min || count > particle.max {
            let rule = if count < particle.min {
                "missing"
            } else {
                "too-many"
            };
            return Err(Problem::at(
                particle.element,
                &format!("{}/{}", self.element.name, particle.element.name),
                Place::default(),
                rule,
                format!(
                    "stands {count} times, {} to {} allowed",
                    particle.min, particle.max
                ),
                "check the number of elements",
            ));
        }
        Ok(())
    }
}

/// What a typed field can hold.
pub trait Value {
    /// Writes the value as `element`, so often as it is there; returns how often.
    ///
    /// # Errors
    /// The first field that breaks a rule.
    fn write(&self, out: &mut Vec<u8>, element: &'static Element) -> Result<u32, Problem>;
}

fn write_text(out: &mut Vec<u8>, element: &'static Element, text: &str) -> Result<u32, Problem> {
    let Text { plain, ascii } = Text::of(text);
    let passes = match (element.fixed, &element.content) {
        (Some(fixed), _) => text == fixed,
        (None, Content::Text(kind)) => simple::passes(*kind, text.as_bytes(), ascii),
        _ => false,
    };
    if !(passes && plain) {
        check(element, text)?;
    }
    out.reserve(element.open.len() + text.len() + element.close.len());
    out.extend_from_slice(element.open.as_bytes());
    if plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        escape_each(out, text);
    }
    out.extend_from_slice(element.close.as_bytes());
    Ok(1)
}

/// The full check, with its reasons; few values need it.
#[inline(never)]
fn check(element: &'static Element, text: &str) -> Result<(), Problem> {
    simple::check_characters(text)
        .and_then(|()| simple::check_element(element, text))
        .map_err(|broken| Problem::field(element, element.name, Place::default(), broken))
}

impl Value for String {
    fn write(&self, out: &mut Vec<u8>, element: &'static Element) -> Result<u32, Problem> {
        write_text(out, element, self)
    }
}

impl Value for i32 {
    fn write(&self, out: &mut Vec<u8>, element: &'static Element) -> Result<u32, Problem> {
        write_number(out, element, i128::from(*self), 0)
    }
}

impl Value for rust_decimal::Decimal {
    fn write(&self, out: &mut Vec<u8>, element: &'static Element) -> Result<u32, Problem> {
        write_number(out, element, self.mantissa(), self.scale() as usize)
    }
}

/// Writes mantissa · 10^-scale with all its digits (128.50 stays 128.50), and checks it. Amounts
/// are many: this writes into a buffer of its own instead of formatting.
fn write_number(
    out: &mut Vec<u8>,
    element: &'static Element,
    mantissa: i128,
    scale: usize,
) -> Result<u32, Problem> {
    // 39 digits of an i128 (or up to 28 zeros after the point), point, sign.
    let mut buffer = [b'0'; 48];
    let mut at = buffer.len();
    let mut put = |digit: u8| {
        at -= 1;
        buffer[at] = digit;
    };
    let mut rest = mantissa.unsigned_abs();
    let mut written = 0;
    // Nearly every amount fits 64 bits, which divide much faster.
    while rest > u128::from(u64::MAX) {
        put(b'0' + (rest % 10) as u8);
        rest /= 10;
        written += 1;
        if written == scale {
            put(b'.');
        }
    }
    let mut rest = rest as u64;
    while rest > 0 || written <= scale {
        put(b'0' + (rest % 10) as u8);
        rest /= 10;
        written += 1;
        if written == scale {
            put(b'.');
        }
    }
    if mantissa < 0 {
        put(b'-');
    }
    let digits = u32::try_from(written).unwrap_or(u32::MAX);
    let scale = u32::try_from(scale).unwrap_or(u32::MAX);
    let fits = match element.content {
        Content::Text(SimpleType::Decimal { total, fraction }) => {
            digits <= total && scale <= fraction
        }
        Content::Text(SimpleType::Int { digits: 0 }) => scale == 0 && digits < 10,
        _ => false,
    };
    if !fits {
        // Zeros at the end do not count, so it may fit all the same.
        let text = std::str::from_utf8(&buffer[at..]).unwrap_or_default();
        return write_text(out, element, text);
    }
    out.extend_from_slice(element.open.as_bytes());
    out.extend_from_slice(&buffer[at..]);
    out.extend_from_slice(element.close.as_bytes());
    Ok(1)
}

impl<T: Value> Value for Option<T> {
    fn write(&self, out: &mut Vec<u8>, element: &'static Element) -> Result<u32, Problem> {
        self.as_ref()
            .map_or(Ok(0), |value| value.write(out, element))
    }
}

impl<T: Value> Value for Vec<T> {
    fn write(&self, out: &mut Vec<u8>, element: &'static Element) -> Result<u32, Problem> {
        self.iter().try_fold(0_u32, |n, value| {
            Ok(n.saturating_add(value.write(out, element)?))
        })
    }
}

impl<R: Record> Value for R {
    fn write(&self, out: &mut Vec<u8>, element: &'static Element) -> Result<u32, Problem> {
        Writer::element(out, element, self)?;
        Ok(1)
    }
}

/// The canonical octets of an element of a message, with its usual prefix and without namespace
/// declarations: those stand at the message's root.
pub fn fragment(node: &Node) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    write_node(&mut out, node);
    out
}

pub(crate) fn write_node(out: &mut Vec<u8>, node: &Node) {
    let element = node.element;
    if node.attributes.is_empty() {
        out.extend_from_slice(element.open.as_bytes());
    } else {
        out.push(b'<');
        out.extend_from_slice(element.prefix.as_bytes());
        out.push(b':');
        out.extend_from_slice(element.name.as_bytes());
        let mut attributes: Vec<_> = node.attributes.iter().collect();
        attributes.sort_by_key(|(name, _)| *name);
        for (name, value) in attributes {
            let _ = write!(out, " {name}=\"");
            escape_attribute(out, value);
            out.push(b'"');
        }
        out.push(b'>');
    }
    match &node.content {
        NodeContent::Text(text) => escape(out, text),
        NodeContent::Children(children) => children.iter().for_each(|c| write_node(out, c)),
        // A custom message or signature is not ours to write again.
        NodeContent::Opaque(_) => {}
    }
    out.extend_from_slice(element.close.as_bytes());
}

/// The start tag of a message's root: `<ceb:CEB311Message xmlns:ceb="…" guid="…" version="1.0">`.
pub fn opening(message: &Message, guid: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    let (prefix, name, namespace) = (message.prefix, message.name, message.namespace);
    let _ = write!(
        out,
        "<{prefix}:{name} xmlns:{prefix}=\"{namespace}\" guid=\""
    );
    escape_attribute(&mut out, guid);
    out.extend_from_slice(b"\" version=\"1.0\">");
    out
}

/// The end tag of a message's root.
pub fn closing(message: &Message) -> Vec<u8> {
    format!("</{}:{}>", message.prefix, message.name).into_bytes()
}

/// The canonical octets of `BaseTransfer`: who transmits (spec, table 3-4).
///
/// # Errors
/// The field that breaks its type's rule.
pub fn transfer(transfer: &BaseTransfer) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::with_capacity(512);
    let element = message("CEB311Message").and_then(|m| m.root.child(BaseTransfer::NAME));
    if let Some(element) = element {
        Writer::element(&mut out, element, transfer)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_canonical_xml_prescribes() {
        let mut out = Vec::new();
        escape(&mut out, "a&b<c>d\re\"f\t\n");
        assert_eq!(out, b"a&amp;b&lt;c&gt;d&#xD;e\"f\t\n");
        for at in 0..20 {
            for (special, escaped) in [
                ("&", "&amp;"),
                ("<", "&lt;"),
                (">", "&gt;"),
                ("\r", "&#xD;"),
            ] {
                let text =
                    |middle| format!("{}{middle}{}", "\u{a7}".repeat(at), "x".repeat(19 - at));
                let mut out = Vec::new();
                escape(&mut out, &text(special));
                assert_eq!(String::from_utf8(out).unwrap(), text(escaped));
            }
        }
        let mut out = Vec::new();
        escape_attribute(&mut out, "a&b<c>d\r\"\t\n");
        assert_eq!(out, b"a&amp;b&lt;c>d&#xD;&quot;&#x9;&#xA;");
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        let amount = message("CEB411Message")
            .and_then(|m| m.unit?.child("PaymentHead")?.child("amountPaid"))
            .unwrap();
        for text in [
            "0",
            "0.5",
            "128.50",
            "-3.00001",
            "99999999999999.99999",
            "0.00",
            "1000",
        ] {
            let mut out = Vec::new();
            let number: rust_decimal::Decimal = text.parse().unwrap();
            number.write(&mut out, amount).unwrap();
            let written = String::from_utf8(out).unwrap();
            assert_eq!(written, format!("<ceb:amountPaid>{text}</ceb:amountPaid>"));
        }
        let long: rust_decimal::Decimal = "0.0000000000000000000000000001".parse().unwrap();
        assert_eq!(
            long.write(&mut Vec::new(), amount).unwrap_err().rule,
            "fraction-digits"
        );
        let huge = rust_decimal::Decimal::MAX;
        assert_eq!(
            huge.write(&mut Vec::new(), amount).unwrap_err().rule,
            "total-digits"
        );
    }

    #[test]
    fn a_transfer_is_checked() {
        let mut who = BaseTransfer {
            copCode: "1105910159".into(),
            copName: "甲<乙".into(),
            dxpMode: "DXP".into(),
            dxpId: "DXPENT0000012345".into(),
            note: None,
        };
        let text = String::from_utf8(transfer(&who).unwrap()).unwrap();
        assert!(text.starts_with("<ceb:BaseTransfer><ceb:copCode>1105910159</ceb:copCode>"));
        assert!(text.contains("甲&lt;乙"));
        who.copCode = "1234567890123456789".into();
        assert_eq!(transfer(&who).unwrap_err().rule, "too-long");
        who.copCode = "1105910159".into();
        for at in 0..10 {
            for bad in ["\0", "\u{1}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
                who.copName = format!("{}{bad}", "x".repeat(at));
                assert_eq!(transfer(&who).unwrap_err().rule, "character");
            }
            who.copName = format!("{}\u{fffd}，\t\u{80}", "x".repeat(at));
            assert!(transfer(&who).is_ok());
        }
    }
}
