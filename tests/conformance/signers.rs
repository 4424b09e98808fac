//! Every signer, by `tongguan plugin test`, as a vendor runs it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tongguan_crypto::Scheme;

use crate::eport::{Control, PIN};
use crate::stage::desktop::Desktop;
use crate::stage::token::Stage;
use crate::stage::{TONGGUAN, good, plugins, refused};
use crate::stage::{sdf as hsm, skf as key};

/// What each run says besides.
const EFFORT: &[&str] = &["--rounds", "200", "--idle", "0"];

fn test<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["plugin", "test"], more, EFFORT].concat()
}

/// What did not apply, by the lines that say so.
fn left(told: &str) -> Vec<&str> {
    let lines = told.lines().filter_map(|line| line.strip_prefix("-    "));
    lines.filter_map(|line| line.split(':').next()).collect()
}

#[test]
fn software() {
    for scheme in ["rsa", "sm2"] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        good(dir, TONGGUAN, &["init", "--scheme", scheme, "."]);
        fs::write(dir.join("wrong"), "wrong\n").unwrap();
        fs::write(dir.join("w.json"), r#"{"password": "file:wrong"}"#).unwrap();
        let args = test(&["--part", "signers.main", "--wrong-pin", "w.json"]);
        let told = good(dir, TONGGUAN, &args);
        assert_eq!(left(&told), ["signer.lives", "signer.unplugged"], "{told}");
    }
}

#[test]
fn pkcs11() {
    let stage = Stage::new();
    fs::write(stage.dir().join("wrong"), "654321\n").unwrap();
    fs::write(stage.dir().join("w.json"), r#"{"pin": "file:wrong"}"#).unwrap();
    let args = test(&["--part", "signers.main", "--wrong-pin", "w.json"]);
    let before = stage.calls("C_Login");
    let told = stage.well(TONGGUAN, &args);
    assert_eq!(left(&told), ["signer.lives", "signer.unplugged"], "{told}");
    // Started, again twice; with the unknown option not at all; with the wrong PIN once.
    assert_eq!(stage.calls("C_Login") - before, 4, "{told}");
    // The kit leaves nothing that keeps the right PIN from being tried.
    stage.well(TONGGUAN, &["check", "--offline"]);
}

/// Each way in which vendors read the standard; the KEY is pulled out by hand, and the PIN counted.
#[test]
fn skf() {
    for (scheme, variant) in [("sm2", &[][..]), ("rsa", &["-DSKF_WIDE", "-DSKF_PACKED"])] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        key::prepare(dir, variant, scheme);
        fs::write(dir.join("wrong"), "11111111\n").unwrap();
        fs::write(dir.join("w.json"), r#"{"pin": "file:wrong"}"#).unwrap();
        let plugged = key::key(dir, key::SERIAL).join("plugged");
        let args = test(&[
            "--part",
            "signers.main",
            "--unplug",
            "--wrong-pin",
            "w.json",
        ]);
        let told = by_hand(dir, &args, |out| {
            if out {
                fs::remove_file(&plugged).unwrap();
            } else {
                fs::write(&plugged, "1").unwrap();
            }
        });
        assert_eq!(left(&told), ["signer.lives"], "{told}");
    }
}

#[test]
fn sdf() {
    for (scheme, variant) in [("sm2", &[][..]), ("rsa", &["-DRSAref_MAX_BITS=4096"])] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        hsm::prepare(dir, variant, scheme);
        fs::write(dir.join("wrong"), "11111111\n").unwrap();
        fs::write(dir.join("w.json"), r#"{"password": "file:wrong"}"#).unwrap();
        let power = dir.join("device/power");
        let args = test(&[
            "--part",
            "signers.main",
            "--unplug",
            "--wrong-pin",
            "w.json",
        ]);
        let told = by_hand(dir, &args, |out| {
            if out {
                fs::remove_file(&power).unwrap();
            } else {
                fs::write(&power, "1").unwrap();
            }
        });
        assert_eq!(left(&told), ["signer.lives"], "{told}");
    }
}

#[test]
fn eport() {
    for scheme in [Scheme::RsaSha1, Scheme::Sm2Sm3] {
        let control = Control::start(scheme, Duration::ZERO);
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let signer = format!(
            "kind = \"eport\"\nport = {}\npin = \"file:pin\"\n",
            control.port
        );
        plugins::prepare(dir, "rsa", &signer);
        fs::write(dir.join("pin"), format!("{PIN}\n")).unwrap();
        fs::write(dir.join("wrong"), "1\n").unwrap();
        fs::write(dir.join("w.json"), r#"{"pin": "file:wrong"}"#).unwrap();
        let args = test(&[
            "--part",
            "signers.main",
            "--unplug",
            "--wrong-pin",
            "w.json",
        ]);
        let told = by_hand(dir, &args, |out| {
            control.on.store(!out, Ordering::Relaxed);
        });
        assert_eq!(left(&told), ["signer.lives"], "{told}");
        assert_eq!(control.counts.wrong.load(Ordering::Relaxed), 1, "{told}");
        assert_eq!(control.counts.overlaps.load(Ordering::Relaxed), 0);
    }
}

/// Runs tongguan, which must end well, and does what it asks the person for.
fn by_hand(dir: &Path, args: &[&str], mut hand: impl FnMut(bool)) -> String {
    let mut child = Command::new(TONGGUAN)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let asked = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    for line in asked.lines() {
        let line = line.unwrap();
        if line.ends_with("then press Enter") {
            hand(line.starts_with("Pull"));
            keys.write_all(b"\n").unwrap();
        }
        said += &line;
    }
    let out = child.wait_with_output().unwrap();
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{told}\n{said}");
    assert!(said.contains("Pull") && said.contains("back"), "{said}");
    told
}

fn signer_c(dir: &Path) -> PathBuf {
    let source = "examples/plugins/signer-c/signer.c";
    plugins::c(dir, source, "signer.so", &["-lcrypto"])
}

#[test]
fn loaded() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let c = signer_c(dir);
    for scheme in ["rsa", "sm2"] {
        let folder = dir.join(scheme);
        fs::create_dir(&folder).unwrap();
        plugins::prepare(&folder, scheme, "kind = \"software\"");
        let config = |file: &str, password: &str| {
            let config = format!(
                "{{\"key\": \"certificates/enterprise.key\", \"password\": \"file:{password}\", \
                 \"certificate\": \"enterprise.pem\"}}"
            );
            fs::write(folder.join(file), config).unwrap();
        };
        config("c.json", "certificates/password");
        config("w.json", "enterprise.pem");
        for library in [&c, &plugins::rust("signer-rust")] {
            let library = library.to_str().unwrap();
            let mut args = test(&[library, "--config", "c.json", "--wrong-pin", "w.json"]);
            args.extend(["--report", "report.html"]);
            let told = good(&folder, TONGGUAN, &args);
            assert_eq!(left(&told), ["signer.unplugged"], "{told}");
            let page = fs::read_to_string(folder.join("report.html")).unwrap();
            assert!(page.contains("signer.wrong-pin") && page.contains("SHA-256"));
        }
    }
    let json = [
        "plugin",
        "test",
        "signer.so",
        "--config",
        "c.json",
        "--json",
    ];
    fs::copy(&c, dir.join("rsa/signer.so")).unwrap();
    let args = [&json[..], &["--rounds", "1", "--idle", "0"]].concat();
    let told = good(&dir.join("rsa"), TONGGUAN, &args);
    assert!(told.starts_with("{\"ok\":true"), "{told}");
    let wanted =
        "\"id\":\"signer.key\",\"says\":\"The key is its certificate's.\",\"outcome\":\"passed\"";
    assert!(told.contains(wanted), "{told}");
}

#[test]
fn remote() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let desktop = Desktop::prepare(dir);
    let mut serving = Some(desktop.serve(dir));
    let args = test(&["--part", "signers.main", "--unplug"]);
    let told = by_hand(dir, &args, |out| {
        if out {
            // Switched off without a word.
            let mut process = serving.take().unwrap();
            process.kill().unwrap();
            process.wait().unwrap();
        } else {
            serving = Some(desktop.serve(dir));
        }
    });
    assert_eq!(left(&told), ["signer.leaks", "signer.wrong-pin"], "{told}");
    let mut serving = serving.unwrap();
    serving.kill().unwrap();
    serving.wait().unwrap();
}

/// A KEY in somebody's desktop, by the signer that is built in there.
#[test]
fn remote_built_in() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let desktop = Desktop::prepare(dir);
    let there = dir.join("desktop");
    key::prepare(&there, &[], "sm2");
    let mut serving = desktop.serves(dir, &["--signer", "main"]);
    let plugged = key::key(&there, key::SERIAL).join("plugged");
    let args = test(&["--part", "signers.main", "--unplug"]);
    let told = by_hand(dir, &args, |out| {
        if out {
            fs::remove_file(&plugged).unwrap();
        } else {
            fs::write(&plugged, "1").unwrap();
        }
    });
    assert_eq!(left(&told), ["signer.leaks", "signer.wrong-pin"], "{told}");
    serving.kill().unwrap();
    serving.wait().unwrap();
}

/// The stress plugin: each misbehaviour fails what it breaks.
#[test]
fn what_misbehaves_fails() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    plugins::prepare(dir, "sm2", "kind = \"software\"");
    let stress = plugins::rust("stress");
    for (how, first, wanted) in [
        ("leak", 290, "FAIL signer.leaks: its process grew by"),
        ("garbage", 0, "FAIL signer.key"),
        ("short", 0, "FAIL signer.form"),
        ("segfault", 20, "FAIL signer.form"),
        ("segfault", 20, "FAIL signer.lives: it was started again"),
        ("garbage", 100, "FAIL signer.at-once"),
        ("pin-in-create", 0, "FAIL signer.starts"),
    ] {
        let config = format!(
            "{{\"how\": \"{how}\", \"first\": {first}, \"key\": \"enterprise.key\", \
             \"certificate\": \"enterprise.pem\", \"memory_mib\": 4000}}"
        );
        fs::write(dir.join("s.json"), config).unwrap();
        let mut args = vec!["plugin", "test", stress.to_str().unwrap()];
        args.extend(["--config", "s.json", "--rounds", "30", "--idle", "0"]);
        let told = refused(dir, &args, 1);
        assert!(told.contains(wanted), "{how}: no {wanted:?} in {told}");
    }
}
