//! The oracle sees what it is there to see: with a bug on purpose, the same faults end in a
//! verdict that names it.

use crate::oracle::Verdict;
use crate::world::{Fault, World};
use crate::{alone, kill, network};
use std::time::Duration;

/// What a bug has lost never comes: no use in waiting longer.
const PATIENCE: Duration = Duration::from_secs(10);

fn verdict(bug: &'static str, faults: &[(Fault, usize)]) -> Option<Verdict> {
    let _alone = alone();
    let mut world = World::with_a_bug(&format!("faults_{bug}"), bug)?;
    world.storm(faults);
    Some(world.judge(PATIENCE))
}

#[test]
fn an_answer_before_the_commit_loses_declarations() {
    let faults = [(kill::SUBMITTER, 5), (kill::NODE, 2)];
    if let Some(verdict) = verdict("submit", &faults) {
        assert!(!verdict.lost.is_empty(), "{verdict}");
        assert!(verdict.lost.len() < verdict.acknowledged, "{verdict}");
    }
}

#[test]
fn an_acknowledgement_before_the_commit_loses_final_states() {
    if let Some(verdict) = verdict("receipt", &[(kill::NODE, 20)]) {
        assert!(!verdict.unfinished.is_empty(), "{verdict}");
        assert!(verdict.lost.is_empty(), "they were declared: {verdict}");
    }
}

#[test]
fn a_repetition_taken_as_new_is_declared_twice() {
    let faults = [(network::SUBMIT_UNANSWERED, 10), (kill::NODE, 2)];
    if let Some(verdict) = verdict("repeat", &faults) {
        assert!(!verdict.doubled.is_empty(), "{verdict}");
    }
}
