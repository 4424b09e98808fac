//! Purging as a user sees it: what was personal is nowhere in the store's files, and the log holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::{TONGGUAN, files, good, refused};
use std::fs;
use std::path::Path;

/// Whether any file of the store holds the text.
fn stored(dir: &Path, text: &str) -> bool {
    let all = files(dir, "tongguan.db");
    assert!(!all.is_empty());
    all.iter().any(|file| {
        let octets = fs::read(file).unwrap();
        octets.windows(text.len()).any(|w| w == text.as_bytes())
    })
}

#[test]
fn what_was_purged_is_nowhere_in_the_store() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path(), TONGGUAN, &["demo"]);
    let dir = &dir.path().join("tongguan-demo");
    // What documents and envelopes are full of.
    let personal = ["11010119", "北京市", "<dxp:DxpMsg"];
    assert!(personal.iter().all(|text| stored(dir, text)));
    let anchor = good(dir, TONGGUAN, &["audit", "verify"]);
    let anchor = anchor.lines().last().unwrap().trim().to_owned();

    let told = refused(dir, &["purge"], 3);
    assert!(told.contains("--before"), "{told}");
    for bad in ["2026-13-01", "tomorrow", "2999-01-01"] {
        let told = refused(dir, &["purge", "--before", bad], 3);
        assert!(told.contains("2026-11-24"), "{told}");
    }
    let none = good(dir, TONGGUAN, &["purge", "--before", "2020-01-01"]);
    assert!(none.contains("purged 0 declaration(s)"), "{none}");
    // So that all of it is over: everything happened days ago.
    age(dir, 3);
    let date = ["purge", "--before", "2020-01-01"];
    assert!(good(dir, TONGGUAN, &date).contains("purged 0"));
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("# days = 1095", "days = 2");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    let dry = good(dir, TONGGUAN, &["purge", "--dry-run"]);
    assert!(dry.contains("would purge"), "{dry}");
    assert!(personal.iter().all(|text| stored(dir, text)));
    let done = good(dir, TONGGUAN, &["purge"]);
    assert_eq!(dry.replace("would purge", "purged"), done);
    assert!(!done.contains("purged 0"), "{done}");
    for text in personal {
        assert!(!stored(dir, text), "{text} is still there");
    }
    let told = good(dir, TONGGUAN, &["show", "TG202600010001"]);
    assert!(
        told.contains("purged") && told.contains("[retention] days = 2"),
        "{told}"
    );
    assert!(told.contains("accepted") && told.contains("120"), "{told}");
    let log = good(dir, TONGGUAN, &["audit", "verify", "--anchor", &anchor]);
    assert!(log.contains("holds"), "{log}");
    let told = refused(dir, &["evidence", "export", "TG202600010001"], 1);
    assert!(told.contains("[retention] days = 2"), "{told}");
}

/// Makes everything in the store some days older. The audit log stays as it is.
fn age(dir: &Path, days: i64) {
    let by = days * 24 * 60 * 60 * 1000;
    let db = rusqlite::Connection::open(dir.join("tongguan.db")).unwrap();
    db.execute_batch(&format!(
        "UPDATE declaration SET submitted_at = submitted_at - {by};
         UPDATE carrier SET made_at = made_at - {by};
         UPDATE inbound SET received_at = received_at - {by};
         UPDATE status SET at = at - {by};"
    ))
    .unwrap();
}
