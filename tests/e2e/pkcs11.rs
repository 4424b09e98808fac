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
use stage::{TONGGUAN, files, good, keys, openssl_verifies, orders, parts, plugins};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A folder with a token of its own in it, and a client that signs with it.
struct Stage {
    dir: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let dir = stage.dir();
        let conf = "directories.tokendir = tokens\nobjectstore.backend = file\nlog.level = ERROR\n";
        fs::write(
            dir.join("softhsm2.conf"),
            conf.replace("tokens", dir.join("tokens").to_str().unwrap()),
        )
        .unwrap();
        fs::create_dir(dir.join("tokens")).unwrap();
        stage.token("enterprise");
        stage.key("enterprise", "signing", "01", "rsa:2048");
        good(dir, TONGGUAN, &["init", "."]);
        fs::write(dir.join("pin"), "123456\n").unwrap();
        stage.signer("token = \"enterprise\"");
        stage
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir());
        self.with_token(&mut command);
        command
    }

    /// SoftHSM's module, or the double that was built in front of it.
    fn module(&self) -> PathBuf {
        let double = self.dir().join("vendor.so");
        let softhsm = || library(&["libsofthsm2.so"]);
        if double.exists() { double } else { softhsm() }
    }

    fn build_double(&self) {
        let softhsm = format!("-DSOFTHSM=\"{}\"", self.module().display());
        let args = ["-fvisibility=default", "-lcrypto", softhsm.as_str()];
        plugins::c(self.dir(), "tests/doubles/pkcs11.c", "vendor.so", &args);
    }

    /// Tells a program where the token is.
    fn with_token(&self, command: &mut Command) {
        command
            .env("SOFTHSM2_CONF", self.dir().join("softhsm2.conf"))
            .env("PKCS11SPY", self.module())
            .env("PKCS11SPY_OUTPUT", self.dir().join("spy.log"))
            .env_remove("TONGGUAN_MANIFEST");
    }

    fn done(&self, program: &str, args: &[&str]) -> Output {
        self.command(program, args).output().unwrap()
    }

    fn well(&self, program: &str, args: &[&str]) -> String {
        let out = self.done(program, args);
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{program} {args:?}: {told}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Runs tongguan, which must say no; gives what it said.
    fn refused(&self, args: &[&str]) -> String {
        self.refused_with(args, 3)
    }

    /// The same, where it says so by that exit code.
    fn refused_with(&self, args: &[&str], code: i32) -> String {
        let out = self.done(TONGGUAN, args);
        let text = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(out.status.code(), Some(code), "{text}");
        assert!(!text.contains("panicked"), "{text}");
        text
    }

    fn token(&self, label: &str) {
        let args = [
            "--init-token",
            "--free",
            "--so-pin",
            "12345678",
            "--pin",
            "123456",
            "--label",
        ];
        self.well("softhsm2-util", &[&args[..], &[label]].concat());
    }

    /// Puts a key and its certificate, made by openssl, onto a token.
    fn key(&self, token: &str, label: &str, id: &str, kind: &str) {
        let (key, certificate) = (format!("{label}.key"), format!("{label}.pem"));
        let subject = format!("/CN={label}");
        self.well(
            "openssl",
            &[
                "req",
                "-x509",
                "-nodes",
                "-days",
                "30",
                "-newkey",
                kind,
                "-keyout",
                &key,
                "-out",
                &certificate,
                "-subj",
                &subject,
            ],
        );
        self.well(
            "softhsm2-util",
            &[
                "--import", &key, "--token", token, "--label", label, "--id", id, "--pin", "123456",
            ],
        );
        let der = format!("{label}.der");
        let args = ["x509", "-in", &certificate, "-outform", "DER", "-out", &der];
        self.well("openssl", &args);
        let module = library(&["libsofthsm2.so"]);
        self.well(
            "pkcs11-tool",
            &[
                "--module",
                module.to_str().unwrap(),
                "--token-label",
                token,
                "--login",
                "--pin",
                "123456",
                "--write-object",
                &der,
                "--type",
                "cert",
                "--id",
                id,
                "--label",
                label,
            ],
        );
    }

    /// Has the client sign by these options; the module is the spy before the token's.
    fn signer(&self, options: &str) {
        let spy = library(&["pkcs11-spy.so", "pkcs11/pkcs11-spy.so"]);
        self.signer_of(
            spy.to_str().unwrap(),
            &format!("{options}\npin = \"file:pin\""),
        );
    }

    fn signer_of(&self, module: &str, options: &str) {
        let path = self.dir().join("tongguan.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        let (before, rest) = manifest.split_once("[signers.main]").unwrap();
        let (_, after) = rest.split_once("[transports.main]").unwrap();
        let signer = format!("kind = \"pkcs11\"\nmodule = \"{module}\"\n{options}\n\n");
        let manifest = format!("{before}[signers.main]\n{signer}[transports.main]{after}");
        fs::write(&path, manifest).unwrap();
    }

    /// How many calls of that name the module got.
    fn calls(&self, name: &str) -> usize {
        let log = fs::read_to_string(self.dir().join("spy.log")).unwrap_or_default();
        log.lines().filter(|line| line.ends_with(name)).count()
    }

    fn start(&self, args: &[&str], log: &str) -> std::process::Child {
        let mut command = parts::command(self.dir(), args, log);
        self.with_token(&mut command);
        command.spawn().unwrap()
    }

    fn until(&self, what: &str, seconds: u64, well: impl Fn(&str) -> bool) {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            let told = self.done(TONGGUAN, &["status"]);
            let told = String::from_utf8_lossy(&told.stdout).into_owned();
            if well(&told) {
                return;
            }
            let log = fs::read_to_string(self.dir().join("client.log")).unwrap_or_default();
            assert!(Instant::now() < end, "{what}: {told}\n{log}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

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
    let before = stage.calls("C_SignFinal");
    let mut client = stage.start(&["run"], "client.log");
    within("it looks at the key", &|| {
        stage.calls("C_SignFinal") > before
    });
    std::thread::sleep(Duration::from_millis(500));
    let before = stage.calls("C_Login");
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
