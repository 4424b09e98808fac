//! From signed messages to sent ones.

use std::collections::BTreeMap;
use std::time::Duration;

use super::leases::{expire, grant};
use super::{Advance, Note, advance, in_carrier, in_carriers, moves, note, note_all, set_states};
use crate::audit::Facts;
use crate::lifecycle::Event;
use crate::store::sql::{Sql, Trouble, Value, set};
use crate::store::{Carrier, Fence, Level, Owner, Tried};

pub(in crate::store) fn due(
    t: &mut dyn Sql,
    owner: &Owner,
    transport: &str,
    most: usize,
) -> Result<Option<(i64, Vec<Carrier>)>, Trouble> {
    expire(t)?;
    let now = t.now();
    let found = t.all(
        "SELECT c.seq, c.message, c.guid, c.cop_msg_id, c.transport, c.profile, c.certificate,
         e.octets, c.attempts, c.lease FROM carrier c JOIN envelope e ON e.carrier = c.seq
         WHERE c.open = 1 AND c.transport = ?1 AND c.next_at <= ?2
         AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.token = c.lease)
         ORDER BY c.seq LIMIT ?3 /*pg FOR UPDATE OF c SKIP LOCKED pg*/",
        set![transport, now, most],
    )?;
    // From here on it may have left. Only the report that it has not takes that back.
    let granted = grant(
        t,
        owner,
        found,
        "UPDATE carrier SET lease = ?1, attempts = attempts + 1, departures = departures + 1
         WHERE seq = ?2 AND open = 1
         AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.token = carrier.lease)
         RETURNING seq",
    )?;
    let Some((token, taken)) = granted else {
        return Ok(None);
    };
    let mut carriers = Vec::new();
    for mut row in taken {
        if row.maybe_int(9)?.is_some() {
            // Another node's mark was left on it: that one ended in the middle of a try.
            let declarations = in_carrier(t, row.int(0)?)?;
            let Advance { moved, .. } = advance(t, &declarations, Event::Lost)?;
            let text = "the node that was sending it ended without word: it may have left";
            note(t, &moved, Level::Transport, text)?;
        }
        carriers.push(Carrier {
            message: row.text(1)?,
            guid: row.text(2)?,
            cop_msg_id: row.text(3)?,
            transport: row.text(4)?,
            profile: row.text(5)?,
            certificate: row.text(6)?,
            envelope: row.octets(7)?,
            attempts: row.count(8)?,
        });
    }
    Ok(Some((token, carriers)))
}

/// How a try to send an envelope ended, by whoever has it under that lease.
pub(in crate::store) struct Try {
    pub token: i64,
    pub cop_msg_id: String,
    pub tried: Tried,
}

/// An envelope that somebody tried to send, and still had.
struct Held {
    seq: i64,
    transport: String,
    /// What kept it from being sent the last time.
    error: Option<String>,
}

pub(in crate::store) fn tried(t: &mut dyn Sql, tries: &[Try]) -> Result<Vec<Fence>, Trouble> {
    let sets: Vec<Vec<Value>> = tries
        .iter()
        .map(|one| set![&one.cop_msg_id, one.token])
        .collect();
    let found = t.each(
        "SELECT seq, transport, error FROM carrier WHERE cop_msg_id = ?1 AND lease = ?2
         /*pg FOR UPDATE pg*/",
        &sets,
    )?;
    let mut fences = Vec::with_capacity(tries.len());
    let mut held = Vec::new();
    for (one, rows) in tries.iter().zip(&found) {
        let Some(row) = rows.first() else {
            fences.push(Fence::Lost);
            continue;
        };
        fences.push(Fence::Held);
        let envelope = Held {
            seq: row.int(0)?,
            transport: row.text(1)?,
            error: row.maybe_text(2)?,
        };
        held.push((one, envelope));
    }
    write_down(t, &held)?;
    let envelopes: Vec<i64> = held.iter().map(|(_, envelope)| envelope.seq).collect();
    let (mut all_moves, mut notes) = (Vec::new(), BTreeMap::<_, Vec<Note>>::new());
    for ((one, envelope), declarations) in held.iter().zip(in_carriers(t, &envelopes)?) {
        let (name, event) = match &one.tried {
            Tried::Accepted { .. } => ("sent", Event::Taken),
            Tried::Again { left: true, .. } => ("not sent", Event::Lost),
            Tried::Again { left: false, .. } => ("not sent", Event::Held),
            Tried::Refused { .. } => ("refused", Event::Refused),
        };
        let (Advance { moved, concerned }, moves) = moves(&declarations, event);
        all_moves.extend(moves);
        let facts = Facts::default()
            .open("cop_msg_id", one.cop_msg_id.as_str())
            .open("transport", envelope.transport.as_str());
        let (text, facts) = match &one.tried {
            Tried::Accepted { evidence } => (
                format!("taken: {evidence}"),
                facts.open("evidence", evidence.as_str()),
            ),
            Tried::Again { error, left, .. } if *left => (format!("no answer: {error}"), facts),
            Tried::Again { error, .. } => (format!("not sent yet: {error}"), facts),
            Tried::Refused { error, .. } => (format!("refused: {error}"), facts),
        };
        let declarations = match &one.tried {
            Tried::Accepted { .. } => declarations.iter().map(|d| d.0).collect(),
            // The same trouble again is one line of history, not a thousand.
            Tried::Again { error, .. } | Tried::Refused { error, .. } => {
                match envelope.error.as_ref() == Some(error) {
                    true => moved,
                    false => concerned,
                }
            }
        };
        notes.entry(name).or_default().push(Note {
            declarations,
            text,
            facts,
        });
    }
    set_states(t, &all_moves)?;
    for (name, notes) in notes {
        note_all(t, name, Level::Transport, notes)?;
    }
    Ok(fences)
}

/// Writes into envelopes how the tries to send them ended.
fn write_down(t: &mut dyn Sql, held: &[(&Try, Held)]) -> Result<(), Trouble> {
    let now = t.now();
    let (mut accepted, mut again, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (one, Held { seq, .. }) in held {
        match &one.tried {
            Tried::Accepted { evidence } => accepted.push(set![*seq, now, evidence]),
            Tried::Again { after, error, left } => {
                let next = now.saturating_add(millis(*after));
                again.push(set![*seq, next, error, i64::from(!*left)]);
            }
            Tried::Refused { error, left } => {
                refused.push(set![*seq, error, i64::from(!*left)]);
            }
        }
    }
    t.each(
        "UPDATE carrier SET open = 0, lease = NULL, sent_at = ?2, evidence = ?3, error = NULL
         WHERE seq = ?1",
        &accepted,
    )?;
    t.each(
        "UPDATE carrier SET lease = NULL, next_at = ?2, error = ?3,
         departures = departures - ?4 WHERE seq = ?1",
        &again,
    )?;
    t.each(
        "UPDATE carrier SET open = 0, lease = NULL, error = ?2,
         departures = departures - ?3 WHERE seq = ?1",
        &refused,
    )
    .map(|_| ())
}

pub(in crate::store) fn reroute(
    t: &mut dyn Sql,
    messages: &[String],
    from: &str,
    to: &str,
) -> Result<usize, Trouble> {
    let sets: Vec<Vec<Value>> = messages.iter().map(|m| set![m, from, to]).collect();
    let moved = t.each(
        "UPDATE carrier SET transport = ?3, next_at = 0
         WHERE message = ?1 AND transport = ?2 AND open = 1 AND departures = 0 AND lease IS NULL
         RETURNING seq",
        &sets,
    )?;
    let mut carriers = 0;
    for row in moved.iter().flatten() {
        let declarations: Vec<i64> = in_carrier(t, row.int(0)?)?.iter().map(|d| d.0).collect();
        let text = format!("goes by {to}: {from} is out of reach");
        note(t, &declarations, Level::Transport, &text)?;
        carriers += 1;
    }
    Ok(carriers)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
