//! A node that is frozen past its lease, and wakes into a world that has gone on.

use crate::stage::signal;
use crate::world::{Fault, LEASE};
use std::time::Duration;

pub const NODE: Fault = Fault {
    name: "nodes frozen past their lease",
    // One at a time: the others are to take over.
    breaks: Some("node"),
    strike: |world| {
        let node = world.any_node();
        signal(&world.nodes[node].child, "-STOP");
        world.nodes[node].frozen = true;
        let time = LEASE + Duration::from_millis(300 + world.dice.below(1500));
        world.later(time, move |world| {
            world.is_whole("node");
            signal(&world.nodes[node].child, "-CONT");
            world.nodes[node].frozen = false;
        });
    },
};
