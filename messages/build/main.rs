//! Turns the tables of the standard (`tables/<edition>/*.toml`) into static Rust: the tables
//! themselves and one serde type for each element. A mistake in a table stops the build and
//! names the file.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a mistake in a table must stop the build; cargo listens on standard output"
)]

mod error_codes;
mod notation;
mod rows;
mod tables;
mod typed;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rows::{Errors, File};
use tables::{Generator, snake};

/// The edition that is built in.
const EDITION: &str = "202205";

fn main() {
    let dir = Path::new("tables").join(EDITION);
    println!("cargo::rerun-if-changed={}", dir.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&dir).expect("the tables' folder is part of the crate") {
        let path = entry.expect("the tables' folder can be listed").path();
        let name = path
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default();
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
        files.insert(name, (path, text));
    }
    let (path, text) = files.remove("errors").expect("errors.toml holds chapter 7");
    let errors: Errors = parse(&path, &text);
    let (path, text) = files
        .remove("shared")
        .expect("shared.toml holds the common entities");
    let shared: File = parse(&path, &text);
    let (path, text) = files
        .remove("shared-export")
        .expect("shared-export.toml holds where export differs");
    let shared_export: File = parse(&path, &text);

    let mut tables = String::new();
    let mut types = String::new();
    let _ = writeln!(tables, "pub(crate) const EDITION: &str = {EDITION:?};");
    let mut generator = Generator {
        shared: &shared,
        shared_export: &shared_export,
        statics: BTreeMap::new(),
    };
    for (name, row) in &shared.elements {
        if row.kind.as_deref() != Some("signature") && row.namespace.is_none() {
            generator.typed(&mut types, name, row, &shared);
        }
    }
    let mut statics = Vec::new();
    for (path, text) in files.values() {
        let file: File = parse(path, text);
        let message = file
            .message
            .as_ref()
            .unwrap_or_else(|| panic!("{}: a table of a message needs [message]", path.display()));
        let name = snake(&message.name);
        statics.push(name.clone());
        generator.message(&mut tables, &file, message, path);
        if message.namespace == "ceb" {
            let _ = writeln!(
                types,
                "/// {} ({}), {}.\npub mod {} {{\nuse super::*;\n",
                message.en,
                message.zh,
                message.name,
                snake(&message.name).to_lowercase().replace("_message", "")
            );
            for (name, row) in &file.elements {
                generator.typed(&mut types, name, row, &file);
            }
            let _ = writeln!(types, "}}");
        }
    }
    for (name, element) in &generator.statics {
        let _ = writeln!(tables, "static {name}: Element = {element};");
    }
    let _ = write!(tables, "pub(crate) static MESSAGES: &[&Message] = &[");
    for name in &statics {
        let _ = write!(tables, "&{name}, ");
    }
    let _ = writeln!(tables, "];");
    let _ = writeln!(
        tables,
        "/// The namespace of a usual prefix.\npub(crate) fn namespace_of(prefix: &str) -> \
         &'static str {{\n    match prefix {{"
    );
    for (prefix, namespace) in &shared.namespaces {
        let _ = writeln!(tables, "        {prefix:?} => {namespace:?},");
    }
    let _ = writeln!(tables, "        _ => \"\",\n    }}\n}}");
    error_codes::write(&mut tables, &errors);
    fs::write(out.join("tables.rs"), tables).expect("OUT_DIR can be written");
    fs::write(out.join("typed.rs"), types).expect("OUT_DIR can be written");
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path, text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
