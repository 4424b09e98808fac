//! An inventory that is submitted first goes last.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::start;
use stage::{TONGGUAN, good, refused, signal};
use std::fs;
use std::path::Path;

/// Makes inventories wait for these.
fn wait_for(dir: &Path, messages: &str) {
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, after) = manifest.split_once("[waits]\n").unwrap();
    let (_, after) = after.split_once("\n[retention]").unwrap();
    let waits = format!("[waits]\nCEB621Message = [{messages}]\n\n[retention]");
    fs::write(path, format!("{before}{waits}{after}")).unwrap();
}

#[test]
fn inventories_wait_for_what_they_are_compared_with() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init"]);
    wait_for(dir, "\"CEB312Message\"");
    let told = refused(dir, &["check", "--offline"], 3);
    assert!(
        told.contains("CEB621Message does not follow CEB312Message"),
        "{told}"
    );
    assert!(
        told.contains("CEB311Message, CEB411Message, CEB511Message"),
        "{told}"
    );
    wait_for(
        dir,
        "\"CEB311Message\", \"CEB411Message\", \"CEB511Message\"",
    );

    let quickstart = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/quickstart");
    let submit = |file: &str| good(dir, TONGGUAN, &["submit", &format!("{quickstart}/{file}")]);
    submit("inventories.json");
    // Nothing can come of it yet, so a run that waits for the end ends.
    refused(dir, &["run", "--until-final"], 4);
    let told = good(dir, TONGGUAN, &["show", "COP202600000001"]);
    assert!(told.contains("waiting"), "{told}");
    assert!(
        told.contains("waits for CEB411Message 3301960T02 / TG202600010001: not here"),
        "{told}"
    );
    assert!(
        fs::read_dir(dir.join("exchange/outbox"))
            .unwrap()
            .next()
            .is_none()
    );

    let mut other_side = start(dir, &["simulate"], "simulate.log");
    for file in ["waybills.csv", "payments.csv", "orders.json"] {
        submit(file);
    }
    good(dir, TONGGUAN, &["run", "--until-final"]);
    signal(&other_side, "-TERM");
    other_side.wait().unwrap();
    let told = good(dir, TONGGUAN, &["show", "COP202600000001"]);
    assert!(
        told.contains("accepted") && told.contains("what it goes after is settled"),
        "{told}"
    );
    let counts = good(dir, TONGGUAN, &["status", "--json"]);
    assert!(counts.contains("\"open\":0"), "{counts}");
}
