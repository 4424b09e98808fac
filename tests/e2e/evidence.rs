//! Evidence: other programs open and check it; no octet of it can be changed unseen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use stage::{TONGGUAN, good, refused, run, sha256sum};
use std::fs;
use std::path::{Path, PathBuf};
use tongguan_core::evidence::{Checked, verify, zip};
use tongguan_xmldsig::Trust;

/// A demonstration's folder, and the evidence of its first inventory and its first order.
fn exported(dir: &Path, scheme: &str) -> (PathBuf, Vec<u8>, Vec<u8>) {
    good(dir, TONGGUAN, &["demo", "--scheme", scheme]);
    let dir = dir.join("tongguan-demo");
    for (key, file) in [("COP202600000001", "a.zip"), ("TG202600010001", "b.zip")] {
        good(&dir, TONGGUAN, &["evidence", "export", key, "--out", file]);
    }
    let read = |name: &str| fs::read(dir.join(name)).unwrap();
    let (a, b) = (read("a.zip"), read("b.zip"));
    (dir, a, b)
}

#[test]
fn other_programs_open_and_check_it() {
    let dir = tempfile::tempdir().unwrap();
    let (demo, ..) = exported(dir.path(), "rsa");
    good(&demo, "unzip", &["-q", "a.zip", "-d", "opened"]);
    let dir = demo.join("opened");
    let dir = dir.as_path();
    good(dir, "sha256sum", &["--strict", "-c", "SHA256SUMS"]);
    let pem = [
        "--verify",
        "--pubkey-cert-pem",
        "certificate.pem",
        "message.xml",
    ];
    good(dir, "xmlsec1", &pem);
    let claims: Value =
        serde_json::from_slice(&fs::read(dir.join("evidence.json")).unwrap()).unwrap();
    let print = [
        "x509",
        "-in",
        "certificate.pem",
        "-noout",
        "-fingerprint",
        "-sha256",
    ];
    let print = good(dir, "openssl", &print).replace(':', "").to_lowercase();
    assert!(
        print.contains(claims["envelope"]["certificate"].as_str().unwrap()),
        "{print}"
    );
    // The command lines of README.txt.
    let script = "xmllint --xpath 'string(//*[local-name()=\"Data\"])' envelope.xml | base64 -d \
                  | cmp - message.xml";
    good(dir, "sh", &["-c", script]);
    let script = "(cat salt.bin; openssl dgst -sha256 -binary envelope.xml) | sha256sum";
    let seal = good(dir, "sh", &["-c", script])[..64].to_owned();
    let log = fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let says: Vec<&str> = lines.iter().filter_map(|l| l["says"].as_str()).collect();
    let signed = says
        .iter()
        .find(|s| s.contains("\"event\":\"signed\""))
        .unwrap();
    assert!(signed.contains(&seal), "{signed}");
    for pair in lines.windows(2) {
        let text = |name: &str| pair[0][name].as_str().unwrap();
        let head = format!(
            "{}:{}\n{}\n{}\n{}\n",
            pair[0]["strand"],
            pair[0]["number"],
            text("previous"),
            text("further"),
            text("body")
        );
        let hash = sha256sum(head.as_bytes());
        assert!(
            pair[1]["previous"] == hash || pair[1]["further"] == hash,
            "{pair:?}"
        );
    }
    // What the store's own log says now is where the file leads to.
    let told = good(&demo, TONGGUAN, &["--json", "evidence", "verify", "b.zip"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let anchor = &told["anchors"][0];
    let anchor = format!(
        "{}:{}:{}",
        anchor["strand"],
        anchor["number"],
        anchor["hash"].as_str().unwrap()
    );
    good(&demo, TONGGUAN, &["audit", "verify", "--anchor", &anchor]);
    // An entry that was noted at any time is led to when it is asked for.
    let early = lines.iter().find(|l| l["says"].is_null()).unwrap();
    let early = format!(
        "{}:{}:{}",
        early["strand"],
        early["number"],
        early["hash"].as_str().unwrap()
    );
    let args = [
        "evidence",
        "export",
        "TG202600010001",
        "--anchor",
        &early,
        "--out",
        "c.zip",
    ];
    good(&demo, TONGGUAN, &args);
    let ca = ["--trust", "certificates/test-ca.pem", "--anchor", &early];
    let args = [&["evidence", "verify", "c.zip"][..], &ca].concat();
    good(&demo, TONGGUAN, &args);
    // It needs nothing of the folder that it came from.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(demo.join("a.zip"), elsewhere.path().join("a.zip")).unwrap();
    good(elsewhere.path(), TONGGUAN, &["evidence", "verify", "a.zip"]);
    let other = format!("1:1:{}", "0".repeat(64));
    let args = ["evidence", "verify", "a.zip", "--anchor", &other];
    let told = refused(elsewhere.path(), &args, 1);
    assert!(told.contains("does not lead to 1:1"), "{told}");
    assert!(
        !run(&demo, TONGGUAN, &["evidence", "export", "NOTHING"])
            .status
            .success()
    );
}

fn checked(archive: &[u8]) -> Checked {
    verify(archive, Trust::Any, &[])
}

/// The broken checks, as text.
fn broken(archive: &[u8]) -> String {
    let checked = checked(archive);
    let broken = checked.checks.iter().filter(|c| !c.holds);
    broken
        .map(|c| format!("{} {}\n", c.member, c.text))
        .collect()
}

#[test]
fn any_changed_octet_is_told_with_its_member() {
    let dir = tempfile::tempdir().unwrap();
    let (_, archive, _) = exported(dir.path(), "sm2");
    assert!(checked(&archive).holds, "{}", broken(&archive));
    let (members, _) = zip::read(&archive).unwrap();
    // A tax bill, which comes after the end, is among the receipts if it came before the export.
    assert!(
        [15, 17].contains(&members.len()),
        "{:?}",
        members.iter().map(|m| &m.0).collect::<Vec<_>>()
    );
    for (index, (name, octets)) in members.iter().enumerate() {
        let step = (octets.len() / 20).max(1);
        for at in (0..octets.len()).step_by(step) {
            let mut changed = members.clone();
            changed[index].1[at] ^= 1 << (at % 7);
            let told = broken(&zip::write(&changed));
            assert!(told.contains(name), "{name} octet {at}:\n{told}");
        }
    }
    // In the archive itself, between its members, as well.
    for at in (0..archive.len()).step_by(211) {
        let mut changed = archive.clone();
        changed[at] ^= 4;
        assert!(!checked(&changed).holds, "octet {at}");
    }
    for cut in [0, 1, 100, archive.len() - 1] {
        assert!(!checked(&archive[..cut]).holds);
    }
}

/// A bundle with a member changed, and the sums made to agree.
fn forged(archive: &[u8], name: &str, change: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let (mut members, _) = zip::read(archive).unwrap();
    members.retain(|m| m.0 != "SHA256SUMS");
    let member = members.iter_mut().find(|m| m.0 == name).unwrap();
    let new = change(&member.1);
    assert!(new != member.1, "{name} is changed");
    member.1 = new;
    let sums: Vec<String> = members
        .iter()
        .map(|(name, octets)| format!("{}  {name}\n", hex(&Sha256::digest(octets))))
        .collect();
    members.push(("SHA256SUMS".to_owned(), sums.concat().into_bytes()));
    broken(&zip::write(&members))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02x}")).collect()
}

#[test]
fn what_is_forged_with_its_sums_is_told_too() {
    let dir = tempfile::tempdir().unwrap();
    let (demo, archive, other) = exported(dir.path(), "sm2");
    let (others, _) = zip::read(&other).unwrap();
    let replace = |from: &'static str, to: &'static str| {
        move |octets: &[u8]| {
            String::from_utf8_lossy(octets)
                .replacen(from, to, 1)
                .into_bytes()
        }
    };
    let theirs = |name: &'static str| others.iter().find(|m| m.0 == name).unwrap().1.clone();
    let told = [
        forged(&archive, "declaration.xml", replace("COP2026", "COP2027")),
        // A comment is in no signature, and the signature still holds.
        forged(
            &archive,
            "message.xml",
            replace("<ceb:BaseTransfer>", "<!-- --><ceb:BaseTransfer>"),
        ),
        forged(&archive, "message.xml", |_| theirs("message.xml")),
        forged(&archive, "envelope.xml", |_| theirs("envelope.xml")),
        forged(&archive, "receipts/1.xml", |_| theirs("receipts/1.xml")),
        forged(&archive, "receipts/1.message.xml", |_| {
            theirs("receipts/1.message.xml")
        }),
        forged(&archive, "certificate.pem", |_| {
            fs::read(demo.join("certificates/test-ca.pem")).unwrap()
        }),
        forged(&archive, "salt.bin", |_| theirs("salt.bin")),
        forged(
            &archive,
            "evidence.json",
            replace("\"accepted\"", "\"rejected\""),
        ),
        forged(
            &archive,
            "evidence.json",
            replace("COP202600000001", "COP202600000002"),
        ),
        forged(
            &archive,
            "evidence.json",
            replace("\"signed_at\": \"2", "\"signed_at\": \"3"),
        ),
        forged(
            &archive,
            "evidence.json",
            replace("\"sent_at\": \"2", "\"sent_at\": \"3"),
        ),
        forged(
            &archive,
            "evidence.json",
            replace("\"received_at\": \"2", "\"received_at\": \"1"),
        ),
        forged(
            &archive,
            "evidence.json",
            replace("\"transport\": \"", "\"transport\": \"x"),
        ),
        forged(
            &archive,
            "evidence.json",
            replace("\"evidence\": \"", "\"evidence\": \"x"),
        ),
        forged(
            &archive,
            "evidence.json",
            replace("\"profile\": \"sm2", "\"profile\": \"rsa"),
        ),
        forged(
            &archive,
            "audit.jsonl",
            replace("\\\"event\\\":\\\"sent", "\\\"event\\\":\\\"lost"),
        ),
        forged(&archive, "audit.jsonl", |octets| {
            let text = String::from_utf8_lossy(octets).into_owned();
            let mut lines: Vec<&str> = text.lines().collect();
            lines.remove(3);
            lines.join("\n").into_bytes()
        }),
    ];
    for (index, told) in told.iter().enumerate() {
        assert!(!told.is_empty(), "forgery {index} holds");
    }
    assert!(
        told[0].contains("declaration.xml is not in the signed message"),
        "{}",
        told[0]
    );
    assert!(
        told[1].contains("envelope.xml does not carry"),
        "{}",
        told[1]
    );
    assert!(
        told[4].contains("receipts/1.xml does not answer"),
        "{}",
        told[4]
    );
}
