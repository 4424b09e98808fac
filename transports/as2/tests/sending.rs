//! What we send, to pyas2lib.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use serde_json::json;
use stage::{Stage, noise, send, until};
use std::fs;
use std::process::Command;
use std::time::Duration;
use tongguan_contracts::FailureClass::{Misconfigured, Rejected, Transient};

#[tokio::test]
async fn the_peer_takes_what_is_sent_and_its_word_is_kept() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    let _peer = stage.serve(&place, json!({}));
    let mut sent = Vec::new();
    for (n, compress) in [true, false].into_iter().enumerate() {
        for (m, encrypt) in ["aes256", "aes128"].into_iter().enumerate() {
            let transport = stage.transport(json!({ "compress": compress, "encrypt": encrypt }));
            transport.check().await.unwrap();
            for (k, length) in [0, 1, 2, 75, 1000, 20_000].into_iter().enumerate() {
                let envelope = noise(length, 7 * sent.len() as u64 + 1);
                let id = format!("A-{n}-{m}-{k}");
                let accepted = send(&transport, &id, &envelope).await.unwrap();
                let told = &accepted.evidence;
                assert!(
                    told.contains(&format!("<{id}@OUR--name.as2>: processed, MIC")),
                    "{told}"
                );
                sent.push((envelope, compress));
            }
        }
    }
    let taken = stage.taken();
    let log = stage.log();
    for (n, (envelope, compress)) in sent.iter().enumerate() {
        assert_eq!(&taken[n], envelope, "number {n}");
        assert_eq!(
            log[n].as_array().unwrap()[1..],
            [
                json!("processed"),
                json!(compress),
                json!(true),
                json!(true)
            ]
        );
    }
    // Others can verify what is kept.
    let kept = stage.evidence();
    assert_eq!(kept.len(), sent.len());
    let verify = |mdn: &std::path::Path| {
        Command::new("openssl")
            .args(["cms", "-verify", "-nointern", "-noverify", "-certfile"])
            .arg(stage.at("theirs.pem"))
            .arg("-in")
            .arg(mdn)
            .output()
            .unwrap()
    };
    let out = verify(&kept[0]);
    let text = String::from_utf8_lossy(&out.stdout).to_ascii_lowercase();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(text.contains("received-content-mic"), "{text}");
    let changed = fs::read_to_string(&kept[0])
        .unwrap()
        .replace("processed", "Processed");
    fs::write(stage.at("changed"), changed).unwrap();
    assert!(!verify(&stage.at("changed")).status.success());
}

#[tokio::test]
async fn an_mdn_may_come_in_a_request_of_its_own() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    let _peer = stage.serve(&place, json!({}));
    let transport = stage.transport(json!({ "mdn": "async" }));
    let each = (0..4).map(|n| {
        let transport = transport.clone();
        tokio::spawn(async move { send(&transport, &format!("B-{n}"), b"<x/>").await })
    });
    for sending in each.collect::<Vec<_>>() {
        let told = sending.await.unwrap().unwrap().evidence;
        assert!(told.contains(": processed, MIC"), "{told}");
    }
    assert_eq!(stage.taken().len(), 4);
    transport.close().await;
}

#[tokio::test]
async fn an_mdn_that_comes_late_settles_the_repeat() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    let _peer = stage.serve(&place, json!({ "faults": { "delay": 2 } }));
    let patient = json!({ "mdn": "async", "mdn_timeout_seconds": 1 });
    let transport = stage.transport(patient.clone());
    let failure = send(&transport, "C-1", b"<x/>").await.unwrap_err();
    assert_eq!(failure.class(), Transient);
    assert!(failure.may_have_left() && failure.to_string().contains("no MDN came in 1 s"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let kept = stage.evidence();
    assert_eq!(kept.len(), 1, "kept though nobody waited");
    // After a restart, too.
    transport.close().await;
    drop(transport);
    let transport = stage.transport(patient);
    let told = send(&transport, "C-1", b"<x/>").await.unwrap().evidence;
    assert!(told.contains(": processed, MIC"), "{told}");
    assert_eq!(stage.log().len(), 1, "it was sent once");
    assert_eq!(stage.evidence(), kept);
}

#[tokio::test]
async fn a_repeat_after_a_cut_is_the_same_message() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    let _peer = stage.serve(&place, json!({ "faults": { "cut": true } }));
    let transport = stage.transport(json!({}));
    let failure = send(&transport, "D-1", b"<x/>").await.unwrap_err();
    assert_eq!(failure.class(), Transient, "{failure}");
    assert!(failure.may_have_left(), "{failure}");
    let told = send(&transport, "D-1", b"<x/>").await.unwrap().evidence;
    assert!(told.contains("duplicate-document"), "{told}");
    assert_eq!(stage.taken(), [b"<x/>"], "once");
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    stage::keys(stage.dir.path(), "stranger");
    let transport = stage.transport(json!({ "timeout_seconds": 1 }));
    let failed = |failure: tongguan_contracts::Failure| {
        let remedy = failure.how_to_mend().unwrap_or_default().to_owned();
        (
            failure.class(),
            failure.may_have_left(),
            failure.to_string(),
            remedy,
        )
    };
    let (class, left, told, _) = failed(send(&transport, "E-0", b"x").await.unwrap_err());
    assert_eq!((class, left), (Transient, false), "{told}");
    let peer = stage.serve(&place, json!({ "faults": { "slow": 3 } }));
    let (class, left, told, _) = failed(send(&transport, "E-1", b"x").await.unwrap_err());
    assert_eq!((class, left), (Transient, true), "{told}");
    assert!(told.contains("no answer in 1 s"), "{told}");
    drop(peer);
    let cases = [
        (
            json!({ "decrypt_key": stage.at("stranger.both") }),
            Misconfigured,
            false,
            "decryption-failed",
            "partner_certificate",
        ),
        (
            json!({ "partner_certificate": stage.at("stranger.pem") }),
            Misconfigured,
            false,
            "authentication-failed",
            "our certificate",
        ),
        (
            json!({ "faults": { "deny": "unknown-trading-partner" } }),
            Misconfigured,
            false,
            "unknown",
            "as2_from",
        ),
        (
            json!({ "faults": { "mic": true } }),
            Misconfigured,
            true,
            "MIC is not",
            "MIC",
        ),
        (
            json!({ "faults": { "deny": "unexpected-processing-error" } }),
            Transient,
            true,
            "unexpected",
            "ask",
        ),
        (
            json!({ "faults": { "deny": "out of season" } }),
            Rejected,
            true,
            "out of season",
            "ask",
        ),
    ];
    let transport = stage.transport(json!({}));
    for (n, (config, expected, expected_left, word, help)) in cases.into_iter().enumerate() {
        let peer = stage.serve(&place, config);
        let id = format!("F-{n}");
        let (class, left, told, remedy) = failed(send(&transport, &id, b"x").await.unwrap_err());
        assert_eq!((class, left), (expected, expected_left), "{told}");
        assert!(told.contains(word), "{word}: {told}");
        assert!(remedy.contains(help), "{help}: {remedy}");
        drop(peer);
    }
    // A refusal is no longer the message that it was of: mended, it is taken and not a duplicate.
    let _peer = stage.serve(&place, json!({}));
    let told = send(&transport, "F-0", b"x").await.unwrap().evidence;
    assert!(
        told.contains("<F-0.2@OUR--name.as2>: processed, MIC"),
        "{told}"
    );
}

#[tokio::test]
async fn an_mdn_of_a_stranger_does_not_count() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    stage::keys(stage.dir.path(), "stranger");
    // It has the right key to decrypt, and signs with another.
    let keys = json!({ "key": stage.at("stranger.both"), "decrypt_key": stage.at("theirs.both") });
    let _peer = stage.serve(&place, keys);
    let transport = stage.transport(json!({}));
    let failure = send(&transport, "G-1", b"x").await.unwrap_err();
    assert_eq!(failure.class(), Misconfigured);
    assert!(
        failure.may_have_left() && failure.to_string().contains("not signed by"),
        "{failure}"
    );
    assert!(stage.evidence().is_empty());
    // In a request of its own, it is not even let in.
    let changes = json!({ "mdn": "async", "mdn_timeout_seconds": 1 });
    let transport = stage.transport(changes);
    let failure = send(&transport, "G-2", b"x").await.unwrap_err();
    assert!(failure.to_string().contains("no MDN came"), "{failure}");
    // Where the file holds both certificates, both count.
    let both = [
        fs::read(stage.at("theirs.pem")).unwrap(),
        fs::read(stage.at("stranger.pem")).unwrap(),
    ];
    fs::write(stage.at("both.pem"), both.concat()).unwrap();
    let transport = stage.transport(json!({ "partner_certificate": "both.pem" }));
    send(&transport, "G-3", b"x").await.unwrap();
    until("three came", || stage.taken().len() == 3).await;
}

#[test]
fn options_are_checked() {
    let stage = Stage::new();
    stage::keys(stage.dir.path(), "stranger");
    let cases = [
        (json!({ "colour": 1 }), "colour"),
        (json!({ "url": "platform.example" }), "url"),
        (json!({ "as2_to": "" }), "as2_to"),
        (json!({ "as2_from": "关" }), "as2_from"),
        (json!({ "key": "none.key" }), "none.key"),
        (
            json!({ "certificate": "stranger.pem" }),
            "not the certificate's key",
        ),
        (json!({ "partner_certificate": "ours.key" }), "ours.key"),
        (json!({ "sign": "md5" }), "md5"),
        (json!({ "encrypt": "rc2" }), "rc2"),
        (json!({ "mdn": "never" }), "never"),
        (json!({ "mdn_url": "http://x/" }), "mdn_url"),
        (json!({ "path": "as2" }), "path"),
        (
            json!({ "tls": { "certificate": "none.pem", "key": "ours.key" } }),
            "none.pem",
        ),
        (json!({ "password": "secret" }), "env:NAME"),
        (json!({ "state": "ours.key/x" }), "state"),
    ];
    for (changes, word) in cases {
        let failure = match stage.build(changes.clone()) {
            Err(failure) => failure,
            Ok(_) => panic!("{changes} is taken"),
        };
        assert_eq!(failure.class(), Misconfigured);
        assert!(failure.to_string().contains(word), "{changes}: {failure}");
    }
    let mut table = stage.table(json!({ "mdn": "async" }));
    table["listen"] = json!(null);
    table.as_object_mut().unwrap().remove("listen");
    let failed = tongguan_transport_as2::build(tongguan_contracts::PartOptions {
        part: "t".to_owned(),
        options: table,
        base: stage.dir.path().to_owned(),
    });
    let failure = failed.map(|_| ()).unwrap_err();
    assert!(
        failure.how_to_mend().unwrap().contains("listen"),
        "{failure}"
    );
}
