//! An IC card in a reader, by PC/SC: a virtual card (tests/card) in a virtual reader, behind the real
//! pcscd and OpenSC's PKCS#11 module. It wants the PIN for each signature.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::{TONGGUAN, files, good, keys, orders, parts, plugins};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A client, a reader, and a card that is in it or not.
struct Stage {
    dir: tempfile::TempDir,
    packages: PathBuf,
    port: u16,
    pcscd: Child,
    card: Option<Child>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.pull();
        let _ = self.pcscd.kill();
        let _ = self.pcscd.wait();
    }
}

impl Stage {
    fn new() -> Option<Self> {
        let Some(packages) = std::env::var_os("TONGGUAN_TEST_CARD") else {
            assert!(
                std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
                "TONGGUAN_TEST_CARD is not set"
            );
            println!("skipped: no card (run tests/run, or set TONGGUAN_TEST_CARD)");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        let opensc = keys::library(&["opensc-pkcs11.so", "pkcs11/opensc-pkcs11.so"]);
        let signer = format!(
            "kind = \"pkcs11\"\nmodule = {opensc:?}\npin = \"file:pin\"\n\
             token = \"OpenPGP card (User PIN (sig))\"\n"
        );
        plugins::prepare(at, "rsa", &signer);
        fs::write(at.join("pin"), "123456\n").unwrap();
        fs::copy(at.join("enterprise.key"), at.join("key.pem")).unwrap();
        let args = ["x509", "-in", "enterprise.pem", "-outform", "DER", "-out"];
        good(at, "openssl", &[&args[..], &["certificate.der"]].concat());
        // A reader of this test's own: on a port, with a socket of pcscd's, which is always in /run.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let reader = format!(
            "FRIENDLYNAME \"Virtual\"\nDEVICENAME /dev/null:{port:#x}\n\
             LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID {port:#x}\n"
        );
        fs::write(at.join("reader.conf"), reader).unwrap();
        fs::create_dir_all(at.join("run/pcscd")).unwrap();
        let start =
            "mount --bind run /run && exec pcscd --foreground --config \"$PWD/reader.conf\"";
        let pcscd = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", start])
            .current_dir(at)
            .stdout(fs::File::create(at.join("pcscd.log")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/setup installs util-linux and pcscd");
        let mut stage = Self {
            dir,
            packages: packages.into(),
            port,
            pcscd,
            card: None,
        };
        stage.insert();
        Some(stage)
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Puts the card in, and waits until PC/SC sees it.
    fn insert(&mut self) {
        let script = plugins::repository().join("tests/e2e/card/insert.py");
        for _ in 0..100 {
            let mut card = Command::new("python3")
                .arg(&script)
                .args([self.port.to_string(), ".".to_owned()])
                .env("PYTHONPATH", &self.packages)
                .current_dir(self.dir())
                .stdout(Stdio::piped())
                .stderr(fs::File::create(self.dir().join("card.log")).unwrap())
                .spawn()
                .unwrap();
            let mut line = String::new();
            let out = card.stdout.take().unwrap();
            BufReader::new(out).read_line(&mut line).unwrap();
            if line == "in\n" {
                self.card = Some(card);
                break;
            }
            // The reader was not there yet.
            card.wait().unwrap();
        }
        let seen = || {
            let out = self.command("opensc-tool", &["--name"]).output().unwrap();
            String::from_utf8_lossy(&out.stdout).contains("OpenPGP card")
        };
        let log = || fs::read_to_string(self.dir().join("card.log")).unwrap_or_default();
        assert!((0..50).any(|_| seen()), "no card: {}", log());
    }

    fn pull(&mut self) {
        if let Some(mut card) = self.card.take() {
            card.kill().unwrap();
            card.wait().unwrap();
        }
    }

    /// How often the card was given a PIN, or a wrong one, since it was put in.
    fn counted(&self, what: &str) -> u32 {
        let told = fs::read_to_string(self.dir().join(what)).unwrap_or_default();
        told.parse().unwrap_or_default()
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir());
        self.with_reader(&mut command);
        command
    }

    fn with_reader(&self, command: &mut Command) {
        let socket = self.dir().join("run/pcscd/pcscd.comm");
        command
            .env("PCSCLITE_CSOCK_NAME", socket)
            .env_remove("TONGGUAN_MANIFEST");
    }

    fn told(&self, args: &[&str], code: i32) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(TONGGUAN, args).output().unwrap();
        let text = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        assert_eq!(status.code(), Some(code), "{text}");
        text
    }

    fn start(&self, args: &[&str], log: &str) -> Child {
        let mut command = parts::command(self.dir(), args, log);
        self.with_reader(&mut command);
        command.spawn().unwrap()
    }
}

#[test]
fn xmlsec1_verifies_what_a_card_signs_also_after_it_was_out() {
    let Some(mut stage) = Stage::new() else {
        return;
    };
    let dir = stage.dir().to_owned();
    let dir = dir.as_path();
    stage.told(&["check"], 0);
    let mut customs = parts::start(dir, &["simulate", "--keep", "customs"], "customs.log");
    let mut client = stage.start(&["run"], "client.log");
    let submit = |n: usize| {
        fs::write(dir.join("one.json"), orders(n, 1)).unwrap();
        good(dir, TONGGUAN, &["submit", "one.json"]);
    };
    let accepted = |what: &str, n: usize| {
        parts::until(dir, what, &["status", "--list"], |told| {
            told.matches("accepted").count() == n
        });
    };
    submit(0);
    accepted("signed", 1);
    submit(1);
    accepted("signed again", 2);
    let given = stage.counted("tries");
    assert!(given >= 2, "the card wants its PIN each time: {given}");
    stage.pull();
    submit(2);
    std::thread::sleep(std::time::Duration::from_secs(2));
    stage.insert();
    accepted("signed after it was out", 3);
    for process in [&mut client, &mut customs] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    keys::xmlsec1_verifies(dir, &files(&dir.join("customs"), ".received.message.xml"));
    // Gone: it may be put in later.
    stage.pull();
    let told = stage.told(&["check"], 4);
    assert!(told.contains("sees no token"), "{told}");
}

#[test]
fn a_card_is_given_a_wrong_pin_once() {
    let Some(stage) = Stage::new() else {
        return;
    };
    fs::write(stage.dir().join("pin"), "654321\n").unwrap();
    // The card does not say that it is the PIN, and OpenSC something else.
    let told = stage.told(&["check"], 3);
    let words = ["C_Login: CKR_USER_NOT_LOGGED_IN", "pin-refused-"];
    assert!(words.iter().all(|word| told.contains(word)), "{told}");
    for _ in 0..3 {
        let told = stage.told(&["run"], 3);
        assert!(told.contains("refused before"), "{told}");
    }
    assert_eq!((stage.counted("tries"), stage.counted("wrong")), (1, 1));
}
