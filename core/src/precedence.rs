//! What goes before what.
//!
//! Customs compares an inventory with its order, payment and waybill, so it wants those first.
//! Which declaration goes before which, and by which fields one names the other, is in the
//! standard's tables ([`tongguan_messages::Message::follows`]); whether a declaration waits for them
//! is the manifest's decision (`[waits]`): they may be declared by other enterprises, elsewhere. One
//! that changes or deletes an earlier one of the same business key always waits for that.

use serde::Deserialize;
use std::collections::BTreeMap;

use tongguan_contracts::Declaration;
use tongguan_messages::{Follows, key_in, message};

/// `[waits]`: which messages wait, and for which: they are put into a message only when the
/// declarations that they name are accepted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Waits(BTreeMap<String, Vec<String>>);

impl FromIterator<(String, Vec<String>)> for Waits {
    fn from_iter<T: IntoIterator<Item = (String, Vec<String>)>>(all: T) -> Self {
        Self(all.into_iter().collect())
    }
}

/// A declaration that must be settled first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// Its message.
    pub message: String,
    /// By which it is named: [`tongguan_messages::Message::reference`].
    pub key: String,
}

impl Waits {
    /// Whether the standard's tables know what is asked for.
    ///
    /// # Errors
    /// What is wrong, and what can be said.
    pub(crate) fn check(&self) -> Result<(), (String, String)> {
        for (name, wanted) in &self.0 {
            let known: Vec<&str> = message(name)
                .map(|m| m.follows.iter().map(|f| f.message).collect())
                .unwrap_or_default();
            if known.is_empty() {
                let all = tongguan_messages::messages()
                    .iter()
                    .filter(|m| !m.follows.is_empty());
                let all: Vec<&str> = all.map(|m| m.name).collect();
                return Err((
                    format!("{name} follows no other declaration"),
                    format!("these do: {}", all.join(", ")),
                ));
            }
            if let Some(wrong) = wanted.iter().find(|w| !known.contains(&w.as_str())) {
                return Err((
                    format!("{name} does not follow {wrong}"),
                    format!("choose among {}", known.join(", ")),
                ));
            }
        }
        Ok(())
    }

    /// What a declaration waits for by the manifest.
    pub(crate) fn needs(&self, declaration: &Declaration) -> Vec<Need> {
        let (Some(wanted), Some(own)) = (
            self.0.get(&declaration.message),
            message(&declaration.message),
        ) else {
            return Vec::new();
        };
        let wanted = |f: &&Follows| wanted.iter().any(|w| w == f.message);
        let need = |f: &Follows| {
            Some(Need {
                message: f.message.to_owned(),
                key: key_in(&declaration.fragment, f.by)?,
            })
        };
        own.follows.iter().filter(wanted).filter_map(need).collect()
    }
}

/// By which others refer to a declaration, where that is not its business key.
pub(crate) fn referred_by(declaration: &Declaration) -> Option<String> {
    let paths = message(&declaration.message)?.referred_by;
    // Nearly all messages: then its octets need no look.
    if paths.is_empty() {
        return None;
    }
    key_in(&declaration.fragment, paths)
}
