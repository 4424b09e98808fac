//! A plugin's options in a file of their own.

use serde_json::Value;
use std::path::Path;
use tongguan_contracts::Failure;

use crate::trouble::{Trouble, While};

/// Reads them: one JSON object.
pub(super) fn read(path: &Path) -> Result<Value, Trouble> {
    let doing = || format!("read {}", path.display());
    let text = std::fs::read(path).doing(doing)?;
    let value: Value =
        serde_json::from_slice(&text).map_err(|e| Failure::misconfigured("plugin", doing(), e))?;
    if !value.is_object() {
        return Err(Failure::misconfigured("plugin", doing(), "it is no JSON object").into());
    }
    Ok(value)
}
