//! Two partners with keys of their own: this transport, and pyas2lib.
#![allow(dead_code, reason = "each test uses its own part of this")]

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::{X509Builder, X509NameBuilder};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tongguan_contracts::{Accepted, Failure, Outgoing, PartOptions, Transport};

/// Where pyas2lib is, or nothing: then the test has said that it skips.
pub fn pyas2lib() -> Option<PathBuf> {
    if let Some(place) = std::env::var_os("TONGGUAN_TEST_AS2") {
        return Some(place.into());
    }
    assert!(
        std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
        "TONGGUAN_TEST_AS2 is not set"
    );
    println!(
        "skipped: no pyas2lib (run tests/run, or set TONGGUAN_TEST_AS2 to what tests/as2 path tells)"
    );
    None
}

/// A port that is free now.
pub fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Writes `NAME.key`, `NAME.pem` and both in `NAME.both`.
pub fn keys(dir: &Path, name: &str) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut certificate = X509Builder::new().unwrap();
    certificate.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial
        .rand(64, openssl::bn::MsbOption::MAYBE_ZERO, false)
        .unwrap();
    let serial = serial.to_asn1_integer().unwrap();
    certificate.set_serial_number(&serial).unwrap();
    certificate.set_subject_name(&subject).unwrap();
    certificate.set_issuer_name(&subject).unwrap();
    certificate.set_pubkey(&key).unwrap();
    let days = |n| Asn1Time::days_from_now(n).unwrap();
    certificate.set_not_before(&days(0)).unwrap();
    certificate.set_not_after(&days(30)).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = certificate.build().to_pem().unwrap();
    let key = key.private_key_to_pem_pkcs8().unwrap();
    fs::write(dir.join(format!("{name}.key")), &key).unwrap();
    fs::write(dir.join(format!("{name}.pem")), &certificate).unwrap();
    fs::write(
        dir.join(format!("{name}.both")),
        [key, certificate].concat(),
    )
    .unwrap();
}

/// A folder with both sides' keys; what they are set to.
pub struct Stage {
    pub dir: tempfile::TempDir,
    pub ours: u16,
    pub theirs: u16,
}

/// pyas2lib's server; ends with its scope.
pub struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Stage {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        keys(dir.path(), "ours");
        keys(dir.path(), "theirs");
        fs::create_dir(dir.path().join("taken")).unwrap();
        Self {
            dir,
            ours: port(),
            theirs: port(),
        }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Our transport's table, with changes.
    pub fn table(&self, changes: Value) -> Value {
        let mut table = json!({
            "url": format!("http://127.0.0.1:{}/as2", self.theirs),
            "as2_from": "OUR \"name\"", "as2_to": "THEIRS",
            "key": "ours.key", "certificate": "ours.pem", "partner_certificate": "theirs.pem",
            "listen": format!("127.0.0.1:{}", self.ours),
            "state": "state", "evidence": "evidence", "timeout_seconds": 10,
        });
        for (key, value) in changes.as_object().unwrap() {
            table[key] = value.clone();
        }
        if table["mdn"] == "async" {
            if table["mdn_timeout_seconds"].is_null() {
                table["mdn_timeout_seconds"] = json!(20);
            }
            table["mdn_url"] = json!(format!("http://127.0.0.1:{}/as2", self.ours));
        }
        table
    }

    pub fn build(&self, changes: Value) -> Result<Arc<dyn Transport>, Failure> {
        tongguan_transport_as2::build(PartOptions {
            part: "transport \"as2\"".to_owned(),
            options: self.table(changes),
            base: self.dir.path().to_owned(),
        })
    }

    pub fn transport(&self, changes: Value) -> Arc<dyn Transport> {
        self.build(changes).unwrap()
    }

    fn python(&self, place: &Path, doing: &str, changes: Value) -> Command {
        let mut config = json!({
            "me": "THEIRS", "partner": "OUR \"name\"", "port": self.theirs,
            "key": self.at("theirs.both"), "partner_certificate": self.at("ours.pem"),
            "folder": self.at("taken"),
            "url": format!("http://127.0.0.1:{}/as2", self.ours),
        });
        for (key, value) in changes.as_object().unwrap() {
            config[key] = value.clone();
        }
        let file = self.at(&format!("{doing}-{}.json", port()));
        fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new("python3");
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer.py"))
            .args([doing.as_ref(), file.as_os_str()])
            .env("PYTHONPATH", place)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stderr(fs::File::create(self.at(&format!("{doing}.err"))).unwrap());
        command
    }

    /// The peer takes messages.
    pub fn serve(&self, place: &Path, changes: Value) -> Peer {
        let mut command = self.python(place, "serve", changes);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let told = fs::read_to_string(self.at("serve.err")).unwrap();
        assert_eq!(line.trim(), "ready", "{told}");
        Peer(child)
    }

    /// The peer sends a message; what came of it.
    pub async fn sends(&self, place: &Path, data: &[u8], changes: Value) -> Value {
        let mut told = self.sends_each(place, vec![(data.to_vec(), changes)]).await;
        told.swap_remove(0)
    }

    /// The peer sends messages, one after the other; what came of each.
    pub async fn sends_each(&self, place: &Path, each: Vec<(Vec<u8>, Value)>) -> Vec<Value> {
        let configs = each
            .into_iter()
            .enumerate()
            .map(|(n, (data, mut changes))| {
                let file = self.at(&format!("data-{n}"));
                fs::write(&file, data).unwrap();
                changes["data"] = json!(file);
                changes
            });
        let configs: Vec<Value> = configs.collect();
        let mut command = self.python(place, "send", json!({ "each": configs }));
        let out = tokio::task::spawn_blocking(move || command.output().unwrap()).await;
        let out = out.unwrap();
        let told = fs::read_to_string(self.at("send.err")).unwrap();
        assert!(out.status.success(), "{told}");
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// What the peer has taken.
    pub fn taken(&self) -> Vec<Vec<u8>> {
        let mut all: Vec<PathBuf> = fs::read_dir(self.at("taken"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "payload"))
            .collect();
        all.sort();
        all.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    /// The peer's own log: Message-ID, status, compressed, signed, encrypted.
    pub fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.at("taken/log")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The MDNs that are kept.
    pub fn evidence(&self) -> Vec<PathBuf> {
        let days = fs::read_dir(self.at("evidence")).into_iter().flatten();
        days.flat_map(|day| fs::read_dir(day.unwrap().path()).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect()
    }
}

pub async fn send(
    transport: &Arc<dyn Transport>,
    cop_msg_id: &str,
    envelope: &[u8],
) -> Result<Accepted, Failure> {
    let outgoing = Outgoing {
        cop_msg_id,
        message: "CEB311Message",
        envelope,
    };
    transport.send(outgoing).await
}

/// Octets that look random, and hold all that a line or a part could end with.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut octets = Vec::with_capacity(length + 8);
    while octets.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 11 {
            0 => octets.extend_from_slice(b"\r\n"),
            1 => octets.push(b'\r'),
            2 => octets.push(b'\n'),
            3 => octets.extend_from_slice(b"\r\n--"),
            _ => octets.extend_from_slice(&state.to_be_bytes()),
        }
    }
    octets.truncate(length);
    octets
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
