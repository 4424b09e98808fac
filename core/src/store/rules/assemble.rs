//! From waiting declarations to signed messages.

use sha2::{Digest as _, Sha256};
use std::time::Duration;

use super::leases::{expire, grant};
use super::{Advance, Note, advance, note, note_all};
use crate::State;
use crate::audit::Facts;
use crate::lifecycle::Event;
use crate::store::sql::{Sql, Trouble, Value, set};
use crate::store::{Carrier, Claimed, Fence, Level, Owner, Waiting};

/// However many wait: from one message to the next by the index, and no further into it than is
/// asked for.
pub(in crate::store) fn waiting(t: &mut dyn Sql, most: usize) -> Result<Vec<Waiting>, Trouble> {
    expire(t)?;
    let now = t.now();
    let mut all = Vec::new();
    let mut message = String::new();
    while let Some(row) = t.first(
        "SELECT message FROM declaration WHERE state = 'submitted' AND message > ?1
         ORDER BY message LIMIT 1",
        set![&message],
    )? {
        message = row.text(0)?;
        let oldest = t.first(
            "SELECT COUNT(*), MIN(o.submitted_at) FROM
             (SELECT d.submitted_at FROM declaration d
              WHERE d.state = 'submitted' AND d.message = ?1
              AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.token = d.lease)
              ORDER BY d.seq LIMIT ?2) o",
            set![&message, most],
        )?;
        let Some(row) = oldest else { continue };
        if let Some(since) = row.maybe_int(1)? {
            all.push(Waiting {
                message: message.clone(),
                count: row.count(0)?,
                waited: Duration::from_millis(now.saturating_sub(since).try_into().unwrap_or(0)),
            });
        }
    }
    Ok(all)
}

pub(in crate::store) fn claim(
    t: &mut dyn Sql,
    owner: &Owner,
    message: &str,
    most: usize,
) -> Result<Option<(i64, Vec<Claimed>)>, Trouble> {
    expire(t)?;
    let found = t.all(
        "SELECT d.seq, d.id, f.octets FROM declaration d JOIN fragment f ON f.declaration = d.seq
         WHERE d.state = 'submitted' AND d.message = ?1
         AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.token = d.lease)
         ORDER BY d.seq LIMIT ?2 /*pg FOR UPDATE OF d SKIP LOCKED pg*/",
        set![message, most],
    )?;
    let granted = grant(
        t,
        owner,
        found,
        "UPDATE declaration SET lease = ?1 WHERE seq = ?2 AND state = 'submitted'
         AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.token = declaration.lease)
         RETURNING seq",
    )?;
    let Some((token, taken)) = granted else {
        return Ok(None);
    };
    let claimed = taken
        .into_iter()
        .map(|mut row| {
            Ok(Claimed {
                id: row.text(1)?,
                fragment: row.octets(2)?,
            })
        })
        .collect::<Result<_, Trouble>>()?;
    Ok(Some((token, claimed)))
}

/// A signed message, and the declarations that are in it by whoever has them under that lease.
pub(in crate::store) struct Carry {
    pub token: i64,
    pub carrier: Carrier,
    pub declarations: Vec<String>,
}

pub(in crate::store) fn carry(t: &mut dyn Sql, carries: &[Carry]) -> Result<Vec<Fence>, Trouble> {
    let now = t.now();
    let sets: Vec<Vec<Value>> = carries
        .iter()
        .map(|Carry { carrier, .. }| {
            set![
                &carrier.message,
                &carrier.guid,
                &carrier.cop_msg_id,
                &carrier.transport,
                &carrier.profile,
                &carrier.certificate,
                now,
            ]
        })
        .collect();
    let seqs = t
        .each(
            "INSERT INTO carrier
             (message, guid, cop_msg_id, transport, profile, certificate, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING seq",
            &sets,
        )?
        .iter()
        .flatten()
        .map(|row| row.int(0))
        .collect::<Result<Vec<i64>, _>>()?;
    let sets: Vec<Vec<Value>> = seqs
        .iter()
        .zip(carries)
        .map(|(seq, Carry { carrier, .. })| set![*seq, carrier.envelope.as_slice()])
        .collect();
    t.each(
        "INSERT INTO envelope (carrier, octets) VALUES (?1, ?2)",
        &sets,
    )?;
    let carried = State::Submitted.after(Event::Carried);
    let carried = carried.unwrap_or(State::Submitted).name();
    let mut sets: Vec<Vec<Value>> = Vec::new();
    for (seq, one) in seqs.iter().zip(carries) {
        let ids = one.declarations.iter().enumerate();
        sets.extend(ids.map(|(position, id)| set![id, one.token, *seq, position, carried]));
    }
    // Whoever has claimed one of them since, or voided it, has taken our mark away.
    let held = t.each(
        "UPDATE declaration SET lease = NULL, carrier = ?3, position = ?4, state = ?5
         WHERE id = ?1 AND lease = ?2 AND state = 'submitted' RETURNING seq",
        &sets,
    )?;
    let mut held = held.into_iter();
    let (mut fences, mut notes) = (Vec::with_capacity(carries.len()), Vec::new());
    for (seq, one) in seqs.into_iter().zip(carries) {
        let declarations = held
            .by_ref()
            .take(one.declarations.len())
            .flatten()
            .map(|row| row.int(0))
            .collect::<Result<Vec<i64>, _>>()?;
        if declarations.len() != one.declarations.len() {
            undo(t, seq)?;
            fences.push(Fence::Lost);
            continue;
        }
        fences.push(Fence::Held);
        let carrier = &one.carrier;
        notes.push(Note {
            declarations,
            text: format!("signed, in envelope {}", carrier.cop_msg_id),
            facts: Facts::default()
                .open("cop_msg_id", carrier.cop_msg_id.as_str())
                .open("guid", carrier.guid.as_str())
                .open("profile", carrier.profile.as_str())
                .open("certificate", carrier.certificate.as_str())
                .sealed("envelope", Sha256::digest(&carrier.envelope)),
        });
    }
    note_all(t, "signed", Level::Local, notes)?;
    Ok(fences)
}

/// Throws a new envelope away: what was still ours in it is free again at once.
fn undo(t: &mut dyn Sql, carrier: i64) -> Result<(), Trouble> {
    t.all(
        "UPDATE declaration SET carrier = NULL, position = NULL, state = 'submitted'
         WHERE carrier = ?1",
        set![carrier],
    )?;
    t.all("DELETE FROM envelope WHERE carrier = ?1", set![carrier])?;
    t.all("DELETE FROM carrier WHERE seq = ?1", set![carrier])
        .map(|_| ())
}

pub(in crate::store) fn give_up(
    t: &mut dyn Sql,
    token: i64,
    declarations: &[String],
    error: &str,
) -> Result<(), Trouble> {
    let sets: Vec<Vec<Value>> = declarations.iter().map(|id| set![id, token]).collect();
    let held = t
        .each(
            "UPDATE declaration SET lease = NULL
             WHERE id = ?1 AND lease = ?2 AND state = 'submitted' RETURNING seq",
            &sets,
        )?
        .iter()
        .flatten()
        .map(|row| Ok((row.int(0)?, State::Submitted)))
        .collect::<Result<Vec<(i64, State)>, Trouble>>()?;
    let Advance { moved, .. } = advance(t, &held, Event::Refused)?;
    let text = format!("cannot be put into a message: {error}");
    note(t, &moved, Level::Local, &text)
}
