//! Documents of an enterprise: what the role makes of them can be declared, and what it says of
//! them shows no personal data.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use tongguan_contracts::{Declaration, Document, PartOptions, Problem, Role};
use tongguan_messages::{
    BaseTransfer, Content, Element, Format, Kind, Limits, SimpleType, closing, message, messages,
    opening, read_unsigned, transfer,
};
use tongguan_xmldsig::canonicalize;

use crate::personal;

static ROLE: LazyLock<Arc<dyn Role>> = LazyLock::new(|| {
    let declared = messages().iter().filter(|m| m.kind == Kind::Declaration);
    let names: Vec<&str> = declared.map(|m| m.name).collect();
    tongguan_roles::build("ecommerce", PartOptions {
        part: "role".to_owned(),
        options: json!({ "also": ["platform", "payment", "logistics", "warehouse", "agent"], "declares": names }),
        base: ".".into(),
    })
    .expect("every message can be declared")
});

/// The same documents, through mappings whose sources are the fields' own names: what holds of a
/// document in the standard's names holds of a mapped one.
static MAPPED: LazyLock<Arc<dyn Role>> = LazyLock::new(|| {
    let declared = || messages().iter().filter(|m| m.kind == Kind::Declaration);
    let names: Vec<&str> = declared().map(|m| m.name).collect();
    let map: serde_json::Map<String, Value> = declared()
        .filter_map(|m| Some((m.name.to_owned(), mapping(m.unit?))))
        .collect();
    tongguan_roles::build(
        "ecommerce",
        PartOptions {
            part: "role".to_owned(),
            options: json!({
                "also": ["platform", "payment", "logistics", "warehouse", "agent"],
                "declares": names, "map": map,
            }),
            base: ".".into(),
        },
    )
    .expect("every field is given")
});

fn mapping(unit: &Element) -> Value {
    let mut table = serde_json::Map::new();
    for particle in unit.particles() {
        let element = particle.element;
        if element.particles().is_empty() {
            table.insert(element.name.to_owned(), source(element, element.name));
            continue;
        }
        // An item is found by its name in the list, a head's field by the way to it.
        let way = |name: &str| match particle.max > 1 {
            true => name.to_owned(),
            false => format!("{}.{name}", element.name),
        };
        let fields = element.particles().iter().map(|p| p.element);
        let mut within: serde_json::Map<String, Value> = fields
            .map(|f| (f.name.to_owned(), source(f, &way(f.name))))
            .collect();
        if particle.max > 1 {
            within.insert("each".to_owned(), json!(element.name));
        }
        table.insert(element.name.to_owned(), Value::Object(within));
    }
    Value::Object(table)
}

/// Every step is somewhere among the fields.
fn source(field: &Element, from: &str) -> Value {
    match field.content {
        Content::Text(SimpleType::Decimal { .. }) => {
            json!({ "from": from, "scale": 0, "remove": "," })
        }
        _ if field.format == Some(Format::Date8) => json!({ "from": from, "date": "YYYYMMDD" }),
        _ if field.name.ends_with("Name") => json!({ "from": from, "split": "|", "part": -1 }),
        _ if field.name == "note" => json!({ "join": [from, from], "with": "-", "chars": "2-9" }),
        _ => json!(from),
    }
}

pub fn target(octets: &[u8]) {
    for role in [&ROLE, &MAPPED] {
        read_by(role.as_ref(), octets);
    }
}

fn read_by(role: &dyn Role, octets: &[u8]) {
    let told = |octets: &[u8]| told(role, octets);
    match told(octets) {
        Ok(declarations) => {
            assert!(!declarations.is_empty(), "nothing declared, nothing said");
            for declaration in &declarations {
                keeps_the_schema(declaration);
            }
            let again = told(octets).expect("it is read again as before");
            let what = |d: &Declaration| (d.business_key.clone(), d.fingerprint.clone());
            assert!(declarations.iter().map(what).eq(again.iter().map(what)));
        }
        Err(problems) => {
            assert!((1..=100).contains(&problems.len()));
            for problem in &problems {
                let told = problem.to_string();
                assert!(!told.chars().any(char::is_control), "{told:?}");
                assert!(told.len() < 4000, "{told}");
            }
        }
    }
    let marked = match serde_json::from_slice::<Value>(octets) {
        Ok(mut value) => {
            let before = value.to_string();
            marked_json(&mut value, "");
            Some(value.to_string()).filter(|v| *v != before && !before.contains("7Q"))
        }
        Err(_) => personal::marked(octets),
    };
    let problems = marked.and_then(|marked| told(marked.as_bytes()).err());
    for problem in problems.into_iter().flatten() {
        let told = problem.to_string();
        assert!(!told.contains(personal::MARK), "personal data in: {told}");
    }
}

fn told(role: &dyn Role, octets: &[u8]) -> Result<Vec<Declaration>, Vec<Problem>> {
    let document = Document {
        name: "hostile",
        octets,
        message: None,
    };
    role.read(document).map_err(|refused| refused.problems)
}

/// Puts marks for personal data.
fn marked_json(value: &mut Value, name: &str) {
    match value {
        Value::String(text) if personal::FIELDS.contains(name) => *text = personal::mark(text),
        Value::Array(all) => all.iter_mut().for_each(|v| marked_json(v, name)),
        Value::Object(all) => all.iter_mut().for_each(|(name, v)| marked_json(v, name)),
        _ => {}
    }
}

/// The declaration makes a message that is canonical as it stands and keeps its schema.
fn keeps_the_schema(declaration: &Declaration) {
    let message = message(&declaration.message).expect("a message of the standard");
    let mut octets = opening(message, "4CDE1CFD-EDED-46B1-946C-B8022E42FC94");
    octets.extend_from_slice(&declaration.fragment);
    let own = BaseTransfer {
        copCode: "3301960T01".to_owned(),
        copName: "示例".to_owned(),
        dxpMode: "DXP".to_owned(),
        dxpId: "DXPENT0000012345".to_owned(),
        note: None,
    };
    let own = transfer(&own).expect("it keeps its types");
    if message.root.child("BaseTransfer").is_some() {
        octets.extend_from_slice(&own);
    }
    octets.extend_from_slice(&closing(message));
    // What is not signed yet, but for that, keeps the schema.
    let problems = read_unsigned(&octets, &Limits::default()).err();
    assert!(problems.is_none(), "{problems:?}");
    assert!(canonicalize(&octets, usize::MAX).unwrap() == octets);
    assert!(!declaration.guid.is_empty() && !declaration.business_key.is_empty());
}
