//! Against RabbitMQ's plugin for AMQP 1.0: TLS, several hosts, refusals. What every transport must hold
//! is the conformance kit's (tests/conformance).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "../../../tests/broker.rs"]
mod broker;

use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tongguan_contracts::{Failure, FailureClass, PartOptions, Transport};

use broker::{WRONG, put_over, refused, script, send, vhost_of_its_own};

/// A virtual host of a test's own, and a folder with passwords.
struct Stage {
    dir: tempfile::TempDir,
    vhost: &'static str,
    port: u16,
}

impl Stage {
    fn new(vhost: &'static str) -> Option<Self> {
        let port = vhost_of_its_own(vhost)?;
        let stage = Self {
            dir: tempfile::tempdir().unwrap(),
            vhost,
            port,
        };
        fs::write(stage.dir.path().join("guest"), "guest\n").unwrap();
        Some(stage)
    }

    /// The usual options with these in their place; null leaves one out. RabbitMQ makes the queue of
    /// an address /queue/NAME.
    fn built(&self, over: Value) -> Result<Arc<dyn Transport>, Failure> {
        let mut options = json!({
            "url": format!("amqp://127.0.0.1:{}", self.port),
            "hostname": format!("vhost:{}", self.vhost),
            "username": "guest", "password": "file:guest",
            "send": { "address": "/queue/out" }, "receive": { "address": "/queue/in" },
        });
        put_over(&mut options, &over);
        tongguan_transport_amqp10::build(PartOptions {
            part: "transport \"hub\"".into(),
            options,
            base: self.dir.path().to_owned(),
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_nowhere_is_not_taken() {
    let Some(stage) = Stage::new("ten-unroutable") else {
        return;
    };
    let to = |address: &str| stage.built(json!({ "send": { "address": address } }));
    let transport = to("/amq/queue/none").unwrap();
    for _ in 0..2 {
        let failure = send(transport.as_ref()).await.unwrap_err();
        assert_eq!(failure.class(), WRONG, "{failure}");
        assert!(failure.to_string().contains("no queue 'none'"), "{failure}");
        assert!(!failure.may_have_left(), "{failure}");
    }
    transport.close().await;
    refused(
        to("/amq/queue/none"),
        WRONG,
        &["/amq/queue/none", "check the address"],
    )
    .await;
    refused(
        to("/exchange/amq.direct/unbound"),
        WRONG,
        &["kind = \"amqp\""],
    )
    .await;
    // What the broker makes a queue of is there.
    for address in ["/queue/made", "plain"] {
        let queue = address.trim_start_matches("/queue/");
        let transport = to(address).unwrap();
        send(transport.as_ref()).await.unwrap();
        transport.close().await;
        let from = format!("/amq/queue/{queue}");
        let reading = stage
            .built(json!({ "receive": { "address": from } }))
            .unwrap();
        let delivery = reading.receive().await.unwrap();
        assert_eq!(delivery.octets, b"<Envelope/>");
        delivery.settle.acknowledge().await.unwrap();
        reading.close().await;
    }
}

/// What JMS brokers carry: a TextMessage is one string, a BytesMessage data; anything else is none of
/// ours.
#[tokio::test(flavor = "multi_thread")]
async fn text_and_octets_are_received() {
    use fe2o3_amqp::sasl_profile::SaslProfile;
    use fe2o3_amqp::types::messaging::{AmqpValue, Message};
    use fe2o3_amqp::types::primitives::Binary;
    let Some(stage) = Stage::new("ten-text") else {
        return;
    };
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", stage.port)).await;
    let mut connection = fe2o3_amqp::Connection::builder()
        .container_id("another")
        .scheme("amqp")
        .hostname("vhost:ten-text")
        .sasl_profile(SaslProfile::Plain {
            username: "guest".into(),
            password: "guest".into(),
        })
        .open_with_stream(stream.unwrap())
        .await
        .unwrap();
    let mut session = fe2o3_amqp::Session::begin(&mut connection).await.unwrap();
    let mut sender = fe2o3_amqp::Sender::attach(&mut session, "another", "/queue/in")
        .await
        .unwrap();
    let text = Message::builder().value("<回执/>".to_owned()).build();
    sender.send(text).await.unwrap();
    sender.send(Message::from(AmqpValue(42u32))).await.unwrap();
    let octets = Message::builder()
        .data(Binary::from(b"\x00\xFF".to_vec()))
        .build();
    sender.send(octets).await.unwrap();
    let transport = stage.built(json!({})).unwrap();
    for wanted in ["<回执/>".as_bytes(), b"\x00\xFF"] {
        let delivery = transport.receive().await.unwrap();
        assert_eq!(delivery.octets, wanted);
        delivery.settle.acknowledge().await.unwrap();
    }
    transport.close().await;
    drop(sender);
    session.end().await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_checked_by_the_ca_and_the_name() {
    let Some(stage) = Stage::new("ten-tls") else {
        return;
    };
    let files = PathBuf::from(script(&["tls"]));
    let file = |name: &str| json!(files.join(name));
    let tls = |host: &str| json!(format!("amqps://{host}:{}", stage.port + 1));
    let good = stage.built(json!({
        "url": tls("localhost"), "ca": file("ca.pem"),
        "certificate": file("client.pem"), "key": file("client.key"),
    }));
    let good = good.unwrap();
    good.check().await.unwrap();
    send(good.as_ref()).await.unwrap();
    good.close().await;
    let verify = ["certificate verify failed", "check ca"];
    let without = stage.built(json!({ "url": tls("localhost") }));
    refused(without, WRONG, &verify).await;
    let named = stage.built(json!({ "url": tls("127.1"), "ca": file("ca.pem") }));
    refused(named, WRONG, &verify).await;
    let mixed = stage.built(json!({
        "url": tls("localhost"), "ca": file("ca.pem"),
        "certificate": file("client.pem"), "key": file("server.key"),
    }));
    refused(mixed, WRONG, &["server.key"]).await;
    let plain = format!("amqps://localhost:{}", stage.port);
    let plain = stage.built(json!({ "url": plain, "ca": file("ca.pem") }));
    refused(plain, WRONG, &["speak TLS with amqps://localhost"]).await;
    refused(
        stage.built(json!({ "ca": file("ca.pem") })),
        WRONG,
        &["amqps://"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_takes_over_and_rights_are_named() {
    let Some(stage) = Stage::new("ten-hosts") else {
        return;
    };
    let alive = format!("amqp://127.0.0.1:{}", stage.port);
    let two = stage
        .built(json!({ "url": ["amqp://127.0.0.1:1", alive] }))
        .unwrap();
    two.check().await.unwrap();
    send(two.as_ref()).await.unwrap();
    two.close().await;
    let none = stage.built(json!({ "url": ["amqp://127.0.0.1:1", "amqp://localhost:2"] }));
    refused(
        none,
        FailureClass::Transient,
        &["any host", "127.0.0.1:1", "localhost:2"],
    )
    .await;
    script(&[
        "user",
        "ten-reader",
        "pw",
        "ten-hosts",
        "",
        "^none$",
        "^in$",
    ]);
    fs::write(stage.dir.path().join("pw"), "pw\n").unwrap();
    let reader = stage.built(json!({
        "username": "ten-reader", "password": "file:pw",
        "send": { "address": "/amq/queue/in" }, "receive": { "address": "/amq/queue/out" },
    }));
    refused(reader, WRONG, &["/amq/queue/out", "lacks a right"]).await;
    // This broker lets everybody in as guest, unless its configuration says otherwise.
    let nobody = stage.built(json!({ "username": null, "password": null }));
    nobody.unwrap().check().await.unwrap();
    refused(
        stage.built(json!({ "password": null })),
        WRONG,
        &["give both"],
    )
    .await;
    // A port of something else.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.write_all(b"AMQP\x00\x00\x09\x01");
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    });
    let older = stage.built(json!({ "url": format!("amqp://127.0.0.1:{port}") }));
    refused(older, WRONG, &["kind = \"amqp\""]).await;
}

/// What the client says to the broker, while it passes by.
async fn overheard(port: u16) -> (u16, Arc<std::sync::Mutex<Vec<u8>>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap().port();
    let said = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let broker = tokio::net::TcpStream::connect(("127.0.0.1", port));
            let (mut answers, mut to) = broker.await.unwrap().into_split();
            let (mut from, mut back) = client.into_split();
            let heard = Arc::clone(&heard);
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
            tokio::spawn(async move {
                let mut part = [0; 4096];
                while let Ok(length @ 1..) = from.read(&mut part).await {
                    heard.lock().unwrap().extend_from_slice(&part[..length]);
                    if to.write_all(&part[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (here, said)
}

/// As IBM MQ wants it: where it is not told that the address is a queue's, it takes it for a topic; and
/// its client ids have no hyphen.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_tells_what_its_address_is() {
    let Some(stage) = Stage::new("ten-capabilities") else {
        return;
    };
    let (port, said) = overheard(stage.port).await;
    let node = |address: &str| json!({ "address": address, "capabilities": ["queue"] });
    let transport = stage.built(json!({
        "url": format!("amqp://127.0.0.1:{port}"),
        "send": node("/queue/out"), "receive": node("/queue/in"),
    }));
    let transport = transport.unwrap();
    transport.check().await.unwrap();
    send(transport.as_ref()).await.unwrap();
    transport.close().await;
    let said = said.lock().unwrap();
    let count = |wanted: &[u8]| said.windows(wanted.len()).filter(|w| *w == wanted).count();
    // An array of one symbol (AMQP 1.0, 1.6.21 and 1.6.24), for each link: the check's two, and to send.
    assert_eq!(count(b"\xe0\x0b\x01\xb3\0\0\0\x05queue"), 3);
    assert!(count(b"tongguan.node.") >= 1 && count(b"tongguan-") == 0);
}
