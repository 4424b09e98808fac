//! docs/states.md says what the table of states says.
//!
//! Written anew by: `TONGGUAN_WRITE=1 cargo test -p tongguan-core --test states`
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use tongguan_core::{Event, State, TRANSITIONS};

/// The page, from the table.
fn page() -> String {
    let mut text = "# The states of a declaration\n\n\
        Generated from core/src/lifecycle/states.rs; a test compares the two.\n\n\
        ```mermaid\nstateDiagram-v2\n    [*] --> submitted: submit\n"
        .to_owned();
    // One arrow for all events that lead the same way.
    let mut arrows: BTreeMap<(State, State), Vec<&str>> = BTreeMap::new();
    for (from, event, to) in TRANSITIONS {
        arrows.entry((*from, *to)).or_default().push(event.name());
    }
    for ((from, to), events) in arrows {
        writeln!(text, "    {from} --> {to}: {}", events.join(" / ")).unwrap();
    }
    for state in State::ALL.iter().filter(|s| s.is_final()) {
        writeln!(text, "    {state} --> [*]").unwrap();
    }
    text.push_str("```\n\n| state | means |\n| --- | --- |\n");
    for state in State::ALL {
        writeln!(text, "| `{state}` | {} |", state.meaning()).unwrap();
    }
    text.push_str("\n| event | means |\n| --- | --- |\n");
    for event in Event::ALL {
        writeln!(text, "| {} | {} |", event.name(), event.meaning()).unwrap();
    }
    text.push_str(
        "\nWhat the table does not name does not happen: an answer that comes late, or twice, \
         is kept in\nthe history and moves nothing.\n",
    );
    text
}

#[test]
fn the_page_says_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/states.md");
    if std::env::var_os("TONGGUAN_WRITE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/states.md is not up to date; write it with: \
         TONGGUAN_WRITE=1 cargo test -p tongguan-core --test states"
    );
}
