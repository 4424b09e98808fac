//! Who else may read what only this client should.

use std::path::Path;

use super::Examined;
use crate::manifest::Manifest;

/// The manifest names no secret itself, but the files that hold them.
pub(super) fn examined(manifest: &Manifest) -> Vec<Examined> {
    let mut files: Vec<String> = manifest
        .tables()
        .flat_map(|(_, table)| table.values())
        .flat_map(texts)
        .filter_map(|text| text.strip_prefix("file:").map(str::to_owned))
        .collect();
    files.extend(
        manifest
            .tables()
            .filter_map(|(_, table)| table.get("key")?.as_str())
            .map(str::to_owned),
    );
    files.sort();
    files.dedup();
    files
        .iter()
        .filter_map(|file| one(&manifest.base.join(file), file))
        .collect()
}

/// All texts in a value of the manifest.
fn texts(value: &toml::Value) -> Vec<&str> {
    match value {
        toml::Value::String(text) => vec![text],
        toml::Value::Table(table) => table.values().flat_map(texts).collect(),
        toml::Value::Array(values) => values.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[cfg(unix)]
fn one(path: &Path, name: &str) -> Option<Examined> {
    use std::os::unix::fs::PermissionsExt as _;
    const ID: &str = "secret.rights";
    // What is not there is told by the part that needs it.
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    Some(match mode & 0o077 {
        0 => Examined::well(ID, name, "only its owner may read it"),
        _ => Examined::concern(
            ID,
            name,
            format!(
                "others than its owner have rights on it: {:03o}",
                mode & 0o777
            ),
            "take them away: chmod 600 FILE",
        ),
    })
}

/// Rights are not looked at on other systems.
#[cfg(not(unix))]
fn one(_: &Path, _: &str) -> Option<Examined> {
    None
}
