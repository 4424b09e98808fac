//! Turns the tables of the standard (`tables/<edition>/*.toml`) into static Rust: the tables
//! themselves and one serde type for each element. A mistake in a table stops the build and
//! names the file.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a mistake in a table must stop the build"
)]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The edition that is built in.
const EDITION: &str = "202205";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    message: Option<MessageRow>,
    #[serde(default)]
    namespaces: BTreeMap<String, String>,
    /// The standard's schema files, each with those that it includes.
    #[serde(default)]
    schemas: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    elements: BTreeMap<String, ElementRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageRow {
    name: String,
    zh: String,
    en: String,
    section: String,
    namespace: String,
    /// Its schema file; that of its namespace and direction if it is not said.
    schema: Option<String>,
    direction: String,
    kind: String,
    #[serde(default)]
    senders: Vec<String>,
    unit: Option<String>,
    #[serde(default)]
    business_key: Vec<String>,
    #[serde(default)]
    answered_by: Vec<String>,
    #[serde(default)]
    answers: Vec<String>,
    #[serde(default)]
    statuses: Vec<StatusRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusRow {
    code: String,
    outcome: String,
    zh: String,
    en: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ElementRow {
    zh: String,
    en: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    like: Option<String>,
    namespace: Option<String>,
    /// The official schema declares it inside another element, not by itself.
    #[serde(default)]
    local: bool,
    /// What the official schema calls its type.
    named: Option<String>,
    #[serde(default)]
    attributes: Vec<FieldRow>,
    #[serde(default)]
    children: Vec<ChildRow>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum ChildRow {
    Ref(RefRow),
    Field(Box<FieldRow>),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefRow {
    r#ref: String,
    occurs: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldRow {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    occurs: Option<String>,
    zh: String,
    en: String,
    #[serde(default)]
    meaning: String,
    #[serde(default)]
    personal: bool,
    fill: Option<String>,
    format: Option<String>,
    fixed: Option<String>,
    default: Option<String>,
    /// What the official schema calls its type.
    named: Option<String>,
    /// White space is collapsed before the length is counted.
    #[serde(default)]
    collapse: bool,
    #[serde(default)]
    codes: Vec<[String; 3]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Errors {
    codes: Vec<ErrorRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorRow {
    code: String,
    level: String,
    zh: String,
    #[serde(default)]
    already_declared: bool,
}

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
    let _ = writeln!(
        tables,
        "/// The schema files, each with those that it includes.\npub(crate) static SCHEMAS: \
         &[(&str, &[&str])] = &["
    );
    for (schema, included) in &shared.schemas {
        let _ = writeln!(tables, "    ({schema:?}, &{included:?}),");
    }
    let _ = writeln!(tables, "];");
    let _ = writeln!(tables, "pub(crate) static ERRORS: &[ErrorCode] = &[");
    for row in &errors.codes {
        let level = match row.level.as_str() {
            "platform" => "Platform",
            "clearance" => "Clearance",
            other => panic!("errors.toml: code {}: unknown level {other:?}", row.code),
        };
        let _ = writeln!(
            tables,
            "    ErrorCode {{ code: {:?}, level: Level::{level}, zh: {:?}, already_declared: {} }},",
            row.code, row.zh, row.already_declared
        );
    }
    let _ = writeln!(tables, "];");
    fs::write(out.join("tables.rs"), tables).expect("OUT_DIR can be written");
    fs::write(out.join("typed.rs"), types).expect("OUT_DIR can be written");
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path, text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

struct Generator<'a> {
    shared: &'a File,
    shared_export: &'a File,
    /// The elements that others refer to: the name of the static, and its value.
    statics: BTreeMap<String, String>,
}

impl Generator<'_> {
    /// The row of an element, and what its static is called.
    fn find<'f>(&'f self, file: &'f File, name: &str) -> (&'f ElementRow, String) {
        let message = file.message.as_ref();
        if let Some(row) = file.elements.get(name) {
            let owner = message.map_or_else(String::new, |m| snake(&m.name));
            return (row, format!("{owner}_{}", snake(name)));
        }
        let export = message.is_some_and(|m| m.direction == "export");
        if let (true, Some(row)) = (export, self.shared_export.elements.get(name)) {
            return (row, format!("SHARED_EXPORT_{}", snake(name)));
        }
        let row = self.shared.elements.get(name);
        let row = row.unwrap_or_else(|| panic!("a table refers to {name:?}, which no table has"));
        (row, format!("SHARED_{}", snake(name)))
    }

    /// The static of an element that others refer to.
    fn refer(&mut self, file: &File, name: &str, message: &MessageRow) -> String {
        let known = self.find(file, name).1;
        if !self.statics.contains_key(&known) {
            let value = self.element(file, name, message);
            self.statics.insert(known.clone(), value);
        }
        known
    }

    fn message(&mut self, out: &mut String, file: &File, message: &MessageRow, path: &Path) {
        let root = self.element(file, &message.name, message);
        let unit = match &message.unit {
            None => "None".to_owned(),
            Some(name) => format!("Some(&{})", self.refer(file, name, message)),
        };
        let kind = match message.kind.as_str() {
            "declaration" => "Declaration",
            "receipt" => "Receipt",
            "envelope" => "Envelope",
            "platform-receipt" => "PlatformReceipt",
            "notice" => "Notice",
            other => panic!("{}: unknown kind {other:?}", path.display()),
        };
        let direction = match message.direction.as_str() {
            "import" => "Import",
            "export" => "Export",
            "both" => "Both",
            other => panic!("{}: unknown direction {other:?}", path.display()),
        };
        let statuses: String = message
            .statuses
            .iter()
            .map(|s| {
                let outcome = match s.outcome.as_str() {
                    "pending" => "Pending",
                    "accepted" => "Accepted",
                    "rejected" => "Rejected",
                    other => panic!("{}: unknown outcome {other:?}", path.display()),
                };
                format!(
                    "Status {{ code: {:?}, zh: {:?}, en: {:?}, outcome: Outcome::{outcome} }}, ",
                    s.code, s.zh, s.en
                )
            })
            .collect();
        let namespace = self
            .shared
            .namespaces
            .get(&message.namespace)
            .unwrap_or_else(|| {
                panic!(
                    "{}: unknown namespace {:?}",
                    path.display(),
                    message.namespace
                )
            });
        let usual = format!("{}-{}", message.namespace, message.direction);
        let schema = message.schema.as_ref().unwrap_or(&usual);
        if !self.shared.schemas.contains_key(schema) {
            panic!("{}: unknown schema {schema:?}", path.display());
        }
        let _ = writeln!(
            out,
            "static {}: Message = Message {{ name: {:?}, zh: {:?}, en: {:?}, section: {:?}, \
             prefix: {:?}, namespace: {:?}, schema: {schema:?}, direction: Direction::{direction}, kind: Kind::{kind}, \
             senders: &{:?}, root: {root}, unit: {unit}, business_key: &{:?}, \
             answered_by: &{:?}, answers: &{:?}, statuses: &[{statuses}] }};",
            snake(&message.name),
            message.name,
            message.zh,
            message.en,
            message.section,
            message.namespace,
            namespace,
            message.senders,
            message.business_key,
            message.answered_by,
            message.answers,
        );
    }

    fn element(&mut self, file: &File, name: &str, message: &MessageRow) -> String {
        let row = self.find(file, name).0.clone();
        let body = match &row.like {
            Some(like) => self.find(file, like).0.clone(),
            None => row.clone(),
        };
        let prefix = row.namespace.as_deref().unwrap_or(&message.namespace);
        let content = match body.kind.as_deref() {
            Some(kind) => content(kind, name),
            None => {
                let mut particles = String::new();
                for child in &body.children {
                    let (element, occurs) = match child {
                        ChildRow::Ref(r) => {
                            (self.refer(file, &r.r#ref, message), r.occurs.as_deref())
                        }
                        ChildRow::Field(f) => (field(f, &message.namespace), f.occurs.as_deref()),
                    };
                    let (min, max) = occurs_range(occurs, name);
                    let _ = write!(
                        particles,
                        "Particle {{ element: &{element}, min: {min}, max: {max} }}, "
                    );
                }
                format!("Content::Sequence(&[{particles}])")
            }
        };
        let attributes: String = body
            .attributes
            .iter()
            .map(|a| {
                let Some(simple) = simple(&a.kind) else {
                    panic!("{name}: attribute {} cannot have type {:?}", a.name, a.kind)
                };
                format!(
                    "Attribute {{ name: {:?}, zh: {:?}, en: {:?}, kind: {simple}, required: {}, \
                     fixed: {:?} }}, ",
                    a.name,
                    a.zh,
                    a.en,
                    a.occurs.as_deref() != Some("0..1"),
                    a.fixed
                )
            })
            .collect();
        format!(
            "Element {{ name: {name:?}, open: \"<{prefix}:{name}>\", close: \"</{prefix}:{name}>\", \
             prefix: {prefix:?}, global: {}, type_name: {:?}, zh: {:?}, en: {:?}, meaning: \"\", \
             content: {content}, attributes: &[{attributes}], personal: false, fill: None, \
             format: None, fixed: None, default: None, codes: &[] }}",
            !row.local, body.named, row.zh, row.en
        )
    }

    fn typed(&self, out: &mut String, name: &str, row: &ElementRow, file: &File) {
        if row.children.is_empty() {
            return;
        }
        let _ = writeln!(
            out,
            "/// {} ({}).\n#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\n\
             #[serde(deny_unknown_fields)]\npub struct {name} {{",
            row.en, row.zh
        );
        let mut writes = String::new();
        for (index, child) in row.children.iter().enumerate() {
            let (field_name, kind, occurs, doc) = match child {
                ChildRow::Field(f) => {
                    let kind = match f.kind.as_str() {
                        k if k.starts_with('N') && k.contains(',') => "Decimal",
                        k if k.starts_with('N') || k == "int" => "i32",
                        _ => "String",
                    };
                    let doc = format!("{} ({}), `{}`.", f.en, f.zh, f.kind);
                    (f.name.clone(), kind.to_owned(), f.occurs.as_deref(), doc)
                }
                ChildRow::Ref(r) => {
                    let target = self.find(file, &r.r#ref).0;
                    if target.kind.as_deref() == Some("signature") {
                        continue;
                    }
                    let doc = format!("{} ({}).", target.en, target.zh);
                    (r.r#ref.clone(), r.r#ref.clone(), r.occurs.as_deref(), doc)
                }
            };
            let (min, max) = occurs_range(occurs, name);
            let (kind, serde) = match (min.as_str(), max.as_str()) {
                ("1", "1") => (kind, ""),
                ("0", "1") => (
                    format!("Option<{kind}>"),
                    "    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n",
                ),
                _ => (
                    format!("Vec<{kind}>"),
                    "    #[serde(default, skip_serializing_if = \"Vec::is_empty\")]\n",
                ),
            };
            let _ = writeln!(out, "    /// {doc}\n{serde}    pub {field_name}: {kind},");
            let _ = writeln!(
                writes,
                "        out.particle({index}, &self.{field_name})?;"
            );
        }
        let _ = writeln!(out, "}}");
        let _ = writeln!(
            out,
            "impl Record for {name} {{\n    const NAME: &'static str = {name:?};\n    \
             fn write(&self, out: &mut Writer<'_>) -> Result<(), Problem> {{\n{writes}        \
             Ok(())\n    }}\n}}"
        );
    }
}

fn field(f: &FieldRow, namespace: &str) -> String {
    let fill = match f.fill.as_deref() {
        None => "None".to_owned(),
        Some("guid") => "Some(Fill::Guid)".to_owned(),
        Some("now") => "Some(Fill::Now)".to_owned(),
        Some("today") => "Some(Fill::Today)".to_owned(),
        Some("serial") => "Some(Fill::Serial)".to_owned(),
        Some("position") => "Some(Fill::Position)".to_owned(),
        Some(other) => match other.strip_prefix("= ") {
            Some(constant) => format!("Some(Fill::Constant({constant:?}))"),
            None => panic!("{}: unknown fill {other:?}", f.name),
        },
    };
    let format = match f.format.as_deref() {
        None => "None",
        Some("date8") => "Some(Format::Date8)",
        Some("datetime14") => "Some(Format::DateTime14)",
        Some("datetime17") => "Some(Format::DateTime17)",
        Some(other) => panic!("{}: unknown format {other:?}", f.name),
    };
    let codes: String = f
        .codes
        .iter()
        .map(|[c, en, zh]| format!("({c:?}, {en:?}, {zh:?}), "))
        .collect();
    format!(
        "Element {{ name: {:?}, open: \"<{namespace}:{}>\", close: \"</{namespace}:{}>\", \
         prefix: {namespace:?}, global: false, type_name: {:?}, zh: {:?}, en: {:?}, meaning: {:?}, \
         content: {}, attributes: &[], personal: {}, fill: {fill}, format: {format}, \
         fixed: {:?}, default: {:?}, codes: &[{codes}] }}",
        f.name,
        f.name,
        f.name,
        f.named,
        f.zh,
        f.en,
        f.meaning,
        content(&f.kind, &f.name).replace(
            "collapse: false",
            if f.collapse {
                "collapse: true"
            } else {
                "collapse: false"
            }
        ),
        f.personal,
        f.fixed,
        f.default,
    )
}

fn content(kind: &str, name: &str) -> String {
    match kind {
        "any" => "Content::AnyElement".to_owned(),
        "anytype" => "Content::AnyType".to_owned(),
        "signature" => "Content::Signature".to_owned(),
        "empty" => "Content::Sequence(&[])".to_owned(),
        _ => match simple(kind) {
            Some(simple) => format!("Content::Text({simple})"),
            None => panic!("{name}: unknown type {kind:?}"),
        },
    }
}

/// The standard's own notation, made exact: C36, C1..60, C..1000, N19,5, N9.
fn simple(kind: &str) -> Option<String> {
    let number = |s: &str| s.parse::<u32>().ok();
    Some(match kind {
        "int" => "SimpleType::Int { digits: 0 }".to_owned(),
        "date" => "SimpleType::Date".to_owned(),
        "datetime" => "SimpleType::DateTime".to_owned(),
        "base64" => "SimpleType::Base64".to_owned(),
        "id" => "SimpleType::Id".to_owned(),
        _ if kind.starts_with('C') => match kind[1..].split_once("..") {
            None => {
                let n = number(&kind[1..])?;
                format!("SimpleType::Chars {{ min: {n}, max: {n}, collapse: false }}")
            }
            Some((min, max)) => {
                let min = if min.is_empty() { 0 } else { number(min)? };
                let max = if max.is_empty() {
                    u32::MAX
                } else {
                    number(max)?
                };
                format!("SimpleType::Chars {{ min: {min}, max: {max}, collapse: false }}")
            }
        },
        _ if kind.starts_with('N') => match kind[1..].split_once(',') {
            None => format!("SimpleType::Int {{ digits: {} }}", number(&kind[1..])?),
            Some((total, fraction)) => format!(
                "SimpleType::Decimal {{ total: {}, fraction: {} }}",
                number(total)?,
                number(fraction)?
            ),
        },
        _ => return None,
    })
}

fn occurs_range(occurs: Option<&str>, name: &str) -> (String, String) {
    let Some(text) = occurs else {
        return ("1".to_owned(), "1".to_owned());
    };
    let Some((min, max)) = text.split_once("..") else {
        panic!("{name}: occurs is written MIN..MAX, not {text:?}")
    };
    (
        min.to_owned(),
        if max == "*" {
            "u32::MAX".to_owned()
        } else {
            max.to_owned()
        },
    )
}

/// `CEB311Message` → `CEB311_MESSAGE`, `DxpMsg` → `DXP_MSG`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        out.extend(c.to_uppercase());
        before = c;
    }
    out
}
