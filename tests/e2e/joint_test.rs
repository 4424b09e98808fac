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
use stage::roles::ROLES;
use stage::{TONGGUAN, files, good, refused, sha256sum, signal};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
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
    // A plan is not overwritten.
    let told = refused(dir, &["joint-test", "plan"], 3);
    assert!(
        told.contains("it exists already") && told.contains("tongguan joint-test plan --anew"),
        "{told}"
    );
    // A second run has numbers of its own; what passed stays, where it is handed in and beside its run.
    let first = fs::read(dir.join("joint-test/report.json")).unwrap();
    spoil(
        dir,
        "CEB311Message-full.json",
        "\"orderNo\"",
        "\"orderNumber\"",
    );
    let told = refused(dir, &["joint-test", "run", "--simulate"], 1);
    assert!(
        told.contains("joint-test/report.html stays that of run"),
        "{told}"
    );
    assert_eq!(fs::read(dir.join("joint-test/report.json")).unwrap(), first);
    let runs = files(&dir.join("joint-test/runs"), "");
    assert_eq!(runs.len(), 2);
    let mut passed: Vec<bool> = runs
        .iter()
        .map(|run| {
            let text = fs::read_to_string(run.join("report.json")).unwrap();
            let kept: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(kept["run"], run.file_name().unwrap().to_str().unwrap());
            assert!(run.join("report.html").exists());
            kept["passed"] == true
        })
        .collect();
    passed.sort_unstable();
    assert_eq!(passed, [false, true]);
}

/// Makes a document of the plan wrong.
fn spoil(dir: &Path, name: &str, from: &str, to: &str) {
    let path = dir.join("joint-test/documents").join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// Takes cases out of a plan, all but this one.
fn only(plan: &Path, id: &str) {
    let text = fs::read_to_string(plan).unwrap();
    let mut cases = text.split("[[cases]]");
    let head = cases.next().unwrap();
    let case = cases
        .find(|case| case.contains(&format!("id = \"{id}\"")))
        .unwrap();
    fs::write(plan, format!("{head}[[cases]]{case}")).unwrap();
}

#[test]
fn a_plan_is_made_anew_for_another_enterprise_and_names_its_manifest_and_folder() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    fs::rename(dir.join("tongguan.toml"), dir.join("test.toml")).unwrap();
    let ask = |rest: &[&'static str]| -> Vec<&'static str> {
        let mut all = vec!["joint-test", "-m", "test.toml"];
        all.extend(rest);
        all.extend(["--dir", "shown"]);
        all
    };
    let told = good(dir, TONGGUAN, &ask(&["plan"]));
    assert!(
        told.contains("tongguan joint-test run --simulate --dir shown -m test.toml\n"),
        "{told}"
    );
    let path = dir.join("test.toml");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("3301960T01", "4401960T02"),
        ("DXPENT0000012345", "DXPENT0000054321"),
    ] {
        fs::write(&path, text.replace(from, to)).unwrap();
        let told = refused(dir, &ask(&["run", "--simulate"]), 3);
        assert!(
            told.contains(from)
                && told.contains(to)
                && told.contains("joint-test plan --anew --dir shown -m test.toml"),
            "{told}"
        );
    }
    assert!(!dir.join("shown/runs").exists());
    let told = good(dir, TONGGUAN, &ask(&["plan", "--anew"]));
    assert!(
        told.contains("moved what was there to shown/plans/"),
        "{told}"
    );
    let plans = files(&dir.join("shown/plans"), "");
    assert!(
        plans.len() == 1
            && plans[0].join("plan.toml").exists()
            && plans[0].join("documents").exists()
    );
    only(&dir.join("shown/plan.toml"), "CEB311Message-minimal");
    good(dir, TONGGUAN, &ask(&["run", "--simulate"]));
}

#[test]
fn what_is_waited_for_is_told_and_an_interrupted_run_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    good(dir, TONGGUAN, &["joint-test", "plan"]);
    only(&dir.join("joint-test/plan.toml"), "CEB311Message-minimal");
    good(dir, TONGGUAN, &["joint-test", "run", "--simulate"]);
    let whole = fs::read(dir.join("joint-test/report.json")).unwrap();
    // Nobody answers.
    let mut run = Command::new(TONGGUAN)
        .args(["joint-test", "run"])
        .current_dir(dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(run.stdout.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(
        line.contains("waiting for receipts of 1 of 1 cases")
            && line.contains("CEB311Message-minimal"),
        "{line}"
    );
    signal(&run, "-TERM");
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(1));
    assert!(
        rest.contains("the run was interrupted before a final receipt came")
            && !rest.contains("within the time")
            && rest.contains("a rehearsal that passed"),
        "{rest}"
    );
    assert_eq!(fs::read(dir.join("joint-test/report.json")).unwrap(), whole);
}

#[test]
fn every_role_passes_with_all_that_it_may_declare() {
    for role in ROLES {
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
    spoil(
        dir,
        "CEB411Message-minimal.json",
        "payTransactionId",
        "payTransactionNo",
    );
    spoil(
        dir,
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
