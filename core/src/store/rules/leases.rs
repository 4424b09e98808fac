//! Claiming under leases; see [`crate::store::lease`].

use crate::store::sql::{Row, Sql, Trouble, Value, set};
use crate::store::{Fence, Owner};

/// Removes the leases whose time is over: what they covered is free.
pub(super) fn expire(t: &mut dyn Sql) -> Result<(), Trouble> {
    let now = t.now();
    t.all("DELETE FROM lease WHERE until <= ?1", set![now])
        .map(|_| ())
}

/// Makes a lease and puts `found` (rows that start with their number, already locked) under it by
/// `take`: a statement with the lease as its first and the row's number as its second parameter,
/// that gives a row where the work is free. Gives the lease's token and the rows that it covers.
pub(super) fn grant(
    t: &mut dyn Sql,
    owner: &Owner,
    found: Vec<Row>,
    take: &'static str,
) -> Result<Option<(i64, Vec<Row>)>, Trouble> {
    if found.is_empty() {
        return Ok(None);
    }
    let term = i64::try_from(owner.term.as_millis()).unwrap_or(i64::MAX);
    let until = t.now().saturating_add(term);
    let token = t
        .first(
            "INSERT INTO lease (owner, until) VALUES (?1, ?2) RETURNING token",
            set![&owner.name, until],
        )?
        .ok_or_else(|| Trouble::broken("a new lease has no number".to_owned()))?
        .int(0)?;
    let sets = found
        .iter()
        .map(|row| Ok(set![token, row.int(0)?]))
        .collect::<Result<Vec<Vec<Value>>, Trouble>>()?;
    // The rows are locked, so what this statement sees is the last word: another node that took
    // one of them in the meantime has committed both the row and its lease.
    let taken: Vec<Row> = found
        .into_iter()
        .zip(t.each(take, &sets)?)
        .filter_map(|(row, taken)| (!taken.is_empty()).then_some(row))
        .collect();
    if taken.is_empty() {
        t.all("DELETE FROM lease WHERE token = ?1", set![token])?;
        return Ok(None);
    }
    Ok(Some((token, taken)))
}

pub(in crate::store) fn renew(t: &mut dyn Sql, token: i64, term: i64) -> Result<Fence, Trouble> {
    let now = t.now();
    let renewed = t.first(
        "UPDATE lease SET until = ?2 WHERE token = ?1 AND until > ?3 RETURNING token",
        set![token, now.saturating_add(term), now],
    )?;
    Ok(if renewed.is_some() {
        Fence::Held
    } else {
        Fence::Lost
    })
}

/// Ends a lease; what it still covers was not touched.
pub(in crate::store) fn release(t: &mut dyn Sql, token: i64) -> Result<(), Trouble> {
    t.all(
        "UPDATE carrier SET lease = NULL, attempts = attempts - 1, departures = departures - 1
         WHERE lease = ?1",
        set![token],
    )?;
    t.all(
        "UPDATE declaration SET lease = NULL WHERE lease = ?1",
        set![token],
    )?;
    t.all("DELETE FROM lease WHERE token = ?1", set![token])
        .map(|_| ())
}

/// Ends all leases of a node that is no more. What they covered keeps their mark: an envelope
/// that still has one may have left.
pub(in crate::store) fn take_over(t: &mut dyn Sql, owner: &str) -> Result<(), Trouble> {
    t.all("DELETE FROM lease WHERE owner = ?1", set![owner])
        .map(|_| ())
}
