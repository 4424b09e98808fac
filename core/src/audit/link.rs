use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// The hash before the first entry of a strand.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What an entry's hash covers. All digests are SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The strand.
    pub strand: i64,
    /// The entry's number in it, from 1.
    pub number: i64,
    /// The hash of the entry before.
    pub previous: String,
    /// The hash of the entry [`named`] further back.
    pub further: String,
    /// The digest of what the entry says.
    pub body: String,
}

impl Link {
    /// The entry's hash: of four lines, which any program can put together.
    pub fn hash(&self) -> String {
        let Self {
            strand,
            number,
            previous,
            further,
            body,
        } = self;
        sha256(format!("{strand}:{number}\n{previous}\n{further}\n{body}\n").as_bytes())
    }
}

pub(crate) fn digest(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

/// SHA-256, in hexadecimal.
pub fn sha256(octets: &[u8]) -> String {
    hex::encode(digest(octets))
}

/// The entry further back that the one of this number names: its number without the lowest bit
/// that is set. 0 is the beginning.
pub fn named(number: i64) -> i64 {
    number & number.saturating_sub(1)
}

/// The numbers on the shortest way from one entry back to an earlier one, both included: each
/// names the hash of the next.
///
/// ```
/// assert_eq!(tongguan_core::audit::way(13, 3), [13, 12, 8, 7, 6, 4, 3]);
/// assert_eq!(tongguan_core::audit::way(1 << 20, 1).len(), 211);
/// ```
pub fn way(from: i64, to: i64) -> Vec<i64> {
    let mut at = from;
    let mut way = vec![at];
    while at > to {
        let further = named(at);
        at = if further >= to { further } else { at - 1 };
        way.push(at);
    }
    way
}

/// An entry's place and hash, to be noted elsewhere: `1:1204:5f3c…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Anchor {
    /// The strand.
    pub strand: i64,
    /// The entry's number in it.
    pub number: i64,
    /// Its hash.
    pub hash: String,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.strand, self.number, self.hash)
    }
}

/// A text that is no anchor.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no anchor: STRAND:NUMBER:HASH, as audit verify prints it")]
pub struct BadAnchor(String);

impl FromStr for Anchor {
    type Err = BadAnchor;

    fn from_str(text: &str) -> Result<Self, BadAnchor> {
        let mut parts = text.splitn(3, ':');
        let mut number = || parts.next()?.parse().ok().filter(|n| *n > 0);
        let (strand, number) = (number(), number());
        let hash = parts.next().filter(|h| h.len() == 64);
        match (strand, number, hash) {
            (Some(strand), Some(number), Some(hash)) => Ok(Self {
                strand,
                number,
                hash: hash.to_ascii_lowercase(),
            }),
            _ => Err(BadAnchor(text.chars().take(100).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_a_way_is_named_by_the_one_before() {
        for from in 1..200 {
            for to in 1..=from {
                let way = way(from, to);
                assert_eq!((way.first(), way.last()), (Some(&from), Some(&to)));
                for pair in way.windows(2) {
                    assert!(pair[1] == pair[0] - 1 || pair[1] == named(pair[0]));
                }
            }
        }
    }

    #[test]
    fn an_anchor_is_read_as_it_is_written() {
        let anchor = Anchor {
            strand: 2,
            number: 1204,
            hash: "ab".repeat(32),
        };
        assert_eq!(anchor.to_string().parse::<Anchor>().unwrap(), anchor);
        for bad in ["", "1:2", "1:2:ab", "0:1:", &format!("x{anchor}")] {
            assert!(bad.parse::<Anchor>().is_err(), "{bad}");
        }
    }
}
