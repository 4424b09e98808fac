//! A bad network between the nodes and their broker, or their store.

use crate::proxy::{Proxy, Way};
use crate::world::{Fault, World};
use std::time::Duration;

pub const CUT: Fault = Fault {
    name: "connections cut",
    strike: |world| which(world)(world).cut(),
};

pub const DELAYED: Fault = Fault {
    name: "connections delayed",
    strike: |world| {
        let proxy = which(world);
        let delay = Duration::from_millis(5 + world.dice.below(100));
        proxy(world).delay(delay);
        heal_later(world, proxy);
    },
};

pub const HALF_CLOSED: Fault = Fault {
    name: "connections half closed",
    strike: |world| {
        let proxy = which(world);
        let way = way(world);
        proxy(world).half_close(way);
    },
};

pub const HELD: Fault = Fault {
    name: "connections held up, then gone on or cut",
    strike: |world| {
        let proxy = which(world);
        // One way only is the worst: what was asked is done, and the answer never comes.
        match world.dice.below(2) {
            0 => proxy(world).hold(&Way::BOTH),
            _ => {
                let way = way(world);
                proxy(world).hold(&[way]);
            }
        }
        if world.dice.below(2) == 0 {
            let time = Duration::from_millis(world.dice.below(1500));
            world.later(time, move |world| proxy(world).cut());
        }
        heal_later(world, proxy);
    },
};

/// As behind a router that forgot them: no end is told, nothing arrives any more.
pub const SILENT: Fault = Fault {
    name: "connections dead without a word",
    strike: |world| {
        let proxy = which(world);
        match world.dice.below(2) {
            0 => proxy(world).silence(&Way::BOTH),
            _ => {
                let way = way(world);
                proxy(world).silence(&[way]);
            }
        }
    },
};

fn which(world: &mut World) -> fn(&World) -> &Proxy {
    match world.dice.below(2) {
        0 => |world| &world.amqp,
        _ => |world| world.store.as_ref().unwrap_or(&world.amqp),
    }
}

fn way(world: &mut World) -> Way {
    Way::BOTH[world.dice.below(2) as usize]
}

fn heal_later(world: &mut World, proxy: fn(&World) -> &Proxy) {
    let time = Duration::from_millis(200 + world.dice.below(2500));
    world.later(time, move |world| proxy(world).heal());
}
