//! By IBM MQ, which is a double here (tests/doubles/mqi.c): what breaks in the middle, what is refused, TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]
#![cfg(target_os = "linux")]

mod stage;

use serde_json::{Value, json};
use stage::ibmmq::QueueManager;
use stage::parts::{Running, until, until_accepted};
use stage::{TONGGUAN, good, orders, refused};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tongguan_contracts::{Failure, FailureClass, Outgoing, PartOptions, Transport};

fn table() -> Value {
    json!({
        "module": "mq/libmqic_r.so", "queue_manager": "QM1",
        "channel": "CUSTOMS.SVRCONN", "connection": "localhost(1414)",
        "username": "enterprise", "password": "file:mq-password",
        "send": { "queue": "TO.CUSTOMS" }, "receive": { "queue": "FROM.CUSTOMS" },
    })
}

fn built(dir: &Path, options: Value) -> Result<Arc<dyn Transport>, Failure> {
    fs::write(dir.join("mq-password"), "秘密\n").unwrap();
    tongguan_transport_ibmmq::build(PartOptions {
        part: "transport \"main\"".into(),
        options,
        base: dir.to_owned(),
    })
}

/// The enterprise's side, and the other side.
fn both(dir: &Path) -> (Arc<dyn Transport>, Arc<dyn Transport>) {
    let mut other = table();
    other["send"] = json!({ "queue": "FROM.CUSTOMS" });
    other["receive"] = json!({ "queue": "TO.CUSTOMS" });
    (built(dir, table()).unwrap(), built(dir, other).unwrap())
}

async fn send(transport: &dyn Transport, envelope: &[u8]) -> Result<String, Failure> {
    let outgoing = Outgoing {
        cop_msg_id: "C-1",
        message: "CEB311Message",
        envelope,
    };
    transport.send(outgoing).await.map(|taken| taken.evidence)
}

async fn receive(transport: &dyn Transport) -> Option<tongguan_contracts::Delivery> {
    let wait = Duration::from_secs(5);
    let delivery = tokio::time::timeout(wait, transport.receive()).await.ok()?;
    Some(delivery.unwrap())
}

async fn nothing(transport: &dyn Transport) {
    let wait = Duration::from_millis(400);
    let delivery = tokio::time::timeout(wait, transport.receive()).await;
    assert!(delivery.is_err(), "{delivery:?}");
}

fn told(failure: &Failure) -> String {
    format!("{failure}; {}", failure.how_to_mend().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_is_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    let (ours, theirs) = both(dir.path());
    // Before it is committed, nothing has left; after it, it has, and nobody was told.
    for (when, arrives) in [("before", false), ("after", true)] {
        manager.put("answer", &format!("MQCMIT 2009 {when}"));
        let failure = send(ours.as_ref(), b"<a/>").await.unwrap_err();
        assert!(failure.may_have_left(), "{failure}");
        assert_eq!(failure.class(), FailureClass::Transient);
        assert!(
            failure
                .to_string()
                .contains("MQCMIT: 2009 MQRC_CONNECTION_BROKEN")
        );
        if arrives {
            let delivery = receive(theirs.as_ref()).await.unwrap();
            delivery.settle.acknowledge().await.unwrap();
        } else {
            nothing(theirs.as_ref()).await;
        }
    }
    // What was certainly not committed is told so.
    for (function, reason, name) in [
        ("MQPUT", 2009, "MQRC_CONNECTION_BROKEN"),
        ("MQPUT", 2053, "MQRC_Q_FULL"),
        ("MQCMIT", 2003, "MQRC_BACKED_OUT"),
        ("MQCONNX", 2059, "MQRC_Q_MGR_NOT_AVAILABLE"),
    ] {
        let fresh = built(dir.path(), table()).unwrap();
        manager.put("answer", &format!("{function} {reason} before"));
        let failure = send(fresh.as_ref(), b"<a/>").await.unwrap_err();
        assert!(!failure.may_have_left(), "{failure}");
        assert!(failure.to_string().contains(name), "{failure}");
        fresh.close().await;
    }
    ours.close().await;
    nothing(theirs.as_ref()).await;
    theirs.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_broke_while_idle_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    let (ours, theirs) = both(dir.path());
    send(ours.as_ref(), b"<a/>").await.unwrap();
    manager.stop();
    manager.start();
    send(ours.as_ref(), b"<b/>").await.unwrap();
    for wanted in [b"<a/>", b"<b/>"] {
        let delivery = receive(theirs.as_ref()).await.unwrap();
        assert_eq!(delivery.octets, wanted);
        delivery.settle.acknowledge().await.unwrap();
    }
    ours.close().await;
    theirs.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_comes_again_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    let (ours, theirs) = both(dir.path());
    send(ours.as_ref(), b"<a/>").await.unwrap();
    let delivery = receive(theirs.as_ref()).await.unwrap();
    assert!(
        !delivery.origin.contains("backed out"),
        "{}",
        delivery.origin
    );
    delivery.settle.give_back().await.unwrap();
    let delivery = receive(theirs.as_ref()).await.unwrap();
    assert!(
        delivery.origin.contains("backed out 1 times"),
        "{}",
        delivery.origin
    );
    // The queue manager goes down with it, and forgets nothing.
    manager.stop();
    manager.start();
    let failure = delivery.settle.acknowledge().await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Transient);
    let delivery = receive(theirs.as_ref()).await.unwrap();
    assert_eq!(delivery.octets, b"<a/>");
    delivery.settle.acknowledge().await.unwrap();
    nothing(theirs.as_ref()).await;
    ours.close().await;
    theirs.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_manager_refuses_is_told_by_class() {
    use FailureClass::{Misconfigured, Rejected, Transient};
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    let (ours, theirs) = both(dir.path());
    let to = "queues/TO.CUSTOMS/attributes";
    let from = "queues/FROM.CUSTOMS/attributes";
    for (attributes, class, name) in [
        ("maxmsgl 100", Rejected, "2030 MQRC_MSG_TOO_BIG_FOR_Q"),
        ("put inhibited", Transient, "2051 MQRC_PUT_INHIBITED"),
        ("maxdepth 0", Transient, "2053 MQRC_Q_FULL"),
    ] {
        manager.put(to, attributes);
        let failure = send(ours.as_ref(), &[b'x'; 200]).await.unwrap_err();
        assert_eq!(failure.class(), class, "{failure}");
        assert!(failure.to_string().contains(name), "{failure}");
        assert!(!failure.may_have_left(), "{failure}");
    }
    manager.put(to, "");
    send(ours.as_ref(), b"<a/>").await.unwrap();
    for (file, text, class, name) in [
        ("state", "quiescing", Transient, "2161 MQRC_Q_MGR_QUIESCING"),
        (
            "channels/CUSTOMS.SVRCONN",
            "stopped",
            Transient,
            "2537 MQRC_CHANNEL_NOT_AVAILABLE",
        ),
        (
            from,
            "deny enterprise get",
            Misconfigured,
            "2035 MQRC_NOT_AUTHORIZED",
        ),
        (
            from,
            "remote",
            Misconfigured,
            "2045 MQRC_OPTION_NOT_VALID_FOR_TYPE",
        ),
        (from, "exclusive", Transient, "2042 MQRC_OBJECT_IN_USE"),
    ] {
        let before = fs::read_to_string(manager.folder.join("QM1").join(file));
        manager.put(file, text);
        let failure = ours.check().await.unwrap_err();
        assert_eq!(failure.class(), class, "{failure}");
        assert!(told(&failure).contains(name), "{failure}");
        match before {
            Ok(before) => manager.put(file, &before),
            Err(_) => manager.remove(file),
        }
    }
    ours.check().await.unwrap();
    ours.close().await;
    theirs.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_inhibited_or_ended_who_waits_waits() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    let (ours, theirs) = both(dir.path());
    manager.put("queues/TO.CUSTOMS/attributes", "get inhibited");
    nothing(theirs.as_ref()).await;
    manager.put("queues/TO.CUSTOMS/attributes", "");
    send(ours.as_ref(), b"<a/>").await.unwrap();
    let delivery = receive(theirs.as_ref()).await.unwrap();
    delivery.settle.acknowledge().await.unwrap();
    manager.put("state", "quiescing");
    nothing(theirs.as_ref()).await;
    let failure = send(ours.as_ref(), b"<b/>").await.unwrap_err();
    assert!(!failure.may_have_left(), "{failure}");
    manager.remove("state");
    send(ours.as_ref(), b"<b/>").await.unwrap();
    let delivery = receive(theirs.as_ref()).await.unwrap();
    delivery.settle.acknowledge().await.unwrap();
    ours.close().await;
    theirs.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_hosts_are_tried_in_turn() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    manager.put("../hosts/standby(1415)", "QM1");
    let mut options = table();
    options["connection"] = json!("away(1414), standby(1415)");
    options["queue_manager"] = json!("*ANY");
    let transport = built(dir.path(), options).unwrap();
    transport.check().await.unwrap();
    transport.close().await;
}

/// Nothing is encrypted by the double; what the two sides are told is compared.
#[tokio::test(flavor = "multi_thread")]
async fn tls_is_asked_for_as_the_manifest_says() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    manager.put(
        "channels/CUSTOMS.SVRCONN",
        "user enterprise\npassword 秘密\ncipher TLS_AES_256_GCM_SHA384\nissuer 测试CA\ncertificate CN=QM1,O=海关\n",
    );
    fs::write(dir.path().join("key.kdb"), "password 开门\ntrusts 测试CA\n").unwrap();
    fs::write(
        dir.path().join("stranger.kdb"),
        "password 开门\ntrusts 另一个CA\n",
    )
    .unwrap();
    fs::write(dir.path().join("kdb-password"), "开门\n").unwrap();
    let mut good = table();
    for (key, value) in [
        ("cipher_spec", "TLS_AES_256_GCM_SHA384"),
        ("key_repository", "key"),
        ("key_repository_password", "file:kdb-password"),
        ("certificate_label", "enterprise"),
        ("peer_name", "CN=QM1,O=海关"),
    ] {
        good[key] = json!(value);
    }
    let transport = built(dir.path(), good.clone()).unwrap();
    transport.check().await.unwrap();
    send(transport.as_ref(), b"<a/>").await.unwrap();
    transport.close().await;
    for (key, value, name) in [
        ("key_repository", "none", "2381 MQRC_KEY_REPOSITORY_ERROR"),
        (
            "key_repository",
            "stranger",
            "2393 MQRC_SSL_INITIALIZATION_ERROR",
        ),
        (
            "key_repository_password",
            "file:mq-password",
            "2381 MQRC_KEY_REPOSITORY_ERROR",
        ),
        (
            "cipher_spec",
            "TLS_RSA_WITH_NULL_SHA256",
            "2393 MQRC_SSL_INITIALIZATION_ERROR",
        ),
        (
            "peer_name",
            "CN=QM2,O=海关",
            "2398 MQRC_SSL_PEER_NAME_MISMATCH",
        ),
    ] {
        let mut options = good.clone();
        options[key] = json!(value);
        let failure = built(dir.path(), options)
            .unwrap()
            .check()
            .await
            .unwrap_err();
        assert_eq!(failure.class(), FailureClass::Misconfigured, "{failure}");
        assert!(told(&failure).contains(name), "{failure}");
    }
    // In clear, to a channel with TLS.
    let failure = built(dir.path(), table())
        .unwrap()
        .check()
        .await
        .unwrap_err();
    assert!(
        told(&failure).contains("2539 MQRC_CHANNEL_CONFIG_ERROR"),
        "{failure}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_commit_is_given_up_as_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    manager.put("pace", "700");
    let mut options = table();
    options["outcome_timeout_ms"] = json!(200);
    let ours = built(dir.path(), options).unwrap();
    let failure = send(ours.as_ref(), b"<a/>").await.unwrap_err();
    assert!(failure.may_have_left(), "{failure}");
    assert_eq!(failure.class(), FailureClass::Transient);
    manager.remove("pace");
    ours.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_unit_of_work_has_a_connection_and_there_are_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    let (ours, _) = both(dir.path());
    let mut options = table();
    options["send"] = json!({ "queue": "FROM.CUSTOMS" });
    options["receive"] = json!({ "queue": "TO.CUSTOMS" });
    options["units_of_work"] = json!(2);
    let theirs = built(dir.path(), options).unwrap();
    for octets in [b"<1/>", b"<2/>", b"<3/>"] {
        send(ours.as_ref(), octets).await.unwrap();
    }
    let before = manager.calls("MQCONNX");
    let first = receive(theirs.as_ref()).await.unwrap();
    let second = receive(theirs.as_ref()).await.unwrap();
    nothing(theirs.as_ref()).await;
    second.settle.acknowledge().await.unwrap();
    let third = receive(theirs.as_ref()).await.unwrap();
    assert_eq!(third.octets, b"<3/>");
    third.settle.acknowledge().await.unwrap();
    first.settle.acknowledge().await.unwrap();
    nothing(theirs.as_ref()).await;
    assert_eq!(manager.calls("MQCONNX") - before, 2);
    // Closed, whatever was open goes back, and no connection is left.
    ours.close().await;
    theirs.close().await;
    assert_eq!(manager.calls("MQCONNX"), manager.calls("MQDISC"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_none_is_told() {
    let dir = tempfile::tempdir().unwrap();
    stage::plugins::c(dir.path(), "tests/doubles/sdf.c", "other.so", &["-lcrypto"]);
    fs::write(dir.path().join("text.so"), "no library").unwrap();
    for (module, says) in [
        ("none.so", "none.so"),
        ("text.so", "text.so"),
        ("other.so", "it has no function MQCONNX"),
    ] {
        let mut options = table();
        options["module"] = json!(module);
        let transport = built(dir.path(), options).unwrap();
        let failure = transport.check().await.unwrap_err();
        assert_eq!(failure.class(), FailureClass::Misconfigured);
        let told = told(&failure);
        assert!(
            told.contains(says) && told.contains("libmqic_r.so"),
            "{told}"
        );
    }
    let mut options = table();
    options.as_object_mut().unwrap().remove("module");
    let failure = built(dir.path(), options)
        .unwrap()
        .check()
        .await
        .unwrap_err();
    assert!(told(&failure).contains("redistributable"), "{failure}");
}

/// What stands in the message's descriptor, at the places that IBM's reference gives its fields.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_described_as_the_manifest_says() {
    let dir = tempfile::tempdir().unwrap();
    let manager = QueueManager::new(dir.path());
    let mut options = table();
    options["send"] = json!({
        "queue": "TO.CUSTOMS", "queue_manager": "QM1", "format": "string",
        "reply_to_queue": "FROM.CUSTOMS", "reply_to_queue_manager": "QM1",
    });
    let ours = built(dir.path(), options.clone()).unwrap();
    let evidence = send(ours.as_ref(), b"<a/>").await.unwrap();
    ours.close().await;
    let queue = manager.folder.join("QM1/queues/TO.CUSTOMS");
    let messages = stage::files(&queue, ".msg");
    let message = fs::read(&messages[0]).unwrap();
    let number = |at: usize| i32::from_le_bytes(message[at..at + 4].try_into().unwrap());
    let text = |at: usize, size: usize| String::from_utf8_lossy(&message[at..at + size]);
    assert_eq!(
        (number(8), number(12), number(16)),
        (0, 8, -1),
        "report, type, expiry"
    );
    assert_eq!((number(28), number(44)), (1208, 1), "CCSID, persistence");
    assert_eq!(text(32, 8), "MQSTR   ");
    assert_eq!(text(100, 48).trim_end(), "FROM.CUSTOMS");
    assert_eq!(text(148, 48).trim_end(), "QM1");
    // A repeat has the same: the beginning of the SHA-256 of "C-1".
    use sha2::Digest as _;
    let id = sha2::Sha256::digest("C-1");
    assert_eq!(&message[72..96], &id[..24]);
    let hex: String = message[48..72].iter().map(|o| format!("{o:02X}")).collect();
    assert!(
        evidence.contains(&hex) && evidence.contains("QM1"),
        "{evidence}"
    );
    options["send"]["queue_manager"] = json!("QM7");
    let elsewhere = built(dir.path(), options).unwrap();
    let failure = send(elsewhere.as_ref(), b"<a/>").await.unwrap_err();
    assert!(
        failure
            .to_string()
            .contains("2087 MQRC_UNKNOWN_REMOTE_Q_MGR"),
        "{failure}"
    );
}

/// A table of the page, without its comments; both languages have the same.
fn documented(number: usize) -> String {
    let page = |name: &str| {
        let path = stage::plugins::repository().join("docs/transports");
        let text = fs::read_to_string(path.join(name)).unwrap();
        let table = text.split("```toml\n").nth(number + 1).unwrap();
        let table = table.split("```").next().unwrap();
        let bare = |line: &str| line.split('#').next().unwrap().trim_end().to_owned();
        table.lines().map(bare).collect::<Vec<_>>().join("\n")
    };
    let table = page("ibmmq.md");
    assert_eq!(table, page("ibmmq.zh.md"), "both pages");
    table
}

#[test]
fn the_pages_other_ways_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret"), "enterprise:秘密\n").unwrap();
    let builders: [(&str, tongguan_contracts::TransportBuilder); 2] = [
        ("amqp10", tongguan_transport_amqp10::build),
        ("http", tongguan_transport_http::build),
    ];
    for (number, (kind, build)) in builders.into_iter().enumerate() {
        let table = documented(number + 1);
        let table = table.replace("env:TONGGUAN_MQ_PASSWORD", "file:secret");
        let table = table.replace("env:TONGGUAN_MQ_LOGIN", "file:secret");
        let table: Value = toml::from_str(&table).unwrap();
        let mut options = table["transports"]["main"].clone();
        assert_eq!(
            options.as_object_mut().unwrap().remove("kind"),
            Some(json!(kind))
        );
        let given = PartOptions {
            part: "transport \"main\"".into(),
            options,
            base: dir.path().to_owned(),
        };
        assert!(build(given).is_ok(), "{kind}");
    }
}

/// The whole, by the page's own manifest, with one crash of each side.
#[test]
fn the_page_tells_what_works() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let manager = QueueManager::new(dir);
    manager.put("../hosts/mq.node.example(1414)", "QM1");
    manager.put(
        "channels/CUSTOMS.SVRCONN",
        "user enterprise\npassword 秘密\ncipher ANY_TLS12_OR_HIGHER\nissuer CA\n",
    );
    fs::create_dir(dir.join("certificates")).unwrap();
    fs::write(dir.join("certificates/key.kdb"), "trusts CA\n").unwrap();
    fs::write(dir.join("mq-password"), "秘密\n").unwrap();
    let documented = documented(0);
    let own = documented
        .replace(
            "kind = \"ibmmq\"",
            "kind = \"ibmmq\"\nmodule = \"mq/libmqic_r.so\"",
        )
        .replace("env:TONGGUAN_MQ_PASSWORD", "file:mq-password");
    stage::parts::declare_by(dir, &own);
    good(dir, TONGGUAN, &["check"]);
    let told = good(dir, TONGGUAN, &["status"]);
    assert!(!told.contains("MQRC"), "{told}");
    fs::write(dir.join("orders.json"), orders(0, 20)).unwrap();
    good(dir, TONGGUAN, &["submit", "orders.json"]);
    let mut customs = Running::start(dir, &["simulate", "--checks", "form"], "customs.log");
    let mut client = Running::start(dir, &["run"], "client.log");
    until(dir, "some sent", &["status"], |_| {
        manager.calls("MQCMIT") > 2
    });
    client.kill();
    customs.kill();
    let mut customs = Running::start(dir, &["simulate", "--checks", "form"], "customs.log");
    let mut client = Running::start(dir, &["run"], "client.log");
    until_accepted(dir, 20);
    client.kill();
    customs.kill();
}

#[test]
fn names_that_are_too_long_are_refused_when_the_manifest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let manager = QueueManager::new(dir);
    manager.client(dir);
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let long = manifest.replace("CUSTOMS.SVRCONN", "CUSTOMS.EXCHANGE.SVRCONN");
    fs::write(&path, long).unwrap();
    let told = refused(dir, &["check"], 3);
    for word in ["channel", "CUSTOMS.EXCHANGE.SVRCONN", "may have 20", "main"] {
        assert!(told.contains(word), "no {word} in {told}");
    }
}
