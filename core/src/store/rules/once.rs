//! Submissions with a key of the caller's own: the same again is the same one.
//!
//! Business keys tell repetitions too. This is for documents whose numbers are filled in here, and
//! for callers who want what they sent twice by mistake refused, not taken as a second thing.

use sha2::{Digest as _, Sha256};
use tongguan_contracts::Declaration;

use super::key_of;
use super::submit::{keys, submit};
use crate::precedence::Waits;
use crate::store::Submitted;
use crate::store::sql::{Sql, Trouble, Value, set};

/// What was submitted, before anything was filled in: the fingerprints of all declarations.
fn fingerprint(role: &str, declarations: &[Declaration]) -> String {
    let mut hash = Sha256::new();
    let parts = declarations
        .iter()
        .flat_map(|d| [&d.message, &d.fingerprint]);
    for part in std::iter::once(role).chain(parts.map(String::as_str)) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

pub(in crate::store) fn submit_once(
    t: &mut dyn Sql,
    key: &str,
    role: &str,
    declarations: &[Declaration],
    waits: &Waits,
) -> Result<Vec<Submitted>, Trouble> {
    let mut locks = keys(declarations, waits);
    // No message has an empty name.
    locks.push(key_of("", key));
    t.lock_keys(&locks)?;
    let own = fingerprint(role, declarations);
    let known = t.first(
        "SELECT seq, fingerprint FROM submission WHERE key = ?1",
        set![key],
    )?;
    if let Some(row) = known {
        let there = row.text(1)?;
        if there == own {
            return same(t, row.int(0)?);
        }
        let reason = if there.is_empty() {
            format!("the key {key:?} was used, for what has been purged since")
        } else {
            format!("the key {key:?} was used already, for another document")
        };
        return Err(Trouble::Refused {
            reason,
            remedy: "a key is for one document and its repetitions: give this one a new key, or \
                     send the same document again"
                .to_owned(),
        });
    }
    let taken = submit(t, role, declarations, waits)?;
    let seq = t
        .first(
            "INSERT INTO submission (key, fingerprint, taken_at) VALUES (?1, ?2, ?3) RETURNING seq",
            set![key, &own, t.now()],
        )?
        .ok_or_else(|| Trouble::broken("a new submission has no number".to_owned()))?
        .int(0)?;
    let sets: Vec<Vec<Value>> = taken
        .iter()
        .enumerate()
        .map(|(position, one)| set![seq, position, &one.id])
        .collect();
    t.each(
        "INSERT INTO submitted (submission, position, declaration)
         SELECT ?1, ?2, seq FROM declaration WHERE id = ?3",
        &sets,
    )?;
    Ok(taken)
}

/// What the first one with that key came to.
fn same(t: &mut dyn Sql, submission: i64) -> Result<Vec<Submitted>, Trouble> {
    t.all(
        "SELECT d.id FROM submitted s JOIN declaration d ON d.seq = s.declaration
         WHERE s.submission = ?1 ORDER BY s.position",
        set![submission],
    )?
    .iter()
    .map(|row| {
        Ok(Submitted {
            id: row.text(0)?,
            already_there: true,
        })
    })
    .collect()
}
