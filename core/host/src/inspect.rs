use std::path::Path;
use tongguan_contracts::Failure;

use crate::process;
use crate::told::{Info, Kind, Launch, Told};
use crate::wire::{Field, PROTOCOL};

/// Loads a library in a process of its own and says what it is; makes no instance.
///
/// # Errors
/// It is no plugin that can be used, and why.
pub fn inspect(library: &Path) -> Result<Info, Failure> {
    let base = std::env::current_dir().unwrap_or_default();
    let launch = Launch {
        protocol: PROTOCOL,
        library: base.join(library),
        built_in: None,
        sha256: None,
        part: "plugin".to_owned(),
        // Not looked at here.
        kind: Kind::Signer,
        base,
        config: serde_json::Value::Null,
        timeout_ms: 10_000,
        memory_mib: 512,
    };
    let told = |told: &Told| told.failure("plugin", &format!("load {}", library.display()));
    let answer = process::inspect(&launch).map_err(|why| {
        let remedy = "ask its vendor for one that passes tongguan plugin check";
        told(&Told::misconfigured(why, remedy))
    })?;
    if let Some(failure) = answer.parsed::<Told>(Field::Failure) {
        return Err(told(&failure));
    }
    answer
        .parsed(Field::Info)
        .ok_or_else(|| told(&Told::transient("its process said nothing")))
}
