//! SIGKILL, at any moment.

use crate::world::Fault;

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
        // In the first half of its life it loads and reads: nothing that could be lost.
        let hundredths = 50 + world.dice.below(70);
        if let Some(load) = &world.load {
            load.kill(hundredths);
        }
    },
};
