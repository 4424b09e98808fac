//! Many runs of one statement as a single one: each run of a statement costs the server more than
//! the row that it finds or writes.

use tokio_postgres::types::ToSql;

use crate::store::sql::Value;

/// A statement that stands for several.
pub(super) struct Gathered {
    pub text: String,
    /// It gives rows, each with the place of its set last: from one on.
    pub gives: bool,
}

/// A parameter of a gathered statement.
pub(super) type Column<'v> = Box<dyn ToSql + Sync + Send + 'v>;

/// The statement that does for any number of sets what this one, already in PostgreSQL's words, does
/// for each of them, where their columns are of these types. `None` where it is of a form that
/// cannot be gathered.
pub(super) fn gathered(sql: &str, kinds: &[&'static str]) -> Option<Gathered> {
    // Whose row is whose, the database would not say of the one; the other locks in their order.
    if kinds.is_empty() || sql.contains("ON CONFLICT") || sql.contains("FOR UPDATE") {
        return None;
    }
    let gives = sql.starts_with("SELECT") || sql.contains("RETURNING");
    let text = match sql.split_whitespace().next()? {
        "INSERT" if !gives => insert(sql, kinds),
        "UPDATE" if !sql.contains("FROM") => update(sql, kinds),
        "SELECT" => Some(select(sql, kinds)),
        _ => None,
    };
    Some(Gathered { text: text?, gives })
}

fn insert(sql: &str, kinds: &[&str]) -> Option<String> {
    let (head, values) = sql.split_once("VALUES ")?;
    let values = values.trim().strip_prefix('(')?.strip_suffix(')')?;
    let (values, table) = (of_row(values), table(kinds));
    // Numbers that the database gives follow the order of the sets.
    Some(format!("{head}SELECT {values} FROM {table} ORDER BY v.n"))
}

fn update(sql: &str, kinds: &[&str]) -> Option<String> {
    let (head, condition) = sql.split_once("WHERE ")?;
    let (head, table, condition) = (of_row(head), table(kinds), of_row(condition));
    let place = if condition.contains("RETURNING") {
        ", v.n"
    } else {
        ""
    };
    Some(format!("{head}FROM {table} WHERE {condition}{place}"))
}

/// The question is put for one set after another, so that each set's rows come in the order that it
/// asks for.
fn select(sql: &str, kinds: &[&str]) -> String {
    let (question, table) = (of_row(sql), table(kinds));
    format!("SELECT s.*, v.n FROM {table} CROSS JOIN LATERAL ({question}) AS s")
}

/// The sets as a table `v`: the parameters `c1`, `c2` of each, and its place `n`.
fn table(kinds: &[&str]) -> String {
    let numbered = || kinds.iter().zip(1..);
    let arrays: Vec<String> = numbered()
        .map(|(kind, n)| format!("${n}::{kind}[]"))
        .collect();
    let names: Vec<String> = numbered().map(|(_, n)| format!("c{n}, ")).collect();
    format!(
        "unnest({}) WITH ORDINALITY AS v ({}n)",
        arrays.join(", "),
        names.concat()
    )
}

/// A text with the columns of `v` in the place of its parameters.
fn of_row(text: &str) -> String {
    parameters(text, |n| format!("v.c{n}"))
}

/// The types of the sets' columns; `None` where all of a column are null, or they differ.
pub(super) fn kinds(sets: &[Vec<Value>]) -> Option<Vec<&'static str>> {
    let width = sets.first()?.len();
    (0..width).map(|column| kind(sets, column)).collect()
}

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

/// The columns of the sets, each as one parameter.
pub(super) fn columns(sets: &[Vec<Value>]) -> Vec<Column<'_>> {
    let width = sets.first().map_or(0, Vec::len);
    (0..width)
        .map(|column| {
            let cells: Vec<Option<&Value>> = sets
                .iter()
                .map(|set| set.get(column).filter(|value| **value != Value::Null))
                .collect();
            Box::new(cells) as Column<'_>
        })
        .collect()
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

    const KINDS: &[&str] = &["bigint", "text"];
    const TABLE: &str = "unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS v (c1, c2, n)";

    fn text(sql: &str) -> Option<(String, bool)> {
        gathered(sql, KINDS).map(|g| (g.text, g.gives))
    }

    #[test]
    fn rows_are_inserted_together() {
        let expected =
            format!("INSERT INTO t (a, b, c) SELECT v.c1, v.c2, '' FROM {TABLE} ORDER BY v.n");
        let sql = "INSERT INTO t (a, b, c) VALUES ($1, $2, '')";
        assert_eq!(text(sql), Some((expected, false)));
    }

    #[test]
    fn rows_are_changed_together() {
        let sql = "UPDATE t SET b = $2 WHERE a = $1 AND c = 'x'";
        let expected = format!("UPDATE t SET b = v.c2 FROM {TABLE} WHERE a = v.c1 AND c = 'x'");
        assert_eq!(text(sql), Some((expected.clone(), false)));
        let (sql, expected) = (
            format!("{sql} RETURNING a"),
            format!("{expected} RETURNING a, v.n"),
        );
        assert_eq!(text(&sql), Some((expected, true)));
    }

    #[test]
    fn questions_are_asked_together() {
        let sql = "SELECT b FROM t WHERE a = $1 AND c = $2 ORDER BY b LIMIT 1";
        let expected = format!(
            "SELECT s.*, v.n FROM {TABLE} CROSS JOIN LATERAL \
             (SELECT b FROM t WHERE a = v.c1 AND c = v.c2 ORDER BY b LIMIT 1) AS s"
        );
        assert_eq!(text(sql), Some((expected, true)));
    }

    #[test]
    fn what_has_no_type_or_cannot_say_whose_a_row_is_runs_one_by_one() {
        for sql in [
            "INSERT INTO t (a, b) VALUES ($1, $2) RETURNING a",
            "INSERT INTO t VALUES ($1, $2) ON CONFLICT DO NOTHING",
            "SELECT a FROM t WHERE a = $1 AND b = $2 FOR UPDATE",
            "UPDATE t SET b = $2 WHERE a IN (SELECT a FROM u WHERE c = $1)",
            "DELETE FROM t WHERE a = $1 AND b = $2",
        ] {
            assert_eq!(text(sql), None, "{sql}");
        }
        let some = vec![
            vec![Value::Int(1), Value::Null],
            vec![Value::Int(2), Value::from("a")],
        ];
        assert_eq!(kinds(&some).as_deref(), Some(KINDS));
        assert_eq!(kinds(&vec![vec![Value::Int(1), Value::Null]; 2]), None);
    }
}
