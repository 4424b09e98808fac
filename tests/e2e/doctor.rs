//! What the doctor finds: one thing wrong at a time, told where it is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]
#![cfg(unix)]

mod stage;

use serde_json::Value;
use stage::{TONGGUAN, good, parts, refused, run};
use std::fs;
use std::path::Path;

/// What was found by an id: its state, what it says, and what to do.
fn found(dir: &Path, id: &str) -> (String, String) {
    let out = run(dir, TONGGUAN, &["doctor", "--json"]);
    let told: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    let all = told["examined"].as_array().unwrap();
    let bad = all.iter().any(|one| one["state"] == "ill");
    assert_eq!(out.status.code(), Some(if bad { 3 } else { 0 }), "{told}");
    assert_eq!(told["ok"], !bad);
    let one = all.iter().find(|one| one["id"] == id);
    let one = one.unwrap_or_else(|| panic!("no {id} in {told:#}"));
    let text = format!("{} / {}", one["says"], one["remedy"]);
    (one["state"].as_str().unwrap().to_owned(), text)
}

fn change(dir: &Path, from: &str, to: &str) {
    let path = dir.join("tongguan.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn ill(dir: &Path, id: &str, parts: &[&str]) {
    let (state, text) = found(dir, id);
    assert_eq!(state, "ill", "{text}");
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_node_that_is_well_is_told_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let told = good(dir, TONGGUAN, &["doctor"]);
    assert!(!told.contains("FAIL"), "{told}");
    for id in [
        "secret.rights",
        "disk.writes",
        "disk.room",
        "store.answers",
        "clock.store",
        "role.built",
        "signer.opens",
        "signer.certificate",
        "signer.profile",
        "signer.signs",
        "transport.check",
    ] {
        assert!(told.contains(id), "{id}: {told}");
    }
    let left = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|n| n.to_string_lossy().starts_with(".doctor"))
        .collect();
    assert!(left.is_empty());
    good(dir, "chmod", &["644", "certificates/password"]);
    let out = good(dir, TONGGUAN, &["doctor"]);
    assert!(out.contains("look") && out.contains("chmod 600"), "{out}");
}

#[test]
fn a_signer_is_followed_from_its_driver_to_its_signature() {
    let prepare = || {
        let dir = tempfile::tempdir().unwrap();
        good(dir.path(), TONGGUAN, &["init", "."]);
        dir
    };
    let dir = prepare();
    let path = dir.path().join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, rest) = manifest.split_once("[signers.main]").unwrap();
    let (_, after) = rest.split_once("[transports.main]").unwrap();
    let signer = "[signers.main]\nkind = \"pkcs11\"\nmodule = \"./vendor.so\"\npin = \"env:PIN\"\n";
    fs::write(path, format!("{before}{signer}[transports.main]{after}")).unwrap();
    ill(
        dir.path(),
        "signer.driver",
        &["vendor.so", "install the vendor's driver"],
    );
    let dir = prepare();
    fs::write(dir.path().join("certificates/password"), "wrong\n").unwrap();
    ill(dir.path(), "signer.opens", &["password"]);
    let dir = prepare();
    change(
        dir.path(),
        "signer = \"main\"",
        "signer = \"main\"\nprofile = \"rsa-sha1\"",
    );
    ill(dir.path(), "signer.profile", &["sm2-sm3", "remove profile"]);
    let dir = prepare();
    change(
        dir.path(),
        "# certificate_days = 30",
        "certificate_days = 400",
    );
    let (state, text) = found(dir.path(), "signer.certificate");
    assert!(
        state == "concern" && text.contains("ask the data sub-centre"),
        "{text}"
    );
}

#[test]
fn a_transport_is_followed_from_a_name_to_a_right() {
    let by = |url: &str, extra: &str| {
        let dir = tempfile::tempdir().unwrap();
        parts::prepare(dir.path(), url, extra);
        dir
    };
    let dir = by("amqp://no-such-host.invalid/v", "");
    let says = ["no-such-host.invalid", "DNS"];
    ill(dir.path(), "transport.name", &says);
    let port = parts::free_port();
    let dir = by(&format!("amqp://127.0.0.1:{port}/v"), "");
    assert_eq!(found(dir.path(), "transport.name").0, "well");
    let says = [port.to_string(), "firewalls".to_owned()];
    ill(
        dir.path(),
        "transport.port",
        &says.each_ref().map(String::as_str),
    );
    let Some(url) = parts::broker("doctor") else {
        return;
    };
    let dir = by(&url, "declare = true");
    let dir = dir.path();
    let (state, text) = found(dir, "transport.check");
    assert_eq!(state, "well", "{text}");
    assert_eq!(found(dir, "transport.port").0, "well");
    fs::write(dir.join("guest"), "wrong\n").unwrap();
    ill(dir, "transport.check", &["guest"]);
    assert_eq!(found(dir, "transport.port").0, "well", "that far it comes");
    let told = refused(dir, &["doctor"], 3);
    assert!(
        told.contains("FAIL") && told.contains("what to do"),
        "{told}"
    );
}
