//! The roles: what an enterprise of each kind may declare, its documents in, declarations out.
//!
//! The standard's tables name who sends each message, so that a role is a name of theirs and no
//! more ([`all`]). A document is JSON, CSV with a header, or unsigned CEB XML; its content tells
//! which. It is taken whole, or refused whole with everything that is wrong with it. JSON and CSV
//! may have the enterprise's own names, where the manifest maps them: docs/mapping.md.
#![forbid(unsafe_code)]

mod documents;
mod enterprise;
mod mapping;
mod may;
mod receipts;

use std::sync::Arc;

use tongguan_contracts::{Document, DocumentRefused, Failure, PartOptions, Role, RoleBuilder};

use enterprise::Enterprise;
pub use mapping::trial::{Needed, Trial, Tried, Verdict};

/// Every role by its kind in the manifest.
pub fn all() -> [(&'static str, RoleBuilder); 6] {
    [
        ("ecommerce", |options| build("ecommerce", options)),
        ("platform", |options| build("platform", options)),
        ("payment", |options| build("payment", options)),
        ("logistics", |options| build("logistics", options)),
        ("warehouse", |options| build("warehouse", options)),
        ("agent", |options| build("agent", options)),
    ]
}

/// Builds the role of that kind, a name of [`all`].
///
/// # Errors
/// A message that the standard does not know, or that the role may not declare; a mapping with a
/// mistake, or without a field that every declaration needs.
pub fn build(kind: &'static str, options: PartOptions) -> Result<Arc<dyn Role>, Failure> {
    Ok(Arc::new(Enterprise::new(kind, options)?))
}

/// Builds a role that declares whatever it is told to: it reads, checks and completes what a loaded
/// role makes of documents, whose own word counts for what it may declare.
///
/// # Errors
/// As [`build`].
pub fn standard(mut options: PartOptions) -> Result<Arc<dyn Role>, Failure> {
    if let serde_json::Value::Object(table) = &mut options.options {
        table.insert("also".to_owned(), may::every_sender().into());
    }
    build("ecommerce", options)
}

/// Why a sample could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum NotTried {
    /// The role or its mapping is wrong.
    #[error(transparent)]
    Role(#[from] Failure),
    /// The sample cannot be read at all.
    #[error(transparent)]
    Sample(#[from] DocumentRefused),
}

/// Tries a role's mapping on a sample, even one that lacks fields; shows the fields of that
/// declaration, from 1. Personal data is in the answer until [`Trial::mask`].
///
/// # Errors
/// The mapping has mistakes, or the sample is neither JSON nor CSV.
pub fn try_mapping(
    kind: &str,
    options: PartOptions,
    sample: Document<'_>,
    declaration: usize,
) -> Result<Trial, NotTried> {
    enterprise::try_mapping(known(kind, &options)?, options, sample, declaration)
}

/// A first mapping to a message, from the names in a sample: TOML for the manifest. `role` is the
/// role's name there.
///
/// # Errors
/// The role may not declare that message, or the sample is neither JSON nor CSV.
pub fn new_mapping(
    kind: &str,
    role: &str,
    options: PartOptions,
    sample: Document<'_>,
) -> Result<String, NotTried> {
    enterprise::new_mapping(known(kind, &options)?, role, options, sample)
}

fn known(kind: &str, options: &PartOptions) -> Result<&'static str, Failure> {
    let all = all();
    let found = all.iter().find(|(name, _)| *name == kind);
    found.map(|(name, _)| *name).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        Failure::misconfigured(
            &options.part,
            "map its documents",
            format!("its kind {kind:?} has no mappings"),
        )
        .remedy(format!("those built in have: {}", names.join(", ")))
    })
}
