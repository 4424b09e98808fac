//! What is mutated: messages of our own (`seeds/`), one of each message as the tables have it,
//! and the official samples where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};

use tongguan_messages::{Extent, Message, example, message, messages};

/// A message to mutate.
pub struct Seed {
    pub name: String,
    pub octets: Vec<u8>,
    pub message: &'static Message,
}

/// A whole signature, with all that the schema allows in one.
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
    println!("skipped: the official standard is not at hand (TONGGUAN_SPEC)");
    None
}

/// All of them.
pub fn all(standard: Option<&Path>) -> Vec<Seed> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mutants/seeds");
    let mut seeds = folder(&own);
    for message in messages() {
        for (extent, name) in [(Extent::Full, "full"), (Extent::Minimal, "minimal")] {
            let mut text = example(message, extent);
            if extent == Extent::Full {
                text = with_all(message, text);
            }
            seeds.push(Seed {
                name: format!("{} {name}", message.name),
                octets: text.into_bytes(),
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

/// A full example with more than an example needs: a whole signature where one may stand, and
/// elements in what the tables do not look into.
fn with_all(message: &Message, text: String) -> String {
    let text = text.replace(">MAP01<", ">MAP01<any/><");
    if let (Some(start), Some(end)) = (text.find("<ds:Signature "), text.find("</ds:Signature>")) {
        let rest = &text[end + "</ds:Signature>".len()..];
        return [&text[..start], SIGNATURE.trim_end(), rest].concat();
    }
    let mut particles = message.root.particles().iter();
    if !particles.any(|p| p.element.content.is_signature()) {
        return text;
    }
    let prefix = message.prefix;
    let after = particles.next().map_or_else(
        || format!("</{prefix}:{}>", message.name),
        |p| format!("<{prefix}:{}", p.element.name),
    );
    let at = text.rfind(&after).unwrap();
    [&text[..at], SIGNATURE, &text[at..]].concat()
}
