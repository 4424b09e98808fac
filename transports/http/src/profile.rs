//! Platforms whose ways are known: tables of the manifest, kept as files here.

use serde_json::{Map, Value};

use tongguan_contracts::{Failure, PartOptions};

const PROFILES: [(&str, &str); 3] = [
    ("cebcmsg", include_str!("profiles/cebcmsg.toml")),
    ("gateway", include_str!("profiles/gateway.toml")),
    ("ibmmq", include_str!("profiles/ibmmq.toml")),
];

/// The part's options over those of the profile that they name.
///
/// # Errors
/// There is no such profile.
pub(crate) fn resolve(options: &PartOptions) -> Result<PartOptions, Failure> {
    let mut own = options.options.clone();
    let named = own
        .as_object_mut()
        .and_then(|table| table.remove("profile"));
    let mut resolved = options.clone();
    resolved.options = match named {
        None => own,
        Some(named) => {
            let name = named.as_str().unwrap_or_default();
            let found = PROFILES.iter().find(|(known, _)| *known == name);
            let Some((_, text)) = found else {
                let all: Vec<&str> = PROFILES.iter().map(|(known, _)| *known).collect();
                let doing = "use profile in the manifest";
                let failure =
                    Failure::misconfigured(&options.part, doing, format!("there is none {named}"));
                return Err(failure.remedy(format!(
                    "it is one of: {}; without one, the tables of the manifest tell all",
                    all.join(", ")
                )));
            };
            let mut table: Map<String, Value> = toml::from_str(text)
                .map_err(|e| Failure::misconfigured(&options.part, "read its profile", e))?;
            if let Value::Object(own) = own {
                over(&mut table, own);
            }
            Value::Object(table)
        }
    };
    Ok(resolved)
}

/// Puts a table over another: tables come together, anything else takes the place. `false` in the
/// place of a table or a text removes it.
fn over(under: &mut Map<String, Value>, table: Map<String, Value>) {
    for (name, value) in table {
        match (under.get_mut(&name), value) {
            (Some(Value::Object(_) | Value::String(_)), Value::Bool(false)) => {
                under.remove(&name);
            }
            (Some(Value::Object(under)), Value::Object(table)) => over(under, table),
            (_, value) => {
                under.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_the_manifest_says_takes_its_place_in_the_profile() {
        let options = PartOptions {
            part: "t".into(),
            options: serde_json::json!({
                "profile": "cebcmsg", "url": "u",
                "send": {"fields": {"Message": {"MessageHead": {"SenderID": "ME"}}}},
                "receive": {"inventories": false},
            }),
            base: ".".into(),
        };
        let table = resolve(&options).unwrap().options;
        let head = &table["send"]["fields"]["Message"]["MessageHead"];
        assert_eq!(
            (&head["SenderID"], &head["Version"]),
            (&"ME".into(), &"1.0".into())
        );
        assert!(table["receive"].get("inventories").is_none());
        assert!(table["receive"].get("orders").is_some());
        assert!(table.get("profile").is_none());
    }
}
