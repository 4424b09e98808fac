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
mod fields;
mod notation;
mod rows;
mod tables;
mod typed;

use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rows::{Errors, File, Meanings, Samples};
use tables::{Generator, snake};

/// The edition that is built in.
const EDITION: &str = "202205";

fn main() {
    let dir = Path::new("tables").join(EDITION);
    println!("cargo::rerun-if-changed={}", dir.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut texts = Texts::read(&dir);
    let errors: Errors = texts.take("errors");
    let meanings: Meanings = texts.take("meanings");
    let samples: Samples = texts.take("samples");
    let shared: File = texts.take("shared");
    let shared_export: File = texts.take("shared-export");
    let names: Vec<String> = texts.0.keys().cloned().collect();
    let files: BTreeMap<String, File> = names
        .into_iter()
        .map(|name| (name.clone(), texts.take(&name)))
        .collect();

    let mut tables = String::new();
    let mut types = String::new();
    let _ = writeln!(tables, "pub(crate) const EDITION: &str = {EDITION:?};");
    let mut generator = Generator {
        shared: &shared,
        shared_export: &shared_export,
        files: &files,
        meanings: &meanings,
        samples: &samples,
        statics: BTreeMap::new(),
        used: BTreeSet::new(),
    };
    for (name, row) in &shared.elements {
        if row.kind.as_deref() != Some("signature") && row.namespace.is_none() {
            generator.typed(&mut types, name, row, &shared);
        }
    }
    let mut statics = Vec::new();
    for (name, file) in &files {
        let message = file
            .message
            .as_ref()
            .filter(|m| m.name == *name)
            .unwrap_or_else(|| panic!("{name}.toml: a message's table needs its [message]"));
        statics.push(snake(&message.name));
        generator.message(&mut tables, file, message);
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
                generator.typed(&mut types, name, row, file);
            }
            let _ = writeln!(types, "}}");
        }
    }
    for (name, element) in &generator.statics {
        let _ = writeln!(tables, "static {name}: Element = {element};");
    }
    generator.check_all_used();
    let _ = write!(tables, "pub(crate) static MESSAGES: &[&Message] = &[");
    for name in &statics {
        let _ = write!(tables, "&{name}, ");
    }
    let _ = writeln!(tables, "];");
    let _ = write!(tables, "pub(crate) static ROLES: &[Role] = &[");
    for (name, [en, zh]) in &shared.roles {
        let _ = write!(
            tables,
            "Role {{ name: {name:?}, en: {en:?}, zh: {zh:?} }}, "
        );
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
    let _ = write!(
        tables,
        "/// The schema files, each with those that it includes.\npub(crate) static SCHEMAS: \
         &[(&str, &[&str])] = &["
    );
    for (schema, included) in &shared.schemas {
        let _ = write!(tables, "({schema:?}, &{included:?}), ");
    }
    let _ = writeln!(tables, "];");
    error_codes::write(&mut tables, &errors);
    fs::write(out.join("tables.rs"), tables).expect("OUT_DIR can be written");
    fs::write(out.join("typed.rs"), types).expect("OUT_DIR can be written");
}

/// The files of the folder, by their names without ending.
struct Texts(BTreeMap<String, (PathBuf, String)>);

impl Texts {
    fn read(dir: &Path) -> Self {
        let mut texts = BTreeMap::new();
        for entry in fs::read_dir(dir).expect("the tables' folder is part of the crate") {
            let path = entry.expect("the tables' folder can be listed").path();
            let name = path
                .file_stem()
                .map(|s| s.to_string_lossy().into_owned())
                .unwrap_or_default();
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
            texts.insert(name, (path, text));
        }
        Self(texts)
    }

    fn take<T: DeserializeOwned>(&mut self, name: &str) -> T {
        let Some((path, text)) = self.0.remove(name) else {
            panic!("there is no {name}.toml")
        };
        toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }
}
