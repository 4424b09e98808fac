//! Several slow devices that share the work; each is a double of the e-port's control with a card
//! of its own (tests/doubles/eport.rs).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "../doubles/eport.rs"]
mod eport;
mod stage;

use eport::{Control, PIN};
use stage::{TONGGUAN, files, good, orders, parts, refused};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tongguan_crypto::Scheme;

/// A card whose signatures take so long.
fn card(milliseconds: u64) -> Control {
    Control::start(Scheme::RsaSha1, Duration::from_millis(milliseconds))
}

fn signatures(control: &Control) -> usize {
    control.counts.signatures.load(Ordering::Relaxed)
}

/// A folder whose route names one signer a control: `key-0`, `key-1` …
fn prepare(dir: &Path, controls: &[&Control], share: bool) {
    good(dir, TONGGUAN, &["init", "."]);
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, rest) = manifest.split_once("[signers.main]").unwrap();
    let (_, after) = rest.split_once("[transports.main]").unwrap();
    let tables: String = (0..)
        .zip(controls)
        .map(|(n, control)| {
            let port = control.port;
            format!("[signers.key-{n}]\nkind = \"eport\"\nport = {port}\npin = \"file:pin-{n}\"\n")
        })
        .collect();
    let names: Vec<String> = (0..controls.len()).map(|n| format!("key-{n}")).collect();
    let text = format!("{before}{tables}[transports.main]{after}").replace(
        "signer = \"main\"",
        &format!("signers = {names:?}\nshare = {share}"),
    );
    fs::write(&path, text).unwrap();
    for n in 0..controls.len() {
        fs::write(dir.join(format!("pin-{n}")), format!("{PIN}\n")).unwrap();
    }
}

fn submit(dir: &Path, from: usize, count: usize) {
    fs::write(dir.join("orders.json"), orders(from, count)).unwrap();
    good(dir, TONGGUAN, &["submit", "orders.json"]);
}

/// Waits until so many are accepted.
fn accepted(dir: &Path, count: usize) {
    let count = format!(" {count} accepted");
    parts::until(dir, "accepted", &["status"], |told| told.contains(&count));
}

fn end(processes: [&mut Child; 2]) {
    for process in processes {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

/// The numbers of the messages that customs got, by the certificate that each is signed by.
fn signed_by(dir: &Path) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for message in files(&dir.join("customs"), ".received.message.xml") {
        let text = fs::read_to_string(message).unwrap();
        let (_, rest) = text.split_once("<ds:X509Certificate>").unwrap();
        let (certificate, _) = rest.split_once('<').unwrap();
        *all.entry(certificate.replace('\n', "")).or_default() += 1;
    }
    all
}

#[test]
fn devices_share_the_work_by_their_speed_and_do_without_one_that_is_gone() {
    let cards = [card(60), card(240), card(240)];
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[&cards[0], &cards[1], &cards[2]], true);
    submit(dir, 0, 5000);
    let mut customs = parts::start(dir, &["simulate", "--keep", "customs"], "customs.log");
    let mut client = parts::start(dir, &["run"], "client.log");
    parts::until(dir, "some signed", &["status"], |_| {
        cards.iter().map(signatures).sum::<usize>() > 3 + 12
    });
    cards[2].on.store(false, Ordering::Relaxed);
    let at = signatures(&cards[2]);
    accepted(dir, 5000);
    // A quarter as fast, a quarter as much; each signed once at its start.
    let each: Vec<usize> = cards.iter().map(|card| signatures(card) - 1).collect();
    assert!(
        each[0] > each[1] * 2 && each[1] >= 2 && at >= 2,
        "{each:?}, {at}"
    );
    assert!(signatures(&cards[2]) <= at + 1);
    let by = signed_by(dir);
    assert_eq!((by.len(), by.values().sum::<usize>()), (3, 50), "{by:?}");
    for card in &cards {
        let pem = String::from_utf8(card.certificate_pem.clone()).unwrap();
        let certificate: String = pem.lines().filter(|line| !line.contains('-')).collect();
        assert!(by.contains_key(&certificate), "{by:?}\n{certificate}");
    }
    // None of them had two texts at once.
    for card in &cards {
        assert_eq!(card.counts.overlaps.load(Ordering::Relaxed), 0);
    }
    let log = fs::read_to_string(dir.join("client.log")).unwrap();
    assert!(log.contains("key-2") && log.contains("left alone"), "{log}");
    // It is back: what comes now is signed by it, too.
    cards[2].on.store(true, Ordering::Relaxed);
    parts::until(dir, "it signs again", &["status"], |_| {
        submit(dir, 6000 + 100 * signatures(&cards[0]), 100);
        signatures(&cards[2]) > at + 1
    });
    end([&mut client, &mut customs]);
}

#[test]
fn a_refused_pin_costs_its_device_alone() {
    let cards = [card(10), card(10)];
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[&cards[0], &cards[1]], true);
    fs::write(dir.join("pin-0"), "1\n").unwrap();
    let mut customs = parts::start(dir, &["simulate"], "customs.log");
    for from in [0, 1000] {
        submit(dir, from, 250);
        let mut client = parts::start(dir, &["run"], "client.log");
        accepted(dir, from / 4 + 250);
        client.kill().unwrap();
        client.wait().unwrap();
    }
    customs.kill().unwrap();
    customs.wait().unwrap();
    assert_eq!(cards[0].counts.tries.load(Ordering::Relaxed), 1);
    assert_eq!(cards[0].counts.wrong.load(Ordering::Relaxed), 1);
    let log = fs::read_to_string(dir.join("client.log")).unwrap();
    assert!(
        log.contains("started without a signer") && log.contains("pin-refused-"),
        "{log}"
    );
    let told = refused(dir, &["check"], 3);
    assert!(
        told.contains("key-0") && told.contains("refused before"),
        "{told}"
    );
}

#[test]
fn in_order_the_second_device_is_for_when_the_first_is_gone() {
    let cards = [card(10), card(10)];
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[&cards[0], &cards[1]], false);
    // The first is not there at the start.
    cards[0].on.store(false, Ordering::Relaxed);
    let mut customs = parts::start(dir, &["simulate"], "customs.log");
    submit(dir, 0, 1);
    let mut client = parts::start(dir, &["run"], "client.log");
    accepted(dir, 1);
    assert_eq!((signatures(&cards[0]), signatures(&cards[1])), (0, 2));
    end([&mut client, &mut customs]);
}

/// Counts hold, whatever else the machine does: a double takes no less than its time.
#[test]
fn capacity_tells_what_the_devices_carry_and_how_many_more_it_takes() {
    let cards = [card(60), card(240), card(60)];
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[&cards[0], &cards[1], &cards[2]], true);
    cards[2].on.store(false, Ordering::Relaxed);
    let told = good(dir, TONGGUAN, &["capacity", "--json", "--seconds", "1"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let pace = |name: &str| told["signers"][name]["a_minute"].as_u64().unwrap();
    let (fast, slow) = (pace("key-0"), pace("key-1"));
    assert!(
        (1..=1000).contains(&fast) && (1..=250).contains(&slow) && fast > slow,
        "{told}"
    );
    let error = &told["signers"]["key-2"]["error"];
    assert!(error.as_str().unwrap().contains("key-2"), "{told}");
    let way = &told["ways"][0];
    assert_eq!(way["signatures_a_minute"], fast + slow);
    assert!(way["lone_ms"].as_u64().unwrap() >= 200 + 60, "{told}");
    assert!(told["stored_a_minute"].as_u64().unwrap() > 0);
    // 300 a minute are 3 signatures; 2,000,000 are too many for anybody.
    let ask = ["capacity", "--seconds", "1", "--per-minute"];
    let told = good(dir, TONGGUAN, &[&ask[..], &["300"]].concat());
    assert!(told.contains("yes 300 a minute: 3 signatures"), "{told}");
    let told = refused(dir, &[&ask[..], &["2000000"]].concat(), 1);
    assert!(
        told.contains("20,000 signatures") && told.contains("device(s) more like the fastest"),
        "{told}"
    );
    // The trial's store is gone.
    let left = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().contains("capacity"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // What does not sign at all carries nothing.
    cards[0].on.store(false, Ordering::Relaxed);
    cards[1].on.store(false, Ordering::Relaxed);
    let told = refused(dir, &["capacity", "--seconds", "1"], 3);
    assert!(told.contains("nothing: none of them signs"), "{told}");
}
