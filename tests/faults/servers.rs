//! RabbitMQ and PostgreSQL: restarted, killed, and paused under load.

use crate::stage::{good, parts};
use crate::world::{Fault, World};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

pub const BROKER_RESTARTED: Fault = Fault {
    name: "brokers killed or stopped, and started",
    breaks: Some("rabbitmq"),
    strike: |world| {
        let end = ["kill", "stop"][world.dice.below(2) as usize];
        control("rabbitmq", end);
        let script = parts::script("rabbitmq");
        let starting = Command::new(script).arg("start").spawn().unwrap();
        once_ended(world, "rabbitmq", starting);
    },
};

pub const BROKER_PAUSED: Fault = Fault {
    name: "brokers paused",
    breaks: Some("rabbitmq"),
    strike: |world| pause(world, "rabbitmq"),
};

pub const DATABASE_RESTARTED: Fault = Fault {
    name: "databases restarted, in order or by a crash",
    breaks: Some("postgres"),
    strike: |world| {
        let how = ["restart", "crash"][world.dice.below(2) as usize];
        control("postgres", how);
        world.is_whole("postgres");
    },
};

pub const DATABASE_PAUSED: Fault = Fault {
    name: "databases paused",
    breaks: Some("postgres"),
    strike: |world| pause(world, "postgres"),
};

fn control(server: &str, what: &str) {
    let script = parts::script(server);
    good(Path::new("."), script.to_str().unwrap(), &[what]);
}

/// Shorter than a lease, or longer.
fn pause(world: &mut World, server: &'static str) {
    control(server, "pause");
    let time = Duration::from_millis(300 + world.dice.below(4000));
    world.later(time, move |world| {
        control(server, "resume");
        world.is_whole(server);
    });
}

fn once_ended(world: &mut World, server: &'static str, mut child: Child) {
    world.later(Duration::from_millis(200), move |world| {
        match child.try_wait().unwrap() {
            None => once_ended(world, server, child),
            Some(ended) => {
                assert!(ended.success(), "{server} does not start again");
                world.is_whole(server);
            }
        }
    });
}
