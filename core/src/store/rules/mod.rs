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

use std::collections::BTreeMap;

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
    let note = Note {
        declarations: declarations.to_vec(),
        text: text.to_owned(),
        facts: facts.clone(),
    };
    note_all(t, name, level, vec![note])
}

/// What there is to note of some declarations.
struct Note {
    declarations: Vec<i64>,
    text: String,
    facts: Facts,
}

/// As [`note_as`], for an event that happened to several.
fn note_all(t: &mut dyn Sql, name: &str, level: Level, notes: Vec<Note>) -> Result<(), Trouble> {
    let told = notes.iter().map(|n| (&n.declarations[..], &n.text[..]));
    tell(t, level, &told.collect::<Vec<_>>())?;
    let facts: Vec<(Vec<i64>, Facts)> = notes
        .into_iter()
        .map(|note| {
            let facts = note.facts.open("level", level.name());
            (note.declarations, facts.open("text", note.text))
        })
        .collect();
    let all: Vec<(i64, &Facts)> = facts
        .iter()
        .flat_map(|(declarations, facts)| declarations.iter().map(move |d| (*d, facts)))
        .collect();
    audit::happened(t, name, &all)
}

/// Writes lines into the history of some declarations.
fn tell(t: &mut dyn Sql, level: Level, lines: &[(&[i64], &str)]) -> Result<(), Trouble> {
    let now = t.now();
    let sets: Vec<Vec<Value>> = lines
        .iter()
        .flat_map(|(declarations, text)| declarations.iter().map(move |seq| (*seq, text)))
        .map(|(seq, text)| set![seq, now, level.name(), *text])
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
    Ok(in_carriers(t, &[carrier])?.pop().unwrap_or_default())
}

/// The declarations in each of some envelopes, all locked in their order.
fn in_carriers(t: &mut dyn Sql, carriers: &[i64]) -> Result<Vec<Vec<(i64, State)>>, Trouble> {
    let sets: Vec<Vec<Value>> = carriers.iter().map(|seq| set![*seq]).collect();
    let found = t.each("SELECT seq FROM declaration WHERE carrier = ?1", &sets)?;
    let mut carried = BTreeMap::new();
    for (index, rows) in found.iter().enumerate() {
        for row in rows {
            carried.insert(row.int(0)?, index);
        }
    }
    let sets: Vec<Vec<Value>> = carried.keys().map(|seq| set![*seq]).collect();
    let locked = t.each(
        "SELECT state FROM declaration WHERE seq = ?1 /*pg FOR UPDATE pg*/",
        &sets,
    )?;
    let mut all = vec![Vec::new(); carriers.len()];
    for ((seq, index), rows) in carried.into_iter().zip(&locked) {
        if let (Some(row), Some(declarations)) = (rows.first(), all.get_mut(index)) {
            declarations.push((seq, state(row, 0)?));
        }
    }
    Ok(all)
}

/// What an event did to some declarations.
struct Advance {
    /// Those whose state changed.
    moved: Vec<i64>,
    /// All that it concerns.
    concerned: Vec<i64>,
}

/// Moves the declarations in an envelope, those that the table of transitions lets.
fn advance(
    t: &mut dyn Sql,
    declarations: &[(i64, State)],
    event: Event,
) -> Result<Advance, Trouble> {
    let (advance, moves) = moves(declarations, event);
    set_states(t, &moves)?;
    Ok(advance)
}

/// As [`advance`], only thought: and what is to be written.
fn moves(declarations: &[(i64, State)], event: Event) -> (Advance, Vec<(i64, State)>) {
    let concerned: Vec<(i64, State, State)> = declarations
        .iter()
        .filter_map(|(seq, state)| Some((*seq, *state, state.after(event)?)))
        .collect();
    let moves: Vec<(i64, State)> = concerned
        .iter()
        .filter(|(_, from, to)| from != to)
        .map(|(seq, _, to)| (*seq, *to))
        .collect();
    let advance = Advance {
        moved: moves.iter().map(|m| m.0).collect(),
        concerned: concerned.into_iter().map(|c| c.0).collect(),
    };
    (advance, moves)
}
