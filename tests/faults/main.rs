//! Faults of every kind, at random moments, and an oracle that compares both sides' books after
//! them.
//!
//! The short form runs with all tests. `tests/faults/run` is the long one. The seed is printed:
//! TONGGUAN_TEST_SEED repeats the choices, though not the moments at which a machine gets to them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod disk;
mod freeze;
mod kill;
mod load;
mod network;
mod oracle;
mod proxy;
#[cfg(feature = "sabotage")]
mod sabotage;
mod servers;
#[path = "../e2e/stage/mod.rs"]
mod stage;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};
use world::World;

/// How often a fault is to fall, by an environment variable; else as in the short form.
fn times(name: &str, short: usize) -> usize {
    let given = std::env::var(format!("TONGGUAN_FAULTS_{name}")).ok();
    given.map_or(short, |n| n.parse().unwrap())
}

/// Servers are restarted under everybody's feet: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn three_nodes_lose_nothing_and_double_nothing() {
    let _alone = alone();
    let Some(mut world) = World::of_three_nodes("faults") else {
        return;
    };
    let (kills, network) = (times("KILLS", 12), times("NETWORK", 1));
    let (restarts, pauses) = (times("RESTARTS", 1), times("PAUSES", 1));
    world.storm(&[
        (kill::NODE, kills / 3),
        (kill::SUBMITTER, kills / 3),
        (kill::CUSTOMS, kills - 2 * (kills / 3)),
        (freeze::NODE, times("FREEZES", 1)),
        (servers::BROKER_RESTARTED, restarts),
        (servers::BROKER_PAUSED, pauses),
        (servers::DATABASE_RESTARTED, restarts),
        (servers::DATABASE_PAUSED, pauses),
        (network::CUT, network),
        (network::DELAYED, network),
        (network::HALF_CLOSED, network),
        (network::HELD, network),
        (network::ANSWER_LOST, network),
        (network::SILENT, times("SILENCES", 1)),
    ]);
    world.must_be_clean();
}

#[test]
fn a_node_on_a_full_disk_loses_nothing_and_doubles_nothing() {
    let _alone = alone();
    let Some(mut world) = World::of_one_node_on_a_small_disk("faults_disk") else {
        return;
    };
    let full = times("FULL", 2);
    world.storm(&[
        (disk::FULL, full),
        (kill::NODE, full),
        (kill::SUBMITTER, full),
    ]);
    world.must_be_clean();
}
