//! A first mapping, from the names that a sample has.

use std::fmt::Write as _;

use jsonc_parser::ast::{Array, Value};
use tongguan_messages::{Content, Element, Limits, Message, Problem, SimpleType, decode};

use super::objects::leaves;
use crate::documents::{json, table};

/// What a sample has: its names, and in JSON the arrays of objects in its first record.
struct Sample {
    names: Vec<String>,
    /// The list that looks like the items, and the names in it.
    items: Option<(String, Vec<String>)>,
    csv: bool,
}

/// Writes `[roles.ROLE.map.MESSAGE]` with every name of the sample that is a field's; what is
/// needed and not found stands as a remark.
pub(crate) fn write(
    role: &str,
    message: &'static Message,
    octets: &[u8],
    limits: &Limits,
) -> Result<String, Vec<Problem>> {
    let sample = sample(octets, limits)?;
    let Some(unit) = message.unit else {
        return Ok(String::new());
    };
    let at = format!("roles.{}.map.{}", key(role), message.name);
    let mut out = format!(
        "# {} {} ({})\n[{at}]\n",
        message.name, message.zh, message.en
    );
    let mut used: Vec<&str> = Vec::new();
    let lists = unit.particles().iter().any(|p| p.max > 1);
    if sample.csv && lists {
        out.push_str("# Rows with the same value here are one declaration.\n# group = \"the column with the number\"\n");
    }
    fields(&mut out, unit, &sample.names, &mut used);
    for particle in unit.particles() {
        let entity = particle.element;
        if !matches!(entity.content, Content::Sequence(_)) {
            continue;
        }
        let _ = write!(
            out,
            "\n# {} ({})\n[{at}.{}]\n",
            entity.zh, entity.en, entity.name
        );
        let names = match &sample.items {
            Some((each, names)) if particle.max > 1 => {
                let _ = writeln!(out, "each = {}", quoted(each));
                names
            }
            _ => &sample.names,
        };
        fields(&mut out, entity, names, &mut used);
    }
    let items = sample.items.iter().flat_map(|(_, names)| names);
    let rest = sample.names.iter().chain(items);
    let rest: Vec<&str> = rest
        .map(String::as_str)
        .filter(|n| !used.contains(n))
        .collect();
    if !rest.is_empty() {
        let shown: Vec<String> = rest.iter().map(|n| Problem::shown(n)).collect();
        let _ = write!(
            out,
            "\n# In the sample, and not used yet: {}\n",
            shown.join(", ")
        );
    }
    Ok(out)
}

fn fields<'s>(out: &mut String, entity: &Element, names: &'s [String], used: &mut Vec<&'s str>) {
    for particle in entity.particles() {
        let field = particle.element;
        let Content::Text(kind) = field.content else {
            continue;
        };
        let form = match kind {
            SimpleType::Chars { max, .. } if max < u32::MAX => {
                format!(", at most {max} characters")
            }
            SimpleType::Decimal { fraction, .. } => {
                format!(", a number, at most {fraction} decimals")
            }
            _ => String::new(),
        };
        let told = format!("{} {}{form}", field.zh, field.en);
        let found = names.iter().find(|n| same(n, field));
        if let Some(name) = found {
            used.push(name);
            let _ = writeln!(out, "{} = {}   # {told}", field.name, quoted(name));
        } else if particle.min > 0 && field.fill.is_none() {
            let _ = writeln!(out, "# {} = \"\"   # needed: {told}", field.name);
        }
    }
}

/// Whether a sample's name says the field: its name in any way of writing, or what it is called.
fn same(name: &str, field: &Element) -> bool {
    let plain = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase).collect()
    };
    let last = plain(name.rsplit('.').next().unwrap_or(name));
    [field.name, field.zh, field.en]
        .iter()
        .any(|known| !last.is_empty() && (plain(known) == last || plain(known) == plain(name)))
}

fn sample(octets: &[u8], limits: &Limits) -> Result<Sample, Vec<Problem>> {
    let text = decode(octets, limits).map_err(|p| vec![*p])?;
    if !text.trim_start().starts_with(['{', '[']) {
        let rows = table::Rows::new(text)?;
        let names = rows.header.iter().filter(|n| !n.is_empty()).take(1000);
        return Ok(Sample {
            names: names.map(str::to_owned).collect(),
            items: None,
            csv: true,
        });
    }
    let value = json::parse(text)?;
    let record = match &value {
        Value::Array(Array { elements, .. }) => elements.first(),
        one => Some(one),
    };
    let mut names = Vec::new();
    let mut items = None;
    if let Some(Value::Object(object)) = record {
        for property in object.properties.iter().take(300) {
            let name = property.name.as_str();
            if let (Value::Array(array), None) = (&property.value, &items)
                && let Some(item @ Value::Object(_)) = array.elements.first()
            {
                let mut within = Vec::new();
                leaves(item, None, &mut Vec::new(), &mut within);
                items = Some((name.to_owned(), within));
            } else {
                leaves(
                    &property.value,
                    None,
                    &mut vec![name.to_owned()],
                    &mut names,
                );
            }
        }
    }
    Ok(Sample {
        names,
        items,
        csv: false,
    })
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A name as TOML has it in a table's head.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}
