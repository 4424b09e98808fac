//! What waits for others, and what frees it.

use super::{advance, key_of, note, shown, state};
use crate::State;
use crate::lifecycle::Event;
use crate::precedence::Need;
use crate::store::sql::{Sql, Trouble, Value, set};
use crate::store::{Awaited, Level};

/// The key that is locked: whoever settles it, and whoever waits for it, do so one after the other.
pub(super) fn lock(need: &Need) -> String {
    key_of(&need.message, &need.key)
}

/// The needs that are not met, of a declaration that is not there yet: nothing that they name is
/// accepted.
pub(super) fn unmet(t: &mut dyn Sql, needs: Vec<Need>) -> Result<Vec<Need>, Trouble> {
    let mut unmet = Vec::new();
    for need in needs {
        if !is_accepted(t, &need)? {
            unmet.push(need);
        }
    }
    Ok(unmet)
}

fn is_accepted(t: &mut dyn Sql, need: &Need) -> Result<bool, Trouble> {
    t.first(
        "SELECT 1 FROM declaration
         WHERE message = ?1 AND (business_key = ?2 OR referred_by = ?2) AND state = 'accepted' LIMIT 1",
        set![&need.message, &need.key],
    )
    .map(|found| found.is_some())
}

/// Keeps the needs of declarations that wait.
pub(super) fn wait(t: &mut dyn Sql, needs: &[(i64, Vec<Need>)]) -> Result<(), Trouble> {
    let sets: Vec<Vec<Value>> = needs
        .iter()
        .flat_map(|(seq, needs)| needs.iter().map(|n| set![*seq, &n.message, &n.key]))
        .collect();
    t.each(
        "INSERT INTO need (declaration, message, key) VALUES (?1, ?2, ?3)",
        &sets,
    )?;
    for (seq, needs) in needs {
        let all: Vec<String> = needs
            .iter()
            .map(|n| format!("{} {}", n.message, shown(&n.key)))
            .collect();
        note(
            t,
            &[*seq],
            Level::Local,
            &format!("waits for {}", all.join("; ")),
        )?;
    }
    Ok(())
}

/// Some declarations have moved; to a final state, some of them: what waited for them, and for nothing else, goes.
pub(super) fn settled(t: &mut dyn Sql, moves: &[(i64, State)]) -> Result<(), Trouble> {
    let last = moves.iter().filter(|(_, state)| state.is_final());
    let sets: Vec<Vec<Value>> = last.map(|(seq, _)| set![*seq]).collect();
    if sets.is_empty() {
        return Ok(());
    }
    let found = t.each(
        "SELECT message, business_key, referred_by FROM declaration WHERE seq = ?1",
        &sets,
    )?;
    let mut settled = Vec::new();
    for row in found.iter().flatten() {
        let message = row.text(0)?;
        for key in [Some(row.text(1)?), row.maybe_text(2)?]
            .into_iter()
            .flatten()
        {
            let message = message.clone();
            settled.push(Need { message, key });
        }
    }
    let keys: Vec<String> = settled.iter().map(lock).collect();
    t.lock_keys(&keys)?;
    if t.first("SELECT 1 FROM need LIMIT 1", set![])?.is_none() {
        return Ok(());
    }
    let sets: Vec<Vec<Value>> = settled.iter().map(|n| set![&n.message, &n.key]).collect();
    let waiting = t.each(
        "SELECT n.declaration, d.message FROM need n JOIN declaration d ON d.seq = n.declaration
         WHERE n.message = ?1 AND n.key = ?2 ORDER BY n.declaration",
        &sets,
    )?;
    for (need, rows) in settled.iter().zip(waiting) {
        for row in rows {
            let (seq, own) = (row.int(0)?, row.text(1)?);
            let met = if own == need.message {
                is_all_final(t, seq, need)?
            } else {
                is_accepted(t, need)?
            };
            if met {
                meet(t, seq, need)?;
            }
        }
    }
    Ok(())
}

/// Whether nothing older of the same key is under way.
fn is_all_final(t: &mut dyn Sql, seq: i64, need: &Need) -> Result<bool, Trouble> {
    let older = t.all(
        "SELECT state FROM declaration WHERE message = ?1 AND business_key = ?2 AND seq < ?3",
        set![&need.message, &need.key, seq],
    )?;
    let states: Vec<State> = older
        .iter()
        .map(|row| state(row, 0))
        .collect::<Result<_, _>>()?;
    Ok(states.iter().all(|s| s.is_final()))
}

fn meet(t: &mut dyn Sql, seq: i64, need: &Need) -> Result<(), Trouble> {
    t.all(
        "DELETE FROM need WHERE declaration = ?1 AND message = ?2",
        set![seq, &need.message],
    )?;
    let left = t.first(
        "SELECT 1 FROM need WHERE declaration = ?1 LIMIT 1",
        set![seq],
    )?;
    let now = t.first(
        "SELECT state FROM declaration WHERE seq = ?1 /*pg FOR UPDATE pg*/",
        set![seq],
    )?;
    let now = now.map(|row| state(&row, 0)).transpose()?;
    if left.is_none() && now == Some(State::Waiting) {
        advance(t, &[(seq, State::Waiting)], Event::Freed)?;
        note(t, &[seq], Level::Local, "what it goes after is settled")?;
    }
    Ok(())
}

/// It waits no longer, whatever it needed.
pub(super) fn waive(t: &mut dyn Sql, seq: i64) -> Result<(), Trouble> {
    t.all("DELETE FROM need WHERE declaration = ?1", set![seq])
        .map(|_| ())
}

/// What a declaration waits for, and where that stands.
pub(super) fn awaited(t: &mut dyn Sql, seq: i64) -> Result<Vec<Awaited>, Trouble> {
    let needs = t.all(
        "SELECT n.message, n.key FROM need n WHERE n.declaration = ?1 ORDER BY n.message",
        set![seq],
    )?;
    let mut all = Vec::new();
    for row in needs {
        let (message, key) = (row.text(0)?, row.text(1)?);
        let found = t.first(
            "SELECT id, state FROM declaration
             WHERE message = ?1 AND (business_key = ?2 OR referred_by = ?2) AND seq <> ?3
             ORDER BY seq DESC LIMIT 1",
            set![&message, &key, seq],
        )?;
        let there = found
            .map(|row| Ok::<_, Trouble>((row.text(0)?, state(&row, 1)?)))
            .transpose()?;
        let (id, state) = there.unzip();
        all.push(Awaited {
            message,
            key: shown(&key),
            id,
            state,
        });
    }
    Ok(all)
}
