//! Known octets again: what was found, the corpus, and messages made from the tables. So every
//! property is tried on every machine, without a fuzzer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "../src/fuzzer/prepare.rs"]
#[expect(dead_code, reason = "it is also written to files, for the fuzzer")]
mod prepare;
#[path = "../../tests/mutants/seeds.rs"]
#[expect(dead_code, reason = "the mutants' test needs more of it")]
mod seeds;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// The files of a folder, in order.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &Path| (path.display().to_string(), fs::read(path).unwrap());
    paths.iter().map(|path| read(path)).collect()
}

#[test]
fn known_octets_keep_every_property() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut failed = Vec::new();
    for (target, run) in tongguan_fuzz::TARGETS {
        let folders = ["found", "corpus"].map(|kind| own.join(kind).join(target));
        let kept = folders.iter().flat_map(|folder| files(folder));
        let all: Vec<_> = kept.chain(prepare::begin_with(target)).collect();
        assert!(!all.is_empty(), "{target} has nothing to begin with");
        for (name, octets) in all {
            if catch_unwind(|| run(&octets)).is_err() {
                failed.push(format!("{target}: {name}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
