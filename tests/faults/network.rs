//! A bad network between the nodes and their broker, or their store.

use crate::proxy::{Asked, Proxy, Way};
use crate::world::{Fault, World};
use std::time::Duration;

pub const CUT: Fault = Fault {
    name: "connections cut",
    breaks: None,
    strike: |world| which(world)(world).cut(),
};

pub const DELAYED: Fault = Fault {
    name: "connections delayed",
    breaks: None,
    strike: |world| {
        let proxy = which(world);
        let delay = Duration::from_millis(5 + world.dice.below(100));
        proxy(world).delay(delay);
        heal_later(world, proxy);
    },
};

pub const HALF_CLOSED: Fault = Fault {
    name: "connections half closed",
    breaks: None,
    strike: |world| {
        let proxy = which(world);
        let way = way(world);
        proxy(world).half_close(way);
    },
};

pub const HELD: Fault = Fault {
    name: "connections held up, then gone on or cut",
    breaks: None,
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
    breaks: None,
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

/// The moments that chance seldom finds: it is done, and who asked cannot know.
pub const ANSWER_LOST: Fault = Fault {
    name: "answers to a commit or a publish lost",
    breaks: None,
    strike: |world| {
        /// AMQP 0-9-1, 1.8: class 60, method 40 is basic.publish.
        const PUBLISH: &[u8] = &[0, 60, 0, 40];
        let anything = b"".as_slice();
        let commit = b"COMMIT".as_slice();
        let (proxy, after, octets) = match (world.dice.below(3), &world.store) {
            (0, Some(store)) => (store, SUBMITTING, commit),
            (1, Some(store)) => (store, anything, commit),
            _ => (&world.amqp, anything, PUBLISH),
        };
        proxy.lose_the_answer_to(Asked { after, octets });
    },
};

/// The same, of submitters alone.
#[cfg(feature = "sabotage")]
pub const SUBMIT_UNANSWERED: Fault = Fault {
    name: "answers to a submitter's commit lost",
    breaks: None,
    strike: |world| {
        let asked = Asked {
            after: SUBMITTING,
            octets: b"COMMIT",
        };
        if let Some(store) = &world.store {
            store.lose_the_answer_to(asked);
        }
    },
};

/// What only `submit` says to the store.
const SUBMITTING: &[u8] = b"INSERT INTO declaration ";

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
