//! The stand-in for customs: scenarios, restarts, and how closely it looks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::until;
use stage::parts::{
    Running, broker, free_port, journal, prepare as by_broker, start, until_accepted,
};
use stage::{TONGGUAN, good, orders, refused, signal};
use std::fs;
use std::path::Path;

/// A folder in which the quickstart's documents were submitted.
fn prepare(dir: &Path, files: &[&str]) {
    good(dir, TONGGUAN, &["init", "."]);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
    for file in files {
        let file = examples.join(file);
        good(dir, TONGGUAN, &["submit", file.to_str().unwrap()]);
    }
}

const ALL: [&str; 5] = [
    "orders.json",
    "payments.csv",
    "waybills.csv",
    "waybill-status.csv",
    "inventories.json",
];

/// Whatever order the receipts come in, however often, and with a restart of the other side in the
/// middle of it, each declaration ends where it was to end.
#[test]
fn a_bad_day_ends_as_the_scenario_says() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &ALL);
    let scenario = "seed = 11\n\
        [[cases]]\nmessage = \"CEB411Message\"\nkey = \"*1\"\n\
        statuses = [\"2\", \"120\", \"-401012\"]\ndelay_ms = [0, 300]\n\
        [[cases]]\ntwice = true\nshuffle = true\ndelay_ms = [0, 600]\n";
    fs::write(dir.join("bad-day.toml"), scenario).unwrap();
    let args = [
        "simulate",
        "--journal",
        "books",
        "--scenario",
        "bad-day.toml",
    ];
    let mut customs = start(dir, &args, "customs.log");
    let mut client = start(dir, &["run"], "client.log");
    until(dir, "some answered", &["status"], |told| {
        told.contains("pending") || told.contains("accepted")
    });
    customs.kill().unwrap();
    customs.wait().unwrap();
    let mut customs = start(dir, &args, "customs.log");
    until(dir, "all final", &["status"], |told| {
        let count = |word: &str| -> usize {
            let before = told.split(word).take(told.matches(word).count());
            let numbers = before.filter_map(|t| t.trim_end().rsplit(' ').next()?.parse().ok());
            let numbers: Vec<usize> = numbers.collect();
            numbers.iter().sum()
        };
        count(" accepted") == 14 && count(" rejected") == 1
    });
    for process in [&client, &customs] {
        signal(process, "-TERM");
    }
    client.wait().unwrap();
    customs.wait().unwrap();
    let told = good(dir, TONGGUAN, &["status"]);
    assert!(told.contains("to mend: 1"), "{told}");
    let told = good(dir, TONGGUAN, &["status", "--list", "--state", "rejected"]);
    assert!(told.contains("-401012"), "{told}");
}

#[test]
fn an_inventory_without_its_order_is_returned_where_all_is_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &["inventories.json"]);
    let args = ["simulate", "--checks", "whole"];
    let mut customs = start(dir, &args, "customs.log");
    refused(dir, &["run", "--until-final", "--within", "60"], 1);
    signal(&customs, "-TERM");
    customs.wait().unwrap();
    let told = good(dir, TONGGUAN, &["status", "--list"]);
    assert_eq!(told.matches("未收到电子订单").count(), 3, "{told}");
}

#[test]
fn a_scenario_that_is_wrong_is_told_with_its_case() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[]);
    fs::write(
        dir.join("s.toml"),
        "[[cases]]\n[[cases]]\nreport = \"77\"\n",
    )
    .unwrap();
    let told = refused(dir, &["simulate", "--scenario", "s.toml"], 3);
    assert!(
        told.contains("case 2") && told.contains("table 7-1") && told.contains("docs/simulator.md"),
        "{told}"
    );
    let told = refused(dir, &["simulate", "--scenario", "gone.toml"], 3);
    assert!(
        told.contains("gone.toml") && told.contains("check the path"),
        "{told}"
    );
}

/// A tax bill comes of its own accord, after an inventory's end: it is kept with the inventory, told
/// to its role, and in its evidence.
#[test]
fn tax_bills_are_kept_with_their_inventories() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &ALL);
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let told = manifest.replace(
        "[roles.main]",
        "[roles.main]\nreceipts = \"receipts.jsonl\"",
    );
    fs::write(path, told).unwrap();
    fs::write(dir.join("s.toml"), "[tax]\nsummed_up_ms = 300\n").unwrap();
    let args = ["simulate", "--scenario", "s.toml"];
    let mut customs = start(dir, &args, "customs.log");
    let mut client = start(dir, &["run"], "client.log");
    let list = ["status", "--list", "--message", "CEB621Message"];
    until(dir, "all bills", &list, |told| {
        told.matches("电子税单数据状态 已汇总").count() == 3
    });
    for process in [&client, &customs] {
        signal(process, "-TERM");
    }
    client.wait().unwrap();
    customs.wait().unwrap();
    let told = good(dir, TONGGUAN, &list);
    assert_eq!(told.matches("accepted").count(), 3, "{told}");
    let told = good(dir, TONGGUAN, &["show", "COP202600000001"]);
    assert!(
        told.contains("电子税单 已生成 taxNo=T") && told.contains("800"),
        "{told}"
    );
    let told = good(dir, TONGGUAN, &["status", "--unmatched"]);
    assert!(!told.contains("CEB81"), "{told}");
    let heard = fs::read_to_string(dir.join("receipts.jsonl")).unwrap();
    for notice in ["CEB816Message", "CEB818Message"] {
        assert_eq!(heard.matches(notice).count(), 3, "{heard}");
    }
    let args = ["evidence", "export", "COP202600000001", "--out", "e.zip"];
    good(dir, TONGGUAN, &args);
    let told = good(dir, TONGGUAN, &["evidence", "verify", "e.zip"]);
    assert!(told.contains("CEB818Message 2"), "{told}");
}

/// The client reaches the real broker by a way that is slow, cuts, refuses and goes away; the other side
/// has the broker's own address, and a folder and manifest of its own.
#[test]
fn nothing_is_lost_on_a_bad_way_to_the_broker() {
    const WAVE: usize = 20;
    let Some(url) = broker("badway") else { return };
    let (dir, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (dir, theirs) = (dir.path(), theirs.path());
    let port = free_port();
    let (_, rest) = url.split_once("amqp://").unwrap();
    let (real, vhost) = rest.split_once('/').unwrap();
    by_broker(theirs, &url, "declare = true");
    by_broker(
        dir,
        &format!("amqp://127.0.0.1:{port}/{vhost}"),
        "declare = true",
    );
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace("batch = 100", "batch = 5")).unwrap();
    let scenario = "seed = 4\n[network]\ndelay_ms = [5, 25]\nrefuse = 0.1\ncut = 0.7\n\
                    away = { every_s = 1.0, for_s = 0.2 }\n";
    fs::write(theirs.join("s.toml"), scenario).unwrap();
    let way = format!("127.0.0.1:{port}={real}");
    let args = [
        "simulate",
        "--journal",
        "declared.jsonl",
        "--scenario",
        "s.toml",
        "--broker-proxy",
        &way,
    ];
    let mut customs = Running::start(theirs, &args, "customs.log");
    let mut client = Running::start(dir, &["run"], "client.log");
    let happened = || {
        let log = fs::read_to_string(theirs.join("customs.log")).unwrap();
        ["is cut", "goes away"]
            .iter()
            .all(|what| log.contains(what))
    };
    let mut sent = 0;
    while !happened() {
        assert!(sent < 100 * WAVE, "nothing went wrong");
        fs::write(dir.join("orders.json"), orders(sent, WAVE)).unwrap();
        good(dir, TONGGUAN, &["submit", "orders.json"]);
        sent += WAVE;
        until_accepted(dir, sent);
    }
    client.kill();
    customs.kill();
    let (guids, _) = journal(&theirs.join("declared.jsonl"));
    assert_eq!(guids.len(), sent);
    assert!(guids.values().all(|all| all.len() == 1), "one guid each");
    let told = refused(dir, &["simulate", "--broker-proxy", "5672"], 2);
    assert!(told.contains("LISTEN=TARGET"), "{told}");
}
