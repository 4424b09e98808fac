//! What pyas2lib sends, to us.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use serde_json::{Value, json};
use stage::{Stage, noise, until};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tongguan_contracts::Transport;

/// Takes what comes, for ever; gives the first `back` ones back, and acknowledges the others.
fn core(transport: &Arc<dyn Transport>, back: usize) -> (Arc<AtomicUsize>, JoinHandle<()>, Taken) {
    let (count, taken) = (Arc::new(AtomicUsize::new(0)), Taken::default());
    let (transport, counting, keeping) = (
        Arc::clone(transport),
        Arc::clone(&count),
        Arc::clone(&taken),
    );
    let work = tokio::spawn(async move {
        loop {
            let delivery = transport.receive().await.unwrap();
            assert!(delivery.origin.starts_with("as2:"), "{}", delivery.origin);
            keeping.lock().unwrap().push(delivery.octets);
            if counting.fetch_add(1, Ordering::SeqCst) < back {
                delivery.settle.give_back().await.unwrap();
            } else {
                delivery.settle.acknowledge().await.unwrap();
            }
        }
    });
    (count, work, taken)
}

type Taken = Arc<std::sync::Mutex<Vec<Vec<u8>>>>;

/// The port is open once someone receives.
async fn listening(stage: &Stage) {
    let port = stage.ours;
    until("it listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    })
    .await;
}

#[tokio::test]
async fn what_the_peer_sends_is_taken_and_told() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    let transport = stage.transport(json!({}));
    let (_, work, taken) = core(&transport, 0);
    listening(&stage).await;
    let cases = [
        json!({}),
        json!({ "compress": false, "digest": "sha512", "cipher": "aes_128_cbc" }),
        json!({ "digest": "sha1", "cipher": "tripledes_192_cbc" }),
        json!({ "mdn": "ASYNC", "mdn_port": stage.theirs,
            "mdn_url": format!("http://127.0.0.1:{}/mdn", stage.theirs) }),
    ];
    let cases = cases.into_iter().enumerate();
    let cases = cases.map(|(n, case)| (noise(3000 + n, 5 + n as u64), case));
    let mut each: Vec<(Vec<u8>, Value)> = cases.collect();
    let text = "<a>报关</a>\r\n".as_bytes().to_vec();
    each.push((text, json!({ "content_type": "application/xml" })));
    let (with_mdn, unsigned) = (each.len(), json!({ "mdn_digest": null }));
    each.push((b"b".to_vec(), unsigned));
    each.push((b"c".to_vec(), json!({ "mdn": null })));
    let told = stage.sends_each(&place, each.clone()).await;
    for ((_, case), told) in each.iter().zip(&told).take(with_mdn) {
        assert_eq!(told["status"], 200, "{case}: {told}");
        assert_eq!(told["mdn"], json!(["processed", null]), "{case}: {told}");
        let text = told["text"].as_str().unwrap().to_lowercase();
        assert!(text.contains("received-content-mic"), "{case}: {text}");
    }
    let [unsigned, none] = &told[with_mdn..] else {
        panic!("{told:?}")
    };
    assert_eq!(unsigned["mdn"][0], "processed", "{unsigned}");
    let text = unsigned["text"].as_str().unwrap();
    assert!(!text.contains("pkcs7"), "{text}");
    assert_eq!((&none["status"], &none["mdn"]), (&json!(200), &Value::Null));
    let sent: Vec<Vec<u8>> = each.into_iter().map(|(data, _)| data).collect();
    assert_eq!(*taken.lock().unwrap(), sent);
    work.abort();
}

#[tokio::test]
async fn the_same_message_is_taken_once_and_told_the_same() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    let transport = stage.transport(json!({}));
    let (count, work, _) = core(&transport, 1);
    listening(&stage).await;
    let same = json!({ "message_id": "one", "compress": false });
    let each = [b"<a/>", b"<a/>", b"<a/>", b"<b/>"].map(|data| (data.to_vec(), same.clone()));
    let told = stage.sends_each(&place, each.to_vec()).await;
    let [back, first, again, other] = told.as_slice() else {
        panic!("{told:?}")
    };
    // Given back: it is to come again.
    assert_eq!(back["status"], 503, "{back}");
    assert_eq!(first["mdn"][0], "processed", "{first}");
    assert_eq!(again["mdn"][0], "processed");
    assert_eq!(again["mdn_id"], first["mdn_id"]);
    // Another one under the same name is not passed over.
    assert_eq!(other["mdn"][0], "processed");
    assert_ne!(other["mdn_id"], first["mdn_id"]);
    assert_eq!(count.load(Ordering::SeqCst), 3);
    // After a restart, too.
    work.abort();
    transport.close().await;
    drop(transport);
    let transport = stage.transport(json!({}));
    let (count, work, _) = core(&transport, 0);
    listening(&stage).await;
    let again = stage.sends(&place, b"<a/>", same).await;
    assert_eq!(again["mdn_id"], first["mdn_id"]);
    assert_eq!(count.load(Ordering::SeqCst), 0);
    work.abort();
}

#[tokio::test]
async fn what_is_not_the_partners_is_not_taken() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    for name in ["stranger", "other"] {
        stage::keys(stage.dir.path(), name);
    }
    let transport = stage.transport(json!({ "max_octets": 100_000 }));
    let (count, work, _) = core(&transport, 0);
    listening(&stage).await;
    let cases = [
        (
            json!({ "key": stage.at("stranger.both") }),
            "authentication-failed",
        ),
        (json!({ "sign": false }), "authentication-failed"),
        (
            json!({ "sign": false, "encrypt": false }),
            "insufficient-message-security",
        ),
        (json!({ "encrypt": false }), "insufficient-message-security"),
        // Changed on the way. In the key, the text or the padding: who did it does not learn which.
        (json!({ "spoil": 200 }), "authentication-failed"),
        (
            json!({ "spoil": 2000, "compress": false }),
            "authentication-failed",
        ),
        (json!({ "spoil": -1 }), "authentication-failed"),
        (json!({ "spoil": -17 }), "authentication-failed"),
        (
            json!({ "partner_certificate": stage.at("other.pem") }),
            "decryption-failed",
        ),
    ];
    let each = cases
        .iter()
        .map(|(changes, _)| (vec![b'x'; 3000], changes.clone()));
    let told = stage.sends_each(&place, each.collect()).await;
    for ((changes, modifier), told) in cases.into_iter().zip(told) {
        assert_eq!(told["status"], 200, "{changes}: {told}");
        let text = told["text"].as_str().unwrap().to_lowercase();
        let error = format!("processed/error: {modifier}");
        assert!(text.contains(&error), "{changes}: {text}");
        assert!(!text.contains("received-content-mic"), "{text}");
        // Its signature is ours, except where the peer holds another certificate of ours.
        if changes.get("partner_certificate").is_none() {
            let told = &told["mdn"];
            assert_eq!(told, &json!(["processed/error", modifier]), "{changes}");
        }
    }
    // A bomb: a megabyte of nothing.
    let told = stage.sends(&place, &vec![0; 1 << 20], json!({})).await;
    assert_eq!(
        told["mdn"],
        json!(["processed/error", "decompression-failed"])
    );
    let refused = [
        (json!({ "headers": { "AS2-From": "OTHERS" } }), 403),
        (json!({ "headers": { "AS2-To": "OTHERS" } }), 403),
        (json!({ "strip": ["Message-ID"] }), 400),
        (
            json!({ "headers": { "Receipt-Delivery-Option": "http://elsewhere.example/" } }),
            403,
        ),
        (json!({ "compress": false }), 413),
        (
            json!({ "url": format!("http://127.0.0.1:{}/", stage.ours) }),
            404,
        ),
    ];
    let each = refused.iter().map(|(changes, status)| {
        // Larger than max_octets, where that is what is asked.
        let length = if *status == 413 { 120_000 } else { 10 };
        (noise(length, 3), changes.clone())
    });
    let told = stage.sends_each(&place, each.collect()).await;
    for ((changes, status), told) in refused.into_iter().zip(told) {
        assert_eq!(told["status"], status, "{changes}: {told}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
    work.abort();
}

#[tokio::test]
async fn an_mdn_waits_until_the_partner_is_there() {
    let Some(place) = stage::pyas2lib() else {
        return;
    };
    let stage = Stage::new();
    let transport = stage.transport(json!({}));
    let (_, work, _) = core(&transport, 0);
    listening(&stage).await;
    // Nobody is at its address, and this client dies.
    let url = format!("http://127.0.0.1:{}/mdn", stage.theirs);
    let told = stage
        .sends(&place, b"x", json!({ "mdn": "ASYNC", "mdn_url": url }))
        .await;
    assert_eq!(
        (&told["status"], &told["mdn"]),
        (&json!(200), &Value::Null),
        "{told}"
    );
    work.abort();
    transport.close().await;
    drop(transport);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", stage.theirs))
        .await
        .unwrap();
    let transport = stage.transport(json!({}));
    let (_, work, _) = core(&transport, 0);
    let accepted = tokio::time::timeout(Duration::from_secs(10), listener.accept()).await;
    let (mut stream, _) = accepted.expect("it is sent after a restart").unwrap();
    let mut came = vec![0; 8192];
    let mut length = 0;
    while !String::from_utf8_lossy(&came[..length]).contains("Disposition: ") {
        let read = stream.read(&mut came[length..]).await.unwrap();
        assert!(read > 0);
        length += read;
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&came[..length]).into_owned();
    assert!(text.starts_with("POST /mdn HTTP/1.1\r\n"), "{text}");
    assert!(
        text.contains("MDN-sent-automatically; processed\r\n"),
        "{text}"
    );
    // Once.
    let more = tokio::time::timeout(Duration::from_secs(3), listener.accept()).await;
    assert!(more.is_err());
    work.abort();
}

/// Two of ours, with TLS between them.
#[tokio::test]
async fn two_of_us_face_each_other() {
    let stage = Stage::new();
    let dir = stage.dir.path();
    certificate_of_localhost(dir);
    let side = |from: &str, to: &str, listen: u16, partner: u16| {
        json!({
            "url": format!("https://localhost:{partner}/as2"), "as2_from": from, "as2_to": to,
            "key": format!("{from}.key"), "certificate": format!("{from}.pem"),
            "partner_certificate": format!("{to}.pem"), "ca": "localhost.pem",
            "listen": format!("127.0.0.1:{listen}"), "mdn": "async",
            "mdn_url": format!("https://localhost:{listen}/as2"), "state": from, "evidence": from,
            "tls": { "certificate": "localhost.pem", "key": "localhost.key" }, "encrypt": "none",
        })
    };
    let build = |options| {
        tongguan_transport_as2::build(tongguan_contracts::PartOptions {
            part: "t".to_owned(),
            options,
            base: dir.to_owned(),
        })
        .unwrap()
    };
    let ours = build(side("ours", "theirs", stage.ours, stage.theirs));
    let theirs = build(side("theirs", "ours", stage.theirs, stage.ours));
    let (_, one, taken) = core(&theirs, 0);
    let (_, other, back) = core(&ours, 0);
    listening(&stage).await;
    theirs.check().await.unwrap();
    stage::send(&ours, "H-1", b"there").await.unwrap();
    stage::send(&theirs, "H-2", b"and back").await.unwrap();
    assert_eq!(taken.lock().unwrap().as_slice(), [b"there"]);
    assert_eq!(back.lock().unwrap().as_slice(), [b"and back"]);
    let distrusting = side("ours", "theirs", stage.ours, stage.theirs);
    let mut distrusting = distrusting;
    distrusting["ca"] = json!("theirs.pem");
    distrusting["mdn"] = json!("sync");
    distrusting.as_object_mut().unwrap().remove("mdn_url");
    let failure = stage::send(&build(distrusting), "H-3", b"x")
        .await
        .unwrap_err();
    assert!(failure.how_to_mend().unwrap().contains("ca"), "{failure}");
    assert!(!failure.may_have_left());
    one.abort();
    other.abort();
}

fn certificate_of_localhost(dir: &Path) {
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-nodes", "-days", "30", "-newkey", "rsa:2048", "-keyout",
        ])
        .arg(dir.join("localhost.key"))
        .arg("-out")
        .arg(dir.join("localhost.pem"))
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .output()
        .unwrap();
    assert!(made.status.success());
}
