//! What comes in, and what it says of declarations.

use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use tongguan_messages::{Message, Outcome, masked_by, message as message_of};

use super::audit::happened;
use super::{given, key_of, precedence, state, unheard};
use crate::State;
use crate::audit::Facts;
use crate::lifecycle::Event;
use crate::store::sql::{Sql, Trouble, Value, set};
use crate::store::{About, Answer, Inbound, Notice};

/// A declaration that an answer is about.
struct Target {
    state: State,
    /// Its state or the time of its newest answer is another than before.
    moved: bool,
    /// The newest time that a sender gave for an answer.
    answered: String,
    /// In how many tries it may have left.
    departures: i64,
    /// What it declares, with personal data that no text may repeat.
    message: Option<&'static Message>,
    fragment: Vec<u8>,
}

/// What some deliveries do to the declarations that they are about.
#[derive(Default)]
struct Said<'i> {
    /// Lines of history.
    statuses: Vec<Vec<Value>>,
    facts: Vec<(i64, Facts)>,
    /// Numbers that a delivery, by its place, gives to declarations.
    given: Vec<(usize, i64, &'i str)>,
}

/// What a delivery is about, as far as it says itself; nothing, where others may say more of that.
pub(in crate::store) fn touches(inbound: &Inbound) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    for answer in &inbound.answers {
        match &answer.about {
            About::Declaration { messages, key, .. } => {
                let Some(key) = key else { continue };
                keys.extend(messages.iter().map(|message| key_of(message, key)));
            }
            About::Envelope(_) | About::Given { .. } => return None,
        }
    }
    Some(keys)
}

/// Keeps deliveries of which no two are about the same declaration.
pub(in crate::store) fn receive(
    t: &mut dyn Sql,
    all: &[Inbound],
) -> Result<Vec<Vec<Notice>>, Trouble> {
    let answers: Vec<&Answer> = all.iter().flat_map(|one| &one.answers).collect();
    given::lock(t, &answers)?;
    let about = about(t, &answers)?;
    let mut targets = lock(t, about.iter().flatten().copied().collect())?;
    let mut about = about.into_iter();
    let all: Vec<Whose> = all
        .iter()
        .map(|inbound| Whose {
            inbound,
            digest: Sha256::digest(&inbound.octets).into(),
            about: about.by_ref().take(inbound.answers.len()).collect(),
        })
        .collect();
    let inserted = insert(t, &all, &targets)?;
    let mut said = Said::default();
    for (place, (one, kept)) in all.iter().zip(inserted).enumerate() {
        // Else it came before; whoever committed it may have died before a role heard of it.
        if let Some(kept) = kept {
            hear(t, place, one, kept, &mut targets, &mut said)?;
        }
    }
    let moved = targets.iter().filter(|(_, target)| target.moved);
    let sets: Vec<Vec<Value>> = moved
        .clone()
        .map(|(seq, target)| set![*seq, target.state.name(), &target.answered])
        .collect();
    t.each(
        "UPDATE declaration SET state = ?2, answered = ?3 WHERE seq = ?1",
        &sets,
    )?;
    let moves: Vec<(i64, State)> = moved.map(|(seq, t)| (*seq, t.state)).collect();
    precedence::settled(t, &moves)?;
    t.each(
        "INSERT INTO status (declaration, at, level, code, text, said_at, inbound)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &said.statuses,
    )?;
    let facts: Vec<(i64, &Facts)> = said
        .facts
        .iter()
        .map(|(seq, facts)| (*seq, facts))
        .collect();
    happened(t, "receipt", &facts)?;
    let mut notices = notices(t, &all)?;
    for (place, seq, number) in said.given {
        let earlier = given::give(t, seq, number)?;
        if let Some(notices) = notices.get_mut(place) {
            notices.extend(earlier);
        }
    }
    Ok(notices)
}

/// A delivery, and the declarations that each of its answers is about.
struct Whose<'i> {
    inbound: &'i Inbound,
    digest: [u8; 32],
    about: Vec<Vec<i64>>,
}

/// Keeps deliveries; the number of each that was not there yet.
fn insert(
    t: &mut dyn Sql,
    all: &[Whose],
    targets: &BTreeMap<i64, Target>,
) -> Result<Vec<Option<i64>>, Trouble> {
    let now = t.now();
    let sets: Vec<Vec<Value>> = all
        .iter()
        .map(|one| {
            let about = one.about.iter().flatten();
            let inbound = one.inbound;
            set![
                hex::encode(one.digest),
                inbound.octets.as_slice(),
                &inbound.transport,
                &inbound.origin,
                now,
                &inbound.kind,
                inbound.problem.as_deref(),
                about.filter(|seq| targets.contains_key(seq)).count(),
                inbound.made_at,
            ]
        })
        .collect();
    t.each(
        "INSERT INTO inbound
         (digest, octets, transport, origin, received_at, kind, problem, matched, made_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (digest) DO NOTHING RETURNING seq",
        &sets,
    )?
    .iter()
    .map(|rows| rows.first().map(|row| row.int(0)).transpose())
    .collect()
}

/// What a delivery that was kept under that number says.
fn hear<'i>(
    t: &mut dyn Sql,
    place: usize,
    one: &Whose<'i>,
    kept: i64,
    targets: &mut BTreeMap<i64, Target>,
    said: &mut Said<'i>,
) -> Result<(), Trouble> {
    let now = t.now();
    for (answer, seqs) in one.inbound.answers.iter().zip(&one.about) {
        if seqs.is_empty() {
            given::keep(t, kept, answer)?;
        }
        for seq in seqs {
            if let Some(number) = &answer.given {
                said.given.push((place, *seq, number));
            }
            let Some(target) = targets.get_mut(seq) else {
                continue;
            };
            target.hear(answer);
            said.statuses.push(set![
                *seq,
                now,
                answer.level.name(),
                &answer.code,
                target.masked(&answer.text),
                &answer.time,
                kept,
            ]);
            // Its text may hold personal data; the octets that are sealed hold it too.
            let facts = Facts::default()
                .open("level", answer.level.name())
                .open("code", answer.code.as_str())
                .open("time", answer.time.as_str())
                .sealed("receipt", one.digest);
            said.facts.push((*seq, facts));
        }
    }
    Ok(())
}

/// What deliveries say to roles, as it is kept.
fn notices(t: &mut dyn Sql, all: &[Whose]) -> Result<Vec<Vec<Notice>>, Trouble> {
    let sets: Vec<Vec<Value>> = all
        .iter()
        .map(|one| set![hex::encode(one.digest)])
        .collect();
    t.each(
        "SELECT i.digest, i.kind, d.role, d.message, d.guid, s.code, s.text
         FROM inbound i JOIN status s ON s.inbound = i.seq JOIN declaration d ON d.seq = s.declaration
         WHERE i.digest = ?1 ORDER BY s.seq",
        &sets,
    )?
    .iter()
    .map(|rows| rows.iter().map(unheard::notice).collect())
    .collect()
}

impl Target {
    fn masked(&self, text: &str) -> String {
        match self.message {
            Some(message) => masked_by(text, message, &self.fragment),
            None => text.to_owned(),
        }
    }

    /// What an answer does to it.
    fn hear(&mut self, answer: &Answer) {
        if matches!(answer.about, About::Given { .. }) {
            return;
        }
        let event = match answer.outcome {
            // It may have left more than once: "already declared" answers the repeat, and the
            // first one arrived.
            Outcome::Rejected if answer.already_declared && self.departures > 1 => Event::Good,
            Outcome::Rejected => Event::Bad,
            Outcome::Accepted => Event::Good,
            Outcome::Pending => Event::UnderWay,
        };
        // An older answer that comes late is kept, but does not undo a newer one; it still ends
        // what no newer one has ended.
        let late = !answer.time.is_empty() && answer.time < self.answered;
        if late && (self.state.is_final() || event == Event::UnderWay) {
            return;
        }
        if let Some(next) = self.state.after(event) {
            self.moved |= self.state != next;
            self.state = next;
        }
        if !answer.time.is_empty() && !late {
            self.moved |= self.answered != answer.time;
            self.answered.clone_from(&answer.time);
        }
    }
}

/// The declarations that each answer is about.
fn about(t: &mut dyn Sql, answers: &[&Answer]) -> Result<Vec<Vec<i64>>, Trouble> {
    let mut found: Vec<Vec<i64>> = Vec::with_capacity(answers.len());
    let mut sets = Vec::new();
    let mut whose = Vec::new();
    for (index, answer) in answers.iter().enumerate() {
        found.push(match &answer.about {
            About::Envelope(cop_msg_id) => t
                .all(
                    "SELECT d.seq FROM declaration d JOIN carrier c ON d.carrier = c.seq
                     WHERE c.cop_msg_id = ?1 AND d.state <> 'void' ORDER BY d.position",
                    set![cop_msg_id],
                )?
                .iter()
                .map(|row| row.int(0))
                .collect::<Result<_, _>>()?,
            About::Given { messages, number } => {
                given::find(t, messages, number)?.into_iter().collect()
            }
            About::Declaration {
                messages,
                key,
                guid,
            } => {
                for message in key.iter().flat_map(|_| *messages) {
                    sets.push(set![*message, key.as_deref(), guid]);
                    whose.push(index);
                }
                Vec::new()
            }
        });
    }
    // By guid when the service repeats ours, else the last one sent with that key.
    let rows = t.each(
        "SELECT seq FROM declaration
         WHERE message = ?1 AND business_key = ?2 AND carrier IS NOT NULL AND state <> 'void'
         ORDER BY CASE WHEN guid = ?3 THEN 0 ELSE 1 END, seq DESC LIMIT 1",
        &sets,
    )?;
    for (index, rows) in whose.into_iter().zip(rows) {
        // The first of the messages that a receipt can answer counts.
        if let (Some(found), Some(row)) = (found.get_mut(index), rows.first())
            && found.is_empty()
        {
            found.push(row.int(0)?);
        }
    }
    Ok(found)
}

/// Locks declarations, in their order, and reads them.
fn lock(t: &mut dyn Sql, seqs: BTreeSet<i64>) -> Result<BTreeMap<i64, Target>, Trouble> {
    let sets: Vec<Vec<Value>> = seqs.iter().map(|seq| set![*seq]).collect();
    let rows = t.each(
        "SELECT d.message, d.state, d.answered, c.departures, f.octets
         FROM declaration d JOIN carrier c ON d.carrier = c.seq
         JOIN fragment f ON f.declaration = d.seq
         WHERE d.seq = ?1 /*pg FOR UPDATE OF d pg*/",
        &sets,
    )?;
    let mut targets = BTreeMap::new();
    for (seq, rows) in seqs.into_iter().zip(rows) {
        if let Some(mut row) = rows.into_iter().next() {
            targets.insert(
                seq,
                Target {
                    state: state(&row, 1)?,
                    moved: false,
                    answered: row.text(2)?,
                    departures: row.int(3)?,
                    message: message_of(&row.text(0)?),
                    fragment: row.octets(4)?,
                },
            );
        }
    }
    Ok(targets)
}
