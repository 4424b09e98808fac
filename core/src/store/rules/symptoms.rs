//! What is stuck, and since when.
//!
//! An operator asks when there is most of it: every question is answered from indexes alone, or
//! from a bounded number of rows, however many declarations are open. Where a time has no index,
//! the number of a row stands for it: rows are numbered in the order of their times.

use tongguan_messages::{Kind, message as message_of};

use crate::State;
use crate::diagnosis::{Ailment, Symptom, clocks};
use crate::manifest::Alerts;
use crate::store::sql::{Sql, Trouble, set};

/// How many rows are looked at, at most, where only the rows themselves tell.
const LOOK: usize = 10_000;
/// How many of the oldest are looked at to see since when.
const OLDEST: usize = 100;
/// Of how many of the newest answers the times are compared.
const ANSWERS: usize = 100;
/// A running node removes leases whose time is over, again and again: what stays that long says
/// that none runs.
const GRACE: i64 = 10_000;
/// What came in is told for a day; it is kept, and there is nothing else to be done about it.
const DAY: i64 = 24 * 60 * 60 * 1000;

pub(in crate::store) fn symptoms(
    t: &mut dyn Sql,
    alerts: &Alerts,
) -> Result<Vec<Symptom>, Trouble> {
    let now = t.now();
    let before = |seconds: u64| now.saturating_sub(milliseconds(seconds));
    let mut all = Vec::new();
    for (ailment, state, until) in [
        (
            Ailment::Unassembled,
            State::Submitted,
            before(alerts.assemble_seconds),
        ),
        (
            Ailment::Waiting,
            State::Waiting,
            before(alerts.wait_hours.saturating_mul(3600)),
        ),
        (
            Ailment::Unknown,
            State::Unknown,
            before(alerts.send_seconds),
        ),
        (Ailment::Dead, State::Dead, now),
        (
            Ailment::Unfinished,
            State::Pending,
            before(alerts.final_hours.saturating_mul(3600)),
        ),
    ] {
        all.extend(stuck(t, ailment, state, until)?);
    }
    all.extend(unanswered(t, before(alerts.answer_seconds))?);
    all.extend(unsent(t, before(alerts.send_seconds))?);
    all.extend(strays(t, now - DAY)?);
    all.extend(super::unheard::symptoms(t)?);
    all.extend(lost_nodes(t, now - GRACE)?);
    all.extend(clocks(t, now - DAY, milliseconds(alerts.clock_seconds))?);
    all.extend(platform_clock(
        t,
        now - DAY,
        milliseconds(alerts.clock_seconds),
    )?);
    Ok(all)
}

fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}

/// Declarations in a state, of each message: how many that were submitted until then, and the
/// oldest of them.
fn of_state(t: &mut dyn Sql, state: State, until: i64) -> Result<Vec<(String, u64, i64)>, Trouble> {
    let last = t.first(
        "SELECT seq FROM declaration WHERE submitted_at <= ?1 AND purged_at IS NULL
         ORDER BY submitted_at DESC, seq DESC LIMIT 1",
        set![until],
    )?;
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    t.all(
        "SELECT message, COUNT(*), MIN(seq) FROM declaration
         WHERE state = ?1 AND seq <= ?2 GROUP BY message ORDER BY message",
        set![state.name(), last.int(0)?],
    )?
    .iter()
    .map(|row| Ok((row.text(0)?, row.count(1)?, row.int(2)?)))
    .collect()
}

/// Declarations that have been in a state since then or longer.
fn stuck(
    t: &mut dyn Sql,
    ailment: Ailment,
    state: State,
    until: i64,
) -> Result<Vec<Symptom>, Trouble> {
    let mut all = Vec::new();
    for (subject, count, oldest) in of_state(t, state, until)? {
        let told = t.first(
            "SELECT d.id, d.submitted_at, s.at, s.code, s.text, c.attempts FROM declaration d
             LEFT JOIN carrier c ON c.seq = d.carrier
             LEFT JOIN status s ON s.seq =
                 (SELECT MAX(l.seq) FROM status l WHERE l.declaration = d.seq)
             WHERE d.seq = ?1",
            set![oldest],
        )?;
        let Some(row) = told else { continue };
        let (code, text) = (row.maybe_text(3)?, row.maybe_text(4)?);
        let told_at = row.maybe_int(2)?.unwrap_or(row.int(1)?);
        let since = match ailment {
            // What is still to come is counted from the beginning, not from the last word.
            Ailment::Unfinished => row.int(1)?,
            // A person has just had it tried again: it has waited only since then.
            _ if told_at > until => continue,
            _ => told_at,
        };
        let said = format!("{} {}", code.unwrap_or_default(), text.unwrap_or_default());
        all.push(Symptom {
            ailment,
            subject,
            count,
            since,
            said: said.trim().to_owned(),
            tries: match row.maybe_int(5)? {
                Some(_) => row.count(5)?,
                None => 0,
            },
            example: row.text(0)?,
        });
    }
    Ok(all)
}

/// Sent declarations about which nothing has come. They are counted by when they were submitted:
/// of those that waited long before they were sent, some may have been sent later than that.
fn unanswered(t: &mut dyn Sql, until: i64) -> Result<Vec<Symptom>, Trouble> {
    let mut all = Vec::new();
    for (subject, count, _) in of_state(t, State::Sent, until)? {
        let oldest = t.first(
            "SELECT o.id, c.sent_at, c.transport, c.attempts FROM
                 (SELECT d.id, d.carrier FROM declaration d WHERE d.state = 'sent'
                  AND d.message = ?1 ORDER BY d.seq LIMIT ?2) o
             JOIN carrier c ON c.seq = o.carrier
             WHERE c.sent_at <= ?3 ORDER BY c.sent_at LIMIT 1",
            set![&subject, OLDEST, until],
        )?;
        let Some(row) = oldest else { continue };
        all.push(Symptom {
            ailment: Ailment::Unanswered,
            subject,
            count,
            since: row.int(1)?,
            said: format!("sent by {}", row.text(2)?),
            tries: row.count(3)?,
            example: row.text(0)?,
        });
    }
    Ok(all)
}

/// Signed messages that wait for their transport: since then or longer, or since it failed.
fn unsent(t: &mut dyn Sql, until: i64) -> Result<Vec<Symptom>, Trouble> {
    let waiting = t.all(
        "SELECT transport, COUNT(*), MIN(seq) FROM carrier WHERE open = 1
         GROUP BY transport ORDER BY transport",
        set![],
    )?;
    let mut all = Vec::new();
    for row in waiting {
        let oldest = t.first(
            "SELECT c.made_at, c.error, c.attempts, (SELECT d.id FROM declaration d
              WHERE d.carrier = c.seq AND d.state <> 'void' ORDER BY d.seq LIMIT 1)
             FROM carrier c WHERE c.seq = ?1",
            set![row.int(2)?],
        )?;
        let Some(oldest) = oldest else { continue };
        let (since, said) = (oldest.int(0)?, oldest.maybe_text(1)?);
        if since > until && said.is_none() {
            continue;
        }
        all.push(Symptom {
            ailment: Ailment::Unsent,
            subject: row.text(0)?,
            count: row.count(1)?,
            since,
            said: said.unwrap_or_default(),
            tries: oldest.count(2)?,
            example: oldest.maybe_text(3)?.unwrap_or_default(),
        });
    }
    Ok(all)
}

/// What came in since then and was about nothing here, or could not be read. Notices are about
/// nothing that was declared.
fn strays(t: &mut dyn Sql, after: i64) -> Result<Vec<Symptom>, Trouble> {
    let before = t.first(
        "SELECT seq FROM inbound WHERE received_at <= ?1 AND purged_at IS NULL
         ORDER BY received_at DESC, seq DESC LIMIT 1",
        set![after],
    )?;
    let before = before.map_or(Ok(0), |row| row.int(0))?;
    let found = t.all(
        "SELECT n.kind, n.bad, COUNT(*), MIN(n.received_at), MAX(n.seq) FROM
             (SELECT i.seq, i.kind, i.received_at,
                     CASE WHEN i.problem IS NULL THEN 0 ELSE 1 END AS bad
              FROM inbound i WHERE i.matched = 0 AND i.seq > ?1 ORDER BY i.seq DESC LIMIT ?2) n
         GROUP BY n.kind, n.bad ORDER BY n.kind, n.bad",
        set![before, LOOK],
    )?;
    let mut all = Vec::new();
    for row in found {
        let (kind, bad) = (row.text(0)?, row.int(1)? != 0);
        if !bad && message_of(&kind).is_some_and(|m| m.kind == Kind::Notice) {
            continue;
        }
        let newest = t.first(
            "SELECT digest, problem FROM inbound WHERE seq = ?1",
            set![row.int(4)?],
        )?;
        let Some(newest) = newest else { continue };
        all.push(Symptom {
            ailment: if bad {
                Ailment::Unreadable
            } else {
                Ailment::Unmatched
            },
            subject: kind,
            count: row.count(2)?,
            since: row.int(3)?,
            said: newest.maybe_text(1)?.unwrap_or_default(),
            tries: 0,
            example: newest.text(0)?,
        });
    }
    Ok(all)
}

/// Nodes whose leases ended by themselves, and whose work nobody has taken over.
fn lost_nodes(t: &mut dyn Sql, until: i64) -> Result<Vec<Symptom>, Trouble> {
    t.all(
        "SELECT owner, COUNT(*), MIN(until) FROM lease WHERE until <= ?1
         GROUP BY owner ORDER BY owner",
        set![until],
    )?
    .iter()
    .map(|row| {
        Ok(Symptom {
            ailment: Ailment::LostNode,
            subject: row.text(0)?,
            count: row.count(1)?,
            since: row.int(2)?,
            said: String::new(),
            tries: 0,
            example: String::new(),
        })
    })
    .collect()
}

/// Answers whose own time cannot be by this clock: later than now, or from before we signed.
fn clocks(t: &mut dyn Sql, after: i64, bearable: i64) -> Result<Option<Symptom>, Trouble> {
    let answers = t.all(
        "SELECT s.said_at, s.at, c.made_at, d.id FROM status s
         JOIN declaration d ON d.seq = s.declaration JOIN carrier c ON c.seq = d.carrier
         WHERE s.inbound IS NOT NULL ORDER BY s.inbound DESC LIMIT ?1",
        set![ANSWERS],
    )?;
    let mut worst: Option<Symptom> = None;
    let mut most = 0;
    for row in answers {
        let at = row.int(1)?;
        let Some(said_at) = clocks::said_at(&row.text(0)?) else {
            continue;
        };
        let off = clocks::off(said_at, row.int(2)?, at);
        if at < after || off.abs() <= bearable {
            continue;
        }
        let symptom = worst.get_or_insert_with(|| Symptom {
            ailment: Ailment::Clock,
            subject: "customs".to_owned(),
            count: 0,
            since: at,
            said: String::new(),
            tries: 0,
            example: String::new(),
        });
        symptom.count += 1;
        symptom.since = symptom.since.min(at);
        if off.abs() > most {
            most = off.abs();
            symptom.said = clocks::told(off);
            symptom.example = row.text(3)?;
        }
    }
    Ok(worst)
}

/// Envelopes that say that they were made later than they came in. One that came late proves nothing.
fn platform_clock(t: &mut dyn Sql, after: i64, bearable: i64) -> Result<Option<Symptom>, Trouble> {
    let found = t.first(
        "SELECT COUNT(*), MIN(n.received_at), MAX(n.made_at - n.received_at) FROM
             (SELECT i.received_at, i.made_at FROM inbound i ORDER BY i.seq DESC LIMIT ?1) n
         WHERE n.received_at > ?2 AND n.made_at - n.received_at > ?3",
        set![ANSWERS, after, bearable],
    )?;
    let Some(row) = found else { return Ok(None) };
    let (Some(since), Some(off)) = (row.maybe_int(1)?, row.maybe_int(2)?) else {
        return Ok(None);
    };
    Ok(Some(Symptom {
        ailment: Ailment::Clock,
        subject: "platform".to_owned(),
        count: row.count(0)?,
        since,
        said: clocks::told(off),
        tries: 0,
        example: String::new(),
    }))
}
