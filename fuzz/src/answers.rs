//! What a platform answers by HTTP: receipts are read, or it is told why not; a cursor passes nothing.

use std::collections::HashSet;

use roxmltree::Document;
use serde_json::{Map, Value, json};
use tongguan_contracts::PartOptions;
use tongguan_transport_http::Reader;

fn reader(query: Value) -> Reader {
    let options = PartOptions {
        part: "fuzz".to_owned(),
        options: json!({ "url": "http://127.0.0.1:9", "receive": { "all": query } }),
        base: std::env::temp_dir(),
    };
    Reader::new(&options, "all").expect("the tables are right")
}

/// The first octet says which receipts are taken; the others are answers, with NUL between them.
pub fn target(octets: &[u8]) {
    let Some((taken, rest)) = octets.split_first() else {
        return;
    };
    let answers: Vec<&[u8]> = rest.split(|octet| *octet == 0).collect();
    by_number(&answers, *taken);
    by_time(&answers, *taken);
    for answer in answers {
        rows(answer);
        receipts(answer);
    }
}

/// Whether a receipt is taken at once: a bit of the input's for each.
fn is_taken(taken: u8, number: usize) -> bool {
    taken >> (number % 8) & 1 == 1
}

/// A cursor that is a number, beside what it must be: the position before which all was taken.
fn by_number(answers: &[&[u8]], taken: u8) {
    let mut reader = reader(json!({
        "path": "/r?from={cursor}", "form": "rows", "id": "{id}", "octets": "{text?}",
        "cursor": { "from": "{n?}" },
    }));
    // In the order in which they came: id, position, whether it was taken.
    let mut seen: Vec<(String, String, bool)> = Vec::new();
    let mut number = 0;
    for answer in answers {
        let Ok(receipts) = reader.receipts(answer) else {
            continue;
        };
        let mut at_once = HashSet::new();
        for receipt in &receipts {
            assert!(
                at_once.insert(&receipt.id),
                "handed out twice: {:?}",
                receipt.id
            );
            let open = seen
                .iter()
                .any(|(id, _, taken)| *id == receipt.id && !taken);
            if !open {
                seen.push((receipt.id.clone(), receipt.position.clone(), false));
            }
        }
        for receipt in &receipts {
            number += 1;
            if is_taken(taken, number) {
                reader.acknowledge(&receipt.id);
                for one in seen.iter_mut().filter(|(id, ..)| *id == receipt.id) {
                    one.2 = true;
                }
            } else {
                reader.give_back(&receipt.id);
            }
        }
        let before = seen.iter().take_while(|(_, _, taken)| *taken);
        let passed = before
            .filter(|(_, position, _)| !position.is_empty())
            .last();
        let passed = passed.map_or("", |(_, position, _)| position);
        assert_eq!(
            reader.cursor(),
            passed,
            "the cursor is not where it should be"
        );
    }
}

/// A cursor that is a time: whatever comes, the next question can be asked.
fn by_time(answers: &[&[u8]], taken: u8) {
    let mut reader = reader(json!({
        "path": "/r?from={cursor}", "items": "list", "id": "{id}", "octets": "{text?}",
        "cursor": { "from": "{n?}", "time": "YYYYMMDDhhmmss" },
    }));
    let mut number = 0;
    for answer in answers {
        for receipt in reader.receipts(answer).unwrap_or_default() {
            number += 1;
            if is_taken(taken, number) {
                reader.acknowledge(&receipt.id);
            }
        }
        let cursor = reader.cursor();
        let digits = cursor.bytes().all(|octet| octet.is_ascii_digit());
        assert!(cursor.len() == 14 && digits, "asked from {cursor:?}");
    }
}

/// Rows as Java prints them, printed again, say the same.
fn rows(answer: &[u8]) {
    let reader = reader(json!({
        "path": "/r", "form": "rows", "octets": "{text?}", "id": "{id}",
        "acknowledge": { "path": "/r/{id}" },
    }));
    // What is no UTF-8 is read with replacement characters.
    let text = String::from_utf8_lossy(answer);
    let is_json = serde_json::from_str::<Value>(text.trim()).is_ok();
    let Ok(rows) = reader.items(answer) else {
        return;
    };
    if is_json || rows.is_empty() {
        return;
    }
    let printed: Vec<String> = rows
        .iter()
        .map(|row| print(row.as_object().unwrap()))
        .collect();
    let again = reader.items(format!("[{}]", printed.join(", ")).as_bytes());
    assert_eq!(again.as_ref(), Ok(&rows), "{printed:?}");
}

fn print(row: &Map<String, Value>) -> String {
    let field = |(name, value): (&String, &Value)| format!("{name}={}", value.as_str().unwrap());
    let fields: Vec<String> = row.iter().map(field).collect();
    // A row of nothing but `null`s prints as one.
    match fields.is_empty() {
        true => "{a=null}".to_owned(),
        false => format!("{{{}}}", fields.join(", ")),
    }
}

/// A receipt that is made of a row's fields: another XML parser finds them in it.
fn receipts(answer: &[u8]) {
    let mut reader = reader(json!({
        "path": "/r", "form": "rows", "id": "{id}", "acknowledge": { "path": "/r/{id}" },
        "receipt": {
            "message": "CEB312Message", "guid": "{guid?}",
            "fields": { "orderNo": "{orderNo?}", "returnInfo": "{returnInfo?}" },
        },
    }));
    let Ok(rows) = reader.items(answer) else {
        return;
    };
    let Ok(receipts) = reader.receipts(answer) else {
        panic!("its items can be read, its receipts cannot");
    };
    for (row, receipt) in rows.iter().zip(&receipts) {
        if receipts.len() != rows.len() {
            // The same id twice: one of them waits.
            return;
        }
        let written = std::str::from_utf8(&receipt.octets).expect("UTF-8");
        let said = |name: &str| match row.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => String::new(),
        };
        let tree = match Document::parse(written) {
            Ok(tree) => tree,
            Err(error) => {
                let forbidden = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r');
                let forbidden = |c: char| forbidden(c) || matches!(c, '\u{FFFE}' | '\u{FFFF}');
                assert!(written.contains(forbidden), "{error}: {written}");
                continue;
            }
        };
        assert_eq!(
            tree.root_element().attribute("guid"),
            Some(said("guid").as_str())
        );
        for name in ["orderNo", "returnInfo"] {
            let element = tree
                .descendants()
                .find(|node| node.tag_name().name() == name);
            let text = element.and_then(|node| node.text()).unwrap_or_default();
            assert_eq!(text, said(name), "{name}");
        }
    }
}
