//! The audit log's entries; see [`crate::audit`].

use std::collections::{BTreeMap, BTreeSet};

use super::look;
use crate::audit::{Anchor, BEGINNING, Entry, Facts, Link, Salt, Subject, named, sha256};
use crate::store::sql::{Row, Sql, Trouble, Value, set};

/// After how many entries a strand repeats the newest hashes of the others.
const JOIN: i64 = 100;

/// Notes an event of some declarations, with what there is to say of each.
pub(super) fn happened(
    t: &mut dyn Sql,
    event: &str,
    declarations: &[(i64, &Facts)],
) -> Result<(), Trouble> {
    let now = t.now();
    let sets: Vec<Vec<Value>> = declarations.iter().map(|d| set![d.0]).collect();
    let rows = t.each(
        "SELECT id, state, salt FROM declaration WHERE seq = ?1",
        &sets,
    )?;
    let mut bodies = Vec::with_capacity(declarations.len());
    let mut salted = Vec::new();
    for ((seq, facts), rows) in declarations.iter().zip(rows) {
        let mut row = rows
            .into_iter()
            .next()
            .ok_or_else(|| Trouble::Again("a declaration is gone".to_owned()))?;
        let salt = match row.maybe_octets(2)? {
            Some(salt) => Salt(salt),
            // It was taken before there was a log, or its data was purged and more came in.
            None => {
                let salt = salt()?;
                salted.push(set![*seq, salt.0.as_slice()]);
                salt
            }
        };
        let subject = Subject {
            id: row.text(0)?,
            state: row.text(1)?,
            salt,
        };
        bodies.push((Some(*seq), facts.body(now, event, Some(&subject))));
    }
    t.each("UPDATE declaration SET salt = ?2 WHERE seq = ?1", &salted)?;
    append(t, bodies)
}

/// A new salt.
pub(super) fn salt() -> Result<Salt, Trouble> {
    let mut octets = vec![0; 32];
    getrandom::fill(&mut octets)
        .map_err(|e| Trouble::Again(format!("the system gives no random octets: {e}")))?;
    Ok(Salt(octets))
}

/// A strand, held until the transaction ends.
struct Strand {
    number: i64,
    /// The number of the last entry that repeats the hashes of other strands.
    joined: i64,
    strand: i64,
    hash: String,
}

/// Appends entries to a strand that no other transaction holds.
pub(super) fn append(
    t: &mut dyn Sql,
    mut bodies: Vec<(Option<i64>, String)>,
) -> Result<(), Trouble> {
    if bodies.is_empty() {
        return Ok(());
    }
    let mut strand = take(t)?;
    if strand.number - strand.joined >= JOIN {
        let others = heads(t, strand.strand)?;
        if !others.is_empty() {
            bodies.push((None, Facts::joined(&others).body(t.now(), "joined", None)));
        }
        strand.joined = strand.number;
    }
    let head = strand.number;
    let earlier = earlier(t, strand.strand, head, bodies.len())?;
    // From the strand's newest entry on.
    let mut hashes = vec![strand.hash.clone()];
    let mut rows = Vec::with_capacity(bodies.len());
    for (declaration, body) in bodies {
        let number = strand.number + 1;
        let back = named(number);
        let further = match usize::try_from(back - head) {
            Ok(index) => hashes.get(index),
            Err(_) => earlier.get(&back),
        };
        let link = Link {
            strand: strand.strand,
            number,
            previous: strand.hash,
            further: further
                .ok_or_else(|| Trouble::broken("the audit log has a hole".to_owned()))?
                .clone(),
            body: sha256(body.as_bytes()),
        };
        let hash = link.hash();
        rows.push(set![strand.strand, number, declaration, &hash, &body]);
        hashes.push(hash.clone());
        (strand.number, strand.hash) = (number, hash);
    }
    t.each(
        "INSERT INTO audit (strand, number, declaration, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        &rows,
    )?;
    t.all(
        "UPDATE strand SET number = ?2, hash = ?3, joined = ?4 WHERE strand = ?1",
        set![strand.strand, strand.number, &strand.hash, strand.joined],
    )
    .map(|_| ())
}

/// Takes the first strand that is free, or makes one.
fn take(t: &mut dyn Sql) -> Result<Strand, Trouble> {
    let free = t.first(
        "SELECT strand, number, hash, joined FROM strand ORDER BY strand LIMIT 1
         /*pg FOR UPDATE SKIP LOCKED pg*/",
        set![],
    )?;
    let row = match free {
        Some(row) => Some(row),
        None => t.first(
            "INSERT INTO strand (number, hash, joined) VALUES (0, ?1, 0)
             RETURNING strand, number, hash, joined",
            set![BEGINNING],
        )?,
    };
    let row = row.ok_or_else(|| Trouble::broken("a new strand has no number".to_owned()))?;
    Ok(Strand {
        strand: row.int(0)?,
        number: row.int(1)?,
        hash: row.text(2)?,
        joined: row.int(3)?,
    })
}

/// Notes that somebody looked at personal data: a declaration's, or that of something that came
/// in, by its digest.
pub(in crate::store) fn disclosed(
    t: &mut dyn Sql,
    what: &str,
    how: &str,
    by: &str,
) -> Result<(), Trouble> {
    let facts = Facts::default().open("how", how).open("by", by);
    match look::locate(t, what)? {
        Some(seq) => happened(t, "shown", &[(seq, &facts)]),
        None => {
            let facts = facts.open("came_in", what);
            let body = facts.body(t.now(), "shown", None);
            append(t, vec![(None, body)])
        }
    }
}

/// The number of a strand's newest entry.
pub(super) fn head(t: &mut dyn Sql, strand: i64) -> Result<i64, Trouble> {
    t.first(
        "SELECT MAX(number) FROM audit WHERE strand = ?1",
        set![strand],
    )?
    .map_or(Ok(0), |row| row.int(0))
}

/// The newest committed entries of the other strands.
fn heads(t: &mut dyn Sql, strand: i64) -> Result<Vec<Anchor>, Trouble> {
    t.all(
        "SELECT strand, number, hash FROM strand WHERE strand <> ?1 ORDER BY strand",
        set![strand],
    )?
    .iter()
    .map(anchor)
    .collect()
}

fn anchor(row: &Row) -> Result<Anchor, Trouble> {
    Ok(Anchor {
        strand: row.int(0)?,
        number: row.int(1)?,
        hash: row.text(2)?,
    })
}

/// The entries before `head` that the next `count` entries name, and their hashes.
fn earlier(
    t: &mut dyn Sql,
    strand: i64,
    head: i64,
    count: usize,
) -> Result<BTreeMap<i64, String>, Trouble> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let numbers: BTreeSet<i64> = (head + 1..=head.saturating_add(count))
        .map(named)
        .filter(|number| (1..head).contains(number))
        .collect();
    let sets: Vec<Vec<Value>> = numbers.iter().map(|n| set![strand, *n]).collect();
    let rows = t.each(
        "SELECT number, hash FROM audit WHERE strand = ?1 AND number = ?2",
        &sets,
    )?;
    let mut earlier = BTreeMap::from([(0, BEGINNING.to_owned())]);
    for row in rows.iter().flatten() {
        earlier.insert(row.int(0)?, row.text(1)?);
    }
    Ok(earlier)
}

/// The newest entry of every strand.
pub(in crate::store) fn strands(t: &mut dyn Sql) -> Result<Vec<Anchor>, Trouble> {
    // A strand that is not in its table, but has entries, is shown as one that has lost its end.
    t.all(
        "SELECT strand, number, hash FROM strand
         UNION ALL SELECT a.strand, 0, '' FROM audit a
         WHERE NOT EXISTS (SELECT 1 FROM strand s WHERE s.strand = a.strand) GROUP BY a.strand
         ORDER BY 1",
        set![],
    )?
    .iter()
    .map(anchor)
    .collect()
}

/// Entries of a strand after that number, in order.
pub(in crate::store) fn entries(
    t: &mut dyn Sql,
    strand: i64,
    after: i64,
    most: usize,
) -> Result<Vec<Entry>, Trouble> {
    t.all(
        "SELECT strand, number, hash, body FROM audit WHERE strand = ?1 AND number > ?2
         ORDER BY number LIMIT ?3",
        set![strand, after, most],
    )?
    .iter()
    .map(|row| {
        Ok(Entry {
            strand: row.int(0)?,
            number: row.int(1)?,
            hash: row.text(2)?,
            body: row.text(3)?,
        })
    })
    .collect()
}
