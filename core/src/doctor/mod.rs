//! What is well and what is not, one thing after another: from the manifest's own rights to the
//! queue at the other end.
//!
//! `check` says whether the parts work; this says how far each of them comes, so that whoever sets up
//! a node sees which cable, account or file is the wrong one.

mod clock;
mod disk;
mod network;
mod secrets;
mod signing;

use serde::Serialize;
use std::fmt;

use tongguan_contracts::Failure;

use crate::manifest::Manifest;
use crate::registry::Registry;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Well,
    /// It works, and a person should look at it.
    Concern,
    /// It does not work.
    Ill,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// What it is, for programs: `signer.certificate`.
    pub id: &'static str,
    /// Whose: `signer "main"`; empty where there is only one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// How it is.
    pub state: State,
    /// What was found.
    pub says: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Examined {
    fn well(id: &'static str, of: &str, says: impl fmt::Display) -> Self {
        Self {
            id,
            of: of.to_owned(),
            state: State::Well,
            says: says.to_string(),
            remedy: None,
        }
    }

    fn concern(id: &'static str, of: &str, says: impl fmt::Display, remedy: &str) -> Self {
        Self {
            state: State::Concern,
            remedy: Some(remedy.to_owned()),
            ..Self::well(id, of, says)
        }
    }

    fn ill(id: &'static str, of: &str, failure: &Failure) -> Self {
        Self {
            state: State::Ill,
            remedy: failure.how_to_mend().map(str::to_owned),
            ..Self::well(id, of, failure)
        }
    }
}

/// Looks at everything that a manifest names. Devices are opened, which tries their PIN; each signs a
/// text of no meaning. Nothing is sent.
pub async fn examine(manifest: &Manifest, registry: &Registry) -> Vec<Examined> {
    let mut all = secrets::examined(manifest);
    all.extend(disk::examined(manifest));
    all.extend(clock::examined(manifest).await);
    for name in manifest.roles() {
        let of = format!("role {name:?}");
        let built = manifest
            .role(name)
            .and_then(|(kind, options)| registry.find_role(&options.part, &kind)?(options));
        all.push(match built {
            Ok(_) => Examined::well("role.built", &of, "is there"),
            Err(failure) => Examined::ill("role.built", &of, &failure),
        });
    }
    for name in manifest.signers() {
        all.extend(signing::examined(manifest, registry, name).await);
    }
    for name in manifest.transports() {
        all.extend(network::examined(manifest, registry, name).await);
    }
    all
}
