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

use stage::{TONGGUAN, files, good, orders, parts};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The first of these files that is there.
fn library(names: &[&str]) -> PathBuf {
    let folders = [
        "/usr/lib/softhsm",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib64",
    ];
    folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| Path::new(folder).join(name)))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("none of {names:?} (tests/setup installs them)"))
}

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

    /// Tells a program where the token is.
    fn with_token(&self, command: &mut Command) {
        command
            .env("SOFTHSM2_CONF", self.dir().join("softhsm2.conf"))
            .env("PKCS11SPY", library(&["libsofthsm2.so"]))
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
