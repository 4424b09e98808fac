use serde::de::DeserializeOwned;
use std::path::PathBuf;

use crate::Failure;

/// What a part is built from: its name, its options as the manifest gives them, and the folder
/// that relative paths start from.
#[derive(Debug, Clone)]
pub struct PartOptions {
    /// How messages name the part: `transport "hub"`.
    pub part: String,
    /// The part's own table of the manifest, without `kind`; the same JSON that a dynamic
    /// plugin's `create` gets.
    pub options: serde_json::Value,
    /// The manifest's folder.
    pub base: PathBuf,
}

impl PartOptions {
    /// The options as the part's own type. The type must refuse unknown fields
    /// (`#[serde(deny_unknown_fields)]`), so that a misspelt option is an error, not a silence.
    ///
    /// # Errors
    /// [`Failure`] of class misconfigured that repeats serde's explanation.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.options)
            .map_err(|e| Failure::misconfigured(&self.part, "read its options in the manifest", e))
    }
}
