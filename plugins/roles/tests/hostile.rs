//! Documents that would cost far more than their length, or would have the terminal obey them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use tongguan_contracts::{Document, PartOptions, Problem};

fn refused(text: &str) -> Vec<Problem> {
    let role = tongguan_roles::build(
        "ecommerce",
        PartOptions {
            part: "role".to_owned(),
            options: serde_json::json!({}),
            base: ".".into(),
        },
    )
    .unwrap();
    let document = Document {
        name: "hostile",
        octets: text.as_bytes(),
        message: None,
    };
    let problems = role.read(document).unwrap_err().problems;
    assert!(problems.len() <= 100);
    problems
}

#[test]
fn a_name_does_not_reach_the_terminal_as_it_is() {
    let name = "\u{1B}[2J\u{9B}31m\u{202E}name";
    for text in [
        format!("orderNo,{name}\n1,2\n"),
        format!(
            "{{\"OrderHead\":{{\"{0}\":1,\"{0}\":2}}}}",
            name.replace('\u{1B}', "\\u001B")
        ),
    ] {
        let problems = refused(&text);
        assert!(problems.iter().any(|p| p.rule == "unknown-field"));
        for problem in problems {
            let told = problem.to_string();
            let safe = |c: char| !c.is_control() && c != '\u{202E}';
            assert!(told.chars().all(safe), "{told:?}");
            assert!(told.contains("name"), "{told:?}");
        }
    }
}

#[test]
fn what_has_too_much_of_something_is_refused() {
    for (text, rule) in [
        (
            format!("orderNo,ebpCode\n{}", "1,\n".repeat(400_001)),
            "too-large",
        ),
        (format!("[1{}]", ",1".repeat(5 << 20)), "too-large"),
        (
            format!("orderNo{}\n1\n", ",x".repeat(100_000)),
            "unknown-field",
        ),
        (
            format!("orderNo{}\n1\n", ",orderNo".repeat(100_000)),
            "too-many",
        ),
    ] {
        assert_eq!(refused(&text)[0].rule, rule);
    }
}

#[test]
fn of_too_many_items_their_number_is_told() {
    let item = "{\"gnum\":1,\"itemName\":\"a\",\"gmodel\":\"a\",\"itemNo\":\"1\",\"unit\":\"011\",\"qty\":1,\"price\":1,\"totalPrice\":1,\"currency\":\"142\",\"country\":\"142\"}";
    let items = vec![item; 100].join(",");
    let problems = refused(&format!("{{\"OrderHead\":{{}},\"OrderList\":[{items}]}}"));
    let told = problems.iter().find(|p| p.rule == "too-many");
    assert!(told.unwrap().text.contains("100 times"), "{problems:?}");
}
