//! By AS2: two of ours, and pyas2lib in between.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::{Running, free_port};
use stage::{TONGGUAN, as2, files, good, orders, parts, refused};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn orders_go_and_receipts_come_though_both_sides_die() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (ours, theirs) = (free_port(), free_port());
    let later = format!("mdn = \"async\"\nmdn_url = \"http://127.0.0.1:{ours}/as2\"");
    as2::client(dir, ours, theirs, &later);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("batch = 100", "batch = 5");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    let told = refused(dir, &["check"], 4);
    assert!(
        told.contains(&format!("connect to 127.0.0.1:{theirs}")),
        "{told}"
    );
    let simulate = ["simulate", "--journal", "declared.jsonl"];
    let mut customs = Running::start(dir, &simulate, "customs.log");
    let mut running = Running::start(dir, &["run"], "client.log");
    fs::write(dir.join("a.json"), orders(0, 30)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    std::thread::sleep(Duration::from_millis(700));
    customs.kill();
    fs::write(dir.join("b.json"), orders(30, 30)).unwrap();
    good(dir, TONGGUAN, &["submit", "b.json"]);
    std::thread::sleep(Duration::from_millis(500));
    running.kill();
    let mut customs = Running::start(dir, &simulate, "customs.log");
    let mut running = Running::start(dir, &["run"], "client.log");
    parts::until_accepted(dir, 60);
    running.kill();
    customs.kill();
    let (guids, _) = parts::journal(&dir.join("declared.jsonl"));
    assert_eq!(guids.len(), 60);
    assert!(guids.values().all(|all| all.len() == 1), "one guid each");
    let days = files(&dir.join("mdns"), "");
    let kept: Vec<PathBuf> = days.iter().flat_map(|day| files(day, ".mdn")).collect();
    // At least twelve went; a receipt may have come before its MDN.
    assert!(kept.len() >= 6, "MDNs are kept: {}", kept.len());
    // What was kept says that it was taken, and whose word it is.
    let args = [
        "cms",
        "-verify",
        "-nointern",
        "-noverify",
        "-certfile",
        "platform.pem",
        "-in",
    ];
    let mut args = args.to_vec();
    args.push(kept[0].to_str().unwrap());
    let told = good(dir, "openssl", &args);
    assert!(
        told.contains("processed") && told.contains("Received-Content-MIC"),
        "{told}"
    );
}

/// pyas2lib takes what we send, and sends what comes back.
struct Relay {
    server: Child,
    stop: Arc<AtomicBool>,
    sender: Option<std::thread::JoinHandle<()>>,
}

impl Relay {
    fn start(dir: &Path, place: &Path, ours: u16, theirs: u16) -> Self {
        let peer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transports/as2/tests/peer.py");
        let command = {
            let (dir, place) = (dir.to_owned(), place.to_owned());
            move |doing: &str, data: &Path| {
                let at = |name: &str| dir.join(name).display().to_string();
                let config = serde_json::json!({
                    "me": "PLATFORM", "partner": "ENTERPRISE", "port": theirs,
                    "key": at("platform.both"), "partner_certificate": at("as2.pem"),
                    "folder": at("platform/outbox"), "data": data,
                    "url": format!("http://127.0.0.1:{ours}/as2"),
                });
                let file = dir.join(format!("{doing}.config"));
                fs::write(&file, config.to_string()).unwrap();
                let mut command = Command::new("python3");
                command
                    .arg(&peer)
                    .arg(doing)
                    .arg(file)
                    .stdout(Stdio::piped());
                command
                    .env("PYTHONPATH", &place)
                    .env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
        };
        let mut server = command("serve", Path::new("")).spawn().unwrap();
        let mut line = String::new();
        let out = server.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        let stop = Arc::new(AtomicBool::new(false));
        let (stopping, inbox) = (Arc::clone(&stop), dir.join("platform/inbox"));
        let sender = std::thread::spawn(move || {
            while !stopping.load(Ordering::SeqCst) {
                for file in files(&inbox, ".xml") {
                    if file.extension().is_none_or(|e| e != "xml") {
                        continue;
                    }
                    let out = command("send", &file).output().unwrap();
                    // What is not taken is sent again.
                    if String::from_utf8_lossy(&out.stdout).contains("[\"processed\", null]") {
                        fs::remove_file(file).unwrap();
                    }
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self {
            server,
            stop,
            sender: Some(sender),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        if let Some(sender) = self.sender.take() {
            let ended = sender.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the sender failed"
            );
        }
    }
}

#[test]
fn another_program_stands_between() {
    let Some(place) = std::env::var_os("TONGGUAN_TEST_AS2") else {
        assert!(
            std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
            "TONGGUAN_TEST_AS2 is not set"
        );
        println!("skipped: no pyas2lib (run tests/run, or set TONGGUAN_TEST_AS2)");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (ours, theirs) = (free_port(), free_port());
    as2::client(dir, ours, theirs, "");
    // Behind pyas2lib, the stand-in works on folders.
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let behind = "[transports.behind]\nkind = \"directory\"\noutbox = \"platform/outbox\"\n\
                  inbox = \"platform/inbox\"\narchive = \"platform/archive\"\n\
                  error = \"platform/error\"\n\n[[routes]]";
    let manifest = manifest.replacen("[[routes]]", behind, 1);
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    for folder in ["outbox", "inbox"] {
        fs::create_dir_all(dir.join("platform").join(folder)).unwrap();
    }
    let simulate = ["simulate", "--transport", "behind"];
    let mut customs = Running::start(dir, &simulate, "customs.log");
    let mut running = Running::start(dir, &["run"], "client.log");
    let relay = Relay::start(dir, Path::new(&place), ours, theirs);
    fs::write(dir.join("a.json"), orders(0, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    parts::until_accepted(dir, 3);
    drop(relay);
    running.kill();
    customs.kill();
    let told = good(dir, TONGGUAN, &["show", "ORDER-000001"]);
    assert!(
        told.contains("MDN of <") && told.contains("processed, MIC"),
        "{told}"
    );
}
