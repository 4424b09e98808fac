//! SIGKILL, at any moment.

use crate::world::Fault;
use std::time::Duration;

pub const NODE: Fault = Fault {
    name: "nodes killed",
    strike: |world| {
        let node = world.any_node();
        world.nodes[node].kill();
    },
};

pub const CUSTOMS: Fault = Fault {
    name: "simulators killed",
    strike: |world| world.customs.kill(),
};

pub const SUBMITTER: Fault = Fault {
    name: "submitters killed",
    strike: |world| {
        let pause = Duration::from_millis(world.dice.below(60));
        world.pass(pause);
        if let Some(load) = &world.load {
            load.kill();
        }
    },
};
