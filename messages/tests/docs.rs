//! docs/messages is what the tables say.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tongguan_messages::docs::pages;

const COMMAND: &str = "cargo run -p tongguan -- standard docs --out docs/messages";

#[test]
fn the_committed_documentation_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/messages");
    let mut wrong = Vec::new();
    let mut made = BTreeSet::new();
    for page in pages() {
        let path = folder.join(&page.path);
        // A checkout may have turned the ends of lines.
        let there = fs::read_to_string(&path).map(|text| text.replace("\r\n", "\n"));
        match there {
            Ok(text) if text == page.text => {}
            Ok(_) => wrong.push(format!("{} is out of date", page.path)),
            Err(error) => wrong.push(format!("{}: {error}", page.path)),
        }
        made.insert(path);
    }
    for language in ["en", "zh"] {
        let there: Vec<PathBuf> = fs::read_dir(folder.join(language))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let stray = there.iter().filter(|path| !made.contains(*path));
        wrong.extend(stray.map(|path| format!("{} is made by nothing", path.display())));
    }
    assert!(wrong.is_empty(), "run `{COMMAND}`:\n{}", wrong.join("\n"));
}

/// Every link leads to a page.
#[test]
fn no_link_is_broken() {
    let pages = pages();
    let paths: BTreeSet<&str> = pages.iter().map(|p| p.path.as_str()).collect();
    for page in &pages {
        let language = page.path.split('/').next().unwrap();
        for (at, _) in page.text.match_indices("](") {
            let target = page.text[at + 2..].split(')').next().unwrap();
            let path = match target.strip_prefix("../") {
                Some(other) => other.to_owned(),
                None => format!("{language}/{target}"),
            };
            assert!(paths.contains(path.as_str()), "{}: {target}", page.path);
        }
    }
}

/// Every row has as many cells as its table's heading.
#[test]
fn tables_are_whole() {
    for page in pages() {
        let mut columns = 0;
        for line in page.text.lines() {
            if !line.starts_with('|') {
                columns = 0;
                continue;
            }
            let cells = line.replace("\\|", "").matches('|').count();
            columns = if columns == 0 { cells } else { columns };
            assert_eq!(cells, columns, "{}: {line}", page.path);
        }
    }
}
