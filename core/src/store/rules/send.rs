//! From signed messages to sent ones.

use std::time::Duration;

use super::leases::{expire, grant};
use super::{advance, in_carrier, note, note_as};
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
            let (moved, _) = advance(t, &declarations, Event::Lost)?;
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

pub(in crate::store) fn tried(
    t: &mut dyn Sql,
    token: i64,
    cop_msg_id: &str,
    tried: &Tried,
) -> Result<Fence, Trouble> {
    let held = t.first(
        "SELECT seq, error FROM carrier WHERE cop_msg_id = ?1 AND lease = ?2 /*pg FOR UPDATE pg*/",
        set![cop_msg_id, token],
    )?;
    let Some(row) = held else {
        return Ok(Fence::Lost);
    };
    let (carrier, before) = (row.int(0)?, row.maybe_text(1)?);
    let now = t.now();
    let (event, text, error) = match tried {
        Tried::Accepted { evidence } => {
            t.all(
                "UPDATE carrier SET open = 0, lease = NULL, sent_at = ?2, evidence = ?3,
                 error = NULL WHERE seq = ?1",
                set![carrier, now, evidence],
            )?;
            (Event::Taken, format!("taken: {evidence}"), None)
        }
        Tried::Again { after, error, left } => {
            t.all(
                "UPDATE carrier SET lease = NULL, next_at = ?2, error = ?3,
                 departures = departures - ?4 WHERE seq = ?1",
                set![
                    carrier,
                    now.saturating_add(millis(*after)),
                    error,
                    i64::from(!*left)
                ],
            )?;
            if *left {
                (Event::Lost, format!("no answer: {error}"), Some(error))
            } else {
                (Event::Held, format!("not sent yet: {error}"), Some(error))
            }
        }
        Tried::Refused { error, left } => {
            t.all(
                "UPDATE carrier SET open = 0, lease = NULL, error = ?2,
                 departures = departures - ?3 WHERE seq = ?1",
                set![carrier, error, i64::from(!*left)],
            )?;
            (Event::Refused, format!("refused: {error}"), Some(error))
        }
    };
    let declarations = in_carrier(t, carrier)?;
    let (moved, concerned) = advance(t, &declarations, event)?;
    // The same trouble again is one line of history, not a thousand.
    let told = if error.is_some() && error == before.as_ref() {
        moved
    } else if error.is_none() {
        declarations.iter().map(|d| d.0).collect()
    } else {
        concerned
    };
    let name = match tried {
        Tried::Accepted { .. } => "sent",
        Tried::Again { .. } => "not sent",
        Tried::Refused { .. } => "refused",
    };
    let way = t
        .first(
            "SELECT transport FROM carrier WHERE seq = ?1",
            set![carrier],
        )?
        .map_or(Ok(String::new()), |row| row.text(0))?;
    let facts = Facts::default()
        .open("cop_msg_id", cop_msg_id)
        .open("transport", way);
    let facts = match tried {
        Tried::Accepted { evidence } => facts.open("evidence", evidence.as_str()),
        Tried::Again { .. } | Tried::Refused { .. } => facts,
    };
    note_as(t, name, &told, Level::Transport, &text, &facts)?;
    Ok(Fence::Held)
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
