//! SIGKILL, at any moment.

use crate::load::Load;
use crate::world::{Fault, World};
use std::time::Duration;

pub const NODE: Fault = Fault {
    name: "nodes killed",
    breaks: None,
    strike: |world| {
        let node = world.any_node();
        world.nodes[node].kill();
    },
};

pub const CUSTOMS: Fault = Fault {
    name: "simulators killed",
    breaks: None,
    strike: |world| world.customs.kill(),
};

pub const SUBMITTER: Fault = Fault {
    name: "submitters killed",
    breaks: Some("submitter"),
    strike: |world| {
        // In the first half of its life it loads and reads: nothing that could be lost.
        let hundredths = 50 + world.dice.below(70) as u32;
        if let Some(load) = &world.load {
            load.kill(hundredths);
        }
        once_killed(world);
    },
};

fn once_killed(world: &mut World) {
    world.later(Duration::from_millis(20), |world| {
        if world.load.as_ref().is_some_and(Load::is_to_kill) {
            once_killed(world);
        } else {
            world.is_whole("submitter");
        }
    });
}
