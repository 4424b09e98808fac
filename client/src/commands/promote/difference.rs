//! What two manifests say differently, key by key.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tongguan_contracts::Failure;

use crate::output::{BAD, GOOD, Output, paint};
use crate::trouble::Trouble;

/// One key.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// `transports.main.url`
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub production: Option<String>,
}

impl Difference {
    pub fn tell(&self, out: &mut Output) -> Result<(), Trouble> {
        if let Some(value) = &self.test {
            out.line(paint(BAD, format!("- {} = {value}", self.key)))?;
        }
        if let Some(value) = &self.production {
            out.line(paint(GOOD, format!("+ {} = {value}", self.key)))?;
        }
        Ok(())
    }
}

/// All of them. Manifests hold no secrets, but references.
pub fn between(test: &Path, production: &Path) -> Result<Vec<Difference>, Trouble> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    flatten("", &read(test)?, &mut before);
    flatten("", &read(production)?, &mut after);
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let differ = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key));
    Ok(differ
        .map(|key| Difference {
            key: key.clone(),
            test: before.get(key).cloned(),
            production: after.get(key).cloned(),
        })
        .collect())
}

fn read(path: &Path) -> Result<toml::Value, Trouble> {
    let wrong =
        |why: String| Failure::misconfigured("promote", format!("read {}", path.display()), why);
    let text = fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    let table: toml::Table = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    Ok(toml::Value::Table(table))
}

fn flatten(key: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
    let below = |name: &str| match key {
        "" => name.to_owned(),
        _ => format!("{key}.{name}"),
    };
    match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                flatten(&below(name), inner, into);
            }
        }
        toml::Value::Array(all) if all.iter().any(toml::Value::is_table) => {
            for (inner, number) in all.iter().zip(1..) {
                flatten(&format!("{key}[{number}]"), inner, into);
            }
        }
        other => {
            into.insert(key.to_owned(), other.to_string());
        }
    }
}
