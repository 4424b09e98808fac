use serde::Serialize;
use std::collections::BTreeMap;

use tongguan_contracts::Failure;

use super::link::{Anchor, BEGINNING, Link, named, sha256};
use super::{Entry, Facts};
use crate::Store;

/// How many entries are asked for at once.
const PAGE: usize = 5000;

/// A log that was read to its end.
#[derive(Debug, Serialize)]
pub struct Audited {
    /// How many entries.
    pub entries: u64,
    /// How often a strand repeats the hash of another, and it is that.
    pub joined: u64,
    /// The newest entry of every strand, to be noted elsewhere.
    pub anchors: Vec<Anchor>,
    /// What does not hold; empty for a log that does.
    pub broken: Vec<Broken>,
}

/// Where a log does not hold.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The strand.
    pub strand: i64,
    /// The entry, or the first one that is missing.
    pub number: i64,
    /// What is wrong.
    pub reason: String,
}

/// Reads the log from its beginning. `anchors` are hashes that were noted before: the log must
/// still have them.
///
/// # Errors
/// The store failed. A log that does not hold is no failure: [`Audited::broken`].
pub async fn audit(store: &dyn Store, anchors: &[Anchor]) -> Result<Audited, Failure> {
    // What is appended from here on is not looked at.
    let heads = store.strands().await?;
    let mut walk = Walk {
        claims: anchors.iter().map(|a| (a.clone(), None)).collect(),
        ..Walk::default()
    };
    for head in &heads {
        let mut strand = Strand::new(head.strand);
        loop {
            let page = store.entries(head.strand, strand.number, PAGE).await?;
            let page: Vec<Entry> = page
                .into_iter()
                .filter(|e| e.number <= head.number)
                .collect();
            if page.is_empty() {
                break;
            }
            for entry in &page {
                walk.take(&mut strand, entry);
            }
        }
        if (strand.number, &strand.hash) != (head.number, &head.hash) {
            let reason = "the strand does not end with the entry that the store says it does";
            walk.wrong(head.strand, strand.number + 1, reason);
        }
    }
    walk.claimed(store).await?;
    Ok(Audited {
        entries: walk.entries,
        joined: walk.joined,
        anchors: heads,
        broken: walk.broken,
    })
}

/// A strand, as far as it was read.
struct Strand {
    strand: i64,
    number: i64,
    hash: String,
    /// The entries that a later one can name: those whose numbers are the beginnings of the last
    /// one's, in binary.
    earlier: Vec<(i64, String)>,
}

impl Strand {
    fn new(strand: i64) -> Self {
        Self {
            strand,
            number: 0,
            hash: BEGINNING.to_owned(),
            earlier: Vec::new(),
        }
    }

    /// The hash of the next entry, if it says `body`.
    fn follow(&mut self, body: &str) -> String {
        let number = self.number + 1;
        while self.earlier.last().is_some_and(|e| e.0 > named(number)) {
            self.earlier.pop();
        }
        let further = self.earlier.last().map_or(BEGINNING, |e| &e.1).to_owned();
        let link = Link {
            strand: self.strand,
            number,
            previous: self.hash.clone(),
            further,
            body: sha256(body.as_bytes()),
        };
        link.hash()
    }

    fn end(&mut self, number: i64, hash: String) {
        self.earlier.push((number, hash.clone()));
        (self.number, self.hash) = (number, hash);
    }
}

#[derive(Default)]
struct Walk {
    entries: u64,
    joined: u64,
    /// What entries say of other strands: where that is said, or nowhere for what was noted
    /// elsewhere.
    claims: BTreeMap<Anchor, Option<(i64, i64)>>,
    broken: Vec<Broken>,
}

impl Walk {
    fn wrong(&mut self, strand: i64, number: i64, reason: impl Into<String>) {
        self.broken.push(Broken {
            strand,
            number,
            reason: reason.into(),
        });
    }

    fn take(&mut self, strand: &mut Strand, entry: &Entry) {
        self.entries += 1;
        let expected = strand.number + 1;
        if entry.number != expected {
            let reason = format!("missing: {} follows {}", entry.number, strand.number);
            self.wrong(strand.strand, expected, reason);
        } else if strand.follow(&entry.body) != entry.hash {
            let reason = "it, its hash, or an entry before it is not what it was";
            self.wrong(strand.strand, entry.number, reason);
        }
        // One break is told once: what comes after is measured by what is there.
        strand.end(entry.number, entry.hash.clone());
        for anchor in Facts::heads(&entry.body) {
            let here = Some((entry.strand, entry.number));
            self.claims.entry(anchor).or_insert(here);
        }
    }

    /// Looks up what was said of entries elsewhere.
    async fn claimed(&mut self, store: &dyn Store) -> Result<(), Failure> {
        for (anchor, by) in std::mem::take(&mut self.claims) {
            let found = store.entries(anchor.strand, anchor.number - 1, 1).await?;
            let found = found.first().filter(|e| e.number == anchor.number);
            if found.is_some_and(|e| e.hash == anchor.hash) {
                self.joined += u64::from(by.is_some());
                continue;
            }
            let by = by.map_or("an anchor".to_owned(), |(s, n)| format!("entry {s}:{n}"));
            let reason = format!("{by} knows another hash of it");
            self.wrong(anchor.strand, anchor.number, reason);
        }
        Ok(())
    }
}
