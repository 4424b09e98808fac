use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt::Write as _;

use super::Anchor;

/// An entry of the log, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The strand.
    pub strand: i64,
    /// Its number in the strand, from 1.
    pub number: i64,
    /// Its hash.
    pub hash: String,
    /// What it says: one JSON object on one line.
    pub body: String,
}

/// A declaration's salt: octets that nobody can guess, and that are purged with its data. What the
/// log holds of personal data is sealed by it: without the salt, a seal cannot be found by trying
/// out what it may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salt(pub Vec<u8>);

impl Salt {
    /// The seal of some octets, by their SHA-256: SHA-256 of the salt and that digest, in
    /// hexadecimal.
    pub fn seal(&self, digest: &[u8]) -> String {
        let hash = Sha256::new().chain_update(&self.0).chain_update(digest);
        hex::encode(hash.finalize())
    }
}

/// The declaration that an entry is of, and where it stands then.
pub(crate) struct Subject {
    pub id: String,
    pub state: String,
    pub salt: Salt,
}

/// What an entry says beyond when and of what: public facts, and octets that are sealed.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    open: Vec<(&'static str, Value)>,
    sealed: Vec<(&'static str, Vec<u8>)>,
}

impl Facts {
    /// A fact that is nobody's personal data.
    #[must_use]
    pub fn open(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.open.push((name, value.into()));
        self
    }

    /// Octets, by their SHA-256; only their seal goes into the log.
    #[must_use]
    pub fn sealed(mut self, name: &'static str, digest: impl AsRef<[u8]>) -> Self {
        self.sealed.push((name, digest.as_ref().to_vec()));
        self
    }

    /// The entry's body: time, event and facts as one line of JSON, its names in order.
    pub(crate) fn body(&self, at: i64, event: &str, subject: Option<&Subject>) -> String {
        let (at, event) = (Value::from(at), Value::from(event));
        let mut facts: Vec<(&str, Cow<'_, Value>)> =
            Vec::with_capacity(4 + self.open.len() + self.sealed.len());
        facts.push(("at", Cow::Owned(at)));
        facts.push(("event", Cow::Owned(event)));
        facts.extend(self.open.iter().map(|(n, v)| (*n, Cow::Borrowed(v))));
        if let Some(Subject { id, state, salt }) = subject {
            facts.push(("declaration", Cow::Owned(id.as_str().into())));
            facts.push(("state", Cow::Owned(state.as_str().into())));
            let sealed = |digest: &Vec<u8>| Cow::Owned(salt.seal(digest).into());
            facts.extend(self.sealed.iter().map(|(n, d)| (*n, sealed(d))));
        }
        facts.sort_unstable_by_key(|(name, _)| *name);
        let mut body = String::with_capacity(256);
        for (name, value) in facts {
            body.push(if body.is_empty() { '{' } else { ',' });
            // The names are ours, and have nothing to escape.
            let _ = write!(body, "\"{name}\":{value}");
        }
        body.push('}');
        body
    }

    /// The newest hashes of the other strands, for an entry that joins its own to them.
    pub(crate) fn joined(heads: &[Anchor]) -> Self {
        let heads: Vec<String> = heads.iter().map(Anchor::to_string).collect();
        Self::default().open(HEADS, heads)
    }

    /// The hashes that such an entry repeats; empty for others.
    pub(super) fn heads(body: &str) -> Vec<Anchor> {
        if !body.contains(HEADS) {
            return Vec::new();
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let heads = body.get(HEADS).and_then(Value::as_array);
        heads
            .into_iter()
            .flatten()
            .filter_map(|head| head.as_str()?.parse().ok())
            .collect()
    }
}

/// The name of the fact that joins strands.
const HEADS: &str = "heads";
