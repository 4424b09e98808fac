//! A token: SoftHSM2, with pkcs11-spy before it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::keys::library;
use super::{TONGGUAN, good, parts, plugins};

/// A folder with a token of its own in it, and a client that signs with it.
pub struct Stage {
    dir: tempfile::TempDir,
}

impl Stage {
    pub fn new() -> Self {
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

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir());
        self.with_token(&mut command);
        command
    }

    /// SoftHSM's module, or the double that was built in front of it.
    pub fn module(&self) -> PathBuf {
        let double = self.dir().join("vendor.so");
        let softhsm = || library(&["libsofthsm2.so"]);
        if double.exists() { double } else { softhsm() }
    }

    pub fn build_double(&self) {
        let softhsm = format!("-DSOFTHSM=\"{}\"", self.module().display());
        let args = ["-fvisibility=default", "-lcrypto", softhsm.as_str()];
        plugins::c(self.dir(), "tests/doubles/pkcs11.c", "vendor.so", &args);
    }

    /// Tells a program where the token is.
    pub fn with_token(&self, command: &mut Command) {
        command
            .env("SOFTHSM2_CONF", self.dir().join("softhsm2.conf"))
            .env("PKCS11SPY", self.module())
            .env("PKCS11SPY_OUTPUT", self.dir().join("spy.log"))
            .env_remove("TONGGUAN_MANIFEST");
    }

    pub fn done(&self, program: &str, args: &[&str]) -> Output {
        self.command(program, args).output().unwrap()
    }

    pub fn well(&self, program: &str, args: &[&str]) -> String {
        let out = self.done(program, args);
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{program} {args:?}: {told}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Runs tongguan, which must say no; gives what it said.
    pub fn refused(&self, args: &[&str]) -> String {
        self.refused_with(args, 3)
    }

    /// The same, where it says so by that exit code.
    pub fn refused_with(&self, args: &[&str], code: i32) -> String {
        let out = self.done(TONGGUAN, args);
        let text = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(out.status.code(), Some(code), "{text}");
        assert!(!text.contains("panicked"), "{text}");
        text
    }

    pub fn token(&self, label: &str) {
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
    pub fn key(&self, token: &str, label: &str, id: &str, kind: &str) {
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
    pub fn signer(&self, options: &str) {
        let spy = library(&["pkcs11-spy.so", "pkcs11/pkcs11-spy.so"]);
        self.signer_of(
            spy.to_str().unwrap(),
            &format!("{options}\npin = \"file:pin\""),
        );
    }

    pub fn signer_of(&self, module: &str, options: &str) {
        let path = self.dir().join("tongguan.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        let (before, rest) = manifest.split_once("[signers.main]").unwrap();
        let (_, after) = rest.split_once("[transports.main]").unwrap();
        let signer = format!("kind = \"pkcs11\"\nmodule = \"{module}\"\n{options}\n\n");
        let manifest = format!("{before}[signers.main]\n{signer}[transports.main]{after}");
        fs::write(&path, manifest).unwrap();
    }

    /// How many calls of that name the module got.
    pub fn calls(&self, name: &str) -> usize {
        let log = fs::read_to_string(self.dir().join("spy.log")).unwrap_or_default();
        log.lines().filter(|line| line.ends_with(name)).count()
    }

    pub fn start(&self, args: &[&str], log: &str) -> std::process::Child {
        let mut command = parts::command(self.dir(), args, log);
        self.with_token(&mut command);
        command.spawn().unwrap()
    }

    pub fn until(&self, what: &str, seconds: u64, well: impl Fn(&str) -> bool) {
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
