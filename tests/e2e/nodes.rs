//! Several nodes on one PostgreSQL store: nothing is lost and nothing declared twice, however
//! they die or freeze.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::{Dice, broker, database, journal, prepare, start};
use stage::{TONGGUAN, good, orders, refused, run, signal};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A node's folder: its own name, the same store and broker as the others.
fn node(dir: &Path, name: &str, broker: &str, database: &str) {
    fs::create_dir(dir).unwrap();
    fs::write(dir.join("store-password"), "tongguan\n").unwrap();
    prepare(dir, broker, "declare = true");
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let store =
        format!("kind = \"postgres\"\nurl = \"{database}\"\npassword = \"file:store-password\"\n");
    let manifest = manifest
        .replace("kind = \"sqlite\"\npath = \"tongguan.db\"\n", &store)
        .replace("[store]", &format!("name = \"{name}\"\n\n[store]"))
        .replace("batch = 100", "batch = 5\nlease_seconds = 2")
        .replace("= 200", "= 20");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
}

#[test]
fn three_nodes_die_and_freeze_and_lose_nothing() {
    const ORDERS: usize = 1500;
    let (Some(amqp), Some(postgres)) = (broker("nodes"), database("nodes")) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c"];
    for name in names {
        node(&dir.path().join(name), name, &amqp, &postgres);
    }
    let folder = |n: usize| dir.path().join(names[n]);
    let mut customs = start(
        &folder(0),
        &["simulate", "--journal", "declared.jsonl"],
        "customs.log",
    );
    let mut dice = Dice::new();
    let mut nodes: Vec<_> = (0..3)
        .map(|n| start(&folder(n), &["run"], "client.log"))
        .collect();
    let mut next = 0;
    let mut frozen = 0;
    for round in 0..12 {
        if next < ORDERS {
            let at = folder(round % 3);
            fs::write(at.join("orders.json"), orders(next, ORDERS / 10)).unwrap();
            next += ORDERS / 10;
            good(&at, TONGGUAN, &["submit", "orders.json"]);
        }
        std::thread::sleep(Duration::from_millis(20 + dice.below(300)));
        let victim = usize::try_from(dice.below(3)).unwrap();
        if dice.below(2) == 0 {
            nodes[victim].kill().unwrap();
            nodes[victim].wait().unwrap();
            nodes[victim] = start(&folder(victim), &["run"], "client.log");
        } else {
            // Longer than its lease: it wakes into a world that has gone on.
            signal(&nodes[victim], "-STOP");
            std::thread::sleep(Duration::from_millis(2500));
            signal(&nodes[victim], "-CONT");
            frozen += 1;
        }
    }
    // The youngest must have come so far as to listen for signals.
    std::thread::sleep(Duration::from_secs(2));
    for (n, node) in nodes.iter_mut().enumerate() {
        signal(node, "-TERM");
        let ended = node.wait().unwrap();
        let log = fs::read_to_string(folder(n).join("client.log")).unwrap();
        let last: Vec<&str> = log.lines().rev().take(20).collect();
        assert!(
            ended.success(),
            "a node does not end well: {ended}\n{last:#?}"
        );
    }
    let told = run(
        &folder(0),
        TONGGUAN,
        &["--json", "run", "--until-final", "--within", "120"],
    );
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    customs.kill().unwrap();
    customs.wait().unwrap();
    assert!(
        told.contains(&format!("\"accepted\":{ORDERS},\"rejected\":0,\"open\":0")),
        "{told}"
    );
    let (declared, lines) = journal(&folder(0).join("declared.jsonl"));
    println!("{lines} lines in the other side's journal for {ORDERS} orders, {frozen} freezes");
    assert_eq!(declared.len(), ORDERS, "no order is lost");
    assert!(
        declared.values().all(|guids| guids.len() == 1),
        "no order is declared twice"
    );
    for name in names {
        let log = fs::read_to_string(dir.path().join(name).join("client.log")).unwrap();
        assert!(!log.contains("panicked"), "{log}");
    }
}

#[test]
fn a_database_that_refuses_is_named_with_the_remedy() {
    let (Some(amqp), Some(postgres)) = (broker("refusing"), database("refusing")) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("n");
    node(&at, "n", &amqp, &postgres.replace("/refusing", "/nowhere"));
    let told = refused(&at, &["status"], 3);
    assert!(
        told.contains("nowhere") && told.contains("createdb"),
        "{told}"
    );
    let manifest = fs::read_to_string(at.join("tongguan.toml")).unwrap();
    let port = postgres
        .rsplit(':')
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    fs::write(at.join("away.toml"), manifest.replace(port, "1")).unwrap();
    let told = refused(&at, &["-m", "away.toml", "status"], 4);
    assert!(told.contains("that PostgreSQL runs"), "{told}");
    fs::write(
        at.join("bare.toml"),
        manifest.replace("file:store-password", "tongguan"),
    )
    .unwrap();
    let told = refused(&at, &["-m", "bare.toml", "status"], 3);
    assert!(told.contains("env:NAME"), "{told}");
}
