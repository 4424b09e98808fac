//! What is mutated: messages of our own (`seeds/`), one of each message as the tables have it,
//! and the official samples where they are at hand.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tongguan_messages::{Content, Element, Format, Message, SimpleType, message, messages};

/// A message to mutate.
pub struct Seed {
    pub name: String,
    pub octets: Vec<u8>,
    pub message: &'static Message,
}

/// A whole signature, for messages that the tables make.
const SIGNATURE: &str = include_str!("seeds/signature.xml");

/// The official standard's folder, if it is at hand.
pub fn standard() -> Option<PathBuf> {
    let path = std::env::var_os("TONGGUAN_SPEC").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec"),
        PathBuf::from,
    );
    if path.join("xsd").is_dir() {
        return path.canonicalize().ok();
    }
    println!("the official standard is not at hand (TONGGUAN_SPEC): our own schemas judge alone");
    None
}

/// All of them.
pub fn all(standard: Option<&Path>) -> Vec<Seed> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mutants/seeds");
    let mut seeds = folder(&own);
    for message in messages() {
        for full in [true, false] {
            let name = format!("{} {}", message.name, if full { "full" } else { "least" });
            seeds.push(Seed {
                name,
                octets: from_tables(message, full).into_bytes(),
                message,
            });
        }
    }
    for samples in ["samples/import", "samples/export"] {
        seeds.extend(
            standard
                .map(|s| folder(&s.join(samples)))
                .into_iter()
                .flatten(),
        );
    }
    seeds
}

/// The messages in a folder that the tables know.
fn folder(path: &Path) -> Vec<Seed> {
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut seeds = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let kind = stem.split('-').next().unwrap_or_default();
        if let Some(message) = message(kind) {
            seeds.push(Seed {
                octets: fs::read(&file).unwrap(),
                name: stem,
                message,
            });
        }
    }
    seeds
}

/// The message with all that the tables allow, or with no more than they ask for.
pub fn from_tables(message: &Message, full: bool) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (prefix, namespace) = (message.prefix, message.namespace);
    let declared = format!(" xmlns:{prefix}=\"{namespace}\"");
    element(&mut out, &message.root, &declared, full, 0);
    out
}

/// One element as the tables have it, with the namespaces that it needs.
pub fn element_from_tables(field: &Element, full: bool) -> String {
    let mut out = String::new();
    let declared = " xmlns:ceb=\"http://www.chinaport.gov.cn/ceb\" \
                    xmlns:dxp=\"http://www.chinaport.gov.cn/dxp\"";
    element(&mut out, field, declared, full, 0);
    out
}

fn element(out: &mut String, element_: &Element, more: &str, full: bool, depth: usize) {
    let pad = "\t".repeat(depth);
    if matches!(element_.content, Content::Signature) {
        out.push_str(SIGNATURE);
        return;
    }
    let (prefix, name) = (element_.prefix, element_.name);
    let _ = write!(out, "{pad}<{prefix}:{name}{more}");
    for attribute in element_.attributes {
        if attribute.required || full {
            let value = attribute
                .fixed
                .map_or_else(|| value(attribute.kind), str::to_owned);
            let _ = write!(out, " {}=\"{value}\"", attribute.name);
        }
    }
    out.push('>');
    match element_.content {
        Content::Sequence([]) => {}
        Content::Sequence(particles) => {
            out.push('\n');
            for particle in particles {
                let count = if full {
                    particle.max.min(2)
                } else {
                    particle.min
                };
                for _ in 0..count {
                    element(out, particle.element, "", full, depth + 1);
                }
            }
            out.push_str(&pad);
        }
        Content::Text(kind) => out.push_str(&text(element_, kind)),
        Content::AnyElement if full => out.push_str("<any xmlns=\"\" a=\"b\">text</any>"),
        Content::AnyType if full => out.push_str("text<any/>"),
        _ => {}
    }
    let _ = writeln!(out, "</{prefix}:{name}>");
}

fn text(element: &Element, kind: SimpleType) -> String {
    if let Some(fixed) = element.fixed {
        return fixed.to_owned();
    }
    match element.format {
        Some(Format::Date8) => "20261123".to_owned(),
        Some(Format::DateTime14) => "20261123093000".to_owned(),
        Some(Format::DateTime17) => "20261123093000000".to_owned(),
        None => element
            .codes
            .first()
            .map_or_else(|| value(kind), |c| c.0.to_owned()),
    }
}

fn value(kind: SimpleType) -> String {
    match kind {
        SimpleType::Chars { min, max, .. } => {
            let length = min.max(max.min(5)) as usize;
            "示例A1Z".chars().cycle().take(length).collect()
        }
        SimpleType::Decimal { fraction: 0, .. } => "12".to_owned(),
        SimpleType::Decimal { .. } => "12.5".to_owned(),
        SimpleType::Int { .. } => "1".to_owned(),
        SimpleType::Date => "2026-11-23".to_owned(),
        SimpleType::DateTime => "2026-11-23T09:30:00".to_owned(),
        SimpleType::Base64 => "QUJD".to_owned(),
        SimpleType::Id => "id1".to_owned(),
    }
}
