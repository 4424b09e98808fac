//! Envelopes are taken exactly when the platform says so, and what goes wrong is told for what it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

#[path = "../../../tests/doubles/platform.rs"]
mod platform;

use platform::{Act, Platform, answer, with};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tongguan_contracts::{Accepted, Failure, FailureClass, Outgoing, PartOptions, Transport};
use tongguan_messages::envelope::{Envelope, Head};

const ID: &str = "0A1B2C3D-0000-4000-8000-000000000001";

fn envelope(message: &[u8]) -> Vec<u8> {
    let head = Head {
        cop_msg_id: ID.into(),
        sender_id: "DXPENT0000012345".into(),
        receiver_ids: vec!["DXPEDCCEB0000002".into()],
        creat_time: "2026-11-26T09:30:00".into(),
        msg_type: "CEB311Message".into(),
    };
    let data = message.to_vec();
    Envelope { head, data }.write().unwrap()
}

fn try_build(table: Value, base: &Path) -> Result<Arc<dyn Transport>, Failure> {
    tongguan_transport_http::build(PartOptions {
        part: "transport \"main\"".into(),
        options: table,
        base: base.to_owned(),
    })
}

fn build(table: Value) -> Arc<dyn Transport> {
    try_build(table, Path::new(".")).unwrap()
}

/// A transport that posts the envelope as it is.
fn plain(url: &str) -> Value {
    json!({
        "url": url, "timeout_seconds": 1,
        "send": { "path": "/in", "body": "raw", "text": "{envelope}" },
    })
}

async fn send(transport: &Arc<dyn Transport>, octets: &[u8]) -> Result<Accepted, Failure> {
    transport
        .send(Outgoing {
            cop_msg_id: ID,
            message: "CEB311Message",
            envelope: octets,
        })
        .await
}

async fn refused(transport: &Arc<dyn Transport>) -> (FailureClass, bool, String) {
    let failure = send(transport, b"<x/>").await.unwrap_err();
    let remedy = failure.how_to_mend().unwrap_or_default();
    let told = format!("{failure} ({remedy})");
    (failure.class(), failure.may_have_left(), told)
}

#[tokio::test]
async fn an_envelope_is_taken_when_the_body_says_so() {
    let server = Platform::start(|number, _| {
        Act::Say(answer(
            "200 OK",
            [
                "{\"code\": 0}",
                "{\"code\": 7, \"why\": \"busy\"}",
                "{\"code\": -3}",
                "<html>",
            ][number],
        ))
    });
    let mut table = plain(&server.url());
    table["send"]["taken_when"] = json!({ "at": "code", "is": [0] });
    table["send"]["rejected_when"] = json!({ "at": "code", "is": [-3] });
    let transport = build(table);
    let taken = send(&transport, b"<x/>").await.unwrap();
    assert!(
        taken.evidence.contains("/in: 200 OK: {\"code\": 0}"),
        "{taken:?}"
    );
    let (class, left, told) = refused(&transport).await;
    assert_eq!((class, left), (FailureClass::Transient, true), "{told}");
    assert!(
        told.contains("busy") && told.contains("taken_when"),
        "{told}"
    );
    let (class, _, told) = refused(&transport).await;
    assert_eq!(class, FailureClass::Rejected, "{told}");
    let (class, _, told) = refused(&transport).await;
    assert_eq!(class, FailureClass::Transient, "{told}");
    assert!(server.seen().iter().all(|seen| seen.body == b"<x/>"));
}

#[tokio::test]
async fn each_status_is_of_a_class() {
    use FailureClass::{Misconfigured, Rejected, Transient};
    const ALL: [(&str, FailureClass, bool); 12] = [
        ("400 Bad Request", Rejected, true),
        ("401 Unauthorized", Misconfigured, false),
        ("403 Forbidden", Misconfigured, false),
        ("404 Not Found", Misconfigured, false),
        ("405 Method Not Allowed", Misconfigured, false),
        ("409 Conflict", Transient, true),
        ("413 Payload Too Large", Rejected, false),
        ("422 Unprocessable Entity", Rejected, true),
        ("429 Too Many Requests", Transient, false),
        ("500 Internal Server Error", Transient, true),
        ("502 Bad Gateway", Transient, true),
        ("503 Service Unavailable", Transient, true),
    ];
    let server = Platform::start(|number, _| Act::Say(answer(ALL[number].0, "so it is")));
    let transport = build(plain(&server.url()));
    for (status, class, left) in ALL {
        let (told_class, told_left, told) = refused(&transport).await;
        assert_eq!((told_class, told_left), (class, left), "{told}");
        assert!(told.contains(status) && told.contains("so it is"), "{told}");
    }
}

#[tokio::test]
async fn a_web_servers_own_page_ends_no_declaration() {
    let page = with(
        "400 Bad Request",
        "Content-Type: text/html\r\n",
        "<h1>400</h1>",
    );
    let server = Platform::start(move |_, _| Act::Say(page.clone()));
    let (class, _, told) = refused(&build(plain(&server.url()))).await;
    assert_eq!(class, FailureClass::Misconfigured, "{told}");
}

#[tokio::test]
async fn nothing_has_left_where_there_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let server = Platform::start(|_, _| Act::Cut);
    for (url, class) in [
        (format!("http://127.0.0.1:{port}"), FailureClass::Transient),
        ("http://nowhere.invalid".to_owned(), FailureClass::Transient),
        // It speaks no TLS.
        (
            format!("https://127.0.0.1:{}", server.port),
            FailureClass::Transient,
        ),
    ] {
        let (told_class, left, told) = refused(&build(plain(&url))).await;
        assert_eq!((told_class, left), (class, false), "{told}");
        assert!(told.contains("connect to"), "{told}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_cut_or_silence_after_the_request_is_an_unknown_outcome() {
    let server = Platform::start(|number, _| match number {
        0 => Act::Cut,
        1 => Act::Silence(Duration::from_secs(5)),
        // Half an answer.
        _ => Act::SayAndClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".into()),
    });
    let transport = build(plain(&server.url()));
    for word in ["", "no answer in 1 s", "broke off"] {
        let begun = Instant::now();
        let (class, left, told) = refused(&transport).await;
        assert_eq!((class, left), (FailureClass::Transient, true), "{told}");
        assert!(told.contains(word), "{told}");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
    // None of them was sent twice by itself.
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_connection_that_has_ended_while_idle_costs_nothing() {
    let server = Platform::start(|_, _| Act::SayAndClose(answer("200 OK", "")));
    let transport = build(plain(&server.url()));
    for _ in 0..5 {
        send(&transport, b"<x/>").await.unwrap();
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn an_envelope_is_not_handed_over_twice_by_itself() {
    let server = Platform::start(|number, _| match number {
        1 => Act::Cut,
        _ => Act::Say(answer("200 OK", "")),
    });
    let transport = build(plain(&server.url()));
    send(&transport, b"<x/>").await.unwrap();
    // Over the connection from before, which ends then.
    let (class, left, told) = refused(&transport).await;
    assert_eq!((class, left), (FailureClass::Transient, true), "{told}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is_left_alone() {
    let busy = with("503 Service Unavailable", "Retry-After: 2\r\n", "");
    let server = Platform::start(move |number, _| {
        Act::Say(if number == 0 {
            busy.clone()
        } else {
            answer("200 OK", "")
        })
    });
    let transport = build(plain(&server.url()));
    refused(&transport).await;
    let (class, left, told) = refused(&transport).await;
    assert_eq!((class, left), (FailureClass::Transient, false), "{told}");
    assert!(told.contains("left alone"), "{told}");
    assert_eq!(server.seen().len(), 1);
    tokio::time::sleep(Duration::from_millis(2050)).await;
    send(&transport, b"<x/>").await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_followed_only_on_the_same_server() {
    let other = Platform::start(|_, _| Act::Say(answer("200 OK", "")));
    let away = format!("Location: {}/in\r\n", other.url());
    let server = Platform::start(move |_, seen| {
        Act::Say(match seen.path.as_str() {
            "/in" => with("307 Temporary Redirect", &away, ""),
            "/here" => with("308 Permanent Redirect", "Location: /there\r\n", ""),
            "/changed" => with("302 Found", "Location: /there\r\n", ""),
            "/round" => with("307 Temporary Redirect", "Location: /round\r\n", ""),
            _ => answer("200 OK", ""),
        })
    });
    let to = |path: &str| {
        let mut table = plain(&server.url());
        table["send"]["path"] = path.into();
        build(table)
    };
    let (class, left, told) = refused(&to("/in")).await;
    assert_eq!(
        (class, left),
        (FailureClass::Misconfigured, false),
        "{told}"
    );
    assert!(told.contains(&other.url()), "{told}");
    assert!(
        other.seen().is_empty(),
        "what is signed and secret stays here"
    );
    send(&to("/here"), b"<x/>").await.unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!(
        (last.path.as_str(), last.body.as_slice()),
        ("/there", b"<x/>".as_slice())
    );
    // A POST that became a GET would send nothing.
    let (class, _, told) = refused(&to("/changed")).await;
    assert_eq!(class, FailureClass::Misconfigured, "{told}");
    let (_, _, told) = refused(&to("/round")).await;
    assert!(told.contains("without end"), "{told}");
}

#[tokio::test]
async fn an_answer_without_end_is_left() {
    let server = Platform::start(|_, _| {
        Act::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n".into())
    });
    let mut table = plain(&server.url());
    table["max_octets"] = 10_000.into();
    let (class, left, told) = refused(&build(table)).await;
    assert_eq!((class, left), (FailureClass::Misconfigured, true), "{told}");
    assert!(told.contains("max_octets"), "{told}");
}

#[tokio::test]
async fn ten_megabytes_go_whole_and_several_at_once() {
    let server = Platform::start(|_, _| Act::Say(answer("200 OK", "")));
    let mut table = plain(&server.url());
    table["timeout_seconds"] = 20.into();
    let transport = build(table);
    let octets = vec![b'a'; 10 << 20];
    let (a, b) = tokio::join!(send(&transport, &octets), send(&transport, &octets));
    a.unwrap();
    b.unwrap();
    assert!(server.seen().iter().all(|seen| seen.body == octets));
}

#[tokio::test]
async fn a_request_says_what_the_manifest_tells() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret"), "k&ey\n").unwrap();
    let server = Platform::start(|_, _| Act::Say(answer("200 OK", "OK")));
    let table = |send: Value| {
        json!({
            "url": format!("{}/api/", server.url()),
            "values": { "dxp_id": "DXP 1" }, "secrets": { "key": "file:secret" },
            "headers": { "X-Who": "{dxp_id}" },
            "send": send,
        })
    };
    let sent = envelope("<订单/>".as_bytes());
    let base64 = "POiuouWNlS8+";
    let go = async |body: Value| {
        let transport = try_build(table(body), dir.path()).unwrap();
        send(&transport, &sent).await.unwrap();
        server.seen().pop().unwrap()
    };
    let seen = go(json!({
        "path": "/in?id={cop_msg_id}&who={dxp_id}", "method": "put", "body": "json",
        "fields": { "a": { "b": ["{content:base64}", 1, true] }, "c": "{message}\"{key}" },
        "headers": { "X-Sign": "{sign}", "x-who": "me" },
        "sign": { "algorithm": "hmac-sha256", "key": "key", "over": "{dxp_id}{content:base64}" },
    }))
    .await;
    assert_eq!(
        (seen.method.as_str(), seen.header("content-type")),
        ("PUT", "application/json")
    );
    assert_eq!(seen.path, format!("/api/in?id={ID}&who=DXP%201"));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        body,
        json!({ "a": { "b": [base64, 1, true] }, "c": "CEB311Message\"k&ey" })
    );
    assert_eq!(seen.header("x-who"), "me");
    // As another program computes it.
    let command = format!("printf 'DXP 1{base64}' | openssl dgst -sha256 -hmac 'k&ey' -r");
    let out = std::process::Command::new("sh")
        .args(["-c", &command])
        .output()
        .unwrap();
    let other = String::from_utf8(out.stdout).unwrap();
    assert_eq!(seen.header("x-sign"), &other[..64]);

    let seen = go(json!({
        "path": "/in", "body": "form",
        "fields": { "data": "{content}", "time": "{time:YYYY-MM-DD}", "key": "{key}" },
    }))
    .await;
    let text = seen.text();
    assert!(
        text.starts_with("data=%3C%E8%AE%A2%E5%8D%95%2F%3E&key=k%26ey&time=20"),
        "{text}"
    );
    assert_eq!(seen.header("x-who"), "DXP 1");

    let seen = go(json!({
        "path": "/in", "body": "xml", "text": "<in key=\"{key}\">{content}</in>",
        "headers": { "Content-Type": "text/xml; charset=utf-8" },
    }))
    .await;
    assert_eq!(seen.text(), "<in key=\"k&amp;ey\">&lt;订单/&gt;</in>");
    assert_eq!(seen.header("content-type"), "text/xml; charset=utf-8");
}

#[tokio::test]
async fn what_is_wrong_in_the_manifest_is_named_by_its_key() {
    let url = "https://platform.example";
    let send = json!({ "path": "/in", "body": "raw", "text": "{envelope}" });
    let poll = |query: Value| json!({ "url": url, "receive": { "a": query } });
    let wrong = [
        (json!({ "url": url }), "use send"),
        (json!({ "url": "ftp://x", "send": send }), "use url"),
        (json!({ "url": "https://u:p@x", "send": send }), "use url"),
        (json!({ "url": url, "send": { "path": "in" } }), "send.path"),
        (json!({ "url": url, "send": { "bod": "raw" } }), "use send"),
        (
            json!({ "url": url, "send": { "body": "raw" } }),
            "send.text",
        ),
        (
            json!({ "url": url, "send": { "body": "json" } }),
            "send.fields",
        ),
        (
            json!({ "url": url, "send": { "body": "raw", "text": "{envelop}" } }),
            "{envelop}",
        ),
        (
            json!({ "url": url, "send": { "body": "json", "fields": { "a": ["{x}"] } } }),
            "send.fields.a.0",
        ),
        (
            json!({ "url": url, "headers": { "A b": "x" }, "send": send }),
            "headers.A b",
        ),
        (
            json!({ "url": url, "send": { "sign": { "algorithm": "hmac-sm3", "over": "" } } }),
            "send.sign.key",
        ),
        (
            json!({ "url": url, "send": { "taken_when": { "at": "a" } } }),
            "send.taken_when",
        ),
        (poll(json!({ "octets": "{a}" })), "receive.a.cursor"),
        (
            poll(json!({ "octets": "{a}", "acknowledge": {} })),
            "receive.a.id",
        ),
        (
            poll(json!({ "octets": "{a}", "cursor": { "from": "{b}" } })),
            "receive.a.path",
        ),
        (
            poll(json!({ "acknowledge": {}, "id": "{a}" })),
            "receive.a.octets",
        ),
        (
            poll(json!({
                "acknowledge": {}, "id": "{a}",
                "receipt": { "message": "CEB312Message", "guid": "", "fields": { "ordrNo": "" } }
            })),
            "receive.a.receipt.fields.ordrNo",
        ),
        (
            json!({ "url": url, "send": send, "listen": { "address": "127.0.0.1:0" } }),
            "listen.token",
        ),
        (
            json!({ "url": url, "send": send, "certificate": "a" }),
            "certificate",
        ),
        (
            json!({ "url": url, "send": send, "ca": "none.pem" }),
            "read ca",
        ),
        (
            json!({ "url": url, "profile": "gatway" }),
            "cebcmsg, gateway",
        ),
        (json!({ "url": url, "profile": "cebcmsg" }), "dxp_id"),
        (json!({ "url": url, "profile": "gateway" }), "{token}"),
    ];
    for (table, word) in wrong {
        let failure = try_build(table.clone(), Path::new(".")).err();
        let failure = failure.unwrap_or_else(|| panic!("taken: {table}"));
        let told = format!("{failure} ({})", failure.how_to_mend().unwrap_or_default());
        assert_eq!(failure.class(), FailureClass::Misconfigured);
        assert!(told.contains(word), "no {word:?} in {told}");
    }
}
