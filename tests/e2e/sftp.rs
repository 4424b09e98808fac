//! By SFTP, against OpenSSH.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]
#![cfg(all(unix, feature = "sftp"))]

mod stage;

use stage::parts::{Running, declare_by, journal, until_accepted};
use stage::sshd::Server;
use stage::{TONGGUAN, files, good, orders, refused};
use std::fs;
use std::time::Duration;

#[test]
fn orders_go_and_receipts_come_though_the_server_dies() {
    let mut server = Server::new();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let known = format!("host_key = \"{}\"\n{}", server.fingerprint(), server.key());
    server.client(dir, &known);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("batch = 100", "batch = 5");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    good(dir, TONGGUAN, &["check"]);
    // The other side comes by SFTP too.
    let simulate = ["simulate", "--journal", "declared.jsonl"];
    let _customs = Running::start(dir, &simulate, "customs.log");
    let _client = Running::start(dir, &["run"], "client.log");
    fs::write(dir.join("a.json"), orders(0, 50)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    std::thread::sleep(Duration::from_millis(1500));
    server.stop();
    fs::write(dir.join("b.json"), orders(50, 50)).unwrap();
    good(dir, TONGGUAN, &["submit", "b.json"]);
    std::thread::sleep(Duration::from_millis(1000));
    server.start();
    until_accepted(dir, 100);
    let (guids, _) = journal(&dir.join("declared.jsonl"));
    assert_eq!(guids.len(), 100);
    assert!(guids.values().all(|all| all.len() == 1), "one guid each");
    assert!(files(&server.files("in"), ".part").is_empty());
    assert!(!files(&server.files("taken"), ".xml").is_empty());
}

#[test]
fn both_sides_are_known_before_anything_is_said() {
    let server = Server::new();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (right, key) = (server.fingerprint(), server.key());
    let told = |extra: &str, words: &[&str]| {
        fs::remove_file(dir.join("tongguan.toml")).ok();
        fs::remove_dir_all(dir.join("certificates")).ok();
        server.client(dir, extra);
        fs::write(dir.join("wrong"), "wrong\n").unwrap();
        let told = refused(dir, &["check"], 3);
        for word in words {
            assert!(told.contains(word), "{extra}: no {word:?} in {told}");
        }
    };
    let host = format!("host_key = \"{right}\"\n");
    let other = format!("host_key = \"SHA256:{}\"\n", "A".repeat(43));
    told(&format!("{other}{key}"), &[&right, "another host key"]);
    told(&key, &["host_key", "known_hosts"]);
    told(&host, &["password", "key"]);
    let here = server.dir.path().display();
    let stranger = format!("key = \"{here}/stranger\"\n");
    told(
        &format!("{host}{stranger}"),
        &["log in to 127.0.0.1 as", "username"],
    );
    let no_passphrase = format!("key = \"{here}/client\"\npassphrase = \"file:wrong\"\n");
    told(&format!("{host}{no_passphrase}"), &["log in", "passphrase"]);
    told(
        &format!("{host}password = \"file:wrong\"\n"),
        &["log in", "password"],
    );
    fs::write(dir.join("hosts"), "").unwrap();
    told(
        &format!("known_hosts = \"hosts\"\n{key}"),
        &[&right, "known_hosts"],
    );
    // As OpenSSH keeps it.
    let public = fs::read_to_string(server.dir.path().join("host.pub")).unwrap();
    let line = format!("[127.0.0.1]:{} {public}", server.port);
    fs::write(dir.join("hosts"), line).unwrap();
    fs::remove_file(dir.join("tongguan.toml")).unwrap();
    fs::remove_dir_all(dir.join("certificates")).unwrap();
    server.client(dir, &format!("known_hosts = \"hosts\"\n{key}"));
    good(dir, TONGGUAN, &["check"]);
    fs::remove_dir_all(server.files("out")).unwrap();
    let told = refused(dir, &["check"], 3);
    assert!(told.contains("/out") && told.contains("folders"), "{told}");
}

/// docs/transports/ftp.md's tables are taken as they stand.
#[test]
fn the_pages_tables_are_taken() {
    for page in [
        include_str!("../../docs/transports/ftp.md"),
        include_str!("../../docs/transports/ftp.zh.md"),
    ] {
        let blocks: Vec<&str> = page.split("```toml\n").skip(1).collect();
        assert_eq!(blocks.len(), 2);
        for block in blocks {
            let table = block.split("```").next().unwrap();
            let table = table.replace("env:TONGGUAN_FTP_PASSWORD", "file:password");
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("password"), "secret\n").unwrap();
            declare_by(dir.path(), &table);
            good(dir.path(), TONGGUAN, &["check", "--offline"]);
        }
    }
}
