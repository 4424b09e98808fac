//! Against a real RabbitMQ: TLS, certificates as users, several hosts, alarms, refusals. What every
//! transport must hold is the conformance kit's (tests/conformance).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "../../../tests/broker.rs"]
mod broker;

use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::RwLock;
use tongguan_contracts::{Failure, FailureClass, PartOptions, Transport};

use broker::{WRONG, put_over, refused, script, send, vhost_of_its_own};

/// An alarm is for the whole broker: whoever raises one is alone.
static ALARM: RwLock<()> = RwLock::const_new(());

/// A virtual host of a test's own with two queues, and a folder with passwords.
struct Stage {
    dir: tempfile::TempDir,
    vhost: &'static str,
    port: u16,
}

impl Stage {
    async fn new(vhost: &'static str) -> Option<Self> {
        let port = vhost_of_its_own(vhost)?;
        let stage = Self {
            dir: tempfile::tempdir().unwrap(),
            vhost,
            port,
        };
        stage.write("guest", "guest\n");
        let url = format!("amqp://127.0.0.1:{}/{vhost}", stage.port);
        let made = stage.built(json!({ "url": url, "declare": true }));
        made.unwrap().check().await.unwrap();
        Some(stage)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).unwrap();
    }

    /// The usual options with these in their place; null leaves one out.
    fn built(&self, over: Value) -> Result<Arc<dyn Transport>, Failure> {
        let mut options = json!({
            "url": format!("amqp://127.0.0.1:{}/{}", self.port, self.vhost),
            "username": "guest", "password": "file:guest",
            "send": { "routing_key": "out" }, "receive": { "queue": "in" },
        });
        put_over(&mut options, &over);
        tongguan_transport_amqp::build(PartOptions {
            part: "transport \"hub\"".into(),
            options,
            base: self.dir.path().to_owned(),
        })
    }

    fn tls(&self, host: &str) -> String {
        format!("amqps://{host}:{}/{}", self.port + 1, self.vhost)
    }
}

fn certificates() -> PathBuf {
    script(&["tls"]).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_checked_by_the_ca_and_the_name() {
    let _quiet = ALARM.read().await;
    let Some(stage) = Stage::new("tls").await else {
        return;
    };
    let ca = certificates().join("ca.pem");
    let url = stage.tls("localhost");
    let good = stage.built(json!({ "url": url, "ca": ca })).unwrap();
    good.check().await.unwrap();
    send(good.as_ref()).await.unwrap();
    good.close().await;
    // Without the CA, or with another.
    let without = stage.built(json!({ "url": url }));
    refused(
        without,
        WRONG,
        &["localhost", "certificate verify failed", "give ca"],
    )
    .await;
    let other = certificates().join("server.pem");
    let other = stage.built(json!({ "url": url, "ca": other }));
    refused(other, WRONG, &["certificate verify failed"]).await;
    // Another name than the certificate's, which leads to the same place.
    let named = stage.built(json!({ "url": stage.tls("127.1"), "ca": ca }));
    refused(named, WRONG, &["127.1", "certificate verify failed"]).await;
    // TLS to who speaks none, and the other way round.
    let plain = format!("amqps://localhost:{}/tls", stage.port);
    let plain = stage.built(json!({ "url": plain, "ca": ca }));
    refused(plain, WRONG, &["does not speak TLS"]).await;
    // What comes first there, the server's TLS alert or the end of the connection, is the system's.
    let clear = format!("amqp://localhost:{}/tls", stage.port + 1);
    let clear = stage.built(json!({ "url": clear })).unwrap();
    let failure = clear.check().await.unwrap_err();
    assert!(
        failure.how_to_mend().unwrap().contains("check"),
        "{failure}"
    );
    // Files that are none, or of no use.
    stage.write("none.pem", "none");
    let none = stage.built(json!({ "url": url, "ca": "none.pem" }));
    refused(none, WRONG, &["ca none.pem", "no PEM"]).await;
    let idle = stage.built(json!({ "ca": ca }));
    refused(idle, WRONG, &["amqps://"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_says_who_comes() {
    let _quiet = ALARM.read().await;
    let Some(stage) = Stage::new("external").await else {
        return;
    };
    script(&["user", "tls-client", "unused", "external", "", ".*", ".*"]);
    let dir = certificates();
    let file = |name: &str| json!(dir.join(name));
    let anonymous = json!({
        "url": stage.tls("localhost"), "ca": file("ca.pem"), "username": null, "password": null,
    });
    let with = |more: Value| {
        let mut options = anonymous.clone();
        options
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        stage.built(options)
    };
    let pem = with(json!({ "certificate": file("client.pem"), "key": file("client.key") }));
    let pem = pem.unwrap();
    pem.check().await.unwrap();
    send(pem.as_ref()).await.unwrap();
    pem.close().await;
    stage.write("p12", "secret\n");
    let packed = json!({ "certificate": file("client.p12"), "certificate_password": "file:p12" });
    with(packed).unwrap().check().await.unwrap();
    stage.write("p12", "wrong\n");
    let packed = json!({ "certificate": file("client.p12"), "certificate_password": "file:p12" });
    refused(with(packed), WRONG, &["certificate_password"]).await;
    // A certificate whose name is no user's.
    let server = with(json!({ "certificate": file("server.pem"), "key": file("server.key") }));
    refused(server, WRONG, &["the certificate's user", "ACCESS"]).await;
    // A certificate with another's key.
    let mixed = with(json!({ "certificate": file("client.pem"), "key": file("server.key") }));
    refused(mixed, WRONG, &["belong together"]).await;
    refused(with(json!({})), WRONG, &["by which certificate"]).await;
    refused(
        with(json!({ "certificate": file("client.pem") })),
        WRONG,
        &["give key"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_takes_over() {
    let _quiet = ALARM.read().await;
    let Some(stage) = Stage::new("hosts").await else {
        return;
    };
    let alive = format!("amqp://127.0.0.1:{}/hosts", stage.port);
    let dead = ["amqp://127.0.0.1:1/hosts", "amqp://localhost:2/hosts"];
    let two = stage
        .built(json!({ "url": [dead[0], dead[1], alive] }))
        .unwrap();
    two.check().await.unwrap();
    send(two.as_ref()).await.unwrap();
    two.close().await;
    let none = stage.built(json!({ "url": dead }));
    let words = [
        "any host",
        "127.0.0.1:1",
        "localhost:2",
        "that the broker runs",
    ];
    refused(none, FailureClass::Transient, &words).await;
    // Who is refused by the cluster is not tried at its every host.
    stage.write("guest", "wrong\n");
    let begun = Instant::now();
    let silent = "amqp://10.255.255.1:5672/hosts";
    let wrong = stage.built(json!({ "url": [alive, silent] }));
    refused(wrong, WRONG, &["as guest", "check username"]).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    refused(stage.built(json!({ "url": [] })), WRONG, &["empty"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_nowhere_is_not_taken() {
    let _quiet = ALARM.read().await;
    let Some(stage) = Stage::new("unroutable").await else {
        return;
    };
    for (to, words) in [
        (
            json!({ "routing_key": "missing" }),
            ["the queue missing", "returned"],
        ),
        (
            json!({ "exchange": "amq.direct", "routing_key": "unbound" }),
            ["amq.direct by unbound", "returned"],
        ),
        (
            json!({ "exchange": "missing", "routing_key": "out" }),
            ["the exchange missing by out", "no exchange"],
        ),
    ] {
        let transport = stage.built(json!({ "send": to })).unwrap();
        // The same again: the channel that an error closed is opened anew.
        for _ in 0..2 {
            let failure = send(transport.as_ref()).await.unwrap_err();
            assert_eq!(failure.class(), WRONG, "{failure}");
            for word in words {
                assert!(failure.to_string().contains(word), "{failure}");
            }
        }
        transport.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_named() {
    let _quiet = ALARM.read().await;
    let Some(stage) = Stage::new("rights").await else {
        return;
    };
    script(&["user", "reader", "pw", "rights", "", "^none$", "^in$"]);
    stage.write("pw", "pw\n");
    let reader = json!({ "username": "reader", "password": "file:pw" });
    let transport = stage.built(reader.clone()).unwrap();
    let failure = send(transport.as_ref()).await.unwrap_err();
    let told = format!("{failure}; {}", failure.how_to_mend().unwrap());
    assert_eq!(failure.class(), WRONG, "{told}");
    assert!(
        told.contains("reader") && told.contains("lacks a right"),
        "{told}"
    );
    // It may not come into another virtual host, either.
    let elsewhere = format!("amqp://127.0.0.1:{}/%2f", stage.port);
    let mut other = reader;
    other["url"] = json!(elsewhere);
    refused(
        stage.built(other),
        WRONG,
        &["%2f as reader", "virtual host"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_told_and_waited_out() {
    let _alone = ALARM.write().await;
    let Some(stage) = Stage::new("alarm").await else {
        return;
    };
    let transport = stage.built(json!({})).unwrap();
    send(transport.as_ref()).await.unwrap();
    script(&["alarm"]);
    let begun = Instant::now();
    // The first is under way when the broker says so; the others do not leave.
    let first = send(transport.as_ref()).await.unwrap_err();
    let second = send(transport.as_ref()).await.unwrap_err();
    let took = begun.elapsed();
    script(&["calm"]);
    for failure in [&first, &second] {
        let told = format!("{failure}; {}", failure.how_to_mend().unwrap());
        assert_eq!(failure.class(), FailureClass::Transient, "{told}");
        assert!(
            told.contains("low on memory") && told.contains("by itself"),
            "{told}"
        );
    }
    assert!(first.may_have_left() && !second.may_have_left());
    assert!(took < Duration::from_secs(10), "it hung for {took:?}");
    let begun = Instant::now();
    while let Err(failure) = send(transport.as_ref()).await {
        assert!(begun.elapsed() < Duration::from_secs(10), "{failure}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    transport.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quorum_queues_carry_too() {
    let _quiet = ALARM.read().await;
    let Some(stage) = Stage::new("quorum").await else {
        return;
    };
    let url = format!("amqp://guest:guest@127.0.0.1:{}/quorum", stage.port);
    let properties = ConnectionProperties::default();
    let connection = Connection::connect(&url, properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut quorum = FieldTable::default();
    quorum.insert(
        "x-queue-type".into(),
        AMQPValue::LongString("quorum".into()),
    );
    for queue in ["q-out", "q-in"] {
        let durable = QueueDeclareOptions::durable();
        channel
            .queue_declare(queue.into(), durable, quorum.clone())
            .await
            .unwrap();
    }
    let ours = json!({ "send": { "routing_key": "q-out" }, "receive": { "queue": "q-in" } });
    let theirs = json!({ "send": { "routing_key": "q-in" }, "receive": { "queue": "q-out" } });
    let mut declaring = ours.clone();
    declaring["declare"] = json!(true);
    refused(stage.built(declaring), WRONG, &["q-in", "other properties"]).await;
    let (ours, theirs) = (stage.built(ours).unwrap(), stage.built(theirs).unwrap());
    ours.check().await.unwrap();
    send(ours.as_ref()).await.unwrap();
    let delivery = theirs.receive().await.unwrap();
    assert_eq!(delivery.octets, b"<Envelope/>");
    delivery.settle.give_back().await.unwrap();
    let delivery = theirs.receive().await.unwrap();
    delivery.settle.acknowledge().await.unwrap();
    ours.close().await;
    theirs.close().await;
}
