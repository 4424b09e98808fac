//! A person puts a mended declaration in the place of one that ended badly.
//!
//! It is a new one, with a guid of its own: customs takes what it refused as new again, under the
//! same number (`appType` 1). The two name each other, in their histories and in the audit log.

use tongguan_contracts::Declaration;

use super::decide::{Held, Person, hold, refused, void};
use super::submit::{keys, submit};
use super::{in_carrier, key_of, note_as};
use crate::State;
use crate::audit::Facts;
use crate::precedence::Waits;
use crate::store::sql::{Sql, Trouble, set};
use crate::store::{Level, Submitted};

/// The declaration that was submitted in the place of another: its id and fingerprint.
pub(super) fn in_place_of(t: &mut dyn Sql, seq: i64) -> Result<Option<(String, String)>, Trouble> {
    t.first(
        "SELECT id, fingerprint FROM declaration WHERE replaces = ?1",
        set![seq],
    )?
    .map(|row| Ok((row.text(0)?, row.text(1)?)))
    .transpose()
}

pub(in crate::store) fn replace(
    t: &mut dyn Sql,
    text: &str,
    role: &str,
    declaration: &Declaration,
    waits: &Waits,
    by: &str,
) -> Result<Submitted, Trouble> {
    let old = hold(t, text)?;
    // All rows before any key.
    if let Some(envelope) = &old.envelope {
        in_carrier(t, envelope.seq)?;
    }
    let row = t
        .first(
            "SELECT message, business_key FROM declaration WHERE seq = ?1",
            set![old.seq],
        )?
        .ok_or_else(|| Trouble::Again("the declaration is gone".to_owned()))?;
    let (message, key) = (row.text(0)?, row.text(1)?);
    let mut locks = keys(std::slice::from_ref(declaration), waits);
    locks.push(key_of(&message, &key));
    t.lock_keys(&locks)?;
    if let Some((id, fingerprint)) = in_place_of(t, old.seq)? {
        if fingerprint == declaration.fingerprint {
            let already_there = true;
            return Ok(Submitted { id, already_there });
        }
        return Err(refused(
            format!(
                "{} was replaced already, with other content, by {id}",
                old.id
            ),
            "tongguan show says where that one stands; if it ended badly too, resubmit that one",
        ));
    }
    if message != declaration.message {
        return Err(refused(
            format!(
                "it is a {message}, and the document declares a {}",
                declaration.message
            ),
            "give a document with the same kind of declaration; submit others by themselves",
        ));
    }
    end(t, Person(by), &old)?;
    let taken = submit(t, role, std::slice::from_ref(declaration), waits)?
        .pop()
        .ok_or_else(|| Trouble::Again("nothing was taken".to_owned()))?;
    // One that a person had submitted by itself before takes the place too, unless it has one.
    let new = t.first(
        "UPDATE declaration SET replaces = ?2
         WHERE id = ?1 AND replaces IS NULL AND seq > ?2 RETURNING seq",
        set![&taken.id, old.seq],
    )?;
    let Some(new) = new else {
        return Err(refused(
            format!("the same is declared already, as {}", taken.id),
            "nothing is to be done: that one counts; tongguan show says where it stands",
        ));
    };
    let person = Facts::default().open("by", by);
    let facts = person.clone().open("replaced_by", taken.id.as_str());
    let text = format!("replaced by {}: a person's decision", taken.id);
    note_as(t, "replaced", &[old.seq], Level::Local, &text, &facts)?;
    let facts = person.open("replaces", old.id.as_str());
    let text = format!("replaces {}: a person's decision", old.id);
    note_as(t, "replaces", &[new.int(0)?], Level::Local, &text, &facts)?;
    Ok(taken)
}

/// Makes sure that nothing more comes of it.
fn end(t: &mut dyn Sql, by: Person<'_>, old: &Held) -> Result<(), Trouble> {
    let remedy = match old.state {
        State::Rejected | State::Void => return Ok(()),
        // Only where nothing of it can have left: else both might count.
        State::Dead => return void(t, by, (old.seq, old.state), old.envelope.as_ref()),
        State::Waiting | State::Submitted | State::Signed => "void it first: tongguan void",
        State::Unknown | State::Sent | State::Pending => {
            "wait for its answer; tongguan retry sends the same again"
        }
        State::Accepted => {
            "declare a change (appType 2) or a deletion (appType 3): tongguan submit"
        }
    };
    Err(refused(
        format!("it is {}: {}", old.state, old.state.meaning()),
        remedy,
    ))
}
