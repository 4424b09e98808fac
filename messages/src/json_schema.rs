//! Exports the tables as JSON Schema, for the documents in JSON that a role reads.

use crate::json::Json;
use crate::table::{Content, Element, Fill, Format, Kind, Message, Particle, SimpleType, edition};

/// The JSON Schema (draft 2020-12) of a message's document: a declaration, or an array of
/// declarations. `None` where nobody declares the message.
///
/// What the schema takes, a role takes; what a role takes may be wider: it reads numbers written as
/// text and texts written as numbers, counts an empty text as left out, and leaves code lists to the
/// business rules. JSON Schema cannot say that a date must exist (`20260229`), that a number has too
/// many decimals (only a string's are seen), or that numbers are unique.
///
/// ```
/// use tongguan_messages::{json_schema, message};
/// let text = json_schema(message("CEB311Message").unwrap()).unwrap();
/// let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
/// let head = &schema["$defs"]["OrderHead"];
/// assert_eq!(head["properties"]["orderNo"]["maxLength"], 60);
/// assert_eq!(head["required"][0], "orderNo");
/// assert!(json_schema(message("CEB312Message").unwrap()).is_none());
/// ```
pub fn json_schema(message: &Message) -> Option<String> {
    let unit = message.unit.filter(|_| message.kind == Kind::Declaration)?;
    let one = || reference(unit.name);
    let many = Json::Object(vec![("items", one()), ("minItems", Json::number(1))]);
    let mut records = Vec::new();
    collect(unit, &mut records);
    let keys = message.business_key;
    let definitions = records.iter().map(|r| (r.name, record(r, unit, keys)));
    let schema = Json::Object(vec![
        (
            "$schema",
            Json::text("https://json-schema.org/draft/2020-12/schema"),
        ),
        (
            "$id",
            Json::text(format!("urn:tongguan:{}:{}", edition(), message.name)),
        ),
        (
            "title",
            Json::text(format!("{} {} {}", message.name, message.zh, message.en)),
        ),
        (
            "description",
            Json::text(format!(
                "One declaration, or an array of them. Edition {}, section {}. \
                 单份单证，或单证数组。",
                edition(),
                message.section
            )),
        ),
        ("if", typed("array")),
        ("then", many),
        ("else", one()),
        ("$defs", Json::Object(definitions.collect())),
    ]);
    Some(schema.document())
}

/// The unit and the records in it.
fn collect(element: &'static Element, records: &mut Vec<&'static Element>) {
    records.push(element);
    for particle in element.particles() {
        if matches!(particle.element.content, Content::Sequence(_)) {
            collect(particle.element, records);
        }
    }
}

fn typed(name: &str) -> Json {
    Json::Object(vec![("type", Json::text(name))])
}

fn reference(name: &str) -> Json {
    let target = Json::text(format!("#/$defs/{name}"));
    Json::Object(vec![("$ref", target)])
}

fn record(element: &'static Element, unit: &'static Element, keys: &[&str]) -> Json {
    let mut properties = Vec::new();
    let mut required = Vec::new();
    for particle in element.particles() {
        let child = particle.element;
        let path = match std::ptr::eq(element, unit) {
            true => child.name.to_owned(),
            false => format!("{}/{}", element.name, child.name),
        };
        // Receipts are found by the business key.
        let needed = particle.min > 0 || keys.contains(&path.as_str());
        let needed = needed && child.fill.is_none();
        let value = match child.content {
            Content::Text(kind) => field(child, kind, needed),
            _ => children(particle),
        };
        properties.push((child.name, value));
        if needed {
            required.push(child.name);
        }
    }
    Json::Object(vec![
        ("title", Json::text(title(element))),
        ("type", Json::text("object")),
        ("properties", Json::Object(properties)),
        ("required", Json::texts(required)),
        ("additionalProperties", Json::Bool(false)),
    ])
}

fn title(element: &Element) -> String {
    format!("{} {}", element.zh, element.en)
}

/// A record below a record: an object, or where it may stand many times an array of them too.
fn children(particle: &Particle) -> Json {
    let one = reference(particle.element.name);
    if particle.max == 1 {
        return one;
    }
    let mut many = vec![("items", reference(particle.element.name))];
    if particle.min > 0 {
        many.push(("minItems", Json::number(particle.min)));
    }
    if particle.max < u32::MAX {
        many.push(("maxItems", Json::number(particle.max)));
    }
    Json::Object(vec![
        ("if", typed("array")),
        ("then", Json::Object(many)),
        ("else", one),
    ])
}

fn field(element: &Element, kind: SimpleType, needed: bool) -> Json {
    let mut schema = vec![("title", Json::text(title(element)))];
    let description = description(element);
    if !description.is_empty() {
        schema.push(("description", Json::text(description)));
    }
    let mut types = match kind {
        SimpleType::Decimal { .. } => vec!["string", "number"],
        SimpleType::Int { .. } => vec!["string", "integer"],
        _ => vec!["string"],
    };
    // A field that may be left out may be null.
    if !needed {
        types.push("null");
    }
    schema.push(match types.as_slice() {
        [one] => ("type", Json::text(*one)),
        all => ("type", Json::texts(all.iter().copied())),
    });
    let fixed = element.fixed.into_iter();
    let codes = element.codes.iter().map(|(code, ..)| *code);
    let mut values: Vec<Json> = match element.fixed {
        Some(_) => fixed.map(Json::text).collect(),
        None => codes.map(Json::text).collect(),
    };
    if values.is_empty() {
        facets(&mut schema, kind, element.format);
    } else {
        if !needed {
            values.push(Json::Null);
        }
        schema.push(("enum", Json::Array(values)));
    }
    if let Some(Fill::Constant(text)) = element.fill {
        schema.push(("default", Json::text(text)));
    }
    Json::Object(schema)
}

fn description(element: &Element) -> String {
    let fill = match element.fill {
        Some(Fill::Guid) => "Left out, it is a new UUID. 省略时自动生成。",
        Some(Fill::Now) => "Left out, it is the present time. 省略时填当前时间。",
        Some(Fill::Today) => "Left out, it is the present date. 省略时填当前日期。",
        Some(Fill::Serial) => "Left out, it is a new number. 省略时自动编号。",
        Some(Fill::Position) => "Left out, it is the place in the list. 省略时按顺序编号。",
        Some(Fill::Constant(_)) | None => "",
    };
    let codes: Vec<String> = element
        .codes
        .iter()
        .map(|(code, en, zh)| format!("{code} {zh} {en}"))
        .collect();
    let parts = [element.meaning, element.meaning_en, &codes.join("; "), fill];
    let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    parts.join("\n")
}

/// The year may be any; the pattern keeps month, day and time within their bounds.
const DATE: &str = "[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])";
const TIME: &str = "([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]";

fn facets(schema: &mut Vec<(&'static str, Json)>, kind: SimpleType, format: Option<Format>) {
    if let Some(format) = format {
        let pattern = match format {
            Format::Date8 => format!("^{DATE}$"),
            Format::DateTime14 => format!("^{DATE}{TIME}$"),
            Format::DateTime17 => format!("^{DATE}{TIME}[0-9]{{3}}$"),
        };
        schema.push(("pattern", Json::text(pattern)));
        return;
    }
    match kind {
        SimpleType::Chars { min, max, .. } => {
            if min > 0 {
                schema.push(("minLength", Json::number(min)));
            }
            if max < u32::MAX {
                schema.push(("maxLength", Json::number(max)));
            }
        }
        SimpleType::Decimal { total, fraction } => {
            let whole = total - fraction;
            let part = match fraction {
                0 => String::new(),
                _ => format!("(\\.[0-9]{{1,{fraction}}})?"),
            };
            let pattern = format!("^-?[0-9]{{1,{whole}}}{part}$");
            schema.push(("pattern", Json::text(pattern)));
            bounds(schema, &"9".repeat(whole as usize));
        }
        SimpleType::Int { digits } => {
            // 32 bits hold all numbers of nine digits.
            let most = if digits == 0 { 9 } else { digits.min(9) };
            schema.push(("pattern", Json::text(format!("^-?[0-9]{{1,{most}}}$"))));
            bounds(schema, &"9".repeat(most as usize));
        }
        SimpleType::Date | SimpleType::DateTime | SimpleType::Base64 | SimpleType::Id => {}
    }
}

fn bounds(schema: &mut Vec<(&'static str, Json)>, most: &str) {
    schema.push(("minimum", Json::number(format!("-{most}"))));
    schema.push(("maximum", Json::number(most)));
}
