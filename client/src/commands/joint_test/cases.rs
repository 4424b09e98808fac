//! Which cases a message calls for, and the document of each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use tongguan_messages::{Extent, Message, example_json};

/// The numbers in the standard's examples end like this.
const NUMBER: &str = "202611230001";
/// What a run puts its own number in the place of.
pub const RUN: &str = "@RUN";
/// What a run puts the number of an inventory in the place of: this, and the case that declares it.
pub const INVENTORY: &str = "@INVTNO:";
/// What a role fills in itself, or customs gives.
const FILLED: &[&str] = &["guid", "appTime", "declTime", "preNo"];

/// Numbers that the enterprise gives itself.
const OWN_NUMBERS: &[&str] = &["copNo", "coElNo"];

/// How a case is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    Accepted,
    Rejected,
}

/// One case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `CEB311Message-minimal`
    pub id: String,
    /// The role that declares it.
    pub role: String,
    pub message: String,
    pub en: String,
    pub zh: String,
    /// The document, below the plan's folder.
    pub document: String,
    pub expect: Expected,
    /// The case that has to end well before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A case and its document.
pub struct Made {
    pub case: Case,
    pub document: Value,
}

/// What a way of declaring is.
struct Way {
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    extent: Extent,
    /// The numbers of the declarations; those of one number belong to one order.
    numbers: &'static [u32],
    /// An inventory's: it stands on an order, a payment and a waybill of its number, which are then
    /// changed no more.
    inventory: &'static [u32],
    app_type: Option<&'static str>,
    expect: Expected,
    after: Option<&'static str>,
}

const WAYS: &[Way] = &[
    Way {
        name: "minimal",
        en: "With what must be there",
        zh: "只填必填项",
        extent: Extent::Minimal,
        numbers: &[1],
        inventory: &[1],
        app_type: None,
        expect: Expected::Accepted,
        after: None,
    },
    Way {
        name: "full",
        en: "With every field",
        zh: "填写全部字段",
        extent: Extent::Full,
        numbers: &[2],
        inventory: &[2],
        app_type: None,
        expect: Expected::Accepted,
        after: None,
    },
    Way {
        name: "several",
        en: "Several in one document",
        zh: "一份文件多份单证",
        extent: Extent::Minimal,
        numbers: &[3, 4, 5, 7],
        inventory: &[3, 4, 5],
        app_type: None,
        expect: Expected::Accepted,
        after: None,
    },
    Way {
        name: "to-change",
        en: "To be changed",
        zh: "待变更",
        extent: Extent::Minimal,
        numbers: &[6],
        inventory: &[7],
        app_type: Some("1"),
        expect: Expected::Accepted,
        after: None,
    },
    Way {
        name: "change",
        en: "Changed",
        zh: "变更",
        extent: Extent::Minimal,
        numbers: &[6],
        inventory: &[7],
        app_type: Some("2"),
        expect: Expected::Accepted,
        after: Some("to-change"),
    },
    Way {
        name: "change-of-nothing",
        en: "A change of what was never declared",
        zh: "变更从未申报的单证",
        extent: Extent::Minimal,
        numbers: &[9],
        inventory: &[9],
        app_type: Some("2"),
        expect: Expected::Rejected,
        after: None,
    },
];

/// Inventories that others are about: which case's, by the message that is.
fn inventory_of(message: &str) -> Option<(&'static str, &'static str)> {
    match message {
        "CEB623Message" => Some(("CEB621Message", "minimal")),
        "CEB625Message" => Some(("CEB621Message", "full")),
        "CEB605Message" => Some(("CEB603Message", "minimal")),
        "CEB213Message" => Some(("CEB603Message", "full")),
        _ => None,
    }
}

/// The cases of a message that a role declares beside these others.
pub fn of(role: &str, message: &'static Message, declared: &[String]) -> Vec<Made> {
    let inventory = inventory_of(message.name);
    // What is about an inventory that somebody else declares needs that one's number.
    if inventory.is_some_and(|(of, _)| !declared.iter().any(|m| m == of)) {
        return Vec::new();
    }
    let changes = app_types(message).any(|code| code == "2");
    let ways = WAYS.iter().filter(|way| match inventory {
        // An inventory is cancelled or given back once.
        Some((_, extent)) => way.name == extent,
        None => {
            (way.app_type.is_none() || changes) && (way.numbers.len() == 1 || message.most() > 1)
        }
    });
    ways.filter_map(|way| made(role, message, way, inventory))
        .collect()
}

fn app_types(message: &Message) -> impl Iterator<Item = &'static str> {
    let unit = message
        .unit
        .map(|unit| unit.particles())
        .unwrap_or_default();
    let head = unit
        .first()
        .map(|p| p.element.particles())
        .unwrap_or_default();
    let all = unit.iter().chain(head);
    let kind = all.map(|p| p.element).find(|e| e.name == "appType");
    kind.into_iter()
        .flat_map(|e| e.codes)
        .map(|(code, ..)| *code)
}

fn made(
    role: &str,
    message: &'static Message,
    way: &Way,
    inventory: Option<(&'static str, &'static str)>,
) -> Option<Made> {
    // An arrival that leaves out its bill of lading has no receipt that keeps its schema.
    let extent = match (message.name, way.extent) {
        ("CEB507Message", _) => Extent::Full,
        (_, extent) => extent,
    };
    let text = example_json(message, extent)?;
    let example: Value = serde_json::from_str(&text).ok()?;
    let example = match example {
        Value::Array(all) => all.into_iter().next()?,
        other => other,
    };
    let after = match inventory {
        Some((of, extent)) => Some(format!("{of}-{extent}")),
        None => way.after.map(|after| format!("{}-{after}", message.name)),
    };
    let number_of_inventory = match (inventory, message.name) {
        (Some(_), _) => Invt::Of(after.as_deref().unwrap_or_default()),
        (None, "CEB603Message" | "CEB621Message") => Invt::Given,
        _ => Invt::Kept,
    };
    let one = |number: &u32| {
        let mut unit = example.clone();
        own(&mut unit, *number, number_of_inventory);
        // A role gives the enterprise's own number where there is none; a change has to repeat it.
        let named = message
            .business_key
            .iter()
            .map(|path| path.rsplit('/').next());
        for name in named.flatten().filter(|name| OWN_NUMBERS.contains(name)) {
            let own = head_of(&mut unit).entry(name);
            own.or_insert_with(|| format!("COP{RUN}{number}").into());
        }
        if let Some(app_type) = way.app_type {
            head_of(&mut unit).insert("appType".to_owned(), app_type.into());
        }
        unit
    };
    let numbers = match number_of_inventory {
        Invt::Given => way.inventory,
        _ => way.numbers,
    };
    let units: Vec<Value> = numbers.iter().map(one).collect();
    let id = format!("{}-{}", message.name, way.name);
    Some(Made {
        document: Value::Array(units),
        case: Case {
            document: format!("documents/{id}.json"),
            id,
            role: role.to_owned(),
            message: message.name.to_owned(),
            en: format!("{}: {}", message.en, way.en.to_lowercase()),
            zh: format!("{}：{}", message.zh, way.zh),
            expect: way.expect,
            after,
        },
    })
}

/// What becomes of `invtNo`.
#[derive(Clone, Copy)]
enum Invt<'a> {
    /// It is the one that customs gives to the inventory of that case.
    Of(&'a str),
    /// Customs gives it.
    Given,
    Kept,
}

/// Where a declaration's own fields are: in its head, where it has one.
fn head_of(unit: &mut Value) -> &mut serde_json::Map<String, Value> {
    let headed = unit
        .as_object()
        .and_then(|table| table.iter().find(|(_, inner)| inner.is_object()))
        .map(|(name, _)| name.clone());
    let found = match headed {
        Some(name) => &mut unit[name],
        None => unit,
    };
    if !found.is_object() {
        *found = Value::Object(serde_json::Map::new());
    }
    match found {
        Value::Object(table) => table,
        _ => unreachable!("it was made an object"),
    }
}

/// Makes an example one of this test's own: by its numbers, without what is filled in.
fn own(value: &mut Value, number: u32, invt: Invt<'_>) {
    match value {
        Value::Object(table) => {
            table.retain(|name, _| !FILLED.contains(&name.as_str()));
            match invt {
                Invt::Of(case) if table.contains_key("invtNo") => {
                    table.insert("invtNo".to_owned(), format!("{INVENTORY}{case}").into());
                }
                Invt::Given => {
                    table.remove("invtNo");
                }
                _ => {}
            }
            for inner in table.values_mut() {
                own(inner, number, invt);
            }
        }
        Value::Array(all) => {
            for inner in all {
                own(inner, number, invt);
            }
        }
        Value::String(text) if text.contains(NUMBER) => {
            *text = text.replace(NUMBER, &format!("{RUN}{number}"));
        }
        _ => {}
    }
}
