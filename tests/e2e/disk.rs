//! A disk that takes no more: what was acknowledged is safe, and the rest is taken later.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::{TONGGUAN, good, orders, run};
use std::fs;

#[cfg(unix)]
#[test]
fn what_was_acknowledged_before_the_disk_was_full_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    // No file may grow beyond 600 KiB: to the store that is a full disk.
    let full = "trap \"\" XFSZ; ulimit -f 600; exec \"$0\" \"$@\"";
    let mut taken = 0;
    let refusal = (0..200).find_map(|n| {
        let name = format!("o{n}.json");
        fs::write(dir.join(&name), orders(n * 20, 20)).unwrap();
        let out = run(dir, "bash", &["-c", full, TONGGUAN, "submit", &name]);
        if out.status.success() {
            taken += 20;
            return None;
        }
        Some((name, out))
    });
    let (name, out) = refusal.expect("the store never was full");
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(4), "it may work later: {told}");
    assert!(
        told.contains("tongguan.db") && told.contains("space"),
        "{told}"
    );
    assert!(taken > 0, "nothing was taken at all: {told}");
    // All that was acknowledged, and nothing of what was not.
    let count = |dir| {
        let told = good(dir, TONGGUAN, &["--json", "status"]);
        told.split("\"submitted\":")
            .nth(1)
            .unwrap()
            .split('}')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(count(dir), taken.to_string());
    // With space again, the same document is taken.
    good(dir, TONGGUAN, &["submit", &name]);
    assert_eq!(count(dir), (taken + 20).to_string());
}
