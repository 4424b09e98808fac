//! From the test environment to production.
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
use stage::parts::Running;
use stage::{TONGGUAN, files, good, orders, refused};
use std::fs;
use std::path::Path;

const ASK: [&str; 5] = [
    "promote",
    "--from",
    "../test/tongguan.toml",
    "--report",
    "../test/joint-test/report.json",
];

fn change(dir: &Path, from: &str, to: &str) {
    let path = dir.join("tongguan.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// The gates that are closed.
fn closed(dir: &Path) -> Vec<String> {
    let told = refused(dir, &[&ASK[..], &["--json"]].concat(), 1);
    let told: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(told["open"], false);
    let gates = told["gates"].as_array().unwrap().iter();
    let shut = gates.filter(|gate| gate["open"] == false);
    shut.map(|gate| {
        assert!(!gate["remedy"].as_str().unwrap().is_empty(), "{gate}");
        gate["id"].as_str().unwrap().to_owned()
    })
    .collect()
}

#[test]
fn production_begins_when_all_gates_are_open_and_with_one_declaration() {
    let dir = tempfile::tempdir().unwrap();
    let (test, production) = (dir.path().join("test"), dir.path().join("production"));
    for folder in [&test, &production] {
        fs::create_dir(folder).unwrap();
        good(folder, TONGGUAN, &["init", "."]);
    }
    assert_eq!(
        closed(&production),
        [
            "manifest.production",
            "signer.test-only",
            "joint-test.report"
        ]
    );
    let told = refused(&production, &ASK, 1);
    assert!(
        told.contains("tongguan.toml says environment = \"test\"")
            && told.contains("not looked at: joint-test.passed, joint-test.real")
            && told.contains("3 of "),
        "{told}"
    );
    change(
        &production,
        "environment = \"test\"",
        "environment = \"production\"",
    );
    let request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "300",
        "-subj",
        "/CN=enterprise",
        "-keyout",
        "own.key",
        "-out",
        "own.pem",
    ];
    good(&production, "openssl", &request);
    change(&production, "certificates/enterprise.key", "own.key");
    change(&production, "certificates/enterprise.pem", "own.pem");
    change(&production, "password = \"file:certificates/password\"", "");
    assert_eq!(closed(&production), ["joint-test.report"]);
    // A rehearsal is not the joint test.
    good(&test, TONGGUAN, &["joint-test", "plan"]);
    good(&test, TONGGUAN, &["joint-test", "run", "--simulate"]);
    assert_eq!(closed(&production), ["joint-test.real"]);
    // Nor is one with a stand-in that runs for itself.
    let mut environment = Running::start(&test, &["simulate"], "customs.log");
    let told = good(&test, TONGGUAN, &["joint-test", "run"]);
    environment.kill();
    assert!(told.contains("The other side was a stand-in"), "{told}");
    assert_eq!(closed(&production), ["joint-test.real"]);
    // The test environment cannot be had here: the report is made to say that it was there.
    let report = test.join("joint-test/report.json");
    let text = fs::read_to_string(&report).unwrap();
    let real = text.replace("\"simulated\": true", "\"simulated\": false");
    assert_ne!(real, text);
    fs::write(&report, &real).unwrap();
    // It stays when there is another rehearsal, and a run that did not pass is named beside it.
    let told = good(&test, TONGGUAN, &["joint-test", "run", "--simulate"]);
    assert!(
        told.contains("it passed with the test environment"),
        "{told}"
    );
    assert_eq!(fs::read_to_string(&report).unwrap(), real);
    let mut runs = files(&test.join("joint-test/runs"), "");
    runs.sort();
    let newest = runs.pop().unwrap();
    let text = fs::read_to_string(newest.join("report.json")).unwrap();
    let bad = text
        .replace("\"simulated\": true", "\"simulated\": false")
        .replacen("\"passed\": true", "\"passed\": false", 1);
    fs::write(newest.join("report.json"), bad).unwrap();
    let told = good(&production, TONGGUAN, &ASK);
    let newest = newest.file_name().unwrap().to_str().unwrap();
    assert!(
        told.contains(&format!(
            "the later run {newest} with the test environment did not pass"
        )),
        "{told}"
    );
    assert!(
        !told.contains("NOT PASSED")
            && told.contains("../test/tongguan.toml says environment = \"test\"")
            && told.contains("All gates are passed"),
        "{told}"
    );
    assert!(
        told.contains("- node.environment = \"test\"")
            && told.contains("+ signers.main.certificate = \"own.pem\"")
            && !told.contains("enterprise.cop_code"),
        "{told}"
    );
    // More than was shown, another enterprise, the other's store.
    let whole = fs::read_to_string(production.join("tongguan.toml")).unwrap();
    let again = |from: &str, to: &str| {
        fs::write(production.join("tongguan.toml"), &whole).unwrap();
        change(&production, from, to);
        closed(&production)
    };
    assert_eq!(
        again("declares = [", "declares = [\"CEB303Message\","),
        ["joint-test.messages"]
    );
    assert_eq!(
        again("cop_code = \"3301960T01\"", "cop_code = \"3301960T99\""),
        ["manifest.enterprise", "joint-test.enterprise"]
    );
    assert_eq!(
        again("path = \"tongguan.db\"", "path = \"../test/tongguan.db\""),
        ["manifest.store"]
    );
    assert_eq!(again("own.key", "none.key"), ["signer.opens"]);
    // The first declaration goes alone.
    fs::write(production.join("tongguan.toml"), &whole).unwrap();
    fs::write(production.join("two.json"), orders(0, 2)).unwrap();
    let canary = |file: &'static str| [&ASK[..], &["--within", "1", "--canary", file]].concat();
    let told = refused(&production, &canary("two.json"), 1);
    assert!(told.contains("it holds 2 declarations"), "{told}");
    fs::write(production.join("one.json"), orders(0, 1)).unwrap();
    let mut customs = Running::start(&production, &["simulate"], "customs.log");
    let told = good(&production, TONGGUAN, &canary("one.json"));
    customs.kill();
    assert!(
        told.contains("canary") && told.contains("accepted"),
        "{told}"
    );
}
