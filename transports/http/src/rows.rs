//! Rows as some platforms print them, a Java program's lists of maps:
//! `[{orderno=T1, returnstatus=2}, {orderno=T2, returnstatus=-301014}]`.
//!
//! Nothing in them is quoted, so a value may hold what looks like an end. A row ends only before
//! another one or at the end of the list, and a value only before another name; what a platform puts
//! into a text beyond that cannot be told apart.

use serde_json::{Map, Value};

/// Reads a list of rows: JSON, or as Java prints it.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() || text == "null" {
        return Ok(Value::Array(Vec::new()));
    }
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let wrong = || "it is neither JSON nor rows such as [{name=value, name=value}]".to_owned();
    let list = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let list = list.ok_or_else(wrong)?.trim();
    let inner = list.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
    let inner = inner.ok_or_else(wrong)?;
    let rows: Result<Vec<Value>, String> = split_rows(inner).into_iter().map(row).collect();
    rows.map(Value::Array)
}

/// Whether a text begins with a name and `=`. It is asked at every comma, and looks no further than
/// the name.
fn names(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let length = text.bytes().take_while(|c| plain(*c)).count();
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text[length..].starts_with('=')
}

/// Splits where a separator is followed by a name.
fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut begun) = (Vec::new(), 0);
    for (at, _) in text.match_indices(separator) {
        let next = at + separator.len();
        if at >= begun && names(&text[next..]) {
            parts.push(&text[begun..at]);
            begun = next;
        }
    }
    parts.push(&text[begun..]);
    parts
}

fn split_rows(inner: &str) -> Vec<&str> {
    split(inner, "}, {")
}

fn row(text: &str) -> Result<Value, String> {
    let mut fields = Map::new();
    for field in split(text, ", ") {
        let (name, value) = field
            .split_once('=')
            .filter(|_| names(field))
            .ok_or_else(|| format!("a row has a field without a name: {:.60}", field))?;
        // Java's word for what is not there.
        if value != "null" {
            fields.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    }
    Ok(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn rows_are_read_whatever_their_texts_hold() {
        let text = "[{org_id=1, returninfo=新增申报成功[A-1], 订单: {T_1}, x; y=z, orderno=T_1}, \
                    {orderno=T_2, returnstatus=-301014, invtno=null}]";
        let read = read(text).unwrap();
        // `x; y=z` begins with no name: it is text.
        assert_eq!(
            read,
            serde_json::json!([
                {"org_id": "1", "returninfo": "新增申报成功[A-1], 订单: {T_1}, x; y=z", "orderno": "T_1"},
                {"orderno": "T_2", "returnstatus": "-301014"}
            ])
        );
    }

    #[test]
    fn json_is_read_too_and_nothing_is_an_empty_list() {
        assert_eq!(read("[{\"a\": 1}]").unwrap(), serde_json::json!([{"a": 1}]));
        for empty in ["", " ", "[]", "null"] {
            assert_eq!(read(empty).unwrap(), serde_json::json!([]), "{empty}");
        }
        for wrong in ["<html>", "[x]", "[{=1}]", "OK"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn commas_cost_no_more_than_their_number() {
        // With the square of it, this would take hours.
        let text = format!("[{{a=1{}}}]", ", ".repeat(8 << 20));
        let read = read(&text).unwrap();
        assert_eq!(read[0]["a"].as_str().unwrap().len(), 1 + (16 << 20));
    }
}
