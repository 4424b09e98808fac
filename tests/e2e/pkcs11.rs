//! A token behind its PKCS#11 module: SoftHSM2, an independent one, with pkcs11-spy from OpenSC
//! between, which writes down each call that the module gets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::token::{Stage, library};
use stage::{TONGGUAN, files, orders};
use std::fs;
use std::time::Duration;

#[test]
fn xmlsec1_verifies_what_a_token_signs() {
    let stage = Stage::new();
    let dir = stage.dir();
    stage.well(TONGGUAN, &["check"]);
    fs::write(dir.join("orders.json"), orders(0, 3)).unwrap();
    stage.well(TONGGUAN, &["submit", "orders.json"]);
    let mut customs = stage.start(&["simulate", "--keep", "customs"], "customs.log");
    stage.well(TONGGUAN, &["run", "--until-final", "--within", "60"]);
    customs.kill().unwrap();
    customs.wait().unwrap();
    let status = stage.well(TONGGUAN, &["status", "--list"]);
    assert_eq!(status.matches("accepted").count(), 3, "{status}");
    let messages = files(&dir.join("customs"), ".received.message.xml");
    assert!(!messages.is_empty());
    for message in messages {
        let message = message.to_str().unwrap();
        let verify = [
            "--verify",
            "--enabled-key-data",
            "x509",
            "--trusted-pem",
            "signing.pem",
        ];
        stage.well("xmlsec1", &[&verify[..], &[message]].concat());
    }
    assert!(stage.calls("C_Sign") > 0, "the token has signed");
}

#[test]
fn a_wrong_pin_is_tried_once() {
    let stage = Stage::new();
    let dir = stage.dir();
    fs::write(dir.join("pin"), "654321\n").unwrap();
    let told = stage.refused(&["check"]);
    assert!(
        told.contains("C_Login") && told.contains("pin-refused-"),
        "{told}"
    );
    assert_eq!(stage.calls("C_Login"), 1);
    // Whatever starts it again, and however often, even with another wrong PIN.
    fs::write(dir.join("pin"), "999999\n").unwrap();
    for _ in 0..3 {
        let told = stage.refused(&["run"]);
        assert!(told.contains("refused before"), "{told}");
    }
    assert_eq!(stage.calls("C_Login"), 1);
    // A person acts.
    fs::write(dir.join("pin"), "123456\n").unwrap();
    let marks = files(dir, "pin-refused-");
    assert_eq!(marks.len(), 1);
    fs::remove_file(&marks[0]).unwrap();
    stage.well(TONGGUAN, &["check"]);
    assert_eq!(stage.calls("C_Login"), 2);
}

#[test]
fn what_is_wrong_with_a_token_is_told() {
    let stage = Stage::new();
    let dir = stage.dir();
    let told = |options: &str, words: &[&str]| {
        stage.signer(options);
        let told = stage.refused(&["check"]);
        for word in words {
            assert!(told.contains(word), "{options}: no {word:?} in {told}");
        }
    };
    // It may be plugged in later.
    stage.signer("token = \"other\"");
    let gone = stage.refused_with(&["check"], 4);
    assert!(
        gone.contains("enterprise") && gone.contains("serial"),
        "{gone}"
    );
    stage.token("second");
    told("", &["several fit", "second"]);
    told("token = \"second\"", &["private key", "key_label"]);
    stage.key("enterprise", "other", "02", "rsa:2048");
    told("token = \"enterprise\"", &["there are 2", "key_id"]);
    told("token = \"enterprise\"\nkey_id = \"xyz\"", &["hexadecimal"]);
    told(
        "token = \"enterprise\"\nkey_id = \"02\"\ncertificate = \"signing.pem\"",
        &["does not belong", "signing"],
    );
    told("token = \"enterprise\"\nkey_labl = \"a\"", &["key_labl"]);
    stage.signer("token = \"enterprise\"\nkey_id = \"02\"");
    stage.well(TONGGUAN, &["check"]);
    // Without a PIN; and what is no module at all.
    let softhsm = library(&["libsofthsm2.so"]);
    stage.signer_of(softhsm.to_str().unwrap(), "token = \"enterprise\"");
    let told = stage.refused(&["check"]);
    assert!(told.contains("pin = "), "{told}");
    for (name, octets) in [("empty.so", &b""[..]), ("text.so", b"no library")] {
        fs::write(dir.join(name), octets).unwrap();
        stage.signer_of(name, "token = \"enterprise\"");
        let told = stage.refused(&["check"]);
        assert!(
            told.contains(name) && told.contains("PKCS#11 module"),
            "{told}"
        );
    }
}

#[test]
fn a_token_that_comes_back_signs_on() {
    let stage = Stage::new();
    let dir = stage.dir();
    let mut customs = stage.start(&["simulate"], "customs.log");
    let mut client = stage.start(&["run"], "client.log");
    fs::write(dir.join("a.json"), orders(0, 1)).unwrap();
    stage.well(TONGGUAN, &["submit", "a.json"]);
    stage.until("signed", 30, |told| told.contains("accepted"));
    // The token's files are what SoftHSM has for a device.
    fs::rename(dir.join("tokens"), dir.join("away")).unwrap();
    fs::write(dir.join("b.json"), orders(1, 1)).unwrap();
    stage.well(TONGGUAN, &["submit", "b.json"]);
    std::thread::sleep(Duration::from_secs(3));
    fs::rename(dir.join("away"), dir.join("tokens")).unwrap();
    stage.until("signed again", 60, |_| {
        let list = stage.well(TONGGUAN, &["status", "--list"]);
        list.matches("accepted").count() == 2
    });
    assert!(client.try_wait().unwrap().is_none(), "it still runs");
    for process in [&mut client, &mut customs] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}
