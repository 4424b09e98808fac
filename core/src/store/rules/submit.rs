//! Taking declarations.

use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use tongguan_contracts::Declaration;

use super::audit::{happened, salt};
use super::{key_of, precedence, shown, tell};
use crate::State;
use crate::audit::Facts;
use crate::precedence::{Need, Waits, referred_by};
use crate::store::sql::{Sql, Trouble, Value, set};
use crate::store::{Level, Submitted};

/// What is there under a business key.
struct There {
    id: String,
    fingerprint: String,
    state: State,
}

/// Declarations that a role gives together.
pub(in crate::store) struct Submission {
    pub role: String,
    pub declarations: Vec<Declaration>,
}

/// By what a submission is known; one that others are refused for, or refuse, is of the same.
pub(in crate::store) fn touches(one: &Submission) -> Option<Vec<String>> {
    Some(own_keys(&one.declarations.iter().collect::<Vec<_>>()))
}

/// Takes each of some submissions whole, or none of any.
pub(in crate::store) fn submit_all(
    t: &mut dyn Sql,
    all: &[Submission],
    waits: &Waits,
) -> Result<Vec<Vec<Submitted>>, Trouble> {
    let given: Vec<(&str, &Declaration)> = all
        .iter()
        .flat_map(|one| one.declarations.iter().map(|d| (one.role.as_str(), d)))
        .collect();
    let mut taken = take(t, &given, waits)?.into_iter();
    let each = all.iter();
    Ok(each
        .map(|one| taken.by_ref().take(one.declarations.len()).collect())
        .collect())
}

pub(in crate::store) fn submit(
    t: &mut dyn Sql,
    role: &str,
    declarations: &[Declaration],
    waits: &Waits,
) -> Result<Vec<Submitted>, Trouble> {
    let given: Vec<(&str, &Declaration)> = declarations.iter().map(|d| (role, d)).collect();
    take(t, &given, waits)
}

fn take(
    t: &mut dyn Sql,
    given: &[(&str, &Declaration)],
    waits: &Waits,
) -> Result<Vec<Submitted>, Trouble> {
    let declarations: Vec<&Declaration> = given.iter().map(|(_, d)| *d).collect();
    let needs: Vec<Vec<Need>> = declarations.iter().map(|d| waits.needs(d)).collect();
    // Whoever submits the same number at the same time waits here, and then sees ours.
    let keys = own_keys(&declarations);
    t.lock_keys(&locks(&keys, &needs))?;
    let mut there = what_is_there(t, &declarations)?;
    #[cfg(feature = "sabotage")]
    if crate::sabotage::Bug::Repeat.is_wanted() {
        there.clear();
    }
    let mut guids = used_guids(t, &declarations)?;
    let now = t.now();
    let mut results = Vec::new();
    let mut rows = Vec::new();
    let mut fragments = Vec::new();
    let mut facts = Vec::new();
    let mut waiting = Vec::new();
    for (((role, declaration), key), needs) in given.iter().zip(keys).zip(needs) {
        let known = there.entry(key).or_default();
        if let Some(same) = known
            .iter()
            .find(|one| one.fingerprint == declaration.fingerprint)
        {
            results.push(Submitted {
                id: same.id.clone(),
                already_there: true,
            });
            continue;
        }
        if let (Some(other), false) = (known.first(), declaration.amends) {
            return Err(Trouble::Refused {
                reason: format!(
                    "{} {} (line {}) is declared already, with other content, as {}",
                    declaration.message,
                    shown(&declaration.business_key),
                    declaration.origin.line,
                    other.id
                ),
                remedy: match other.state {
                    State::Submitted | State::Waiting => format!(
                        "nothing of that one has left: take it back with tongguan void {0}, then \
                         submit this one again; see what is there with: tongguan show {0}",
                        other.id
                    ),
                    _ => "give it a new number, or declare it as a change (appType 2); see what \
                          is there with: tongguan show NUMBER"
                        .to_owned(),
                },
            });
        }
        if let Some(id) = guids.get(&declaration.guid) {
            return Err(Trouble::Refused {
                reason: format!(
                    "the guid {} (line {}) is used already, by {id}",
                    declaration.guid, declaration.origin.line
                ),
                remedy: "leave guid out, or give it a new one: every declaration has its own"
                    .to_owned(),
            });
        }
        let mut needs = precedence::unmet(t, needs)?;
        if known.iter().any(|there| !there.state.is_final()) {
            // It changes or deletes what is still under way.
            needs.push(Need {
                message: declaration.message.clone(),
                key: declaration.business_key.clone(),
            });
        }
        let state = if needs.is_empty() {
            State::Submitted
        } else {
            State::Waiting
        };
        let id = uuid::Uuid::now_v7().simple().to_string();
        rows.push(set![
            &id,
            *role,
            &declaration.message,
            &declaration.guid,
            &declaration.business_key,
            &declaration.fingerprint,
            &declaration.origin.document,
            i64::from(declaration.origin.line),
            state.name(),
            now,
            salt()?.0.as_slice(),
            referred_by(declaration),
        ]);
        fragments.push(declaration.fragment.as_slice());
        facts.push(
            Facts::default()
                .open("message", declaration.message.as_str())
                .open("guid", declaration.guid.as_str())
                .sealed("fragment", Sha256::digest(&declaration.fragment)),
        );
        guids.insert(declaration.guid.clone(), id.clone());
        known.insert(
            0,
            There {
                id: id.clone(),
                fingerprint: declaration.fingerprint.clone(),
                state,
            },
        );
        waiting.push(needs);
        results.push(Submitted {
            id,
            already_there: false,
        });
    }
    let inserted = t.each(
        "INSERT INTO declaration (id, role, message, guid, business_key, fingerprint,
         document, line, state, submitted_at, salt, referred_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING seq",
        &rows,
    )?;
    let seqs = inserted
        .iter()
        .flatten()
        .map(|row| row.int(0))
        .collect::<Result<Vec<i64>, _>>()?;
    let sets: Vec<Vec<Value>> = seqs
        .iter()
        .zip(fragments)
        .map(|(seq, octets)| set![*seq, octets])
        .collect();
    t.each(
        "INSERT INTO fragment (declaration, octets) VALUES (?1, ?2)",
        &sets,
    )?;
    tell(t, Level::Local, &[(&seqs, "submitted")])?;
    let waiting: Vec<(i64, Vec<Need>)> = seqs
        .iter()
        .copied()
        .zip(waiting)
        .filter(|(_, needs)| !needs.is_empty())
        .collect();
    precedence::wait(t, &waiting)?;
    let all: Vec<(i64, &Facts)> = seqs.into_iter().zip(&facts).collect();
    happened(t, "submitted", &all)?;
    Ok(results)
}

fn own_keys(declarations: &[&Declaration]) -> Vec<String> {
    let own = |d: &&Declaration| key_of(&d.message, &d.business_key);
    declarations.iter().map(own).collect()
}

fn locks(own: &[String], needs: &[Vec<Need>]) -> Vec<String> {
    let awaited = needs.iter().flatten().map(precedence::lock);
    own.iter().cloned().chain(awaited).collect()
}

/// The keys that taking some declarations locks. Who locks more keys than these locks all of them
/// at once, so that they are taken in their order.
pub(super) fn keys(declarations: &[Declaration], waits: &Waits) -> Vec<String> {
    let needs: Vec<Vec<Need>> = declarations.iter().map(|d| waits.needs(d)).collect();
    let own: Vec<&Declaration> = declarations.iter().collect();
    locks(&own_keys(&own), &needs)
}

/// What is there under the keys of some declarations, newest first.
fn what_is_there(
    t: &mut dyn Sql,
    declarations: &[&Declaration],
) -> Result<HashMap<String, Vec<There>>, Trouble> {
    let sets: Vec<Vec<Value>> = declarations
        .iter()
        .map(|d| set![&d.message, &d.business_key])
        .collect();
    let found = t.each(
        "SELECT id, fingerprint, state FROM declaration
         WHERE message = ?1 AND business_key = ?2 ORDER BY seq DESC",
        &sets,
    )?;
    let mut there = HashMap::new();
    for (declaration, rows) in declarations.iter().zip(found) {
        let mut known = Vec::new();
        for row in rows {
            let state = super::state(&row, 2)?;
            if !state.frees_key() {
                known.push(There {
                    id: row.text(0)?,
                    fingerprint: row.text(1)?,
                    state,
                });
            }
        }
        let key = key_of(&declaration.message, &declaration.business_key);
        there.insert(key, known);
    }
    Ok(there)
}

/// By which declarations the guids are used already.
fn used_guids(
    t: &mut dyn Sql,
    declarations: &[&Declaration],
) -> Result<HashMap<String, String>, Trouble> {
    let sets: Vec<Vec<Value>> = declarations.iter().map(|d| set![&d.guid]).collect();
    let found = t.each("SELECT guid, id FROM declaration WHERE guid = ?1", &sets)?;
    found
        .iter()
        .flatten()
        .map(|row| Ok((row.text(0)?, row.text(1)?)))
        .collect()
}
