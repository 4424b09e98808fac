//! A device on another machine: here another process, over a real TLS connection on this one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]
#![cfg(target_os = "linux")]

mod stage;

use stage::desktop::Desktop;
use stage::parts::start;
use stage::{TONGGUAN, files, good, keys, openssl_verifies, orders, refused, run, signal, skf};
use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

fn ended(mut process: Child) {
    signal(&process, "-TERM");
    assert!(process.wait().unwrap().success());
}

fn accepted(dir: &Path, count: usize) {
    let begun = Instant::now();
    loop {
        let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
        if list.matches("\"state\":\"accepted\"").count() == count {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{list}");
        sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_device_on_another_machine_signs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let desktop = Desktop::prepare(dir);
    // Nobody serves yet: told, and nothing lost.
    let told = refused(dir, &["check", "--offline"], 4);
    assert!(told.contains("cannot be reached"), "{told}");
    let serving = desktop.serve(dir);
    let check = good(dir, TONGGUAN, &["check", "--offline"]);
    assert!(check.contains("example-signer-rust 1.0.0"), "{check}");
    let mut customs = start(dir, &["simulate", "--keep", "customs"], "customs.log");
    let client = start(dir, &["run"], "client.log");
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    accepted(dir, 3);
    // The desktop is switched off in the middle of the work, without a word, and on again.
    let mut serving = serving;
    serving.kill().unwrap();
    serving.wait().unwrap();
    fs::write(dir.join("o.json"), orders(4, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    sleep(Duration::from_secs(1));
    let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
    assert_eq!(list.matches("\"state\":\"submitted\"").count(), 3, "{list}");
    let serving = desktop.serve(dir);
    accepted(dir, 6);
    // Another command takes the device over, and the run takes it back.
    good(dir, TONGGUAN, &["check", "--offline"]);
    fs::write(dir.join("o.json"), orders(7, 2)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    accepted(dir, 8);
    let log = fs::read_to_string(dir.join("desktop/serve.log")).unwrap();
    assert!(
        log.contains("another client takes the device over"),
        "{log}"
    );
    ended(client);
    ended(serving);
    customs.kill().unwrap();
    customs.wait().unwrap();
    let certificate = ["x509", "-in", "desktop/enterprise.pem", "-pubkey", "-noout"];
    let public = good(dir, "openssl", &certificate);
    fs::write(dir.join("p"), public).unwrap();
    let messages = files(&dir.join("customs"), ".received.message.xml");
    assert_eq!(messages.len(), 3);
    for message in messages {
        openssl_verifies(dir, &message, "p", "raw");
    }
}

#[test]
fn strangers_are_not_served_on_either_side() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let desktop = Desktop::prepare(dir);
    let serving = desktop.serve(dir);
    good(dir, TONGGUAN, &["check", "--offline"]);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    for (from, to) in [
        // A client whose certificate is of another CA.
        ("\"client.", "\"stranger."),
        // A desktop whose certificate is of another CA than the client asks for.
        ("ca = \"own.pem\"", "ca = \"strange.pem\""),
        // A desktop of another name than its certificate's.
        ("127.0.0.1:", "localhost:"),
    ] {
        let changed = manifest.replace(from, to);
        assert_ne!(changed, manifest);
        fs::write(dir.join("t.toml"), changed).unwrap();
        let out = run(dir, TONGGUAN, &["-m", "t.toml", "check", "--offline"]);
        let told = String::from_utf8_lossy(&out.stdout).into_owned();
        assert_eq!(out.status.code(), Some(4), "{from}: {told}");
        assert!(told.contains("cannot be reached"), "{from}: {told}");
        assert!(!told.contains("started"), "{from}: {told}");
    }
    // What is no TLS at all, and what says nothing, keeps nobody from it.
    let address = ("127.0.0.1", desktop.port);
    let silent: Vec<_> = (0..4)
        .map(|_| std::net::TcpStream::connect(address).unwrap())
        .collect();
    use std::io::Write as _;
    let mut noise = std::net::TcpStream::connect(address).unwrap();
    noise.write_all(&[0; 4096]).unwrap();
    good(dir, TONGGUAN, &["check", "--offline"]);
    drop(silent);
    // The plugin's own options are not for the client to choose.
    let changed = manifest.replace("remote = ", "password = \"env:HOME\"\nremote = ");
    fs::write(dir.join("t.toml"), changed).unwrap();
    let told = refused(dir, &["-m", "t.toml", "check", "--offline"], 3);
    assert!(
        told.contains("password is the plugin's own option"),
        "{told}"
    );
    ended(serving);
}

/// The signers that are built in are served, too: a KEY in somebody's desktop, whose PIN is tried once
/// there, whoever asks.
#[test]
fn a_key_in_a_desktop_signs_for_a_client_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let desktop = Desktop::prepare(dir);
    let there = dir.join("desktop");
    skf::prepare(&there, &[], "sm2");
    fs::write(there.join("pin"), "11111111\n").unwrap();
    let mut serving = desktop.serves(dir, &["--signer", "main"]);
    for _ in 0..3 {
        let told = refused(dir, &["check"], 3);
        assert!(told.contains("pin-refused-"), "{told}");
    }
    assert_eq!(keys::calls(&there, "SKF_VerifyPIN"), 1);
    fs::write(there.join("pin"), "88888888\n").unwrap();
    fs::remove_file(&files(&there, "pin-refused-")[0]).unwrap();
    good(dir, TONGGUAN, &["check"]);
    fs::write(dir.join("orders.json"), orders(0, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "orders.json"]);
    let mut customs = start(dir, &["simulate", "--keep", "customs"], "customs.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    signal(&customs, "-TERM");
    customs.wait().unwrap();
    let public = [
        "x509",
        "-in",
        "desktop/enterprise.pem",
        "-pubkey",
        "-noout",
        "-out",
        "public",
    ];
    good(dir, "openssl", &public);
    for message in files(&dir.join("customs"), ".received.message.xml") {
        openssl_verifies(dir, &message, "public", "raw");
    }
    serving.kill().unwrap();
    serving.wait().unwrap();
    let told = refused(
        &there,
        &[
            "plugin",
            "serve",
            "--signer",
            "none",
            "--listen",
            "127.0.0.1:0",
            "--certificate",
            "a",
            "--key",
            "b",
            "--ca",
            "c",
        ],
        3,
    );
    assert!(told.contains("none"), "{told}");
}
