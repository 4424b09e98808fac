//! What a person decides about a declaration.

use super::{Advance, advance, in_carrier, look, note_as, precedence, replace, set_states, state};
use crate::State;
use crate::audit::Facts;
use crate::lifecycle::Event;
use crate::store::sql::{Sql, Trouble, set};
use crate::store::{Decision, Level};

/// An envelope, as far as a decision asks.
pub(super) struct Envelope {
    pub(super) seq: i64,
    /// In how many tries it may have left.
    departures: i64,
    /// A node is sending it, or one died while it did.
    leased: bool,
}

/// A declaration about which a person decides, locked with its envelope.
pub(super) struct Held {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) state: State,
    pub(super) envelope: Option<Envelope>,
}

/// Who decides, for the log.
#[derive(Clone, Copy)]
pub(super) struct Person<'a>(pub(super) &'a str);

impl Person<'_> {
    fn decided(self, t: &mut dyn Sql, declarations: &[i64], text: &str) -> Result<(), Trouble> {
        let facts = Facts::default().open("by", self.0);
        note_as(t, "decided", declarations, Level::Local, text, &facts)
    }
}

pub(super) fn refused(reason: String, remedy: &str) -> Trouble {
    Trouble::Refused {
        reason,
        remedy: remedy.to_owned(),
    }
}

pub(in crate::store) fn decide(
    t: &mut dyn Sql,
    text: &str,
    decision: Decision,
    by: &str,
) -> Result<(String, State), Trouble> {
    let by = Person(by);
    let Held {
        seq,
        id,
        state: now,
        envelope,
    } = hold(t, text)?;
    if let Some((other, _)) = replace::in_place_of(t, seq)? {
        return Err(refused(
            format!("it was replaced by {other}"),
            "decide about that one: tongguan show says where it stands",
        ));
    }
    match decision {
        Decision::Retry => retry(t, by, (seq, now), envelope.as_ref())?,
        Decision::Void => void(t, by, (seq, now), envelope.as_ref())?,
    }
    let row = t
        .first("SELECT state FROM declaration WHERE seq = ?1", set![seq])?
        .ok_or_else(|| Trouble::Again("the declaration is gone".to_owned()))?;
    Ok((id, state(&row, 0)?))
}

/// Finds a declaration and locks it.
pub(super) fn hold(t: &mut dyn Sql, text: &str) -> Result<Held, Trouble> {
    let Some(seq) = look::locate(t, text)? else {
        return Err(refused(
            format!("nothing has the id {text:?}"),
            "give an id, a guid or a business number; see: tongguan status --list",
        ));
    };
    let carrier = t
        .first("SELECT carrier FROM declaration WHERE seq = ?1", set![seq])?
        .map_or(Ok(None), |row| row.maybe_int(0))?;
    let envelope = match carrier {
        Some(carrier) => envelope(t, carrier)?,
        None => None,
    };
    let row = t
        .first(
            "SELECT id, state, carrier FROM declaration WHERE seq = ?1 /*pg FOR UPDATE pg*/",
            set![seq],
        )?
        .ok_or_else(|| Trouble::Again("the declaration is gone".to_owned()))?;
    if row.maybe_int(2)? != carrier {
        return Err(Trouble::Again("it was just signed".to_owned()));
    }
    Ok(Held {
        seq,
        id: row.text(0)?,
        state: state(&row, 1)?,
        envelope,
    })
}

fn envelope(t: &mut dyn Sql, seq: i64) -> Result<Option<Envelope>, Trouble> {
    t.first(
        "SELECT departures, lease FROM carrier WHERE seq = ?1 /*pg FOR UPDATE pg*/",
        set![seq],
    )?
    .map(|row| {
        Ok(Envelope {
            seq,
            departures: row.int(0)?,
            leased: row.maybe_int(1)?.is_some(),
        })
    })
    .transpose()
}

fn retry(
    t: &mut dyn Sql,
    by: Person<'_>,
    (seq, now): (i64, State),
    envelope: Option<&Envelope>,
) -> Result<(), Trouble> {
    let event = match (now, envelope) {
        (State::Signed | State::Unknown, Some(envelope)) => {
            t.all(
                "UPDATE carrier SET next_at = 0 WHERE seq = ?1 AND open = 1",
                set![envelope.seq],
            )?;
            return by.decided(t, &[seq], "to be tried at once: a person's decision");
        }
        (State::Waiting, _) => {
            precedence::waive(t, seq)?;
            advance(t, &[(seq, now)], Event::Freed)?;
            return by.decided(t, &[seq], "to wait no longer: a person's decision");
        }
        (State::Dead, None) => {
            advance(t, &[(seq, now)], Event::Resign)?;
            return by.decided(t, &[seq], "to be signed: a person's decision");
        }
        (State::Dead | State::Sent, Some(envelope)) if envelope.departures > 0 => Event::Repeat,
        (State::Dead, Some(_)) => Event::Resend,
        (State::Submitted, _) => {
            return Err(refused(
                "it waits to be signed, and is at its next turn".to_owned(),
                "see that tongguan run goes on, and what it logs",
            ));
        }
        (State::Rejected, _) => {
            return Err(refused(
                "it was rejected: the same again would be too".to_owned(),
                "mend the document, then: tongguan resubmit ID DOCUMENT; its number is free",
            ));
        }
        (other, _) => {
            return Err(refused(
                format!("it is {other}"),
                "only what waits, is unsent, sent without an answer, or a dead letter can be retried",
            ));
        }
    };
    let Some(envelope) = envelope else {
        return Ok(());
    };
    // The envelope goes again, with all that is in it.
    t.all(
        "UPDATE carrier SET open = 1, next_at = 0 WHERE seq = ?1",
        set![envelope.seq],
    )?;
    let declarations = in_carrier(t, envelope.seq)?;
    let Advance { moved, .. } = advance(t, &declarations, event)?;
    let text = "its envelope is to be sent again: a person's decision";
    by.decided(t, &moved, text)
}

pub(super) fn void(
    t: &mut dyn Sql,
    by: Person<'_>,
    (seq, now): (i64, State),
    envelope: Option<&Envelope>,
) -> Result<(), Trouble> {
    if now.after(Event::Voided).is_none() {
        return Err(refused(
            format!("it is {now}: {}", now.meaning()),
            "what may have left is undone at the customs only, by a declaration that deletes it \
             (appType 3)",
        ));
    }
    if let Some(envelope) = envelope {
        if envelope.leased {
            return Err(refused(
                "its envelope is being sent at this moment".to_owned(),
                "ask again when the try has ended: tongguan show",
            ));
        }
        if envelope.departures > 0 {
            return Err(refused(
                "its envelope may have left".to_owned(),
                "retry it, and see what the answer is",
            ));
        }
        t.all(
            "UPDATE carrier SET open = 0, error = 'void: a person''s decision' WHERE seq = ?1",
            set![envelope.seq],
        )?;
        // Its neighbours in the message, which has never left, go into a new one.
        let others: Vec<(i64, State)> = in_carrier(t, envelope.seq)?
            .into_iter()
            .filter(|(other, _)| *other != seq)
            .collect();
        for (other, _) in &others {
            t.all(
                "UPDATE declaration SET carrier = NULL, position = NULL WHERE seq = ?1",
                set![*other],
            )?;
        }
        let Advance { moved, .. } = advance(t, &others, Event::Unbound)?;
        let text = "its message was voided before it left, for another's sake: it goes into a \
                    new one";
        by.decided(t, &moved, text)?;
    }
    // Whoever is signing it now loses it with the lease's mark.
    t.all(
        "UPDATE declaration SET lease = NULL WHERE seq = ?1",
        set![seq],
    )?;
    precedence::waive(t, seq)?;
    let void = now.after(Event::Voided).unwrap_or(now);
    set_states(t, &[(seq, void)])?;
    by.decided(t, &[seq], "void: a person's decision")
}
