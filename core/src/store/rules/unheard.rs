//! What a role was told, and did not hear: it failed in the middle, every time.

use super::note;
use crate::diagnosis::{Ailment, Symptom};
use crate::store::sql::{Row, Sql, Trouble, set};
use crate::store::{Level, Notice};

/// Keeps that an answer is still to be told, for the declaration of that guid.
pub(in crate::store) fn unheard(t: &mut dyn Sql, digest: &str, guid: &str) -> Result<(), Trouble> {
    let new = t.first(
        "INSERT INTO unheard (inbound, declaration, since)
         SELECT i.seq, d.seq, ?3 FROM inbound i, declaration d WHERE i.digest = ?1 AND d.guid = ?2
         ON CONFLICT (inbound, declaration) DO NOTHING RETURNING declaration",
        set![digest, guid, t.now()],
    )?;
    let Some(row) = new else {
        return Ok(());
    };
    let text = "its role failed on an answer, and is told again at the next start";
    note(t, &[row.int(0)?], Level::Local, text)
}

/// It was told, and heard.
pub(in crate::store) fn heard(t: &mut dyn Sql, digest: &str, guid: &str) -> Result<(), Trouble> {
    t.all(
        "DELETE FROM unheard WHERE inbound = (SELECT seq FROM inbound WHERE digest = ?1)
         AND declaration = (SELECT seq FROM declaration WHERE guid = ?2)",
        set![digest, guid],
    )
    .map(|_| ())
}

/// What a declaration's role is to be told of something that came in before: until it is, it counts
/// as not heard.
pub(super) fn owed(
    t: &mut dyn Sql,
    inbound: i64,
    declaration: i64,
) -> Result<Vec<Notice>, Trouble> {
    t.all(
        "INSERT INTO unheard (inbound, declaration, since) VALUES (?1, ?2, ?3)
         ON CONFLICT (inbound, declaration) DO NOTHING",
        set![inbound, declaration, t.now()],
    )?;
    t.all(
        "SELECT i.digest, i.kind, d.role, d.message, d.guid, s.code, s.text
         FROM status s JOIN inbound i ON i.seq = s.inbound JOIN declaration d ON d.seq = s.declaration
         WHERE s.inbound = ?1 AND s.declaration = ?2 ORDER BY s.seq",
        set![inbound, declaration],
    )?
    .iter()
    .map(notice)
    .collect()
}

/// What is still to be told, in the order in which it came in.
pub(in crate::store) fn to_tell(t: &mut dyn Sql, most: usize) -> Result<Vec<Notice>, Trouble> {
    t.all(
        "SELECT i.digest, i.kind, d.role, d.message, d.guid, s.code, s.text FROM unheard u
         JOIN inbound i ON i.seq = u.inbound JOIN declaration d ON d.seq = u.declaration
         JOIN status s ON s.inbound = u.inbound AND s.declaration = u.declaration
         ORDER BY u.inbound, s.seq LIMIT ?1",
        set![most],
    )?
    .iter()
    .map(notice)
    .collect()
}

/// What came in (digest, kind), whom it concerns (role, message, guid), what it says (code, text).
pub(super) fn notice(row: &Row) -> Result<Notice, Trouble> {
    Ok(Notice {
        digest: row.text(0)?,
        receipt: row.text(1)?,
        role: row.text(2)?,
        message: row.text(3)?,
        guid: row.text(4)?,
        code: row.text(5)?,
        text: row.text(6)?,
    })
}

pub(super) fn symptoms(t: &mut dyn Sql) -> Result<Vec<Symptom>, Trouble> {
    let symptom = |row: &Row| {
        Ok(Symptom {
            ailment: Ailment::Unheard,
            subject: row.text(0)?,
            count: row.count(1)?,
            since: row.int(2)?,
            said: String::new(),
            tries: 0,
            example: row.text(3)?,
        })
    };
    t.all(
        "SELECT d.role, COUNT(*), MIN(u.since), MIN(d.id) FROM unheard u
         JOIN declaration d ON d.seq = u.declaration GROUP BY d.role ORDER BY d.role",
        set![],
    )?
    .iter()
    .map(symptom)
    .collect()
}
