//! The JSON form: every example is taken as it is; the exported JSON Schemas, judged by an
//! independent validator, take what the role takes, and refuse what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use serde_json::{Value, json};
use tongguan_contracts::{Document, PartOptions, Role};
use tongguan_messages::{
    Content, Element, Extent, Format, Kind, Message, SimpleType, document, example_json,
    json_schema, message, messages, unsigned_example,
};

const EXTENTS: [Extent; 2] = [Extent::Minimal, Extent::Full];

fn declarations() -> impl Iterator<Item = &'static Message> {
    let all = messages().iter().copied();
    all.filter(|m| m.kind == Kind::Declaration)
}

fn role(declares: &[&str]) -> Arc<dyn Role> {
    tongguan_roles::build("ecommerce", PartOptions {
        part: "test".to_owned(),
        base: ".".into(),
        options: json!({ "also": ["platform", "payment", "logistics", "warehouse", "agent"], "declares": declares }),
    })
    .unwrap()
}

/// What the role says: how many declarations, or what is wrong.
fn taken(role: &dyn Role, octets: &[u8], message: Option<&str>) -> Result<usize, String> {
    let document = Document {
        name: "test",
        octets,
        message,
    };
    let declared = role
        .read(document)
        .map_err(|r| format!("{:#?}", r.problems))?;
    Ok(declared.len())
}

#[test]
fn every_example_is_taken_as_it_is() {
    for message in declarations() {
        let alone = role(&[message.name]);
        let all: Vec<&str> = declarations().map(|m| m.name).collect();
        let all = role(&all);
        for extent in EXTENTS {
            let json = example_json(message, extent).unwrap();
            let xml = unsigned_example(message, extent);
            let many = message.root.particles()[0].max > 1;
            let expected = if extent == Extent::Full && many { 2 } else { 1 };
            for text in [json, xml] {
                let count = taken(&*alone, text.as_bytes(), None);
                assert_eq!(count, Ok(expected), "{} {extent:?}", message.name);
                let count = taken(&*all, text.as_bytes(), Some(message.name));
                assert_eq!(count, Ok(expected), "{} {extent:?}", message.name);
            }
        }
    }
}

/// What was declared is a document again, which declares the same under a guid and time of its own.
#[test]
fn what_was_declared_is_a_document_again() {
    let without = |octets: &[u8], names: &[&str]| {
        let mut text = String::from_utf8(octets.to_vec()).unwrap();
        for name in names {
            let (from, to) = (format!("<ceb:{name}>"), format!("</ceb:{name}>"));
            while let Some((before, rest)) = text.split_once(&from) {
                let (_, after) = rest.split_once(&to).unwrap();
                text = format!("{before}{after}");
            }
        }
        text
    };
    for known in declarations() {
        let role = role(&[known.name]);
        for extent in EXTENTS {
            let json = example_json(known, extent).unwrap();
            let read = |octets: &[u8]| {
                let (name, message) = ("test", None);
                let document = Document {
                    name,
                    octets,
                    message,
                };
                role.read(document).unwrap()
            };
            for one in read(json.as_bytes()) {
                let text = document(known, &one.fragment).unwrap();
                let again = read(text.as_bytes()).remove(0);
                assert_eq!(again.business_key, one.business_key);
                assert_ne!(again.guid, one.guid, "{} {text}", known.name);
                let own = ["guid", "appTime"];
                assert_eq!(without(&again.fragment, &own), without(&one.fragment, &own));
            }
        }
        assert!(document(known, b"<ceb:Order>").is_none());
        assert!(document(known, b"").is_none());
    }
}

/// The independent validator's verdicts; `None` where it is not at hand.
fn judged(lines: &[Value]) -> Option<Vec<String>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/json_schema.py");
    // Debian's own python has Debian's packages.
    let pythons = ["/usr/bin/python3", "python3"];
    let works = |python: &&str| {
        let tried = Command::new(python)
            .args(["-c", "import jsonschema"])
            .output();
        tried.is_ok_and(|o| o.status.success())
    };
    let Some(python) = pythons.iter().find(|p| works(p)) else {
        assert!(
            env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
            "python3-jsonschema is missing: run tests/setup"
        );
        println!("skipped: python3-jsonschema is missing (tests/setup installs it)");
        return None;
    };
    let mut judge = Command::new(python)
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = judge.stdin.take().unwrap();
    let all: String = lines.iter().map(|line| format!("{line}\n")).collect();
    // It answers while it reads.
    let writer = std::thread::spawn(move || input.write_all(all.as_bytes()));
    let output = judge.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the judge failed");
    let said = String::from_utf8(output.stdout).unwrap();
    let verdicts: Vec<String> = said.lines().map(str::to_owned).collect();
    assert_eq!(verdicts.len(), lines.len());
    Some(verdicts)
}

fn schema(message: &Message) -> Value {
    let text = json_schema(message).unwrap();
    json!({ "schema": serde_json::from_str::<Value>(&text).unwrap() })
}

#[test]
fn schemas_take_the_examples_and_the_quickstart() {
    let mut lines = Vec::new();
    for message in declarations() {
        lines.push(schema(message));
        for extent in EXTENTS {
            let text = example_json(message, extent).unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            lines.push(json!({ "document": document }));
        }
    }
    for (name, file) in [
        ("CEB311Message", "orders.json"),
        ("CEB621Message", "inventories.json"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart");
        let text = fs::read_to_string(path.join(file)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        lines.push(schema(message(name).unwrap()));
        lines.push(json!({ "document": document }));
    }
    for (line, verdict) in lines.iter().zip(judged(&lines).into_iter().flatten()) {
        assert_eq!(verdict, "valid", "{line:#}");
    }
}

/// A spoiled document, and whether the role too must refuse it.
struct Spoiled {
    how: String,
    document: Value,
    refused: bool,
}

/// Spoils a document in one place in every way that its table knows.
fn spoil(message: &'static Message) -> Vec<Spoiled> {
    let text = example_json(message, Extent::Full).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let unit = message.unit.unwrap();
    let start = if document.is_array() { "/0" } else { "" };
    let mut all = Vec::new();
    let mut spoil = Spoiler {
        document: &document,
        all: &mut all,
    };
    spoil.record(unit, start);
    all
}

struct Spoiler<'s> {
    document: &'s Value,
    all: &'s mut Vec<Spoiled>,
}

impl Spoiler<'_> {
    fn put(&mut self, pointer: &str, how: &str, refused: bool, value: Option<Value>) {
        let mut document = self.document.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let object = document
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        match value {
            Some(value) => object.insert(name.to_owned(), value),
            None => object.remove(name),
        };
        self.all.push(Spoiled {
            how: format!("{pointer}: {how}"),
            document,
            refused,
        });
    }

    fn record(&mut self, element: &'static Element, pointer: &str) {
        self.put(
            &format!("{pointer}/orderNumber"),
            "unknown",
            true,
            Some(json!("1")),
        );
        for particle in element.particles() {
            let child = particle.element;
            let at = format!("{pointer}/{}", child.name);
            if particle.min > 0 && child.fill.is_none() {
                self.put(&at, "missing", true, None);
            }
            match child.content {
                Content::Text(kind) => self.field(child, kind, &at),
                _ => {
                    self.put(&at, "no record", true, Some(json!("text")));
                    if particle.min > 0 {
                        self.put(&at, "an empty list", true, Some(json!([])));
                    }
                    let below = if particle.max > 1 {
                        format!("{at}/1")
                    } else {
                        at
                    };
                    self.record(child, &below);
                }
            }
        }
    }

    fn field(&mut self, field: &Element, kind: SimpleType, at: &str) {
        self.put(at, "an object", true, Some(json!({})));
        self.put(at, "a truth value", true, Some(json!(true)));
        if field.fixed.is_some() {
            self.put(at, "not the fixed value", true, Some(json!("502")));
            return;
        }
        if !field.codes.is_empty() {
            // Code lists are for the business rules: the role lets them pass.
            let like = "?".repeat(field.codes[0].0.len());
            self.put(at, "no code", false, Some(json!(like)));
            return;
        }
        if let Some(format) = field.format {
            let digits = "20261301250000000";
            let bad = &digits[..format.form().len()];
            self.put(at, "no date", true, Some(json!(bad)));
            if format != Format::Date8 {
                let bad = &"20261123250000000"[..format.form().len()];
                self.put(at, "no time", true, Some(json!(bad)));
            }
            self.put(at, "another form", true, Some(json!("2026-11-23")));
            return;
        }
        match kind {
            SimpleType::Chars { min, max, .. } => {
                if max < u32::MAX {
                    let long = "茶".repeat(max as usize + 1);
                    self.put(at, "too long", true, Some(json!(long)));
                }
                if min > 1 {
                    let short = "茶".repeat(min as usize - 1);
                    self.put(at, "too short", true, Some(json!(short)));
                }
            }
            SimpleType::Decimal { total, .. } => {
                let long = "1".repeat(total as usize + 1);
                for bad in ["1.234567", "1,000.00", "1e3", "壹", long.as_str()] {
                    self.put(at, bad, true, Some(json!(bad)));
                }
                self.put(at, "a large number", true, Some(json!(1e20)));
            }
            SimpleType::Int { .. } => {
                for bad in ["1.5", "一", "12345678901"] {
                    self.put(at, bad, true, Some(json!(bad)));
                }
                self.put(at, "a number with a fraction", true, Some(json!(1.5)));
                self.put(at, "a large number", true, Some(json!(12_345_678_901_u64)));
            }
            _ => panic!("{}: no declaration has this type", field.name),
        }
    }
}

#[test]
fn schemas_refuse_what_the_role_refuses() {
    let mut lines = Vec::new();
    let mut spoiled = Vec::new();
    for message in declarations() {
        lines.push(schema(message));
        spoiled.push(None);
        let role = role(&[message.name]);
        for one in spoil(message) {
            let octets = one.document.to_string();
            let taken = taken(&*role, octets.as_bytes(), None);
            let place = format!("{} {}", message.name, one.how);
            assert_eq!(taken.is_err(), one.refused, "{place}: {taken:?}");
            lines.push(json!({ "document": one.document }));
            spoiled.push(Some(place));
        }
    }
    let spoils = spoiled.iter().flatten().count();
    assert!(spoils > 2000, "only {spoils}");
    for (place, verdict) in spoiled.iter().zip(judged(&lines).into_iter().flatten()) {
        let expected = if place.is_some() { "invalid" } else { "valid" };
        let verdict = verdict.split(' ').next();
        assert_eq!(verdict, Some(expected), "{place:?}");
    }
}
