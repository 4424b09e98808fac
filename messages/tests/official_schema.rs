//! Holds the tables against the official schemas, element by element, and the reader against
//! xmllint on the official samples. Needs the official standard (`TONGGUAN_SPEC`, or `shared/spec`
//! beside the workspace); says so and passes where it is not there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use roxmltree::{Document, Node};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use tongguan_messages::{
    Attribute, Content, Element, Kind, Limits, Message, Particle, SimpleType, answers, messages,
    read, validate,
};

const XS: &str = "http://www.w3.org/2001/XMLSchema";

fn spec() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec");
    let dir = env::var_os("TONGGUAN_SPEC").map_or(beside, PathBuf::from);
    let there = dir.join("xsd").is_dir();
    if !there {
        println!("skipped: no official standard at {}", dir.display());
    }
    there.then_some(dir)
}

/// The official files that describe a message.
fn files(message: &Message) -> Vec<String> {
    let mut names = vec![message.schema];
    if message.schema == "dxp-transport" {
        names.push("dxp-terminal");
    }
    let file = |name: &str| format!("{name}-202205.xsd");
    names.into_iter().map(file).collect()
}

struct Schema<'a> {
    documents: Vec<&'a Document<'a>>,
    wrong: Vec<String>,
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.has_tag_name((XS, name))
}

fn kid<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|c| is(c, name))
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

impl<'a> Schema<'a> {
    fn global(&self, kind: &str, name: &str) -> Option<Node<'a, 'a>> {
        self.documents.iter().find_map(|d| {
            let mut all = d.root_element().children();
            all.find(|c| is(c, kind) && c.attribute("name") == Some(local(name)))
        })
    }

    fn same(&mut self, place: &str, what: &str, official: &str, ours: &str) {
        if official != ours {
            self.wrong.push(format!(
                "{place}: {what}: official {official:?}, ours {ours:?}"
            ));
        }
    }

    fn element(&mut self, place: &str, official: Node<'a, 'a>, ours: &Element) {
        let or = |a: Option<&'static str>| a.unwrap_or("-").to_owned();
        let said = |name: &str| official.attribute(name).unwrap_or("-").to_owned();
        self.same(place, "fixed", &said("fixed"), &or(ours.fixed));
        self.same(place, "default", &said("default"), &or(ours.default));
        let extension = kid(official, "complexType")
            .and_then(|c| kid(c, "simpleContent"))
            .and_then(|c| kid(c, "extension"));
        let named = official
            .attribute("type")
            .or(extension.and_then(|e| e.attribute("base")))
            .filter(|name| !name.starts_with("xs:"))
            .map_or("-".to_owned(), |name| local(name).to_owned());
        self.same(place, "type's name", &named, &or(ours.type_name));
        let complex = match official.attribute("type") {
            None => kid(official, "complexType"),
            Some(name) => self.global("complexType", name),
        };
        let Some(complex) = complex else {
            let simple = self.simple(official);
            self.same(place, "type", &simple, &content(ours));
            return;
        };
        if let Some(simple) = kid(complex, "simpleContent") {
            let extension = kid(simple, "extension").unwrap();
            let base = extension.attribute("base").unwrap();
            let kind = match self.global("simpleType", base) {
                Some(named) => restriction(kid(named, "restriction").unwrap()),
                None => builtin(local(base)).to_owned(),
            };
            self.same(place, "type", &kind, &content(ours));
            self.attributes(place, extension, ours);
            return;
        }
        self.attributes(place, complex, ours);
        let Some(sequence) = kid(complex, "sequence") else {
            self.same(place, "content", "empty", &content(ours));
            return;
        };
        let children: Vec<_> = sequence.children().filter(Node::is_element).collect();
        if children.iter().any(|c| is(c, "any")) {
            self.same(place, "content", "any", &content(ours));
            return;
        }
        let names: Vec<String> = children
            .iter()
            .map(|c| {
                let name = c.attribute("name").or(c.attribute("ref")).unwrap();
                let min = c.attribute("minOccurs").unwrap_or("1");
                let max = c.attribute("maxOccurs").unwrap_or("1");
                format!("{} {min}..{max}", local(name))
            })
            .collect();
        let own: Vec<String> = ours.particles().iter().map(occurs).collect();
        self.same(place, "children", &names.join(", "), &own.join(", "));
        for (child, particle) in children.iter().zip(ours.particles()) {
            let place = format!("{place}/{}", particle.element.name);
            let target = match child.attribute("ref") {
                Some("ds:Signature") => continue,
                Some(name) => self.global("element", name).unwrap(),
                None => *child,
            };
            self.element(&place, target, particle.element);
        }
    }

    fn simple(&self, element: Node<'a, 'a>) -> String {
        if let Some(name) = element.attribute("type") {
            return match self.global("simpleType", name) {
                Some(named) => restriction(kid(named, "restriction").unwrap()),
                None => builtin(local(name)).to_owned(),
            };
        }
        match kid(element, "simpleType") {
            Some(simple) => restriction(kid(simple, "restriction").unwrap()),
            None => "anything".to_owned(),
        }
    }

    fn attributes(&mut self, place: &str, official: Node<'a, 'a>, ours: &Element) {
        let all: BTreeSet<String> = official
            .children()
            .filter(|c| is(c, "attribute"))
            .map(|a| {
                let kind = self.simple(a);
                // A fixed value leaves nothing to its type.
                let fixed = a.attribute("fixed");
                let kind = if fixed.is_some() { "string" } else { &kind };
                let required = a.attribute("use") == Some("required");
                format!(
                    "{} {kind} {required} {fixed:?}",
                    a.attribute("name").unwrap()
                )
            })
            .collect();
        let own: BTreeSet<String> = ours.attributes.iter().map(attribute).collect();
        let show = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
        self.same(place, "attributes", &show(&all), &show(&own));
    }
}

fn attribute(a: &Attribute) -> String {
    let kind = match a.fixed {
        Some(_) => "string".to_owned(),
        None => simple(a.kind),
    };
    format!("{} {kind} {} {:?}", a.name, a.required, a.fixed)
}

fn occurs(p: &Particle) -> String {
    let max = match p.max {
        u32::MAX => "unbounded".to_owned(),
        max => max.to_string(),
    };
    format!("{} {}..{max}", p.element.name, p.min)
}

fn builtin(name: &str) -> &str {
    match name {
        "string" => "string",
        "int" => "int",
        "ID" => "id",
        other => other,
    }
}

/// A restriction in one form: its base, and its facets in alphabetical order.
fn restriction(node: Node<'_, '_>) -> String {
    let base = local(node.attribute("base").unwrap());
    let facets: BTreeSet<String> = node
        .children()
        .filter(Node::is_element)
        .filter(|f| !(is(f, "minLength") && f.attribute("value") == Some("0")))
        .filter(|f| !is(f, "annotation"))
        .map(|f| format!("{}={}", f.tag_name().name(), f.attribute("value").unwrap()))
        .collect();
    facets
        .iter()
        .fold(builtin(base).to_owned(), |all, f| all + " " + f)
}

fn simple(kind: SimpleType) -> String {
    match kind {
        SimpleType::Chars { min, max, collapse } => {
            let mut all = "string".to_owned();
            if min == max {
                all += &format!(" length={min}");
            } else {
                if max < u32::MAX {
                    all += &format!(" maxLength={max}");
                }
                if min > 0 {
                    all += &format!(" minLength={min}");
                }
            }
            if collapse {
                all += " whiteSpace=collapse";
            }
            all
        }
        SimpleType::Decimal { total, fraction } => {
            format!("decimal fractionDigits={fraction} totalDigits={total}")
        }
        SimpleType::Int { digits: 0 } => "int".to_owned(),
        SimpleType::Int { digits } => format!("int totalDigits={digits}"),
        SimpleType::Date => "date".to_owned(),
        SimpleType::DateTime => "dateTime".to_owned(),
        SimpleType::Base64 => "base64Binary".to_owned(),
        SimpleType::Id => "id".to_owned(),
    }
}

fn content(element: &Element) -> String {
    match element.content {
        Content::Text(kind) => simple(kind),
        Content::Sequence([]) => "empty".to_owned(),
        Content::Sequence(_) => "elements".to_owned(),
        Content::AnyElement => "any".to_owned(),
        Content::AnyType => "anything".to_owned(),
        Content::Signature => "signature".to_owned(),
    }
}

#[test]
fn tables_say_what_the_official_schemas_say() {
    let Some(spec) = spec() else { return };
    let mut wrong = Vec::new();
    for message in messages() {
        let texts: Vec<String> = files(message)
            .iter()
            .map(|name| fs::read_to_string(spec.join("xsd").join(name)).unwrap())
            .collect();
        let documents: Vec<Document<'_>> = texts
            .iter()
            .map(|text| Document::parse(text.trim_start_matches('\u{FEFF}')).unwrap())
            .collect();
        let mut schema = Schema {
            documents: documents.iter().collect(),
            wrong: Vec::new(),
        };
        match schema.global("element", message.name) {
            Some(root) => schema.element(message.name, root, &message.root),
            None => schema
                .wrong
                .push(format!("{} is not official", message.name)),
        }
        wrong.append(&mut schema.wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The elements of the tables that are declared by themselves, below this one.
fn globals(element: &'static Element, found: &mut BTreeSet<String>) {
    if element.global && !matches!(element.content, Content::Signature) {
        found.insert(element.name.to_owned());
    }
    for particle in element.particles() {
        globals(particle.element, found);
    }
}

#[test]
fn what_is_declared_by_itself_is_so_officially() {
    let Some(spec) = spec() else { return };
    for message in messages() {
        let mut own = BTreeSet::new();
        for other in messages() {
            if files(message).iter().any(|f| files(other)[0] == *f) {
                globals(&other.root, &mut own);
            }
        }
        let mut official = BTreeSet::new();
        for file in files(message) {
            let text = fs::read_to_string(spec.join("xsd").join(file)).unwrap();
            let document = Document::parse(text.trim_start_matches('\u{FEFF}')).unwrap();
            let all = document.root_element().children();
            let elements = all.filter(|c| is(c, "element"));
            official.extend(elements.map(|e| e.attribute("name").unwrap().to_owned()));
        }
        assert_eq!(own, official, "{}", message.schema);
    }
}

#[test]
fn no_official_message_is_missing() {
    let Some(spec) = spec() else { return };
    for entry in fs::read_dir(spec.join("xsd")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let document = Document::parse(text.trim_start_matches('\u{FEFF}')).unwrap();
        for element in document
            .root_element()
            .children()
            .filter(|c| is(c, "element"))
        {
            let name = element.attribute("name").unwrap();
            let message = name.starts_with("CEB") || name.starts_with("Dxp");
            assert!(
                !message || messages().iter().any(|m| m.name == name),
                "{name} of {} is in no table",
                path.display()
            );
        }
    }
}

#[test]
fn official_samples_get_the_verdict_that_xmllint_gives() {
    let Some(spec) = spec() else { return };
    let mut seen = 0;
    for (folder, schema) in [
        ("import", "ceb-import-202205.xsd"),
        ("export", "ceb-export-202205.xsd"),
    ] {
        for entry in fs::read_dir(spec.join("samples").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let judged = Command::new("xmllint")
                .args(["--nonet", "--noout", "--schema"])
                .arg(spec.join("xsd").join(schema))
                .arg(&path)
                .output();
            let judged = match judged {
                Ok(output) => output,
                Err(error) if env::var_os("TONGGUAN_REQUIRE_PARTS").is_none() => {
                    println!("skipped: xmllint: {error}");
                    return;
                }
                Err(error) => panic!("xmllint: {error}"),
            };
            let problems = validate(&fs::read(&path).unwrap(), &Limits::default());
            assert_eq!(
                problems.is_empty(),
                judged.status.success(),
                "{}: {problems:?}\n{}",
                path.display(),
                String::from_utf8_lossy(&judged.stderr)
            );
            if let Ok(parsed) = read(&fs::read(&path).unwrap(), &Limits::default())
                && parsed.message.kind == Kind::Receipt
            {
                let answers = answers(&parsed);
                let keyed = answers.iter().all(|a| a.key.is_some());
                assert!(!answers.is_empty() && keyed, "{}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen >= 39, "only {seen} samples");
}
