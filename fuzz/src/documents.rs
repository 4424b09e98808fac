//! Documents of an enterprise: what the role makes of them can be declared, and what it says of
//! them shows no personal data.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use tongguan_contracts::{Declaration, Document, PartOptions, Problem, Role};
use tongguan_messages::{
    BaseTransfer, Kind, Limits, closing, message, messages, opening, read_unsigned, transfer,
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

pub fn target(octets: &[u8]) {
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

fn told(octets: &[u8]) -> Result<Vec<Declaration>, Vec<Problem>> {
    let document = Document {
        name: "hostile",
        octets,
        message: None,
    };
    ROLE.read(document).map_err(|refused| refused.problems)
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
