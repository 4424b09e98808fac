//! A card behind the e-port's control, which is a double here (tests/doubles/eport.rs).
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

use eport::{Control, NUMBER, PIN};
use stage::{TONGGUAN, files, good, orders, parts, refused};
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tongguan_crypto::Scheme;

const LIST: &[&str] = &["status", "--list"];

/// A folder whose client signs through that control.
fn prepare(dir: &Path, control: &Control) {
    good(dir, TONGGUAN, &["init", "."]);
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, rest) = manifest.split_once("[signers.main]").unwrap();
    let (_, after) = rest.split_once("[transports.main]").unwrap();
    let signer = format!(
        "[signers.main]\nkind = \"eport\"\nport = {}\npin = \"file:pin\"\n\n[transports.main]",
        control.port
    );
    fs::write(&path, format!("{before}{signer}{after}")).unwrap();
    fs::write(dir.join("pin"), format!("{PIN}\n")).unwrap();
    fs::write(dir.join("card.pem"), &control.certificate_pem).unwrap();
}

#[test]
fn others_verify_what_a_card_signs() {
    for scheme in [Scheme::RsaSha1, Scheme::Sm2Sm3] {
        let control = Control::start(scheme, Duration::ZERO);
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        prepare(dir, &control);
        fs::write(dir.join("orders.json"), orders(0, 2)).unwrap();
        good(dir, TONGGUAN, &["submit", "orders.json"]);
        let mut customs = parts::start(dir, &["simulate", "--keep", "customs"], "customs.log");
        good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
        customs.kill().unwrap();
        customs.wait().unwrap();
        let told = good(dir, TONGGUAN, &["status", "--list"]);
        assert_eq!(told.matches("accepted").count(), 2, "{told}");
        let messages = files(&dir.join("customs"), ".received.message.xml");
        for message in &messages {
            let text = fs::read_to_string(message).unwrap();
            assert!(text.contains(&format!("<ds:KeyName>{NUMBER}</ds:KeyName>")));
            if scheme == Scheme::RsaSha1 {
                let message = message.to_str().unwrap();
                let verify = [
                    "--verify",
                    "--enabled-key-data",
                    "x509",
                    "--trusted-pem",
                    "card.pem",
                ];
                good(dir, "xmlsec1", &[&verify[..], &[message]].concat());
            }
        }
        assert!(!messages.is_empty());
        assert_eq!(control.counts.overlaps.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_refusal_to_sign_is_not_tried_again() {
    let control = Control::start(Scheme::RsaSha1, Duration::ZERO);
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &control);
    fs::write(dir.join("pin"), "1\n").unwrap();
    let told = refused(dir, &["check"], 3);
    assert!(
        told.contains("密码错误") && told.contains("pin-refused-"),
        "{told}"
    );
    for _ in 0..3 {
        let told = refused(dir, &["run"], 3);
        assert!(told.contains("refused before"), "{told}");
    }
    assert_eq!(control.counts.tries.load(Ordering::Relaxed), 1);
    fs::write(dir.join("pin"), format!("{PIN}\n")).unwrap();
    fs::remove_file(&files(dir, "pin-refused-")[0]).unwrap();
    good(dir, TONGGUAN, &["check"]);
    assert_eq!(control.counts.wrong.load(Ordering::Relaxed), 1);
}

#[test]
fn a_control_that_comes_back_signs_on() {
    let control = Control::start(Scheme::RsaSha1, Duration::ZERO);
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &control);
    let mut customs = parts::start(dir, &["simulate"], "customs.log");
    let mut client = parts::start(dir, &["run"], "client.log");
    fs::write(dir.join("a.json"), orders(0, 1)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    parts::until(dir, "signed", LIST, |told| told.contains("accepted"));
    control.on.store(false, Ordering::Relaxed);
    fs::write(dir.join("b.json"), orders(1, 1)).unwrap();
    good(dir, TONGGUAN, &["submit", "b.json"]);
    std::thread::sleep(Duration::from_secs(2));
    control.on.store(true, Ordering::Relaxed);
    parts::until(dir, "signed again", LIST, |told| {
        told.matches("accepted").count() == 2
    });
    for process in [&mut client, &mut customs] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

/// A KEY makes some 250 signatures a minute (spec, crypto-products): 20,000 declarations a minute
/// are 80 under each. Counted, not timed: what a signature takes is the double's to say.
#[test]
fn a_slow_device_carries_a_busy_enterprise() {
    const ORDERS: usize = 2400;
    let control = Control::start(Scheme::RsaSha1, Duration::from_millis(240));
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &control);
    fs::write(dir.join("orders.json"), orders(0, ORDERS)).unwrap();
    good(dir, TONGGUAN, &["submit", "orders.json"]);
    let before = || control.counts.signatures.load(Ordering::Relaxed);
    let mut client = parts::start(dir, &["run"], "client.log");
    while before() < 5 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // One of another kind comes while all the others wait.
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
    let lone = examples.join("payments.csv");
    let at = before();
    good(dir, TONGGUAN, &["submit", lone.to_str().unwrap()]);
    let sent = |kind: &str| !files(&dir.join("exchange/outbox"), kind).is_empty();
    while !sent("CEB411Message") {
        assert!(client.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(20));
    }
    // What was under way when it came, its own wait of 200 ms, and itself.
    let meanwhile = before() - at;
    assert!(meanwhile <= 6, "{meanwhile} signatures before it left");
    parts::until(dir, "all signed", &["status"], |told| {
        !told.contains(" submitted")
    });
    client.kill().unwrap();
    client.wait().unwrap();
    let signatures = before() - 1;
    let each = ORDERS / signatures;
    assert!(each >= 80, "{signatures} signatures for {ORDERS} orders");
    assert_eq!(control.counts.overlaps.load(Ordering::Relaxed), 0);
}
