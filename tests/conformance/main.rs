//! The conformance kit, run on every part: built in, loaded and remote, before real servers and
//! devices; and on wrong ones, which must fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]
#![cfg(target_os = "linux")]

#[path = "../doubles/eport.rs"]
#[allow(dead_code, reason = "others use more of it")]
mod eport;
mod roles;
mod sides;
mod signers;
#[path = "../e2e/stage/mod.rs"]
mod stage;
mod transports;
mod wrong;

use tongguan_conformance::Report;

/// A part that keeps its contract; what does not apply is just this.
#[track_caller]
fn keeps(report: &Report, does_not_apply: &[&str]) {
    println!("{report}");
    assert!(report.ok, "{report}");
    let left: Vec<&str> = report
        .checks
        .iter()
        .filter(|c| matches!(c.outcome, tongguan_conformance::Outcome::DoesNotApply(_)))
        .map(|c| c.id)
        .collect();
    assert_eq!(left, does_not_apply, "{report}");
}
