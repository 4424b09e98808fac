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

use stage::keys::library;
use stage::token::Stage;
use stage::{TONGGUAN, files, keys, openssl_verifies, orders};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[test]
fn xmlsec1_verifies_what_a_token_signs() {
    let stage = Stage::new();
    stage.well(TONGGUAN, &["check"]);
    for message in stage.declare() {
        stage.xmlsec1_verifies(&message, "signing.pem");
    }
    assert!(stage.calls("C_Sign") > 0, "the token has signed");
}

impl Stage {
    /// Declares orders, which the stand-in of customs accepts; gives the messages that it received.
    fn declare(&self) -> Vec<PathBuf> {
        fs::write(self.dir().join("orders.json"), orders(0, 3)).unwrap();
        self.well(TONGGUAN, &["submit", "orders.json"]);
        let mut customs = self.start(&["simulate", "--keep", "customs"], "customs.log");
        self.well(TONGGUAN, &["run", "--until-final", "--within", "60"]);
        customs.kill().unwrap();
        customs.wait().unwrap();
        let status = self.well(TONGGUAN, &["status", "--list"]);
        assert_eq!(status.matches("accepted").count(), 3, "{status}");
        let messages = files(&self.dir().join("customs"), ".received.message.xml");
        assert!(!messages.is_empty());
        messages
    }

    fn xmlsec1_verifies(&self, message: &Path, certificate: &str) {
        let verify = ["--verify", "--enabled-key-data", "x509", "--trusted-pem"];
        let which = [certificate, message.to_str().unwrap()];
        self.well("xmlsec1", &[&verify[..], &which].concat());
    }
}

#[test]
fn the_page_on_signers_tells_what_works() {
    let stage = Stage::new();
    let softhsm = library(&["libsofthsm2.so"]);
    let own = [
        (
            "/usr/lib/vendor/libvendorpkcs11.so",
            softhsm.to_str().unwrap(),
        ),
        ("env:TONGGUAN_PIN", "file:pin"),
    ];
    keys::sign_by(stage.dir(), &keys::documented("pkcs11", &own));
    stage.well(TONGGUAN, &["check"]);
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

/// What a module says to a wrong PIN is not always that it is wrong; the token counts it in any case.
#[test]
fn what_may_be_a_wrong_pin_is_tried_once() {
    let stage = Stage::new();
    stage.build_double();
    let dir = stage.dir();
    // CKR_GENERAL_ERROR, CKR_USER_NOT_LOGGED_IN, and a vendor's own value.
    for code in ["0x5", "0x101", "0x80000005"] {
        let before = stage.calls("C_Login");
        fs::write(dir.join("refuse"), format!("1 {code}")).unwrap();
        for _ in 0..2 {
            let told = stage.refused(&["check"]);
            assert!(told.contains("pin-refused-"), "{code}: {told}");
        }
        assert_eq!(stage.calls("C_Login"), before + 1, "{code}");
        fs::remove_file(&files(dir, "pin-refused-")[0]).unwrap();
    }
    // CKR_TOKEN_NOT_PRESENT is no wrong PIN.
    fs::write(dir.join("refuse"), "1 0xE0").unwrap();
    stage.refused_with(&["check"], 4);
    assert!(files(dir, "pin-refused-").is_empty());
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
    // The one token that there is.
    stage.signer("");
    let mut customs = stage.start(&["simulate"], "customs.log");
    let mut client = stage.start(&["run"], "client.log");
    fs::write(dir.join("a.json"), orders(0, 1)).unwrap();
    stage.well(TONGGUAN, &["submit", "a.json"]);
    stage.until("signed", 30, |told| told.contains("accepted"));
    // The token's files are what SoftHSM has for a device.
    fs::rename(dir.join("tokens"), dir.join("away")).unwrap();
    // Another is in its place.
    fs::create_dir(dir.join("tokens")).unwrap();
    stage.token("other");
    let logins = stage.calls("C_Login");
    fs::write(dir.join("b.json"), orders(1, 1)).unwrap();
    stage.well(TONGGUAN, &["submit", "b.json"]);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(stage.calls("C_Login"), logins, "it was given no PIN");
    fs::remove_dir_all(dir.join("tokens")).unwrap();
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

#[test]
fn a_key_that_wants_the_pin_for_each_signature_gets_it() {
    let stage = Stage::new();
    let dir = stage.dir();
    let subject = [
        "-subj", "/CN=each", "-keyout", "each.key", "-out", "each.pem",
    ];
    let new = [
        "req", "-x509", "-nodes", "-days", "30", "-newkey", "rsa:2048",
    ];
    stage.well("openssl", &[&new[..], &subject].concat());
    let der = [
        "pkey", "-in", "each.key", "-outform", "DER", "-out", "each.der",
    ];
    stage.well("openssl", &der);
    let module = library(&["libsofthsm2.so"]);
    let module = [
        "--module",
        module.to_str().unwrap(),
        "--token-label",
        "enterprise",
    ];
    let log_in = ["--login", "--pin", "123456"];
    let write = [
        "--write-object",
        "each.der",
        "--type",
        "privkey",
        "--label",
        "each",
    ];
    let kind = ["--usage-sign", "--always-auth", "--id", "09"];
    let all = [&module[..], &log_in, &write, &kind].concat();
    stage.well("pkcs11-tool", &all);
    stage.signer("key_label = \"each\"\ncertificate = \"each.pem\"\nsessions = 4");
    stage.well(TONGGUAN, &["check"]);
    // To log in, and for each signature.
    assert_eq!(stage.calls("C_Login"), stage.calls("C_SignInit") + 1);
    for message in stage.declare() {
        stage.xmlsec1_verifies(&message, "each.pem");
    }
    assert_eq!(stage.calls("C_Login"), stage.calls("C_SignInit") + 2);
    // The PIN is changed while the client runs: the old one is tried once for all that waits.
    stage.build_double();
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("batch = 100", "batch = 1");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    let within = |what: &str, well: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(30);
        while !well() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let start = || {
        let before = stage.calls("C_SignFinal");
        let client = stage.start(&["run"], "client.log");
        within("it looks at the key", &|| {
            stage.calls("C_SignFinal") > before
        });
        std::thread::sleep(Duration::from_millis(500));
        (client, stage.calls("C_Login"))
    };
    // Another process was refused meanwhile: this one does not try, either.
    let (mut client, before) = start();
    let serial = stage.well("softhsm2-util", &["--show-slots"]);
    let serial = serial.split("Serial number:").nth(1).unwrap();
    let serial = serial.split_whitespace().next().unwrap();
    let mark = dir.join(format!("pin-refused-{serial}"));
    fs::write(&mark, "").unwrap();
    fs::write(dir.join("one.json"), orders(10, 1)).unwrap();
    stage.well(TONGGUAN, &["submit", "one.json"]);
    within("it does not try", &|| {
        let log = fs::read_to_string(dir.join("client.log")).unwrap();
        log.contains("refused before")
    });
    let _ = client.kill();
    client.wait().unwrap();
    assert_eq!(stage.calls("C_Login"), before);
    fs::remove_file(mark).unwrap();
    let (mut client, before) = start();
    fs::write(dir.join("refuse"), "2 0xA0").unwrap();
    fs::write(dir.join("many.json"), orders(3, 6)).unwrap();
    stage.well(TONGGUAN, &["submit", "many.json"]);
    within("it is refused", &|| !files(dir, "pin-refused-").is_empty());
    std::thread::sleep(Duration::from_secs(2));
    // It may have ended, as the one device that can sign does not.
    let _ = client.kill();
    client.wait().unwrap();
    assert_eq!(stage.calls("C_Login"), before + 1);
    let told = stage.refused(&["run"]);
    assert!(told.contains("refused before"), "{told}");
    assert_eq!(stage.calls("C_Login"), before + 1);
}

impl Stage {
    /// What is no signature never leaves, and is made anew.
    fn spoiled(&self) {
        let dir = self.dir();
        let mut customs = self.start(&["simulate"], "customs.log");
        let mut client = self.start(&["run"], "client.log");
        fs::write(dir.join("first.json"), orders(3, 1)).unwrap();
        self.well(TONGGUAN, &["submit", "first.json"]);
        let all = |n: usize| {
            let list = self.well(TONGGUAN, &["status", "--list"]);
            list.matches("accepted").count() == n
        };
        self.until("signed", 30, |_| all(4));
        fs::write(dir.join("spoil"), "").unwrap();
        fs::write(dir.join("second.json"), orders(4, 1)).unwrap();
        self.well(TONGGUAN, &["submit", "second.json"]);
        self.until("what is no signature is told", 30, |_| {
            let log = fs::read_to_string(dir.join("client.log")).unwrap();
            log.contains("no signature by")
        });
        fs::remove_file(dir.join("spoil")).unwrap();
        self.until("signed anew", 30, |_| all(5));
        for process in [&mut client, &mut customs] {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

#[test]
fn openssl_verifies_what_a_vendors_mechanism_signs_by_sm2() {
    for number in ["0x80000201", "0x80000202"] {
        let stage = Stage::new();
        let dir = stage.dir();
        stage.build_double();
        stage.well(
            "openssl",
            &["genpkey", "-algorithm", "SM2", "-out", "sm2.key"],
        );
        let id = "distid:1234567812345678";
        let new = ["req", "-x509", "-new", "-sm3", "-sigopt", id, "-days", "30"];
        let which = ["-key", "sm2.key", "-subj", "/CN=sm2", "-out", "sm2.pem"];
        stage.well("openssl", &[&new[..], &which].concat());
        let public = ["pkey", "-in", "sm2.key", "-pubout", "-out", "public"];
        stage.well("openssl", &public);
        let signer = |module: &str, mechanism: &str| {
            let options = format!(
                "token = \"enterprise\"\npin = \"file:pin\"\ncertificate = \"sm2.pem\"\n{mechanism}"
            );
            stage.signer_of(module, &options);
        };
        let told = |words: &[&str]| {
            let told = stage.refused(&["check"]);
            for word in words {
                assert!(told.contains(word), "no {word:?} in {told}");
            }
        };
        signer("vendor.so", "");
        told(&["sm2_mechanism = 0x80000000", "kind = \"skf\""]);
        signer("vendor.so", "sm2_mechanism = 0x40");
        told(&["0x40 is no vendor's number"]);
        signer("vendor.so", "sm2_mechanism = 0x80000999");
        told(&["no mechanism 0x80000999", "pkcs11-tool"]);
        signer("vendor.so", &format!("sm2_mechanism = {number}"));
        for message in stage.declare() {
            openssl_verifies(dir, &message, "public", "raw");
        }
        if number == "0x80000201" {
            stage.spoiled();
        }
        // The token's key is not the certificate's.
        fs::copy(dir.join("sm2.key"), dir.join("kept.key")).unwrap();
        stage.well(
            "openssl",
            &["genpkey", "-algorithm", "SM2", "-out", "sm2.key"],
        );
        told(&["does not belong"]);
    }
}
