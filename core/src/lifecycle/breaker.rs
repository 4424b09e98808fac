//! Which transports are out of reach: found by one part of the client, of use to all.
//!
//! A transport that failed a few times in a row is left alone: no envelope is tried on it, and
//! its own check is, with growing pauses, until that passes. Meanwhile, messages of a route with
//! several transports go by the next one in its order; new ones go by the first again as soon as
//! that is back.
//!
//! What was signed for a transport goes by another only while nothing of it can have left. What
//! may have left waits for the transport that it left by: the standard's services know a repeat by
//! its guid, but two ways can overtake each other, and nobody gains by a repeat that is not needed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::manifest::Route;

/// How many tries in a row fail before a transport counts as out of reach.
const PATIENCE: u32 = 3;

/// Whether each transport is out of reach, as this node sees it.
pub(crate) struct Breakers(BTreeMap<String, AtomicBool>);

impl Breakers {
    pub(super) fn new<'a>(transports: impl Iterator<Item = &'a str>) -> Self {
        Self(
            transports
                .map(|name| (name.to_owned(), AtomicBool::new(false)))
                .collect(),
        )
    }

    pub(crate) fn is_open(&self, transport: &str) -> bool {
        self.0
            .get(transport)
            .is_some_and(|open| open.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, transport: &str, open: bool) {
        if let Some(known) = self.0.get(transport) {
            known.store(open, Ordering::Relaxed);
        }
    }

    /// The first transport of a route that is in reach; its first one where none is.
    pub(super) fn best<'a>(&self, route: &'a Route) -> &'a str {
        let mut names = route.transports.iter().map(String::as_str);
        names
            .clone()
            .find(|name| !self.is_open(name))
            .or_else(|| names.next())
            .unwrap_or_default()
    }
}

/// Counts a transport's failures.
#[derive(Default)]
pub(super) struct Failures(u32);

impl Failures {
    /// A try ended; says whether the transport is to be left alone from now on.
    pub(super) fn ended(&mut self, well: bool) -> bool {
        self.0 = if well { 0 } else { self.0.saturating_add(1) };
        self.0 >= PATIENCE
    }

    /// It is back.
    pub(super) fn forget(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Breakers, Failures};
    use crate::manifest::{Encoding, Route};

    #[test]
    fn a_route_goes_by_the_first_that_is_in_reach() {
        let route = Route {
            messages: Vec::new(),
            transports: vec!["near".into(), "far".into()],
            signers: vec!["main".into()],
            share: false,
            profile: None,
            sm2_encoding: Encoding::Raw,
        };
        let breakers = Breakers::new(["near", "far"].into_iter());
        assert_eq!(breakers.best(&route), "near");
        breakers.set("near", true);
        assert_eq!(breakers.best(&route), "far");
        breakers.set("far", true);
        assert_eq!(breakers.best(&route), "near");
        breakers.set("near", false);
        assert_eq!(breakers.best(&route), "near");
    }

    #[test]
    fn failures_count_in_a_row() {
        let mut failures = Failures::default();
        assert!(!failures.ended(false) && !failures.ended(false));
        assert!(!failures.ended(true));
        assert!(!failures.ended(false) && !failures.ended(false));
        assert!(failures.ended(false));
    }
}
