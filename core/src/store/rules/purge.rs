//! Removing personal data whose time is over.
//!
//! What remains of a declaration: its id, guid and business key (of which the standard's tables
//! say that no field is personal), its times, states and answers' codes, and the audit log. Its
//! salt goes with its octets, so that the log's seals are of nothing any more.
//!
//! An envelope holds up to a hundred declarations: it is purged with them, once all of them may
//! be. A receipt is purged once all that it answers are.

use super::audit::{append, happened};
use super::tell;
use crate::audit::Facts;
use crate::store::sql::{Row, Sql, Trouble, Value, set};
use crate::store::{Level, Purge, Purged};

/// How many envelopes, or receipts, go in one transaction.
const MOST: usize = 20;

/// The declarations `d` that are final, and of which nothing was heard since the time `?1`.
macro_rules! over {
    () => {
        "d.state IN ('accepted', 'rejected', 'void') AND d.submitted_at < ?1
         AND NOT EXISTS (SELECT 1 FROM status s WHERE s.declaration = d.seq AND s.at >= ?1)"
    };
}

/// The envelopes `c` that nothing is to be sent of, and all of whose declarations are over.
macro_rules! envelopes {
    () => {
        concat!(
            "c.purged_at IS NULL AND c.open = 0 AND c.made_at < ?1
             AND NOT EXISTS (SELECT 1 FROM declaration d WHERE d.carrier = c.seq AND NOT (",
            over!(),
            "))"
        )
    };
}

/// The declarations `d` that are in no envelope, and over.
macro_rules! loose {
    () => {
        concat!("d.carrier IS NULL AND d.purged_at IS NULL AND ", over!())
    };
}

/// What would be purged.
pub(in crate::store) fn purgeable(t: &mut dyn Sql, before: i64) -> Result<Purged, Trouble> {
    let mut count = |sql| {
        t.first(sql, set![before])?
            .map_or(Ok(0), |row: Row| row.count(0))
    };
    let envelopes = count(concat!(
        "SELECT COUNT(*) FROM carrier c WHERE ",
        envelopes!()
    ))?;
    let carried: u64 = count(concat!(
        "SELECT COUNT(*) FROM declaration d JOIN carrier c ON d.carrier = c.seq WHERE ",
        envelopes!()
    ))?;
    let loose: u64 = count(concat!(
        "SELECT COUNT(*) FROM declaration d WHERE ",
        loose!()
    ))?;
    let all: u64 = count(concat!(
        "SELECT COUNT(*) FROM declaration d WHERE d.purged_at IS NULL AND ",
        over!()
    ))?;
    let receipts = count(concat!(
        "SELECT COUNT(*) FROM inbound i WHERE i.purged_at IS NULL AND i.received_at < ?1
         AND NOT EXISTS (SELECT 1 FROM status a JOIN declaration d ON a.declaration = d.seq
                         WHERE a.inbound = i.seq AND d.purged_at IS NULL AND NOT (",
        loose!(),
        ") AND NOT EXISTS (SELECT 1 FROM carrier c WHERE c.seq = d.carrier AND ",
        envelopes!(),
        "))"
    ))?;
    Ok(Purged {
        declarations: carried + loose,
        envelopes,
        receipts,
        held: all.saturating_sub(carried + loose),
    })
}

/// Purges some of it; nothing is left to do when that was nothing.
pub(in crate::store) fn purge(t: &mut dyn Sql, purge: &Purge, by: &str) -> Result<Purged, Trouble> {
    t.forget();
    let before = purge.before;
    let carriers = numbers(t.all(
        concat!(
            "SELECT c.seq FROM carrier c WHERE ",
            envelopes!(),
            " ORDER BY c.seq LIMIT ?2 /*pg FOR UPDATE OF c SKIP LOCKED pg*/"
        ),
        set![before, MOST],
    )?)?;
    let sets: Vec<Vec<Value>> = carriers.iter().map(|seq| set![*seq]).collect();
    let carried = t.each(
        "SELECT seq FROM declaration WHERE carrier = ?1 ORDER BY seq /*pg FOR UPDATE pg*/",
        &sets,
    )?;
    let mut declarations = numbers(carried.into_iter().flatten().collect())?;
    declarations.extend(numbers(t.all(
        concat!(
            "SELECT d.seq FROM declaration d WHERE ",
            loose!(),
            " ORDER BY d.seq LIMIT ?2 /*pg FOR UPDATE OF d SKIP LOCKED pg*/"
        ),
        set![before, MOST],
    )?)?);
    forget(t, &declarations, purge, by)?;
    let now = t.now();
    let sets: Vec<Vec<Value>> = carriers.iter().map(|seq| set![*seq, now]).collect();
    t.each("UPDATE carrier SET purged_at = ?2 WHERE seq = ?1", &sets)?;
    let sets: Vec<Vec<Value>> = carriers.iter().map(|seq| set![*seq, NOTHING]).collect();
    t.each("UPDATE envelope SET octets = ?2 WHERE carrier = ?1", &sets)?;
    Ok(Purged {
        declarations: declarations.len() as u64,
        envelopes: carriers.len() as u64,
        receipts: receipts(t, purge, by)?,
        held: 0,
    })
}

const NOTHING: &[u8] = &[];

fn numbers(rows: Vec<Row>) -> Result<Vec<i64>, Trouble> {
    rows.iter().map(|row| row.int(0)).collect()
}

/// Forgets what was declared, and what was said of it in words.
fn forget(t: &mut dyn Sql, all: &[i64], purge: &Purge, by: &str) -> Result<(), Trouble> {
    let facts = Facts::default()
        .open("rule", purge.rule.as_str())
        .open("by", by);
    let entries: Vec<(i64, &Facts)> = all.iter().map(|seq| (*seq, &facts)).collect();
    happened(t, "purged", &entries)?;
    let text = format!("its octets and personal data were purged: {}", purge.rule);
    tell(t, Level::Local, &[(all, &text)])?;
    let now = t.now();
    let sets: Vec<Vec<Value>> = all.iter().map(|seq| set![*seq, now, &purge.rule]).collect();
    // The fingerprint is a bare hash of what was declared.
    t.each(
        "UPDATE declaration SET fingerprint = '', salt = NULL, purged_at = ?2,
         purged_rule = ?3 WHERE seq = ?1",
        &sets,
    )?;
    let sets: Vec<Vec<Value>> = all.iter().map(|seq| set![*seq, NOTHING]).collect();
    t.each(
        "UPDATE fragment SET octets = ?2 WHERE declaration = ?1",
        &sets,
    )?;
    let sets: Vec<Vec<Value>> = all.iter().map(|seq| set![*seq]).collect();
    // So is that of what it was submitted with.
    t.each(
        "UPDATE submission SET fingerprint = ''
         WHERE seq IN (SELECT submission FROM submitted WHERE declaration = ?1)
         AND NOT EXISTS (SELECT 1 FROM submitted s JOIN declaration d ON d.seq = s.declaration
                         WHERE s.submission = submission.seq AND d.purged_at IS NULL)",
        &sets,
    )?;
    t.each(
        "UPDATE status SET text = '' WHERE declaration = ?1 AND level IN ('platform', 'clearance')",
        &sets,
    )
    .map(|_| ())
}

/// Forgets what came in about nothing that is still whole.
fn receipts(t: &mut dyn Sql, purge: &Purge, by: &str) -> Result<u64, Trouble> {
    let found = t.all(
        "SELECT i.seq, i.digest, i.matched FROM inbound i
         WHERE i.purged_at IS NULL AND i.received_at < ?1
         AND NOT EXISTS (SELECT 1 FROM status s JOIN declaration d ON s.declaration = d.seq
                         WHERE s.inbound = i.seq AND d.purged_at IS NULL)
         ORDER BY i.seq LIMIT ?2 /*pg FOR UPDATE OF i SKIP LOCKED pg*/",
        set![purge.before, MOST * 20],
    )?;
    let now = t.now();
    let (mut octets, mut texts, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for row in &found {
        octets.push(set![row.int(0)?, NOTHING, now]);
        texts.push(set![row.int(0)?]);
        if row.int(2)? == 0 {
            // No declaration's entry tells of it.
            let facts = Facts::default()
                .open("came_in", row.text(1)?)
                .open("rule", purge.rule.as_str())
                .open("by", by);
            bodies.push((None, facts.body(now, "purged", None)));
        }
    }
    t.each(
        "UPDATE inbound SET octets = ?2, purged_at = ?3 WHERE seq = ?1",
        &octets,
    )?;
    t.each("DELETE FROM unclaimed WHERE inbound = ?1", &texts)?;
    // One that came after its declarations were purged.
    t.each("UPDATE status SET text = '' WHERE inbound = ?1", &texts)?;
    t.each(
        "UPDATE declaration SET salt = NULL WHERE purged_at IS NOT NULL
         AND seq IN (SELECT declaration FROM status WHERE inbound = ?1)",
        &texts,
    )?;
    append(t, bodies)?;
    Ok(found.len() as u64)
}
