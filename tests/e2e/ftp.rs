//! By FTP and FTPS, against ProFTPD.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::ftp::Server;
use stage::parts::until_accepted;
use stage::{TONGGUAN, files, good, orders, parts, refused};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn orders_go_and_receipts_come_though_the_server_dies() {
    let mut server = Server::new(None, "");
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    server.client(dir, "tls = \"off\"");
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("batch = 100", "batch = 5");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    good(dir, TONGGUAN, &["check"]);
    // The other side comes by FTP too.
    let simulate = ["simulate", "--journal", "declared.jsonl"];
    let mut customs = parts::Running::start(dir, &simulate, "customs.log");
    let mut client = parts::Running::start(dir, &["run"], "client.log");
    fs::write(dir.join("a.json"), orders(0, 50)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    std::thread::sleep(Duration::from_millis(1500));
    server.stop();
    fs::write(dir.join("b.json"), orders(50, 50)).unwrap();
    good(dir, TONGGUAN, &["submit", "b.json"]);
    std::thread::sleep(Duration::from_millis(1500));
    server.start();
    until_accepted(dir, 100);
    for process in [&mut client, &mut customs] {
        process.kill();
    }
    let (guids, _) = parts::journal(&dir.join("declared.jsonl"));
    assert_eq!(guids.len(), 100);
    assert!(guids.values().all(|all| all.len() == 1), "one guid each");
    assert!(files(&server.files("in"), ".part").is_empty());
}

#[test]
fn tls_is_checked_by_the_ca_and_the_name() {
    let server = Server::new(Some(""), "");
    let ca = server.dir.path().join("server.pem");
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let told = |extra: &str, words: &[&str]| {
        fs::remove_file(dir.join("tongguan.toml")).ok();
        fs::remove_dir_all(dir.join("certificates")).ok();
        server.client(dir, extra);
        let told = refused(dir, &["check"], 3);
        for word in words {
            assert!(told.contains(word), "{extra}: no {word:?} in {told}");
        }
    };
    told("tls = \"explicit\"", &["connect to localhost", "ca"]);
    told("tls = \"off\"", &["log in"]);
    told("", &["tls"]);
    told("tls = \"yes\"", &["yes", "explicit"]);
    fs::remove_file(dir.join("tongguan.toml")).unwrap();
    fs::remove_dir_all(dir.join("certificates")).unwrap();
    server.client(
        dir,
        &format!("tls = \"explicit\"\nca = \"{}\"", ca.display()),
    );
    good(dir, TONGGUAN, &["check"]);
    fs::write(dir.join("a.json"), orders(0, 2)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    let mut customs = parts::Running::start(dir, &["simulate"], "customs.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    customs.kill();
    until_accepted(dir, 2);
    // What is wrong is told.
    fs::write(dir.join("ftp-password"), "wrong\n").unwrap();
    let told = refused(dir, &["check"], 3);
    assert!(told.contains("log in to localhost as partner"), "{told}");
    fs::write(dir.join("ftp-password"), "秘密\n").unwrap();
    fs::remove_dir_all(server.files("out")).unwrap();
    let told = refused(dir, &["check"], 3);
    assert!(told.contains("/out") && told.contains("folders"), "{told}");
}

/// Chinese names as older servers have them, and files that are not whole yet.
#[test]
fn a_receipt_is_taken_whole_whatever_its_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let server = Server::new(None, "");
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    server.client(dir, "tls = \"off\"\nnames = \"gbk\"");
    // A machine that is busy may hold up what makes the file grow.
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("poll_ms = 200", "poll_ms = 2000");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    // 回执.xml in GBK.
    let name = std::ffi::OsStr::from_bytes(b"\xBB\xD8\xD6\xB4.xml");
    let path = server.files("out").join(name);
    let half = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Half>";
    fs::write(&path, half).unwrap();
    fs::write(server.files("out").join("later.xml.part"), half).unwrap();
    let mut client = parts::Running::start(dir, &["run"], "client.log");
    // It grows faster than it is looked at.
    for _ in 0..15 {
        std::thread::sleep(Duration::from_millis(100));
        let mut text = fs::read(&path).expect("it is not taken while it grows");
        text.extend_from_slice(b"<More/>");
        fs::write(&path, text).unwrap();
    }
    let whole = [fs::read(&path).unwrap().as_slice(), b"</Half>"].concat();
    fs::write(&path, &whole).unwrap();
    let taken = server.files("taken").join(name);
    let end = Instant::now() + Duration::from_secs(30);
    while !taken.exists() {
        let log = fs::read_to_string(dir.join("client.log")).unwrap();
        assert!(Instant::now() < end, "{log}");
        std::thread::sleep(Duration::from_millis(100));
    }
    client.kill();
    assert_eq!(fs::read(&taken).unwrap(), whole);
    let told = good(dir, TONGGUAN, &["status", "--unmatched"]);
    assert!(told.contains("回执.xml"), "{told}");
    assert!(server.files("out").join("later.xml.part").exists());
}

#[test]
fn tls_can_begin_with_the_first_octet() {
    let server = Server::new(Some("UseImplicitSSL"), "");
    let ca = server.dir.path().join("server.pem");
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    server.client(dir, "tls = \"implicit\"");
    let told = refused(dir, &["check"], 3);
    assert!(
        told.contains("connect to localhost") && told.contains("ca"),
        "{told}"
    );
    let tls = format!("tls = \"implicit\"\nca = \"{}\"", ca.display());
    server.client(dir, &tls);
    good(dir, TONGGUAN, &["check"]);
    fs::write(dir.join("a.json"), orders(0, 20)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    let _customs = parts::Running::start(dir, &["simulate"], "customs.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    until_accepted(dir, 20);
}

#[test]
fn several_are_uploaded_at_once() {
    // So slow, in KB a second, that each takes a while.
    let server = Server::new(None, "TransferRate STOR 20\n");
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    server.client(dir, "tls = \"off\"");
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("batch = 100", "batch = 25");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    fs::write(dir.join("a.json"), orders(0, 150)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    let _client = parts::Running::start(dir, &["run"], "client.log");
    let end = Instant::now() + Duration::from_secs(30);
    let (mut at_once, mut there) = (0, 0);
    while there < 6 {
        at_once = at_once.max(files(&server.files("in"), ".part").len());
        there =
            files(&server.files("in"), ".xml").len() - files(&server.files("in"), ".part").len();
        assert!(Instant::now() < end, "{there} of 6, {at_once} at once");
        std::thread::sleep(Duration::from_millis(20));
    }
    // As many as send.uploads says, unless it says otherwise 4.
    assert_eq!(at_once, 4);
}
