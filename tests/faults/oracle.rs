//! What must be so in the end, whatever happened.
//!
//! Every id that `submit` acknowledged has exactly one effective declaration on the other side,
//! and one final state here. The two sides' own books are compared: the simulator's journal, and
//! what `status --list` shows.

use crate::stage::{TONGGUAN, good};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

/// What `submit` acknowledged: by order number, the ids that it gave.
pub type Acknowledged = BTreeMap<String, BTreeSet<String>>;

/// What is wrong with the books. Each list names order numbers.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Acknowledged, and not declared, or not even known here.
    pub lost: Vec<String>,
    /// Under two ids, tried under two guids, or declared with effect twice.
    pub doubled: Vec<String>,
    /// Declared, but not known here as accepted under the same guid.
    pub unfinished: Vec<String>,
    /// How many were acknowledged.
    pub acknowledged: usize,
    /// How many came to the other side again, the same octets: allowed, and of no effect.
    pub repeats: usize,
}

impl Verdict {
    /// Compares what was acknowledged with the books of both sides.
    pub fn of(acknowledged: &Acknowledged, client: &Path, journal: &Path) -> Self {
        let theirs = declared(journal);
        let ours = listed(client);
        let mut verdict = Self {
            acknowledged: acknowledged.len(),
            repeats: theirs.values().map(|one| one.repeats).sum(),
            ..Self::default()
        };
        let nothing = Declared::default();
        for (number, ids) in acknowledged {
            let there = theirs.get(number).unwrap_or(&nothing);
            let here = ids.iter().next().and_then(|id| ours.get(id));
            if there.effective == 0 || here.is_none() {
                verdict.lost.push(number.clone());
            } else if here
                .is_none_or(|here| here.state != "accepted" || !there.guids.contains(&here.guid))
            {
                verdict.unfinished.push(number.clone());
            }
            if ids.len() > 1 {
                verdict.doubled.push(number.clone());
            }
        }
        // Doubled counts for whatever was declared, acknowledged or not.
        for (number, there) in &theirs {
            if there.effective > 1 || there.guids.len() > 1 {
                verdict.doubled.push(number.clone());
            }
        }
        verdict.doubled.sort();
        verdict.doubled.dedup();
        verdict
    }

    /// Whether both sides' books are as they must be.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.unfinished.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged: {} lost, {} doubled, {} without their final state; {} repeats",
            self.acknowledged,
            self.lost.len(),
            self.doubled.len(),
            self.unfinished.len(),
            self.repeats
        )?;
        for (what, numbers) in [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("unfinished", &self.unfinished),
        ] {
            for number in numbers.iter().take(5) {
                write!(f, "\n  {what}: {number}")?;
            }
        }
        Ok(())
    }
}

/// What the other side's journal says of an order number.
#[derive(Default)]
struct Declared {
    /// Every guid that came, refused or not.
    guids: BTreeSet<String>,
    effective: usize,
    repeats: usize,
}

fn declared(journal: &Path) -> BTreeMap<String, Declared> {
    let mut all: BTreeMap<String, Declared> = BTreeMap::new();
    for line in fs::read_to_string(journal).unwrap().lines() {
        let entry: Value = serde_json::from_str(line)
            .unwrap_or_else(|e| panic!("the simulator's journal is spoilt: {e}: {line}"));
        // The key is the order number and the platform's code, by line feeds.
        let number = number(entry["key"].as_str().unwrap());
        let one = all.entry(number).or_default();
        one.guids.insert(entry["guid"].as_str().unwrap().to_owned());
        let is = |what: &str| entry[what].as_bool().unwrap_or(false);
        one.repeats += usize::from(is("repeat"));
        one.effective += usize::from(!is("repeat") && !is("refused"));
    }
    all
}

fn number(key: &str) -> String {
    let field = |part: &&str| part.starts_with("ORDER-");
    key.split(['\n', ' ']).find(field).unwrap().to_owned()
}

/// A declaration as the client's store has it.
struct Listed {
    guid: String,
    state: String,
}

/// By id.
fn listed(client: &Path) -> BTreeMap<String, Listed> {
    let args = ["--json", "status", "--list", "--limit", "1000000"];
    good(client, TONGGUAN, &args)
        .lines()
        .map(|line| {
            let one: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            let listed = Listed {
                guid: text("guid"),
                state: text("state"),
            };
            (text("id"), listed)
        })
        .collect()
}
