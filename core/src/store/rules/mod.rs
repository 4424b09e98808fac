//! What each method of a store does: the rules, written once over [`Sql`].
//!
//! Every rule runs in one transaction. Rows are locked in one order, so that two transactions
//! wait for each other only in turn: envelope before declarations, declarations by their number.

pub(super) mod answer;
pub(super) mod assemble;
pub(super) mod audit;
pub(super) mod decide;
pub(super) mod evidence;
pub(super) mod given;
pub(super) mod leases;
pub(super) mod look;
pub(super) mod once;
pub(super) mod precedence;
pub(super) mod purge;
pub(super) mod replace;
pub(super) mod send;
pub(super) mod submit;
pub(super) mod symptoms;
pub(super) mod unheard;

use super::Level;
use super::sql::{Row, Sql, Trouble, Value, set};
use crate::State;
use crate::audit::Facts;
use crate::lifecycle::Event;

fn state(row: &Row, column: usize) -> Result<State, Trouble> {
    let name = row.text(column)?;
    State::named(&name).ok_or_else(|| Trouble::broken(format!("unknown state {name:?}")))
}

/// A message and its business key as one: what is locked. Everyone who locks it must write it alike.
fn key_of(message: &str, key: &str) -> String {
    format!("{message}\n{key}")
}

/// A business key for people.
fn shown(key: &str) -> String {
    key.replace('\n', " / ")
}

/// Notes what this client itself knows of some declarations, in their history and in the log.
fn note(t: &mut dyn Sql, declarations: &[i64], level: Level, text: &str) -> Result<(), Trouble> {
    note_as(t, "noted", declarations, level, text, &Facts::default())
}

/// As [`note`], for an event that has a name, and with facts for the log.
fn note_as(
    t: &mut dyn Sql,
    name: &str,
    declarations: &[i64],
    level: Level,
    text: &str,
    facts: &Facts,
) -> Result<(), Trouble> {
    tell(t, declarations, level, text)?;
    let facts = facts.clone().open("level", level.name()).open("text", text);
    let all: Vec<(i64, &Facts)> = declarations.iter().map(|d| (*d, &facts)).collect();
    audit::happened(t, name, &all)
}

/// Writes a line into the history of some declarations.
fn tell(t: &mut dyn Sql, declarations: &[i64], level: Level, text: &str) -> Result<(), Trouble> {
    let now = t.now();
    let sets: Vec<Vec<Value>> = declarations
        .iter()
        .map(|seq| set![*seq, now, level.name(), text])
        .collect();
    t.each(
        "INSERT INTO status (declaration, at, level, code, text) VALUES (?1, ?2, ?3, '', ?4)",
        &sets,
    )
    .map(|_| ())
}

fn set_states(t: &mut dyn Sql, moves: &[(i64, State)]) -> Result<(), Trouble> {
    let sets: Vec<Vec<Value>> = moves
        .iter()
        .map(|(seq, state)| set![*seq, state.name()])
        .collect();
    t.each("UPDATE declaration SET state = ?2 WHERE seq = ?1", &sets)?;
    precedence::settled(t, moves)
}

/// The declarations in an envelope, locked, and where they stand.
fn in_carrier(t: &mut dyn Sql, carrier: i64) -> Result<Vec<(i64, State)>, Trouble> {
    t.all(
        "SELECT seq, state FROM declaration WHERE carrier = ?1 ORDER BY seq /*pg FOR UPDATE pg*/",
        set![carrier],
    )?
    .iter()
    .map(|row| Ok((row.int(0)?, state(row, 1)?)))
    .collect()
}

/// Moves the declarations in an envelope, those that the table of transitions lets; gives the
/// ones whose state changed, and all that the event concerns.
fn advance(
    t: &mut dyn Sql,
    declarations: &[(i64, State)],
    event: Event,
) -> Result<(Vec<i64>, Vec<i64>), Trouble> {
    let concerned: Vec<(i64, State, State)> = declarations
        .iter()
        .filter_map(|(seq, state)| Some((*seq, *state, state.after(event)?)))
        .collect();
    let moves: Vec<(i64, State)> = concerned
        .iter()
        .filter(|(_, from, to)| from != to)
        .map(|(seq, _, to)| (*seq, *to))
        .collect();
    set_states(t, &moves)?;
    Ok((
        moves.into_iter().map(|m| m.0).collect(),
        concerned.into_iter().map(|c| c.0).collect(),
    ))
}
