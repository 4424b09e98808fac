//! What there is of a declaration, for its evidence.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::{happened, head};
use super::{Facts, look};
use crate::audit::{Anchor, BEGINNING, Link, Salt, named, sha256, way};
use crate::evidence::{Grounds, Linked};
use crate::store::sql::{Sql, Trouble, Value, set};

pub(in crate::store) fn evidence(
    t: &mut dyn Sql,
    text: &str,
    anchors: &[Anchor],
    by: &str,
) -> Result<Option<Grounds>, Trouble> {
    let Some(seq) = look::locate(t, text)? else {
        return Ok(None);
    };
    // Nothing more happens to it while it is read.
    let row = t.first(
        "SELECT id, business_key FROM declaration WHERE seq = ?1 /*pg FOR UPDATE pg*/",
        set![seq],
    )?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (id, key) = (row.text(0)?, row.text(1)?);
    let purged = look::find(t, &id)?.and_then(|details| details.purged);
    if let Some(gone) = purged {
        return Err(Trouble::Refused {
            reason: format!("its octets were purged: {}", gone.rule),
            remedy: "what remains is in the audit log: tongguan audit export".to_owned(),
        });
    }
    happened(t, "exported", &[(seq, &Facts::default().open("by", by))])?;
    let Some(details) = look::find(t, &id)? else {
        return Ok(None);
    };
    let receipts = t
        .all(
            "SELECT i.digest, i.kind, i.transport, i.origin, i.received_at, i.problem,
             i.purged_at
             FROM inbound i
             WHERE i.seq IN (SELECT s.inbound FROM status s WHERE s.declaration = ?1)
             ORDER BY i.seq",
            set![seq],
        )?
        .iter()
        .map(look::kept)
        .collect::<Result<_, _>>()?;
    let made_at = t
        .first(
            "SELECT c.made_at FROM carrier c JOIN declaration d ON d.carrier = c.seq
             WHERE d.seq = ?1",
            set![seq],
        )?
        .map(|row| row.int(0))
        .transpose()?;
    let salt = t
        .first("SELECT salt FROM declaration WHERE seq = ?1", set![seq])?
        .map_or(Ok(None), |mut row| row.maybe_octets(0))?
        .unwrap_or_default();
    Ok(Some(Grounds {
        details,
        made_at,
        key: key.split('\n').map(str::to_owned).collect(),
        salt: Salt(salt),
        receipts,
        chain: chain(t, seq, anchors)?,
    }))
}

/// A declaration's entries, and the way to them from the newest of their strands, by the anchors.
fn chain(t: &mut dyn Sql, seq: i64, anchors: &[Anchor]) -> Result<Vec<Linked>, Trouble> {
    let rows = t.all(
        "SELECT strand, number FROM audit WHERE declaration = ?1 ORDER BY strand, number",
        set![seq],
    )?;
    let mut own: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for row in &rows {
        own.entry(row.int(0)?).or_default().insert(row.int(1)?);
    }
    let mut chain = Vec::new();
    for (strand, own) in own {
        let newest = head(t, strand)?;
        let passed = anchors.iter().filter(|a| a.strand == strand);
        let mut stops = own.clone();
        stops.extend(passed.map(|a| a.number).filter(|n| *n <= newest));
        let mut numbers = BTreeSet::from([newest]);
        let mut from = newest;
        for stop in stops.into_iter().rev() {
            numbers.extend(way(from, stop));
            from = stop;
        }
        chain.extend(links(t, strand, &numbers, &own)?);
    }
    Ok(chain)
}

/// Entries of a strand, with what their hashes cover.
fn links(
    t: &mut dyn Sql,
    strand: i64,
    numbers: &BTreeSet<i64>,
    own: &BTreeSet<i64>,
) -> Result<Vec<Linked>, Trouble> {
    let mut wanted = numbers.clone();
    wanted.extend(numbers.iter().flat_map(|n| [n - 1, named(*n)]));
    wanted.remove(&0);
    let sets: Vec<Vec<Value>> = wanted.iter().map(|n| set![strand, *n]).collect();
    let rows = t.each(
        "SELECT number, hash, body FROM audit WHERE strand = ?1 AND number = ?2",
        &sets,
    )?;
    let mut found = BTreeMap::from([(0, (BEGINNING.to_owned(), String::new()))]);
    for row in rows.iter().flatten() {
        found.insert(row.int(0)?, (row.text(1)?, row.text(2)?));
    }
    let entry = |number: i64| {
        found
            .get(&number)
            .ok_or_else(|| Trouble::broken(format!("the audit log lacks {strand}:{number}")))
    };
    numbers
        .iter()
        .map(|&number| {
            let (hash, body) = entry(number)?;
            Ok(Linked {
                link: Link {
                    strand,
                    number,
                    previous: entry(number - 1)?.0.clone(),
                    further: entry(named(number))?.0.clone(),
                    body: sha256(body.as_bytes()),
                },
                hash: hash.clone(),
                says: own.contains(&number).then(|| body.clone()),
            })
        })
        .collect()
}
