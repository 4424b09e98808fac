//! Receipts stay the platform's, or before the cursor, until they are acknowledged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

#[path = "../../../tests/doubles/platform.rs"]
mod platform;

use platform::{Act, Platform, answer};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tongguan_contracts::{Delivery, FailureClass, PartOptions, Transport};
use tongguan_messages::envelope::{Opened, open};
use tongguan_messages::{Limits, answers};

fn build(table: Value, base: &Path) -> Arc<dyn Transport> {
    tongguan_transport_http::build(PartOptions {
        part: "transport \"main\"".into(),
        options: table,
        base: base.to_owned(),
    })
    .unwrap()
}

async fn next(transport: &Arc<dyn Transport>) -> Delivery {
    tokio::time::timeout(Duration::from_secs(10), transport.receive())
        .await
        .expect("a receipt")
        .unwrap()
}

/// Nothing comes for a while.
async fn quiet(transport: &Arc<dyn Transport>) -> bool {
    let waited = tokio::time::timeout(Duration::from_millis(400), transport.receive());
    waited.await.is_err()
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.octets.clone()).unwrap()
}

/// A platform with a queue: what is there is given until it is deleted.
fn queue(ids: &[&str], well: Arc<AtomicBool>) -> Platform {
    let there: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let there = Mutex::new(there);
    Platform::start(move |_, seen| {
        if !well.load(Ordering::Relaxed) {
            return Act::Say(answer("503 Service Unavailable", ""));
        }
        let mut there = there.lock().unwrap();
        if seen.method == "DELETE" {
            let id = seen.path.rsplit('/').next().unwrap();
            let before = there.len();
            there.retain(|one| one != id);
            let gone = before == there.len();
            return Act::Say(answer(if gone { "404 Not Found" } else { "200 OK" }, ""));
        }
        let list: Vec<Value> = there
            .iter()
            .map(|id| json!({ "id": id, "data": { "xml": format!("<{id}/>") } }))
            .collect();
        Act::Say(answer("200 OK", &json!({ "list": list }).to_string()))
    })
}

fn queued(server: &Platform) -> Value {
    json!({
        "url": server.url(), "poll_ms": 50, "timeout_seconds": 2,
        "receive": { "main": {
            "path": "/out", "items": "list", "id": "{id}", "octets": "{data.xml}",
            "acknowledge": { "method": "DELETE", "path": "/out/{id}" },
        } },
    })
}

#[tokio::test]
async fn a_queued_receipt_comes_until_it_is_acknowledged() {
    let well = Arc::new(AtomicBool::new(true));
    let server = queue(&["a", "b", "c"], Arc::clone(&well));
    let dir = tempfile::tempdir().unwrap();
    let transport = build(queued(&server), dir.path());
    transport.check().await.unwrap();
    // Several are handed out before the first is settled.
    let (a, b, c) = (
        next(&transport).await,
        next(&transport).await,
        next(&transport).await,
    );
    assert_eq!([text(&a), text(&b), text(&c)], ["<a/>", "<b/>", "<c/>"]);
    assert!(quiet(&transport).await, "none comes twice at a time");
    drop(b);
    a.settle.acknowledge().await.unwrap();
    c.settle.give_back().await.unwrap();
    let (b, c) = (next(&transport).await, next(&transport).await);
    assert_eq!([text(&b), text(&c)], ["<b/>", "<c/>"]);
    // The platform is away while one is to be acknowledged: it comes again.
    well.store(false, Ordering::Relaxed);
    let failure = b.settle.acknowledge().await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Transient);
    assert!(quiet(&transport).await);
    well.store(true, Ordering::Relaxed);
    next(&transport).await.settle.acknowledge().await.unwrap();
    c.settle.acknowledge().await.unwrap();
    assert!(quiet(&transport).await);
    let deleted = server
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "DELETE");
    let deleted: Vec<String> = deleted.map(|seen| seen.path).collect();
    assert_eq!(deleted, ["/out/a", "/out/b", "/out/b", "/out/c"]);
}

/// A server that closes an idle connection crosses with the next question.
#[tokio::test]
async fn a_question_is_asked_again_where_its_connection_was_closing() {
    let server = Platform::start(|number, _| match number {
        1 | 3 => Act::Cut,
        _ => Act::Say(answer("200 OK", r#"{"list": []}"#)),
    });
    let dir = tempfile::tempdir().unwrap();
    let transport = build(queued(&server), dir.path());
    for _ in 0..3 {
        transport.check().await.unwrap();
    }
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn an_acknowledgement_that_was_heard_before_is_one() {
    let server = Platform::start(|_, seen| {
        Act::Say(match seen.method.as_str() {
            "DELETE" => answer("404 Not Found", ""),
            _ => answer(
                "200 OK",
                r#"{"list": [{"id": "a", "data": {"xml": "<a/>"}}]}"#,
            ),
        })
    });
    let dir = tempfile::tempdir().unwrap();
    let transport = build(queued(&server), dir.path());
    next(&transport).await.settle.acknowledge().await.unwrap();
}

#[tokio::test]
async fn a_cursor_survives_a_restart_and_passes_nothing() {
    // Gives the two after the cursor.
    let server = Platform::start(|_, seen| {
        let after: usize = seen.path.rsplit('=').next().unwrap().parse().unwrap();
        let list = (after + 1..=5).take(2);
        let list: Vec<Value> = list.map(|n| json!({ "n": n, "xml": "PHgvPg==" })).collect();
        Act::Say(answer("200 OK", &json!(list).to_string()))
    });
    let table = || {
        json!({
            "url": server.url(), "poll_ms": 50, "state": "state",
            "receive": { "main": {
                "path": "/out?after={cursor}", "octets": "{xml}", "encoding": "base64",
                "cursor": { "from": "{n}", "start": "0" },
            } },
        })
    };
    let dir = tempfile::tempdir().unwrap();
    let transport = build(table(), dir.path());
    let (one, two) = (next(&transport).await, next(&transport).await);
    assert_eq!(text(&one), "<x/>");
    // The second alone moves nothing.
    two.settle.acknowledge().await.unwrap();
    assert!(quiet(&transport).await);
    assert!(server.seen().iter().all(|seen| seen.path.ends_with("=0")));
    // A crash here: both come again. (The same content is the same digest: nothing is doubled.)
    drop((one, transport));
    let transport = build(table(), dir.path());
    for _ in 0..3 {
        next(&transport).await.settle.acknowledge().await.unwrap();
    }
    drop(transport);
    let begun = server.seen().len();
    let transport = build(table(), dir.path());
    let first = next(&transport).await;
    assert!(
        server.seen()[begun].path.ends_with("=3"),
        "{:?}",
        server.seen()[begun]
    );
    first.settle.acknowledge().await.unwrap();
    next(&transport).await.settle.acknowledge().await.unwrap();
    assert!(quiet(&transport).await);
    // Spoilt, it is told.
    std::fs::write(dir.path().join("state/main.main.json"), "{").unwrap();
    let failure = build(table(), dir.path()).receive().await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Misconfigured);
    assert!(
        failure.how_to_mend().unwrap().contains("remove it"),
        "{failure}"
    );
}

#[tokio::test]
async fn rows_become_receipts_of_the_standard() {
    let rows = "[{org_id=1, instm=1690556389000, re_order_guid=4CDE1CFD-EDED-46B1-946C-000000000001, \
                returnstatus=-301014, ebpcode=4601630004, returntime2=20260728225949, \
                ebccode=4601630005, trans_dxpid=DXPENT0000012345, \
                returninfo=订单报文处理失败, 接收报文为旧报文数据，不做处理;, returntime=1690556377000, \
                orderno=T_C5051}, {orderno=half}]";
    let server = Platform::start(move |_, seen| {
        Act::Say(
            match seen
                .path
                .starts_with("/ceb312msg?dxpid=DXPENT0000012345&qryid=2")
            {
                true => answer("200 OK", rows),
                false => answer("200 OK", ""),
            },
        )
    });
    let dir = tempfile::tempdir().unwrap();
    let table = json!({
        "url": server.url(), "profile": "cebcmsg", "poll_ms": 50,
        "values": { "dxp_id": "DXPENT0000012345" },
    });
    let transport = build(table, dir.path());
    let mut both = [next(&transport).await, next(&transport).await];
    both.sort_by_key(|delivery| delivery.octets.len());
    let [half, whole] = both;
    // What is no receipt is handed on as it came.
    assert_eq!(text(&half), r#"{"orderno":"half"}"#);
    let Ok(Opened::Message(parsed)) = open(&whole.octets, &Limits::default()) else {
        panic!("{}", text(&whole));
    };
    let found = answers(&parsed);
    assert_eq!(
        found[0].key.as_deref(),
        Some("4601630004\n4601630005\nT_C5051")
    );
    assert_eq!(found[0].code, "-301014");
    assert_eq!(found[0].time, "20260728225949000");
    assert!(
        found[0]
            .text
            .ends_with("处理失败, 接收报文为旧报文数据，不做处理;")
    );
    whole.settle.acknowledge().await.unwrap();
    half.settle.acknowledge().await.unwrap();
    assert!(
        quiet(&transport).await,
        "the same rows are not receipts again"
    );
}

#[tokio::test]
async fn a_whole_answer_can_be_the_receipt() {
    let server = Platform::start(|_, seen| {
        Act::Say(match seen.method.as_str() {
            "GET" if seen.path == "/next" => platform::with("200 OK", "X-Id: 7\r\n", "<r/>"),
            _ => platform::with("204 No Content", "", ""),
        })
    });
    let dir = tempfile::tempdir().unwrap();
    let table = json!({
        "url": server.url(), "poll_ms": 50,
        "receive": { "main": {
            "path": "/next", "form": "raw", "id": "{x-id}",
            "acknowledge": { "path": "/done?id={id}" },
        } },
    });
    let delivery = next(&build(table, dir.path())).await;
    assert_eq!(text(&delivery), "<r/>");
    delivery.settle.acknowledge().await.unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.as_str()),
        ("POST", "/done?id=7")
    );
}

#[tokio::test]
async fn one_query_that_is_refused_keeps_no_other() {
    let server = Platform::start(|_, seen| {
        Act::Say(match seen.path.as_str() {
            "/good" => answer("200 OK", r#"{"x": "<x/>", "id": 1}"#),
            "/odd" => answer("200 OK", "maintenance"),
            _ => answer("401 Unauthorized", ""),
        })
    });
    let query = |path: &str| {
        json!({
            "path": path, "octets": "{x}", "id": "{id}", "acknowledge": { "path": "/good" },
        })
    };
    let dir = tempfile::tempdir().unwrap();
    let table = json!({
        "url": server.url(), "poll_ms": 50,
        "receive": { "a": query("/bad"), "b": query("/odd"), "c": query("/good") },
    });
    let transport = build(table, dir.path());
    let mut failures = 0;
    let delivery = loop {
        match transport.receive().await {
            Ok(delivery) => break delivery,
            Err(failure) => {
                assert_eq!(failure.class(), FailureClass::Misconfigured);
                assert!(failure.to_string().contains("(a)"), "{failure}");
                failures += 1;
            }
        }
    };
    assert_eq!((failures, text(&delivery).as_str()), (1, "<x/>"));
    let failure = transport.check().await.unwrap_err();
    assert!(failure.to_string().contains("401"), "{failure}");
}
