//! Every example keeps the schema: by our reader, and by xmllint with the exported schema and,
//! where it is at hand, the official one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

#[path = "../../tests/mutants/schemas.rs"]
mod schemas;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use schemas::Schemas;
use tongguan_messages::{
    Extent, Kind, Message, example, messages, read, read_unsigned, unsigned_example,
};

const EXTENTS: [(Extent, &str); 2] = [(Extent::Minimal, "minimal"), (Extent::Full, "full")];

#[test]
fn the_reader_takes_every_example() {
    for message in messages() {
        for (extent, name) in EXTENTS {
            let text = example(message, extent);
            let parsed = read(text.as_bytes(), &Default::default())
                .unwrap_or_else(|problems| panic!("{} {name}: {problems:#?}", message.name));
            assert_eq!(parsed.message.name, message.name);
            let text = unsigned_example(message, extent);
            let parsed = read_unsigned(text.as_bytes(), &Default::default());
            assert!(
                parsed.is_ok_and(|p| p.signature.is_none()),
                "{}",
                message.name
            );
        }
    }
}

/// Every element that the tables know is in a full example, save signatures that nothing asks for.
#[test]
fn a_full_example_leaves_nothing_out() {
    for message in messages() {
        let text = example(message, Extent::Full);
        for (path, field) in message.root.fields() {
            assert!(
                text.contains(&format!("<{}:{}", field.prefix, field.name)),
                "{}: {path}",
                message.name
            );
        }
    }
}

#[test]
fn a_minimal_example_has_its_business_key() {
    for message in messages().iter().filter(|m| m.kind == Kind::Declaration) {
        let text = example(message, Extent::Minimal);
        let parsed = read(text.as_bytes(), &Default::default()).unwrap();
        let unit = message.unit.unwrap();
        let node = parsed.root.child(unit.name).unwrap();
        let key = tongguan_messages::business_key(message, node);
        assert!(key.is_some_and(|k| !k.is_empty()), "{}", message.name);
    }
}

fn standard() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec");
    let dir = env::var_os("TONGGUAN_SPEC").map_or(beside, PathBuf::from);
    if !dir.join("xsd").is_dir() {
        println!("skipped: the official schema is not at hand (TONGGUAN_SPEC)");
        return None;
    }
    dir.canonicalize().ok()
}

#[test]
fn xmllint_takes_every_example() {
    let standard = standard();
    let schemas = Schemas::new(standard.as_deref());
    let dir = tempfile::tempdir().unwrap();
    let mut by_schema: BTreeMap<&str, Vec<PathBuf>> = BTreeMap::new();
    for message in messages() {
        for (extent, name) in EXTENTS {
            let path = dir.path().join(format!("{}-{name}.xml", message.name));
            fs::write(&path, example(message, extent)).unwrap();
            by_schema.entry(message.schema).or_default().push(path);
        }
    }
    assert_eq!(by_schema.values().map(Vec::len).sum::<usize>(), 90);
    for (name, files) in by_schema {
        for schema in schemas.of(name) {
            judge(&schema, &files);
        }
    }
}

fn judge(schema: &Path, files: &[PathBuf]) {
    let judged = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .args(files)
        .output();
    match judged {
        Ok(output) => assert!(
            output.status.success(),
            "{}: {}",
            schema.display(),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) if env::var_os("TONGGUAN_REQUIRE_PARTS").is_none() => {
            println!("skipped: xmllint: {error}");
        }
        Err(error) => panic!("xmllint: {error}"),
    }
}

/// A sample that does not fit its field would be found above; this finds one that says nothing.
#[test]
fn no_field_of_an_example_is_empty() {
    fn look(message: &Message, node: &tongguan_messages::Node) {
        let empty = node.own_text().is_some_and(str::is_empty);
        assert!(!empty, "{}: {}", message.name, node.element.name);
        node.children()
            .iter()
            .for_each(|child| look(message, child));
    }
    for message in messages() {
        let text = example(message, Extent::Full);
        look(
            message,
            &read(text.as_bytes(), &Default::default()).unwrap().root,
        );
    }
}
