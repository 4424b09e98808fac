//! The error codes, as statics.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::rows::Errors;

pub(crate) fn write(out: &mut String, errors: &Errors) {
    let mut used = BTreeSet::new();
    let _ = writeln!(out, "pub(crate) static ERRORS: &[ErrorGroup] = &[");
    for group in &errors.groups {
        let level = match group.level.as_str() {
            "platform" => "Platform",
            "clearance" => "Clearance",
            other => panic!("errors.toml: {}: unknown level {other:?}", group.en),
        };
        let _ = writeln!(
            out,
            "ErrorGroup {{ first: {:?}, last: {:?}, level: Level::{level}, zh: {:?}, en: {:?}, \
             messages: &{:?}, codes: &[",
            group.first, group.last, group.zh, group.en, group.messages
        );
        for row in &group.codes {
            let [remedy_en, remedy_zh] = match &row.remedy {
                None => ["", ""],
                Some(name) => {
                    used.insert(name);
                    let remedy = errors.remedies.get(name).unwrap_or_else(|| {
                        panic!("errors.toml: code {}: no remedy {name:?}", row.code)
                    });
                    [remedy[0].as_str(), remedy[1].as_str()]
                }
            };
            let _ = writeln!(
                out,
                "    ErrorCode {{ code: {:?}, level: Level::{level}, zh: {:?}, en: {:?}, \
                 remedy_en: {remedy_en:?}, remedy_zh: {remedy_zh:?}, already_declared: {} }},",
                row.code, row.zh, row.en, row.already_declared
            );
        }
        let _ = writeln!(out, "] }},");
    }
    let _ = writeln!(out, "];");
    if let Some(name) = errors.remedies.keys().find(|name| !used.contains(name)) {
        panic!("errors.toml: no code has the remedy {name:?}");
    }
}
