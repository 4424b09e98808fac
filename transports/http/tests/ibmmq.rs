//! By IBM MQ's messaging REST API, which is a double here (tests/doubles/mqweb.rs): nothing is lost
//! though it knows no units of work.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

#[path = "../../../tests/doubles/mqweb.rs"]
mod mqweb;
#[path = "../../../tests/doubles/platform.rs"]
mod platform;

use mqweb::MqWeb;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tongguan_contracts::{Delivery, Failure, FailureClass, Outgoing, PartOptions, Transport};

fn built(dir: &Path, web: &MqWeb, change: impl FnOnce(&mut Value)) -> Arc<dyn Transport> {
    std::fs::write(dir.join("login"), MqWeb::LOGIN).unwrap();
    std::fs::write(dir.join("wrong"), "enterprise:wrong").unwrap();
    let mut options: Value = toml::from_str(&web.table()).unwrap();
    options.as_object_mut().unwrap().remove("kind");
    change(&mut options);
    tongguan_transport_http::build(PartOptions {
        part: "transport \"main\"".into(),
        options,
        base: dir.to_owned(),
    })
    .unwrap()
}

async fn send(transport: &dyn Transport, envelope: &str) -> Result<(), Failure> {
    let outgoing = Outgoing {
        cop_msg_id: "C-1",
        message: "CEB311Message",
        envelope: envelope.as_bytes(),
    };
    transport.send(outgoing).await.map(drop)
}

async fn next(transport: &dyn Transport) -> Delivery {
    let wait = Duration::from_secs(10);
    let next = tokio::time::timeout(wait, transport.receive()).await;
    next.expect("a receipt").unwrap()
}

async fn quiet(transport: &dyn Transport) -> bool {
    let wait = Duration::from_millis(400);
    tokio::time::timeout(wait, transport.receive())
        .await
        .is_err()
}

#[tokio::test]
async fn taken_is_what_was_created_and_persists() {
    let dir = tempfile::tempdir().unwrap();
    let web = MqWeb::new();
    let transport = built(dir.path(), &web, |_| {});
    transport.check().await.unwrap();
    send(transport.as_ref(), "<订单/>").await.unwrap();
    let on = web.on("TO.CUSTOMS");
    assert_eq!(on[0].body, "<订单/>");
    web.stop();
    assert_eq!(web.on("TO.CUSTOMS").len(), 1, "it is persistent");
    let failure = send(transport.as_ref(), "<b/>").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Transient);
    web.start();
    web.put_inhibited(true);
    let failure = send(transport.as_ref(), "<b/>").await.unwrap_err();
    assert!(
        !failure.may_have_left() && failure.to_string().contains("2051"),
        "{failure}"
    );
    web.put_inhibited(false);
    send(transport.as_ref(), "<b/>").await.unwrap();
    assert_eq!(web.on("TO.CUSTOMS").len(), 2);
    transport.close().await;
}

#[tokio::test]
async fn a_receipt_is_destroyed_when_it_is_kept_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let web = MqWeb::new();
    for body in ["<a/>", "<b/>", "<c/>"] {
        web.put("FROM.CUSTOMS", "MQSTR", body);
    }
    let transport = built(dir.path(), &web, |_| {});
    let (a, b, c) = (
        next(transport.as_ref()).await,
        next(transport.as_ref()).await,
        next(transport.as_ref()).await,
    );
    assert_eq!(
        [&a.octets[..], &b.octets, &c.octets],
        [b"<a/>", b"<b/>", b"<c/>"]
    );
    assert!(
        quiet(transport.as_ref()).await,
        "none comes twice at a time"
    );
    assert_eq!(web.on("FROM.CUSTOMS").len(), 3, "browsed");
    // Each was asked for once, however often the list names it.
    let fetched = |seen: &platform::Seen| seen.method == "GET" && seen.path.contains("messageId=");
    assert_eq!(
        web.server
            .seen()
            .iter()
            .filter(|seen| fetched(seen))
            .count(),
        3
    );
    c.settle.acknowledge().await.unwrap();
    a.settle.acknowledge().await.unwrap();
    let on = web.on("FROM.CUSTOMS");
    assert_eq!((on.len(), on[0].body.as_str()), (1, "<b/>"));
    // A crash: what was not kept comes to the next.
    drop(transport);
    drop(b);
    let transport = built(dir.path(), &web, |_| {});
    let b = next(transport.as_ref()).await;
    assert_eq!(b.octets, b"<b/>");
    web.stop();
    let failure = b.settle.acknowledge().await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Transient);
    web.start();
    next(transport.as_ref())
        .await
        .settle
        .acknowledge()
        .await
        .unwrap();
    assert!(web.on("FROM.CUSTOMS").is_empty());
    transport.close().await;
}

#[tokio::test]
async fn what_is_no_text_keeps_no_other_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let web = MqWeb::new();
    web.put("FROM.CUSTOMS", "", "\u{1}\u{2}");
    web.put("FROM.CUSTOMS", "MQSTR", "<a/>");
    let transport = built(dir.path(), &web, |_| {});
    let delivery = next(transport.as_ref()).await;
    assert_eq!(delivery.octets, b"<a/>");
    delivery.settle.acknowledge().await.unwrap();
    assert!(quiet(transport.as_ref()).await);
    assert_eq!(web.on("FROM.CUSTOMS").len(), 1, "it stays");
    let bad = web.on("FROM.CUSTOMS")[0].id.clone();
    let asked = web.server.seen();
    let asked = asked
        .iter()
        .filter(|seen| seen.path.ends_with(&bad))
        .count();
    assert_eq!(asked, 1, "it is asked for once");
    transport.close().await;
}

#[tokio::test]
async fn what_an_operator_must_mend_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let web = MqWeb::new();
    for (place, value, says) in [
        ("/secrets/login", "file:wrong", "401"),
        ("/values/receive_queue", "NONE", "2085"),
    ] {
        let transport = built(dir.path(), &web, |options| {
            *options.pointer_mut(place).unwrap() = json!(value);
        });
        let failure = transport.check().await.unwrap_err();
        assert_eq!(failure.class(), FailureClass::Misconfigured, "{failure}");
        assert!(failure.to_string().contains(says), "{failure}");
        transport.close().await;
    }
    // Where a certificate says who it is, no login is sent.
    let transport = built(dir.path(), &web, |options| {
        options["headers"] = json!({ "Authorization": false });
        options.as_object_mut().unwrap().remove("secrets");
    });
    transport.check().await.unwrap_err();
    let seen = web.server.seen();
    assert_eq!(seen.last().unwrap().header("authorization"), "");
    transport.close().await;
}
