//! The joint test, from nothing to a report, by each role.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use serde_json::Value;
use stage::{TONGGUAN, files, good, refused, sha256sum};
use std::fs;
use std::path::Path;
use tongguan_messages::{Kind, messages};

fn report(dir: &Path) -> Value {
    let text = fs::read_to_string(dir.join("joint-test/report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// As the README tells a newcomer, and as a person looks at what came of it.
#[test]
fn a_newcomer_comes_to_a_report_that_passed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let told = good(dir, TONGGUAN, &["joint-test", "plan"]);
    assert!(
        told.contains("30 cases") && told.contains("CEB621Message-minimal"),
        "{told}"
    );
    let told = good(dir, TONGGUAN, &["joint-test", "run", "--simulate"]);
    assert!(!told.contains("FAILED"), "{told}");
    let report = report(dir);
    assert!(
        report["passed"] == true && report["simulated"] == true,
        "{report}"
    );
    assert_eq!(report["enterprise"]["cop_code"], "3301960T01");
    // What it says can be held against what went and came.
    let sums: Vec<String> = files(&dir.join("exchange"), "")
        .iter()
        .flat_map(|folder| files(folder, ".xml"))
        .map(|file| sha256sum(&fs::read(file).unwrap()))
        .collect();
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 30);
    for declared in cases
        .iter()
        .flat_map(|c| c["declarations"].as_array().unwrap())
    {
        let envelope = declared["envelope_sha256"].as_str().unwrap();
        assert!(sums.iter().any(|sum| sum == envelope), "{declared}");
        let history = declared["history"].as_array().unwrap();
        let receipts = history.iter().filter_map(|s| s["inbound"].as_str());
        assert!(receipts.clone().count() > 0, "{declared}");
        for receipt in receipts {
            assert!(sums.iter().any(|sum| sum == receipt), "{declared}");
        }
        assert_eq!(declared["certificate_sha256"].as_str().unwrap().len(), 64);
    }
    let page = fs::read_to_string(dir.join("joint-test/report.html")).unwrap();
    assert!(page.contains("30 / 30") && page.contains("签字"), "{page}");
    good(
        dir,
        "xmllint",
        &["--html", "--noout", "joint-test/report.html"],
    );
    // The enterprise's own store has nothing of it.
    let told = good(dir, TONGGUAN, &["status", "--list"]);
    assert!(!told.contains("CEB311Message"), "{told}");
    // A plan is not overwritten; a second run has numbers of its own.
    let told = refused(dir, &["joint-test", "plan"], 3);
    assert!(told.contains("it exists already"), "{told}");
    good(dir, TONGGUAN, &["joint-test", "run", "--simulate"]);
    assert_eq!(files(&dir.join("joint-test/runs"), "").len(), 2);
}

#[test]
fn every_role_passes_with_all_that_it_may_declare() {
    for role in [
        "ecommerce",
        "platform",
        "payment",
        "logistics",
        "warehouse",
        "agent",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        good(dir, TONGGUAN, &["init", "."]);
        let all = messages().iter().filter(|m| m.kind == Kind::Declaration);
        let names: Vec<&str> = all
            .filter(|m| m.senders.contains(&role))
            .map(|m| m.name)
            .collect();
        let path = dir.join("tongguan.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        let (before, rest) = manifest.split_once("[roles.main]").unwrap();
        let (_, after) = rest.split_once("[waits]").unwrap();
        let table = format!("[roles.main]\nkind = {role:?}\ndeclares = {names:?}\n\n");
        fs::write(path, format!("{before}{table}[waits]{after}")).unwrap();
        good(dir, TONGGUAN, &["joint-test", "plan"]);
        let told = good(dir, TONGGUAN, &["joint-test", "run", "--simulate"]);
        assert!(!told.contains("FAILED"), "{role}: {told}");
        let report = report(dir);
        let cases = report["cases"].as_array().unwrap();
        for name in names {
            let of = cases.iter().filter(|c| c["message"] == name).count();
            // What is about an inventory that others declare is theirs to show.
            assert!(
                of > 0
                    || [
                        "CEB623Message",
                        "CEB625Message",
                        "CEB605Message",
                        "CEB213Message"
                    ]
                    .contains(&name),
                "{role}: {name}"
            );
        }
    }
}

#[test]
fn what_is_wrong_is_told_and_production_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let told = refused(dir, &["joint-test", "run"], 3);
    assert!(told.contains("joint-test plan"), "{told}");
    good(dir, TONGGUAN, &["joint-test", "plan"]);
    // One document is wrong for the role, one for customs, and what goes after it never goes.
    let spoil = |name: &str, from: &str, to: &str| {
        let path = dir.join("joint-test/documents").join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    spoil(
        "CEB411Message-minimal.json",
        "payTransactionId",
        "payTransactionNo",
    );
    spoil(
        "CEB311Message-to-change.json",
        "\"acturalPaid\": \"159.29\"",
        "\"acturalPaid\": \"9.00\"",
    );
    let told = refused(dir, &["joint-test", "run", "--simulate"], 1);
    assert!(told.contains("payTransactionNo"), "{told}");
    assert!(
        told.contains("accepted was expected, and it is rejected"),
        "{told}"
    );
    assert!(
        told.contains("the case that goes before it did not end well"),
        "{told}"
    );
    assert_eq!(report(dir)["passed"], false);
    let path = dir.join("tongguan.toml");
    let text = fs::read_to_string(&path).unwrap();
    for other in ["environment = \"production\"", "# environment"] {
        fs::write(&path, text.replace("environment = \"test\"", other)).unwrap();
        let told = refused(dir, &["joint-test", "run", "--simulate"], 3);
        assert!(told.contains("environment is not \"test\""), "{told}");
    }
}
