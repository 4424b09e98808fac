//! Plugins that misbehave: the client lives on, nothing is lost, and it is told what happened.
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

use stage::parts::start;
use stage::{TONGGUAN, good, orders, plugins, refused, run, signal};
use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder whose signer misbehaves, unless the file `well` is there.
fn prepare(dir: &Path, how: &str, more: &str) {
    let library = plugins::rust("stress");
    let signer = format!(
        "library = {library:?}\nhow = \"{how}\"\nkey = \"enterprise.key\"\n\
         certificate = \"enterprise.pem\"\nwell_while = \"well\"\nattempts = \"attempts\"\n{more}\n"
    );
    plugins::prepare(dir, "sm2", &signer);
}

fn log(dir: &Path) -> String {
    fs::read_to_string(dir.join("client.log")).unwrap_or_default()
}

/// Waits until the client has told of it.
fn told(dir: &Path, what: &str) {
    let begun = Instant::now();
    while !log(dir).contains(what) {
        assert!(begun.elapsed() < PATIENCE, "{what:?}\n{}", log(dir));
        sleep(Duration::from_millis(50));
    }
}

fn accepted(dir: &Path, count: u32) {
    let begun = Instant::now();
    loop {
        let status = good(dir, TONGGUAN, &["status", "--list", "--json"]);
        let accepted = status.matches("\"state\":\"accepted\"").count();
        if accepted == count as usize {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{accepted} accepted\n{status}\n{}",
            log(dir)
        );
        sleep(Duration::from_millis(100));
    }
}

fn ended(mut process: Child) {
    signal(&process, "-TERM");
    assert!(process.wait().unwrap().success());
}

/// Misbehaves in the middle of the work. The client must live, tell `report`, lose nothing, and go on
/// when the device does.
fn misbehaves(how: &str, more: &str, report: &str) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, how, more);
    let mut customs = start(dir, &["simulate"], "customs.log");
    let mut client = start(dir, &["run"], "client.log");
    told(dir, "a plugin works");
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    // More than one message.
    sleep(Duration::from_millis(500));
    fs::write(dir.join("o.json"), orders(4, 2)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    told(dir, report);
    sleep(Duration::from_millis(500));
    assert!(client.try_wait().unwrap().is_none(), "{}", log(dir));
    let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
    assert_eq!(list.lines().count(), 5, "{list}");
    assert!(!list.contains("\"state\":\"dead\""), "{list}");
    fs::write(dir.join("well"), "").unwrap();
    accepted(dir, 5);
    ended(client);
    customs.kill().unwrap();
    customs.wait().unwrap();
    assert!(!log(dir).contains("panicked at core"), "{}", log(dir));
}

macro_rules! misbehaviours {
    ($($name:ident: $how:literal, $more:literal, $report:literal;)*) => {
        $(#[test]
        fn $name() {
            misbehaves($how, $more, $report);
        })*
    };
}

misbehaviours! {
    a_panic: "panic", "", "it panicked: on purpose";
    a_hang: "hang", "timeout_seconds = 1", "it hangs: no answer in 1 s";
    a_leak: "leak", "memory_mib = 30", "it leaks: it holds";
    a_segmentation_fault: "segfault", "", "signal 11 (SIGSEGV)";
    a_fault_after_a_good_start: "segfault", "first = 1", "signal 11 (SIGSEGV)";
    an_abort: "abort", "", "signal 6 (SIGABRT)";
    an_exit: "exit", "", "ended by itself, with exit code 0";
    garbage: "garbage", "", "64 octets that are no signature";
    a_short_answer: "short", "", "10 octets that are no signature";
    no_answer: "nothing", "", "0 octets that are no signature";
    a_wrong_size: "wrong-size", "", "signal 11 (SIGSEGV)";
    a_wrong_status: "wrong-status", "", "it answers 4711, which is no class";
    a_wrong_failure: "wrong-failure", "", "misbehaves: its failure is too small";
    a_late_thread: "late-thread", "", "misbehaves: put for a call that is over";
    another_thread: "other-thread", "", "from a thread";
    printing: "print", "", "the vendor prints";
    forged_frames: "forge", "", "what it says is no answer";
    a_device_that_is_gone: "gone", "", "Sign said 167772195 (0xA000023): it was pulled out";
}

/// Another certificate after a new start is not signed with: a person must see it first.
#[test]
fn another_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, "other-certificate", "other = \"other.pem\"");
    let client = start(dir, &["run"], "client.log");
    told(dir, "a plugin works");
    fs::copy(dir.join("certificates/test-ca.pem"), dir.join("other.pem")).unwrap();
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    told(dir, "after a new start it is another one");
    let mut client = client;
    // It was told as a thing for a person: the run ends, and nothing is lost.
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = client.try_wait().unwrap() {
            break status.code();
        }
        assert!(begun.elapsed() < PATIENCE, "{}", log(dir));
        sleep(Duration::from_millis(50));
    };
    assert_eq!(code, Some(3), "{}", log(dir));
    let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
    assert_eq!(list.matches("\"state\":\"submitted\"").count(), 3, "{list}");
}

/// What cannot start is told; the rest works, unless it is required.
fn does_not_start(how: &str, more: &str, report: &str) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, how, more);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = format!("{manifest}\n[http]\nlisten = \"127.0.0.1:{port}\"\n");
    fs::write(dir.join("tongguan.toml"), &manifest).unwrap();
    let check = run(dir, TONGGUAN, &["check", "--offline"]);
    assert!(!check.status.success());
    let check = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.contains(report), "{check}");
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    let client = start(dir, &["run"], "client.log");
    told(dir, "started without a signer");
    let url = format!("http://127.0.0.1:{port}/readyz");
    let begun = Instant::now();
    let ready = loop {
        let out = run(dir, "curl", &["-sS", "-m", "10", &url]);
        let ready = String::from_utf8_lossy(&out.stdout).into_owned();
        if ready.contains("signer \\\"main\\\" is ") || begun.elapsed() > PATIENCE {
            break ready;
        }
        sleep(Duration::from_millis(100));
    };
    assert!(ready.contains("\"ready\":false"), "{ready}");
    assert!(ready.contains(report), "{ready}");
    // What monitoring reads says so as well.
    let metrics = format!("http://127.0.0.1:{port}/metrics");
    let finding = "tongguan_findings{severity=\"urgent\",what=\"signer\"";
    let begun = Instant::now();
    loop {
        let metrics = good(dir, "curl", &["-sS", "-m", "10", &metrics]);
        let line = metrics.lines().find(|line| line.starts_with(finding));
        if line.is_some_and(|line| line.ends_with(" 1")) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{metrics}");
        sleep(Duration::from_millis(200));
    }
    ended(client);
    // Where it is required, nothing starts.
    let required = manifest.replace("well_while", "required = true\nwell_while");
    fs::write(dir.join("required.toml"), required).unwrap();
    let out = run(dir, TONGGUAN, &["-m", "required.toml", "run"]);
    assert!(!out.status.success());
    let out = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.contains(report), "{out}");
    // With the device in order, what was declared goes on.
    fs::write(dir.join("well"), "").unwrap();
    let mut customs = start(dir, &["simulate"], "customs.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    accepted(dir, 3);
    customs.kill().unwrap();
    customs.wait().unwrap();
}

#[test]
fn a_crash_at_the_start() {
    does_not_start("segfault-in-create", "", "signal 11 (SIGSEGV)");
}

#[test]
fn a_hang_at_the_start() {
    does_not_start(
        "hang-in-create",
        "timeout_seconds = 1",
        "it hangs: no answer in 1 s",
    );
}

fn attempts(dir: &Path) -> usize {
    let attempts = fs::read_to_string(dir.join("attempts")).unwrap_or_default();
    let count = attempts.lines().count();
    let _ = fs::remove_file(dir.join("attempts"));
    count
}

/// A wrong PIN: one attempt, told, and none after it.
#[test]
fn a_wrong_pin() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, "pin-in-create", "");
    let told_ = refused(dir, &["check", "--offline"], 3);
    assert!(
        told_.contains("Login said 160 (0xA0): the PIN is wrong"),
        "{told_}"
    );
    assert!(told_.contains("pin-refused-signer-main"), "{told_}");
    assert_eq!(attempts(dir), 1, "check");
    // Neither another command nor a run tries it.
    let again = refused(dir, &["check", "--offline"], 3);
    assert!(again.contains("not tried again"), "{again}");
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    let client = start(dir, &["run"], "client.log");
    told(dir, "a person must act");
    sleep(Duration::from_secs(3));
    good(dir, TONGGUAN, &["status"]);
    assert_eq!(attempts(dir), 0, "run");
    ended(client);
    let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
    assert_eq!(list.matches("\"state\":\"submitted\"").count(), 3, "{list}");
    // A person puts it right.
    fs::write(dir.join("well"), "").unwrap();
    fs::remove_file(dir.join("pin-refused-signer-main")).unwrap();
    good(dir, TONGGUAN, &["check", "--offline"]);
}

/// The same when it is refused for a signature: the run ends, and says why.
#[test]
fn a_wrong_pin_for_a_signature() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, "pin", "");
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    let told = refused(dir, &["run"], 3);
    assert!(
        told.contains("Login said 160 (0xA0): the PIN is wrong"),
        "{told}"
    );
    // One when it started, one for the signature; a service that is started again tries none.
    assert_eq!(attempts(dir), 2);
    refused(dir, &["run", "--until-final", "--within", "2"], 3);
    assert_eq!(attempts(dir), 0);
    let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
    assert_eq!(list.matches("\"state\":\"submitted\"").count(), 3, "{list}");
}

/// What a library says of itself is looked at before anything of it is used.
#[test]
fn lies() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let compile = |lie: usize| {
        let define = format!("-DLIE={lie}");
        plugins::c(
            dir,
            "tests/e2e/lies/lies.c",
            &format!("lie{lie}.so"),
            &[&define],
        );
    };
    let lies = [
        "made for version 99 of the plugin ABI, and this Tongguan has version 1",
        "made for version 0 of the plugin ABI, and this Tongguan has version 1",
        "its descriptor has 24 octets",
        "its descriptor has 2147483647 octets",
        "tongguan_plugin gives no descriptor",
        "it has no info",
        "info answers 1",
        "it is of kind 9",
        "its name is not 1 to 100 octets long",
        "its name is no UTF-8",
        "its name holds control characters",
        "its name is not 1 to 100 octets long",
        "max_concurrency is 0",
        "max_concurrency must be 1",
        "what this Tongguan does not know (flags 0x40000000)",
        "algorithms is 0x8",
        "its table of a signer's calls is not whole",
        "its table of a signer's calls is not whole",
        "its table of a signer's calls is not whole",
        "it has no create",
        "signal 6 (SIGABRT)",
        "it hangs while it is loaded",
        "ended by itself, with exit code 0",
        "gives no descriptor",
    ];
    for (lie, wanted) in lies.iter().enumerate() {
        compile(lie + 1);
        let library = format!("lie{}.so", lie + 1);
        let told = refused(dir, &["plugin", "check", &library], 3);
        assert!(told.contains(wanted) && told.contains(&library), "{told}");
        assert!(told.contains("what to do:"), "{told}");
    }
    // One is a role, by its own word, but has no role's calls; the last gives no certificate.
    compile(lies.len() + 2);
    let told = good(
        dir,
        TONGGUAN,
        &["plugin", "check", &format!("lie{}.so", lies.len() + 2)],
    );
    assert!(told.contains("signer for version 1"), "{told}");
    plugins::prepare(
        dir,
        "rsa",
        &format!("library = \"lie{}.so\"", lies.len() + 2),
    );
    let told = refused(dir, &["check", "--offline"], 3);
    assert!(told.contains("use the certificate that it gives"), "{told}");
    // A library where another kind belongs.
    plugins::prepare_over(dir, "lie1.so");
    let told = refused(dir, &["check", "--offline"], 3);
    assert!(
        told.contains("version 99") && told.contains("version 1"),
        "{told}"
    );
}

/// The client dies without a word: its plugin's process must not stay behind, even one that hangs.
#[test]
fn nothing_stays_behind() {
    for (how, wait) in [("well", 2), ("hang", 8)] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        prepare(dir, how, "timeout_seconds = 600");
        let mut client = start(dir, &["run"], "client.log");
        told(dir, "a plugin works");
        fs::write(dir.join("o.json"), orders(1, 1)).unwrap();
        good(dir, TONGGUAN, &["submit", "o.json"]);
        sleep(Duration::from_millis(500));
        let id = client.id().to_string();
        let children = || {
            let out = run(dir, "pgrep", &["-P", &id]);
            String::from_utf8_lossy(&out.stdout).trim().to_owned()
        };
        let child = children();
        assert!(!child.is_empty());
        client.kill().unwrap();
        client.wait().unwrap();
        let begun = Instant::now();
        while Path::new("/proc").join(&child).exists() {
            assert!(begun.elapsed() < Duration::from_secs(wait), "{how}");
            sleep(Duration::from_millis(50));
        }
    }
}
