//! The messages that both sides check: signed, made of the quickstart's documents, in one line as
//! we write them and indented as others do; and the official samples, where they are at hand.

use std::path::PathBuf;

use tongguan_benches::Outcome;
use tongguan_contracts::{Declaration, Document, PartOptions};
use tongguan_crypto::{Scheme, TestSubject, provider};
use tongguan_messages::{BaseTransfer, closing, message, opening, transfer};
use tongguan_xmldsig::{Enveloping, KeyInfo, Profile, Sm2Encoding};

const ORDERS: &[u8] = include_bytes!("../../examples/quickstart/orders.json");
const INVENTORIES: &[u8] = include_bytes!("../../examples/quickstart/inventories.json");

/// A message to check.
pub struct Sample {
    pub name: String,
    pub octets: Vec<u8>,
}

/// All of them.
pub fn all() -> Outcome<Vec<Sample>> {
    let mut samples = Vec::new();
    for (document, name, count) in [
        (ORDERS, "CEB311Message", 1),
        (ORDERS, "CEB311Message", 100),
        (INVENTORIES, "CEB621Message", 10),
    ] {
        let written = signed(name, &declarations(document)?, count)?;
        let indented = indented(&written)?;
        for (form, octets) in [("in one line", written), ("indented", indented)] {
            samples.push(Sample {
                name: format!("{name} ×{count}, {form}"),
                octets,
            });
        }
    }
    for name in ["CEB311Message", "CEB621Message"] {
        if let Some(standard) = standard() {
            let path = standard.join(format!("samples/import/{name}.xml"));
            samples.push(Sample {
                name: format!("{name}, the official sample"),
                octets: std::fs::read(path)?,
            });
        }
    }
    Ok(samples)
}

/// The official standard's folder, if it is at hand.
pub fn standard() -> Option<PathBuf> {
    std::env::var_os("TONGGUAN_SPEC").map(PathBuf::from)
}

fn declarations(document: &[u8]) -> Outcome<Vec<Declaration>> {
    let role = tongguan_roles::build(
        "ecommerce",
        PartOptions {
            part: "bench".to_owned(),
            options: serde_json::json!({}),
            base: PathBuf::new(),
        },
    )?;
    Ok(role.read(Document {
        name: "quickstart",
        octets: document,
        message: None,
    })?)
}

fn signed(name: &str, declarations: &[Declaration], count: usize) -> Outcome<Vec<u8>> {
    let declared = message(name).ok_or("no such message")?;
    let subject = TestSubject {
        common_name: "bench".into(),
        days: 2,
        from_days: 0,
    };
    let issued = provider().issue_for_tests(Scheme::RsaSha1, &subject, None, None)?;
    let key = provider().key_file(&issued.key_pem, None)?.key;
    let certificate = provider().certificate(&issued.certificate_pem)?;
    let mut document = Enveloping::new(Profile::RsaSha1, &[(declared.prefix, declared.namespace)]);
    document.uncovered(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    document.push(&opening(declared, &declarations[0].guid));
    for declaration in declarations.iter().cycle().take(count) {
        document.push(&declaration.fragment);
    }
    let who = BaseTransfer {
        copCode: "3301960T01".into(),
        copName: "示例跨境电商有限公司(测试)".into(),
        dxpMode: "DXP".into(),
        dxpId: "DXPENT0000012345".into(),
        note: None,
    };
    document.push(&transfer(&who).map_err(|p| p.to_string())?);
    let pending = document.prepare(&closing(declared));
    let value = key.sign(pending.signed_info())?;
    let info = KeyInfo {
        key_name: &certificate.serial,
        certificate: &certificate.der,
    };
    Ok(pending.complete(&value, &info, Sm2Encoding::Raw)?)
}

/// The same with each element on a line of its own, by tabs. Its signature then no longer fits,
/// which no schema asks.
fn indented(document: &[u8]) -> Outcome<Vec<u8>> {
    let text = std::str::from_utf8(document)?;
    let mut out = String::with_capacity(text.len() * 5 / 4);
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(between) = rest.find("><") {
        let (line, after) = rest.split_at(between + 1);
        out.push_str(line);
        rest = after;
        let opens = !line.contains("</") && !line.ends_with("/>") && !line.starts_with("<?");
        let closes = after.starts_with("</");
        if opens && closes {
            // An empty element.
            let end = after.find('>').ok_or("no end of a tag")? + 1;
            out.push_str(&after[..end]);
            rest = &after[end..];
        } else if opens {
            depth += 1;
        }
        if rest.starts_with("</") {
            depth = depth.saturating_sub(1);
        }
        out.push('\n');
        out.extend(std::iter::repeat_n('\t', depth));
    }
    out.push_str(rest);
    Ok(out.into_bytes())
}
