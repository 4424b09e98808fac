//! Many runs of one statement as a single one: each run of a statement costs the server more than
//! the row that it writes.

use crate::store::sql::Value;

/// So many sets of parameters go into one statement, the most first: there are as many prepared
/// statements as sizes.
pub(super) const SIZES: [usize; 2] = [100, 10];

/// The statement that does for `sets` what this one, already in PostgreSQL's words, does for each
/// of them; its parameters are theirs, end to end. `None` where it gives rows, or is of a form that
/// cannot be gathered.
pub(super) fn gathered(sql: &str, sets: &[Vec<Value>]) -> Option<String> {
    if sql.contains("RETURNING") || sql.contains("ON CONFLICT") {
        return None;
    }
    let width = sets.first()?.len();
    if let Some((head, values)) = sql.split_once("VALUES ")
        && head.starts_with("INSERT")
    {
        let row = |index: usize| parameters(values, |n| format!("${}", index * width + n));
        let rows: Vec<String> = (0..sets.len()).map(row).collect();
        return Some(format!("{head}VALUES {}", rows.join(", ")));
    }
    let (head, condition) = sql.split_once("WHERE ")?;
    if !head.starts_with("UPDATE") || sql.contains("FROM") {
        return None;
    }
    let kinds = (0..width).map(|column| kind(sets, column));
    let kinds: Vec<&str> = kinds.collect::<Option<_>>()?;
    let row = |index: usize| {
        let cells = kinds.iter().enumerate();
        let cells = cells.map(|(column, kind)| format!("${}::{kind}", index * width + column + 1));
        format!("({})", cells.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..sets.len()).map(row).collect();
    let names: Vec<String> = (1..=width).map(|n| format!("c{n}")).collect();
    let of_row = |text: &str| parameters(text, |n| format!("v.c{n}"));
    Some(format!(
        "{}FROM (VALUES {}) AS v ({}) WHERE {}",
        of_row(head),
        rows.join(", "),
        names.join(", "),
        of_row(condition)
    ))
}

/// The type of a column's values; `None` where all are null, or they differ.
fn kind(sets: &[Vec<Value>], column: usize) -> Option<&'static str> {
    let mut kinds = sets.iter().filter_map(|set| match set.get(column)? {
        Value::Null => None,
        Value::Int(_) => Some("bigint"),
        Value::Text(_) => Some("text"),
        Value::Octets(_) => Some("bytea"),
    });
    let first = kinds.next()?;
    kinds.all(|kind| kind == first).then_some(first)
}

/// A text with its parameters, `$1`, written otherwise.
fn parameters(text: &str, write: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('$');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        out.push_str(&write(number.parse().unwrap_or_default()));
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> Vec<Vec<Value>> {
        vec![
            vec![Value::Int(1), Value::Null],
            vec![Value::Int(2), Value::from("a")],
        ]
    }

    #[test]
    fn rows_are_inserted_together() {
        let sql = "INSERT INTO t (a, b, c) VALUES ($1, $2, '')";
        let expected = "INSERT INTO t (a, b, c) VALUES ($1, $2, ''), ($3, $4, '')";
        assert_eq!(gathered(sql, &sets()).as_deref(), Some(expected));
    }

    #[test]
    fn rows_are_changed_together() {
        let sql = "UPDATE t SET b = $2 WHERE a = $1 AND c = 'x'";
        let expected = "UPDATE t SET b = v.c2 FROM (VALUES ($1::bigint, $2::text), \
                        ($3::bigint, $4::text)) AS v (c1, c2) WHERE a = v.c1 AND c = 'x'";
        assert_eq!(gathered(sql, &sets()).as_deref(), Some(expected));
    }

    #[test]
    fn what_gives_rows_or_has_no_type_is_run_one_by_one() {
        for sql in [
            "UPDATE t SET b = $2 WHERE a = $1 RETURNING a",
            "INSERT INTO t VALUES ($1, $2) ON CONFLICT DO NOTHING",
            "SELECT a FROM t WHERE a = $1 AND b = $2",
            "UPDATE t SET b = $2 WHERE a IN (SELECT a FROM u WHERE c = $1)",
            "DELETE FROM t WHERE a = $1 AND b = $2",
        ] {
            assert_eq!(gathered(sql, &sets()), None, "{sql}");
        }
        let nulls = vec![vec![Value::Int(1), Value::Null]; 2];
        assert_eq!(gathered("UPDATE t SET b = $2 WHERE a = $1", &nulls), None);
    }
}
