//! The audit log as a user sees it, and as sha256sum does.
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
use stage::{TONGGUAN, good, refused, sha256sum};

#[test]
fn sha256sum_follows_the_chain_of_a_whole_life() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["demo"]);
    let dir = &dir.join("tongguan-demo");
    let log = good(dir, TONGGUAN, &["audit", "export"]);
    let entries: Vec<Value> = log
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    for event in ["submitted", "signed", "sent", "receipt"] {
        let said = format!("\\\"event\\\":\\\"{event}\\\"");
        assert!(log.contains(&said), "{event} is not in:\n{log}");
    }
    // As docs/evidence.md tells it, for a log of one strand.
    let mut hashes = vec!["0".repeat(64)];
    for (index, entry) in entries.iter().enumerate() {
        let number = index + 1;
        assert_eq!(
            (entry["strand"].as_u64(), entry["number"].as_u64()),
            (Some(1), Some(number as u64))
        );
        let further = &hashes[number & (number - 1)];
        let body = sha256sum(entry["body"].as_str().unwrap().as_bytes());
        let text = format!("1:{number}\n{}\n{further}\n{body}\n", hashes[index]);
        hashes.push(sha256sum(text.as_bytes()));
        assert_eq!(entry["hash"].as_str(), hashes.last().map(String::as_str));
    }
    let last = format!("1:{}:{}", entries.len(), hashes[entries.len()]);
    let told = good(dir, TONGGUAN, &["audit", "verify", "--anchor", &last]);
    assert!(told.contains("holds") && told.contains(&last), "{told}");
    // A log that never had what was noted.
    let other = format!("1:1:{}", hashes[2]);
    let told = refused(dir, &["audit", "verify", "--anchor", &other], 1);
    assert!(told.contains("broken 1:1"), "{told}");
    let told = refused(dir, &["audit", "verify", "--anchor", "1:1"], 3);
    assert!(told.contains("STRAND:NUMBER:HASH"), "{told}");
    // What was refused changes nothing.
    let id = entries[0]["body"].as_str().unwrap();
    let id = serde_json::from_str::<Value>(id).unwrap()["declaration"].clone();
    refused(dir, &["void", id.as_str().unwrap()], 1);
    let after = good(dir, TONGGUAN, &["audit", "export"]);
    assert_eq!(after, log);
}
