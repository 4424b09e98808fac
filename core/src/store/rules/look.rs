//! What is there.

use super::{precedence, shown, state};
use crate::State;
use crate::store::sql::{Row, Sql, Trouble, Value, set};
use crate::store::{CarrierSummary, Details, Filter, Gone, Kept, Status, Summary, Unmatched};

/// The columns of a summary, and the last thing that was said of each declaration: by the
/// sender's own time, then by ours.
macro_rules! summaries {
    ($rest:literal) => {
        concat!(
            "SELECT d.seq, d.id, d.message, d.guid, d.business_key, d.state, d.submitted_at,
             d.document, d.line, s.at, s.level, s.code, s.text, i.digest,
             (SELECT o.id FROM declaration o WHERE o.seq = d.replaces),
             (SELECT n.id FROM declaration n WHERE n.replaces = d.seq)
             FROM declaration d
             LEFT JOIN status s ON s.seq = (SELECT l.seq FROM status l WHERE l.declaration = d.seq
                                            ORDER BY l.said_at DESC, l.seq DESC LIMIT 1)
             LEFT JOIN inbound i ON s.inbound = i.seq ",
            $rest
        )
    };
}

/// The declaration of an id, a guid, a business key or one field of that; the newest.
pub(super) fn locate(t: &mut dyn Sql, text: &str) -> Result<Option<i64>, Trouble> {
    // By its indexes first: only a part of a key needs a look at all of them.
    let exact = t.first(
        "SELECT seq FROM declaration WHERE id = ?1 OR guid = ?1 ORDER BY seq DESC LIMIT 1",
        set![text],
    )?;
    let found = match exact {
        Some(row) => Some(row),
        None => t.first(
            "SELECT seq FROM declaration
             WHERE instr(char(10) || business_key || char(10), char(10) || ?1 || char(10)) > 0
             ORDER BY seq DESC LIMIT 1",
            set![text],
        )?,
    };
    found.map(|row| row.int(0)).transpose()
}

pub(in crate::store) fn find(t: &mut dyn Sql, text: &str) -> Result<Option<Details>, Trouble> {
    let Some(seq) = locate(t, text)? else {
        return Ok(None);
    };
    let Some(row) = t.first(summaries!("WHERE d.seq = ?1"), set![seq])? else {
        return Ok(None);
    };
    let summary = summary(&row)?;
    let history = t
        .all(
            "SELECT s.at, s.level, s.code, s.text, i.digest, s.said_at FROM status s
             LEFT JOIN inbound i ON s.inbound = i.seq WHERE s.declaration = ?1 ORDER BY s.seq",
            set![seq],
        )?
        .iter()
        .map(|row| Ok((row.maybe_text(5)?.unwrap_or_default(), status(row, 0)?)))
        .collect::<Result<_, Trouble>>()?;
    let history = as_said(history);
    let inbound = t
        .all(
            "SELECT i.digest, i.octets FROM inbound i
             WHERE i.seq IN (SELECT s.inbound FROM status s WHERE s.declaration = ?1)
             ORDER BY i.seq",
            set![seq],
        )?
        .into_iter()
        .map(|mut row| Ok((row.text(0)?, row.octets(1)?)))
        .collect::<Result<_, Trouble>>()?;
    let carried = t
        .first(
            "SELECT c.guid, c.cop_msg_id, c.transport, c.profile, c.certificate, c.attempts,
             c.sent_at, c.evidence, c.error, e.octets FROM carrier c
             JOIN envelope e ON e.carrier = c.seq JOIN declaration d ON d.carrier = c.seq WHERE d.seq = ?1",
            set![seq],
        )?
        .map(|mut row| {
            let carrier = CarrierSummary {
                guid: row.text(0)?,
                cop_msg_id: row.text(1)?,
                transport: row.text(2)?,
                profile: row.text(3)?,
                certificate: row.text(4)?,
                attempts: row.count(5)?,
                sent_at: row.maybe_int(6)?,
                evidence: row.maybe_text(7)?,
                error: row.maybe_text(8)?,
            };
            Ok::<_, Trouble>((carrier, row.octets(9)?))
        })
        .transpose()?;
    let whole = t.first(
        "SELECT f.octets, d.purged_at, d.purged_rule
         FROM declaration d JOIN fragment f ON f.declaration = d.seq WHERE d.seq = ?1",
        set![seq],
    )?;
    let (fragment, purged) = match whole {
        Some(mut row) => (row.octets(0)?, gone(&row)?),
        None => (Vec::new(), None),
    };
    let (carrier, envelope) = carried.unzip();
    let waits_for = precedence::awaited(t, seq)?;
    Ok(Some(Details {
        summary,
        waits_for,
        purged,
        history,
        carrier,
        fragment,
        envelope,
        inbound,
    }))
}

/// What was said with a time (`returnTime`) in the order of that time: receipts overtake each other on
/// the way. What this client noted itself stays where it is.
fn as_said(read: Vec<(String, Status)>) -> Vec<Status> {
    let timed = |(time, _): &&(String, Status)| !time.is_empty();
    let mut told: Vec<(String, Status)> = read.iter().filter(timed).cloned().collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let mut told = told.into_iter();
    read.into_iter()
        .map(|(time, status)| match time.is_empty() {
            true => status,
            // There are as many as were taken out.
            false => told.next().map_or(status, |(_, earlier)| earlier),
        })
        .collect()
}

/// That a declaration was purged, where it was.
fn gone(row: &Row) -> Result<Option<Gone>, Trouble> {
    let Some(at) = row.maybe_int(1)? else {
        return Ok(None);
    };
    let rule = row.maybe_text(2)?.unwrap_or_default();
    Ok(Some(Gone { at, rule }))
}

pub(in crate::store) fn list(t: &mut dyn Sql, filter: &Filter) -> Result<Vec<Summary>, Trouble> {
    t.all(
        summaries!(
            "WHERE (CAST(?1 AS TEXT) IS NULL OR d.state = ?1)
             AND (CAST(?2 AS TEXT) IS NULL OR d.message = ?2)
             ORDER BY d.seq DESC LIMIT ?3"
        ),
        set![
            filter.state.map(State::name),
            filter.message.as_deref(),
            filter.limit,
        ],
    )?
    .iter()
    .map(summary)
    .collect()
}

pub(in crate::store) fn counts(t: &mut dyn Sql) -> Result<Vec<(String, State, u64)>, Trouble> {
    t.all(
        "SELECT message, state, COUNT(*) FROM declaration GROUP BY message, state
         ORDER BY message, state",
        set![],
    )?
    .iter()
    .map(|row| Ok((row.text(0)?, state(row, 1)?, row.count(2)?)))
    .collect()
}

pub(in crate::store) fn replaced(t: &mut dyn Sql) -> Result<Vec<(String, State, u64)>, Trouble> {
    t.all(
        "SELECT d.message, d.state, COUNT(*) FROM declaration n JOIN declaration d ON d.seq = n.replaces
         WHERE n.replaces IS NOT NULL GROUP BY d.message, d.state ORDER BY d.message, d.state",
        set![],
    )?
    .iter()
    .map(|row| Ok((row.text(0)?, state(row, 1)?, row.count(2)?)))
    .collect()
}

/// By the rows' numbers, which have an index for each state: they are in the order of submission.
pub(in crate::store) fn oldest_open(t: &mut dyn Sql) -> Result<Option<i64>, Trouble> {
    let open = State::ALL.iter().filter(|state| !state.rests());
    let sets: Vec<Vec<Value>> = open.map(|state| set![state.name()]).collect();
    let found = t.each(
        "SELECT MIN(seq) FROM declaration WHERE state = ?1 GROUP BY message",
        &sets,
    )?;
    let mut oldest = None;
    for row in found.iter().flatten() {
        let seq = row.int(0)?;
        oldest = Some(oldest.map_or(seq, |before: i64| before.min(seq)));
    }
    let Some(seq) = oldest else { return Ok(None) };
    t.first(
        "SELECT submitted_at FROM declaration WHERE seq = ?1",
        set![seq],
    )?
    .map(|row| row.int(0))
    .transpose()
}

pub(in crate::store) fn unmatched(t: &mut dyn Sql, most: usize) -> Result<Unmatched, Trouble> {
    let count = t
        .first("SELECT COUNT(*) FROM inbound WHERE matched = 0", set![])?
        .map_or(Ok(0), |row| row.count(0))?;
    let newest = t
        .all(
            "SELECT digest, kind, transport, origin, received_at, problem, purged_at FROM inbound
             WHERE matched = 0 ORDER BY seq DESC LIMIT ?1",
            set![most],
        )?
        .iter()
        .map(kept)
        .collect::<Result<_, _>>()?;
    Ok(Unmatched { count, newest })
}

pub(in crate::store) fn came_in(
    t: &mut dyn Sql,
    digest: &str,
) -> Result<Option<(Kept, Vec<u8>)>, Trouble> {
    t.first(
        "SELECT digest, kind, transport, origin, received_at, problem, purged_at, octets FROM inbound
         WHERE digest = ?1",
        set![digest],
    )?
    .map(|mut row| Ok((kept(&row)?, row.octets(7)?)))
    .transpose()
}

pub(super) fn kept(row: &Row) -> Result<Kept, Trouble> {
    Ok(Kept {
        digest: row.text(0)?,
        kind: row.text(1)?,
        transport: row.text(2)?,
        origin: row.text(3)?,
        received_at: row.int(4)?,
        problem: row.maybe_text(5)?,
        purged_at: row.maybe_int(6)?,
    })
}

fn summary(row: &Row) -> Result<Summary, Trouble> {
    let latest = match row.maybe_int(9)? {
        Some(_) => Some(status(row, 9)?),
        None => None,
    };
    Ok(Summary {
        id: row.text(1)?,
        message: row.text(2)?,
        guid: row.text(3)?,
        key: shown(&row.text(4)?),
        state: state(row, 5)?,
        submitted_at: row.int(6)?,
        document: row.text(7)?,
        line: row.count(8)?,
        latest,
        replaces: row.maybe_text(14)?,
        replaced_by: row.maybe_text(15)?,
    })
}

fn status(row: &Row, from: usize) -> Result<Status, Trouble> {
    Ok(Status {
        at: row.int(from)?,
        level: row.text(from + 1)?,
        code: row.text(from + 2)?,
        text: row.text(from + 3)?,
        inbound: row.maybe_text(from + 4)?,
    })
}
