//! Against a real RabbitMQ: nothing is lost and nothing declared twice, however the client dies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::{Dice, broker, journal, prepare, start};
use stage::{TONGGUAN, good, orders, refused, run};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn two_thousand_orders_survive_ten_kills() {
    const ORDERS: usize = 2000;
    let Some(url) = broker("kills") else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &url, "declare = true");
    // Small messages and a short wait: many envelopes are under way at any moment.
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest
        .replace("batch = 100", "batch = 5")
        .replace("= 200", "= 20");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    let mut customs = start(
        dir,
        &["simulate", "--journal", "declared.jsonl"],
        "customs.log",
    );
    let mut dice = Dice::new();

    let mut client = start(dir, &["run"], "client.log");
    let mut kills = 0;
    let mut next = 0;
    let mut ids = BTreeSet::new();
    while kills < 10 {
        if next < ORDERS {
            let name = format!("orders-{next}.json");
            fs::write(dir.join(&name), orders(next, ORDERS / 10)).unwrap();
            next += ORDERS / 10;
            // The submitter dies too, now and then; what it did not acknowledge is given again.
            let mut submit = start(dir, &["submit", &name], "submit.log");
            if dice.below(2) == 0 {
                std::thread::sleep(Duration::from_millis(dice.below(30)));
                let _ = submit.kill();
            }
            submit.wait().unwrap();
            let told = good(dir, TONGGUAN, &["--json", "submit", &name]);
            let taken = told
                .split("\"ids\":[")
                .nth(1)
                .unwrap()
                .split(']')
                .next()
                .unwrap();
            ids.extend(taken.split(',').map(str::to_owned));
        }
        std::thread::sleep(Duration::from_millis(20 + dice.below(400)));
        client.kill().unwrap();
        client.wait().unwrap();
        kills += 1;
        client = start(dir, &["run"], "client.log");
    }
    assert_eq!(
        (next, ids.len()),
        (ORDERS, ORDERS),
        "every order has one id of its own"
    );
    client.kill().unwrap();
    client.wait().unwrap();
    let told = run(
        dir,
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
    // The other side's own books: every order, each under one guid only.
    let (declared, lines) = journal(&dir.join("declared.jsonl"));
    println!("{lines} lines in the other side's journal for {ORDERS} orders");
    assert_eq!(declared.len(), ORDERS, "no order is lost");
    assert!(
        declared.values().all(|guids| guids.len() == 1),
        "no order is declared twice"
    );
}

#[test]
fn a_broker_that_refuses_is_named_with_the_remedy() {
    let Some(url) = broker("refusals") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &url, "");
    // The queues are missing.
    let told = refused(dir, &["check"], 3);
    assert!(
        told.contains("from-customs") && told.contains("check the names of queue"),
        "{told}"
    );
    // A wrong password.
    fs::write(dir.join("guest"), "wrong\n").unwrap();
    let told = refused(dir, &["check"], 3);
    assert!(
        told.contains("ACCESS") && told.contains("check username, and the password"),
        "{told}"
    );
    assert!(
        !told.contains("wrong"),
        "the password is never shown: {told}"
    );
    // A virtual host that is not there.
    fs::write(dir.join("guest"), "guest\n").unwrap();
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    fs::write(
        dir.join("t.toml"),
        manifest.replace("/refusals", "/nowhere"),
    )
    .unwrap();
    let told = refused(dir, &["-m", "t.toml", "check"], 3);
    assert!(told.contains("virtual host"), "{told}");
    // Nobody listens.
    let port = url.split(':').nth(2).unwrap().split('/').next().unwrap();
    fs::write(dir.join("t.toml"), manifest.replace(port, "1")).unwrap();
    let told = refused(dir, &["-m", "t.toml", "check"], 4);
    assert!(
        told.contains("127.0.0.1:1") && told.contains("that the broker runs"),
        "{told}"
    );
    // What is submitted meanwhile waits, and is shown with its reason.
    fs::write(dir.join("o.json"), orders(1, 1)).unwrap();
    good(dir, TONGGUAN, &["-m", "t.toml", "submit", "o.json"]);
    let begun = Instant::now();
    refused(
        dir,
        &["-m", "t.toml", "run", "--until-final", "--within", "3"],
        4,
    );
    assert!(begun.elapsed() < Duration::from_secs(40));
    let told = good(dir, TONGGUAN, &["-m", "t.toml", "status"]);
    assert!(
        told.contains("signed") && told.contains("127.0.0.1:1"),
        "{told}"
    );
    assert!(!told.contains("unknown"), "nothing can have left: {told}");
    // So it may be voided; what is void is declared no more.
    good(dir, TONGGUAN, &["-m", "t.toml", "void", "ORDER-000001"]);
    let told = refused(dir, &["-m", "t.toml", "void", "ORDER-000001"], 1);
    assert!(told.contains("it is void"), "{told}");
    let told = good(dir, TONGGUAN, &["-m", "t.toml", "run", "--until-final"]);
    assert!(told.contains("1 void"), "{told}");
}

#[test]
fn what_no_queue_takes_comes_back_and_is_not_in_the_log() {
    let Some(url) = broker("returned") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &url, "declare = true");
    good(dir, TONGGUAN, &["check"]);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let nowhere = manifest
        .replace("declare = true", "")
        .replace("\"to-customs\"", "\"nowhere\"");
    fs::write(dir.join("tongguan.toml"), nowhere).unwrap();
    fs::write(dir.join("o.json"), orders(1, 1)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    // However much of the log is asked for.
    let args = ["--log", "debug", "run", "--until-final", "--within", "4"];
    let told = refused(dir, &args, 4);
    assert!(
        told.contains("not sent") && told.contains("nowhere"),
        "{told}"
    );
    assert!(
        !told.contains("BasicReturn") && !told.contains("60, 63, 120"),
        "the library writes what it carries: {told}"
    );
    assert!(!told.contains("110101199001010015"), "{told}");
}
