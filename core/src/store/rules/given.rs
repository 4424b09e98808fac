//! Numbers that customs gives to declarations, and notices that name declarations by them.
//!
//! Receipts and notices come in any order, and several at once. A notice whose number nobody knows yet
//! is kept until a receipt gives the number; both lock it first, so that neither misses the other.

use super::audit::happened;
use super::{key_of, unheard};
use crate::audit::Facts;
use crate::store::sql::{Sql, Trouble, Value, set};
use crate::store::{About, Answer, Notice};

/// Holds others off the numbers that these answers give or name.
pub(super) fn lock(t: &mut dyn Sql, answers: &[&Answer]) -> Result<(), Trouble> {
    let mut keys = Vec::new();
    for answer in answers {
        let (messages, number) = match (&answer.about, &answer.given) {
            (About::Given { messages, number }, _) => (messages, number),
            (About::Declaration { messages, .. }, Some(number)) => (messages, number),
            _ => continue,
        };
        let of = |message: &&str| key_of("given", &key_of(message, number));
        keys.extend(messages.iter().map(of));
    }
    keys.sort();
    keys.dedup();
    match keys.as_slice() {
        [] => Ok(()),
        keys => t.lock_keys(keys),
    }
}

/// The declaration that a number was given to.
pub(super) fn find(
    t: &mut dyn Sql,
    messages: &[&str],
    number: &str,
) -> Result<Option<i64>, Trouble> {
    for message in messages {
        let row = t.first(
            "SELECT declaration FROM given WHERE message = ?1 AND number = ?2",
            set![*message, number],
        )?;
        if let Some(row) = row {
            return row.int(0).map(Some);
        }
    }
    Ok(None)
}

/// Keeps what a notice says of a number that nobody knows yet.
pub(super) fn keep(t: &mut dyn Sql, inbound: i64, answer: &Answer) -> Result<(), Trouble> {
    let About::Given { messages, number } = &answer.about else {
        return Ok(());
    };
    let sets: Vec<Vec<Value>> = messages
        .iter()
        .map(|message| {
            set![
                inbound,
                *message,
                number,
                answer.level.name(),
                &answer.code,
                &answer.text,
                &answer.time,
            ]
        })
        .collect();
    t.each(
        "INSERT INTO unclaimed (inbound, message, number, level, code, text, said_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &sets,
    )
    .map(|_| ())
}

/// A declaration has this number from now on; gives what notices said of it before, which its role
/// is to be told. Until it is, it counts as not heard.
pub(super) fn give(
    t: &mut dyn Sql,
    declaration: i64,
    number: &str,
) -> Result<Vec<Notice>, Trouble> {
    t.all(
        "INSERT INTO given (message, number, declaration)
         SELECT message, ?2, seq FROM declaration WHERE seq = ?1
         ON CONFLICT (message, number) DO UPDATE SET declaration = excluded.declaration",
        set![declaration, number],
    )?;
    let rows = t.all(
        "SELECT u.seq, u.inbound, u.level, u.code, u.text, u.said_at, i.digest FROM unclaimed u
         JOIN inbound i ON i.seq = u.inbound
         WHERE u.number = ?2 AND u.message = (SELECT message FROM declaration WHERE seq = ?1)
         ORDER BY u.seq",
        set![declaration, number],
    )?;
    let now = t.now();
    let mut told = Vec::new();
    for row in rows {
        let (seq, inbound) = (row.int(0)?, row.int(1)?);
        let (level, code, said_at) = (row.text(2)?, row.text(3)?, row.text(5)?);
        let octets = hex::decode(row.text(6)?)
            .map_err(|_| Trouble::broken("a digest is not hexadecimal".to_owned()))?;
        t.all("DELETE FROM unclaimed WHERE seq = ?1", set![seq])?;
        t.all(
            "UPDATE inbound SET matched = matched + 1 WHERE seq = ?1",
            set![inbound],
        )?;
        t.all(
            "INSERT INTO status (declaration, at, level, code, text, said_at, inbound)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            set![
                declaration,
                now,
                &level,
                &code,
                row.text(4)?,
                &said_at,
                inbound
            ],
        )?;
        let said = Facts::default()
            .open("level", level)
            .open("code", code)
            .open("time", said_at)
            .sealed("receipt", octets);
        happened(t, "receipt", &[(declaration, &said)])?;
        told.extend(unheard::owed(t, inbound, declaration)?);
    }
    Ok(told)
}
