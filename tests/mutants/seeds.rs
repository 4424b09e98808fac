//! What is mutated: messages of our own (`seeds/`), one of each message as the tables have it,
//! and the official samples where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};

use tongguan_messages::{Message, message, messages};

use crate::tables;

/// A message to mutate.
pub struct Seed {
    pub name: String,
    pub octets: Vec<u8>,
    pub message: &'static Message,
}

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
                octets: tables::message(message, full).into_bytes(),
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
