//! Every comparison across documents: examples that agree, and each disagreement alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod documents;

use documents::{Change, document};
use serde::Deserialize;
use std::collections::BTreeSet;
use tongguan_messages::{Extent, Kind, example, message, messages, read};
use tongguan_verifier::{Layer, Options, Report, Verifier, comparison_ids};

/// What this test reads of the table of comparisons.
#[derive(Deserialize)]
struct Table {
    comparisons: Vec<Comparison>,
}

#[derive(Deserialize)]
struct Comparison {
    left: String,
    right: String,
    join: Vec<(String, String)>,
    missing: Option<String>,
    same: Vec<Same>,
    items: Option<Items>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Same {
    id: String,
    left: String,
    #[serde(default)]
    at_most: bool,
}

#[derive(Deserialize)]
struct Items {
    left: String,
    by: String,
    id: String,
    same: Vec<Same>,
}

fn comparisons() -> Vec<Comparison> {
    let text = include_str!("../tables/202205/comparisons.toml");
    toml::from_str::<Table>(text).unwrap().comparisons
}

/// The ids of what is found where every message's example is looked at, one of them changed.
fn found(changed: &str, changes: &[Change<'_>]) -> BTreeSet<String> {
    let verifier = Verifier::new(Options {
        layers: [Layer::Across].into(),
        ..Options::default()
    })
    .unwrap();
    let declared = messages().iter().filter(|m| m.kind == Kind::Declaration);
    let mut reports: Vec<Report> = declared
        .map(|m| {
            let of_it = if m.name == changed { changes } else { &[] };
            let text = document(m.name, of_it);
            verifier.verify(m.name, &mut text.as_bytes())
        })
        .collect();
    verifier.compare(&mut reports);
    let all = reports
        .iter()
        .flat_map(|r| r.errors.iter().chain(&r.warnings));
    all.map(|finding| {
        assert_eq!(
            finding.layer,
            Layer::Across,
            "{changed} {changes:?}: {finding}"
        );
        finding.code.to_owned()
    })
    .collect()
}

/// Another value of the same length; a larger one where that is asked for.
fn another(name: &str, path: &str, larger: bool) -> String {
    let kind = message(name).unwrap();
    let text = example(kind, Extent::Full);
    let root = read(text.as_bytes(), &Default::default()).unwrap().root;
    let value = root
        .text(path)
        .unwrap_or_else(|| panic!("{name} has no {path}"));
    if larger {
        return format!("9{value}");
    }
    let mut other = value.to_owned();
    let last = other.pop().unwrap_or_else(|| panic!("{path} is empty"));
    other.push(if last == '1' { '2' } else { '1' });
    other
}

/// What changing this field of a message's first declaration brings.
fn changed(name: &str, field: &str, larger: bool) -> BTreeSet<String> {
    let unit = message(name).unwrap().unit.unwrap().name;
    let value = another(name, &format!("{unit}/{field}"), larger);
    found(name, &[(&format!("{unit}[1]/{field}"), Some(&value))])
}

#[test]
fn examples_agree_with_each_other() {
    assert_eq!(found("", &[]), BTreeSet::new());
}

#[test]
fn each_field_that_must_agree_is_missed_by_its_id() {
    for comparison in comparisons() {
        for same in &comparison.same {
            let codes = changed(&comparison.left, &same.left, same.at_most);
            assert!(
                codes.contains(&same.id),
                "{} {}: {codes:?}",
                comparison.left,
                same.left
            );
        }
        if let Some(items) = &comparison.items {
            for same in &items.same {
                let field = format!("{}/{}", items.left, same.left);
                let codes = changed(&comparison.left, &field, same.at_most);
                assert!(
                    codes.contains(&same.id),
                    "{} {field}: {codes:?}",
                    comparison.left
                );
            }
            let unit = message(&comparison.left).unwrap().unit.unwrap().name;
            let item = format!("{unit}[1]/{}[1]/{}", items.left, items.by);
            let codes = found(&comparison.left, &[(&item, Some("77"))]);
            assert!(
                codes.contains(&items.id),
                "{} {item}: {codes:?}",
                comparison.left
            );
        }
    }
}

#[test]
fn a_document_without_its_counterpart_is_told() {
    for comparison in comparisons() {
        let Some(missing) = &comparison.missing else {
            continue;
        };
        let codes = changed(&comparison.right, &comparison.join[0].1, false);
        assert!(codes.contains(missing), "{missing}: {codes:?}");
    }
}

#[test]
fn every_id_has_a_case_here() {
    let mut cases: BTreeSet<String> = BTreeSet::new();
    for comparison in comparisons() {
        cases.extend(comparison.same.iter().map(|s| s.id.clone()));
        cases.extend(comparison.missing);
        if let Some(items) = comparison.items {
            cases.extend(items.same.iter().map(|s| s.id.clone()));
            cases.insert(items.id);
        }
    }
    let known: BTreeSet<String> = comparison_ids().into_iter().map(str::to_owned).collect();
    let without: Vec<&String> = known.difference(&cases).collect();
    assert_eq!(without, ["declared-again"], "tested below");
}

#[test]
fn what_is_declared_twice_in_two_files_is_told() {
    let verifier = Verifier::new(Options::default()).unwrap();
    let kind = message("CEB411Message").unwrap();
    let text = example(kind, Extent::Minimal);
    let other = text.replace("-946C-", "-946D-");
    let mut reports = Vec::new();
    for (name, text) in [("a.xml", &text), ("b.xml", &text), ("c.xml", &other)] {
        reports.push(verifier.verify(name, &mut text.as_bytes()));
    }
    verifier.compare(&mut reports);
    let told: Vec<_> = reports
        .iter()
        .map(|r| {
            r.errors
                .iter()
                .chain(&r.warnings)
                .any(|f| f.code == "declared-again")
        })
        .collect();
    // The same guid again is a repeat; another guid is another declaration.
    assert_eq!(told, [false, false, text != other], "{reports:#?}");
    assert_ne!(text, other, "the example's guid has that part");
}
