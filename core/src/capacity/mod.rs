//! What a manifest can carry: its signers and its store, tried.
//!
//! A signature is what is scarce: a KEY makes some 250 a minute, and up to 100 declarations of one
//! kind share one. So a route carries as many declarations as its signers make signatures, where
//! each comes alone, and up to `[limits] batch` times as many under load.

mod signing;
mod storing;

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

use tongguan_contracts::Failure;

use crate::manifest::{Manifest, Route};
use crate::registry::Registry;

pub use signing::Pace;

/// What a manifest can carry.
#[derive(Debug, Clone, Serialize)]
pub struct Capacity {
    /// Every signer that a route names, by its name.
    pub signers: BTreeMap<String, Trial>,
    /// Every way of signing, as the routes have them.
    pub ways: Vec<Way>,
    /// So many declarations a minute the store takes, puts into messages, and marks as sent; not
    /// known for a server, which is not to be filled with trials.
    pub stored_a_minute: Option<u64>,
    /// Declarations a message, at most.
    pub batch: usize,
    /// How long a lone declaration waits for company, in milliseconds.
    pub batch_wait_ms: u64,
}

/// What became of the try of a signer.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Trial {
    /// It signs.
    Signs(Pace),
    /// It does not.
    Fails {
        /// Why.
        error: String,
        /// What to do.
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
}

impl Trial {
    fn pace(&self) -> Option<&Pace> {
        match self {
            Self::Signs(pace) => Some(pace),
            Self::Fails { .. } => None,
        }
    }
}

/// Some signers, as one or several routes name them.
#[derive(Debug, Clone, Serialize)]
pub struct Way {
    /// The messages that are signed this way; all others where none is named.
    pub messages: Vec<String>,
    /// The signers' names.
    pub signers: Vec<String>,
    /// Whether they sign side by side.
    pub share: bool,
    /// So many signatures a minute; 0 where none of them signs.
    pub signatures_a_minute: u64,
    /// So long after it was taken a lone declaration is signed, in milliseconds, where the signer
    /// is idle.
    pub lone_ms: Option<u64>,
    /// Other ways that use the same signers: what they carry, this one does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares_signers_with: Vec<Vec<String>>,
}

/// Tries every signer of the routes for so long, and the store.
///
/// Devices are opened as at the start of a run: that tries their PIN.
///
/// # Errors
/// The store's trial cannot be made. What is wrong with a signer stands in its place.
pub async fn capacity(
    manifest: &Manifest,
    registry: &Registry,
    time: Duration,
) -> Result<Capacity, Failure> {
    let mut signers = BTreeMap::new();
    for name in manifest.routes.iter().flat_map(|route| &route.signers) {
        if signers.contains_key(name) {
            continue;
        }
        let tried = match signing::pace(manifest, registry, name, time).await {
            Ok(pace) => Trial::Signs(pace),
            Err(failure) => Trial::Fails {
                error: failure.to_string(),
                remedy: failure.how_to_mend().map(str::to_owned),
            },
        };
        signers.insert(name.clone(), tried);
    }
    Ok(Capacity {
        ways: ways(&manifest.routes, &signers, manifest.limits.batch_wait_ms),
        signers,
        stored_a_minute: storing::a_minute(manifest, time).await?,
        batch: manifest.limits.batch,
        batch_wait_ms: manifest.limits.batch_wait_ms,
    })
}

fn ways(routes: &[Route], signers: &BTreeMap<String, Trial>, batch_wait_ms: u64) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for route in routes {
        let same = |way: &&mut Way| way.signers == route.signers && way.share == route.share;
        if let Some(way) = ways.iter_mut().find(same) {
            // One that takes all takes what the others leave.
            match way.messages.is_empty() || route.messages.is_empty() {
                true => way.messages.clear(),
                false => way.messages.extend(route.messages.iter().cloned()),
            }
            continue;
        }
        let working = route
            .signers
            .iter()
            .filter_map(|name| signers.get(name)?.pace());
        let working: Vec<&Pace> = match route.share {
            true => working.collect(),
            false => working.take(1).collect(),
        };
        let fastest = working
            .iter()
            .map(|pace| pace.signature_ms)
            .min_by(f64::total_cmp);
        ways.push(Way {
            messages: route.messages.clone(),
            signers: route.signers.clone(),
            share: route.share,
            signatures_a_minute: working.iter().map(|pace| pace.a_minute).sum(),
            lone_ms: fastest.map(|ms| batch_wait_ms.saturating_add(ms.ceil() as u64)),
            shares_signers_with: Vec::new(),
        });
    }
    let all: Vec<Vec<String>> = ways.iter().map(|way| way.signers.clone()).collect();
    for (number, way) in ways.iter_mut().enumerate() {
        let others = all.iter().enumerate().filter(|(other, names)| {
            *other != number && names.iter().any(|name| way.signers.contains(name))
        });
        way.shares_signers_with = others.map(|(_, names)| names.clone()).collect();
    }
    ways
}

/// What is asked of a way, and whether it carries that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Demand {
    /// Declarations a minute.
    pub a_minute: u64,
    /// So many signatures a minute carry them, each as full as it may be.
    pub signatures: u64,
    /// Whether the signers make them.
    pub signed: bool,
    /// Whether the store keeps up; not known for a server.
    pub stored: Option<bool>,
    /// So many more devices like the fastest of its signers would do; nothing where it suffices,
    /// or where nothing signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_devices: Option<u64>,
}

impl Capacity {
    /// Whether a way carries so many declarations a minute.
    pub fn demand(&self, way: &Way, a_minute: u64) -> Demand {
        let signatures = a_minute.div_ceil(self.batch.max(1) as u64);
        let paces = way
            .signers
            .iter()
            .filter_map(|name| self.signers.get(name)?.pace());
        let fastest = paces.map(|pace| pace.a_minute).max();
        let missing = signatures.saturating_sub(way.signatures_a_minute);
        Demand {
            a_minute,
            signatures,
            signed: missing == 0,
            stored: self.stored_a_minute.map(|all| all >= a_minute),
            more_devices: fastest
                .filter(|_| missing > 0)
                .map(|fastest| missing.div_ceil(fastest.max(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Encoding;

    fn route(messages: &[&str], signers: &[&str], share: bool) -> Route {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Route {
            messages: owned(messages),
            transports: vec!["t".into()],
            signers: owned(signers),
            share,
            profile: None,
            sm2_encoding: Encoding::Raw,
        }
    }

    fn signs(a_minute: u64) -> Trial {
        Trial::Signs(Pace {
            at_once: 1,
            signature_ms: 60_000.0 / a_minute as f64,
            a_minute,
        })
    }

    #[test]
    fn what_is_carried_follows_from_the_signers() {
        let gone = Trial::Fails {
            error: "unplugged".into(),
            remedy: None,
        };
        let signers = BTreeMap::from([
            ("a".to_owned(), signs(250)),
            ("b".to_owned(), signs(1000)),
            ("c".to_owned(), gone),
        ]);
        let routes = [
            route(&["CEB311Message"], &["c", "a", "b"], false),
            route(&["CEB411Message"], &["a", "b", "c"], true),
            route(&["CEB511Message"], &["c"], false),
            route(&[], &["a", "b", "c"], true),
        ];
        let capacity = Capacity {
            ways: ways(&routes, &signers, 200),
            signers,
            stored_a_minute: Some(60_000),
            batch: 100,
            batch_wait_ms: 200,
        };
        let [ordered, shared, none] = capacity.ways.as_slice() else {
            panic!("{:?}", capacity.ways);
        };
        assert_eq!(
            (ordered.signatures_a_minute, ordered.lone_ms),
            (250, Some(440))
        );
        assert_eq!(
            (shared.signatures_a_minute, shared.lone_ms),
            (1250, Some(260))
        );
        assert!(shared.messages.is_empty(), "one of its routes takes all");
        assert_eq!((none.signatures_a_minute, none.lone_ms), (0, None));
        assert_eq!(ordered.shares_signers_with.len(), 2);
        let demand = capacity.demand(ordered, 20_000);
        assert_eq!(
            (demand.signatures, demand.signed, demand.more_devices),
            (200, true, None)
        );
        let demand = capacity.demand(shared, 330_001);
        assert_eq!(
            (demand.signatures, demand.signed, demand.stored),
            (3301, false, Some(false))
        );
        assert_eq!(
            demand.more_devices,
            Some(3),
            "2,051 more, by those that make 1,000"
        );
        assert_eq!(capacity.demand(none, 1).more_devices, None);
    }
}
