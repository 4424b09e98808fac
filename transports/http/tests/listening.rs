//! Receipts that are pushed, by curl.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tongguan_contracts::{Delivery, PartOptions, Transport};

fn build(listen: Value, base: &Path) -> Arc<dyn Transport> {
    tongguan_transport_http::build(PartOptions {
        part: "transport \"main\"".into(),
        options: json!({ "url": "http://127.0.0.1:1", "max_octets": 1000, "listen": listen }),
        base: base.to_owned(),
    })
    .unwrap()
}

fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits for the next delivery, for as long as curl may try to connect.
fn receiving(transport: &Arc<dyn Transport>) -> tokio::task::JoinHandle<Delivery> {
    let transport = Arc::clone(transport);
    tokio::spawn(async move { transport.receive().await.unwrap() })
}

/// curl's HTTP status, or `000` where there was no answer, and the answer's body.
async fn curl(dir: &Path, args: &[&str]) -> (String, String) {
    let mut command = Command::new("curl");
    command
        .args([
            "-s",
            "-m",
            "10",
            "--retry",
            "20",
            "--retry-connrefused",
            "--retry-delay",
            "0",
        ])
        .args(["--retry-max-time", "5", "-w", "\n%{http_code}"])
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null());
    let out = tokio::task::spawn_blocking(move || command.output().unwrap());
    let text = String::from_utf8(out.await.unwrap().stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

const TOKEN: &str = "Authorization: Bearer t0ken";

#[tokio::test]
async fn what_is_pushed_is_answered_once_it_is_ours() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    std::fs::write(at.join("token"), "t0ken\n").unwrap();
    let port = port();
    let address = format!("127.0.0.1:{port}");
    let listen = json!({
        "address": address, "path": "/push", "token": "file:token", "answer": "OK",
    });
    let transport = build(listen, at);
    let url = format!("http://{address}/push");
    let push = |body: &str| {
        let (at, args) = (
            at.to_owned(),
            ["-H", TOKEN, "-d", body, &url].map(str::to_owned),
        );
        async move { curl(&at, &args.each_ref().map(String::as_str)).await }
    };

    let delivery = receiving(&transport);
    let settled = async {
        let delivery = delivery.await.unwrap();
        assert_eq!(delivery.octets, b"<r/>");
        assert!(delivery.origin.contains("127.0.0.1"));
        tokio::time::sleep(Duration::from_millis(300)).await;
        delivery.settle.acknowledge().await.unwrap();
        std::time::Instant::now()
    };
    let pushed = async {
        let answer = push("<r/>").await;
        (answer, std::time::Instant::now())
    };
    let ((answer, answered), settled) = tokio::join!(pushed, settled);
    assert_eq!(answer, ("200".to_owned(), "OK".to_owned()));
    assert!(answered >= settled, "not before it is acknowledged");

    // What is dropped or given back is to be pushed again. (curl itself would try again after a 503.)
    for give_back in [false, true] {
        let delivery = receiving(&transport);
        let settled = async {
            let delivery = delivery.await.unwrap();
            if give_back {
                delivery.settle.give_back().await.unwrap();
            }
        };
        let args = ["-H", TOKEN, "-d", "x", &url, "--retry", "0"];
        let (pushed, ()) = tokio::join!(curl(at, &args), settled);
        assert_eq!(pushed.0, "503");
    }

    // Strangers, and what is too large or elsewhere: none of it is a delivery.
    std::fs::write(at.join("large"), vec![b'x'; 2000]).unwrap();
    let elsewhere = format!("http://{address}/other");
    let wrong = "Authorization: Bearer t0kem";
    let longer = "Authorization: Bearer t0ken2";
    for (args, status) in [
        (vec!["-d", "x", url.as_str()], "401"),
        (vec!["-H", wrong, "-d", "x", &url], "401"),
        (vec!["-H", longer, "-d", "x", &url], "401"),
        (vec!["-H", wrong, "-d", "x", &elsewhere], "401"),
        (vec!["-H", TOKEN, "-d", "x", &elsewhere], "404"),
        (vec!["-H", TOKEN, &url], "405"),
        (vec!["-H", TOKEN, "-d", "@large", &url], "413"),
        (
            vec![
                "-H",
                TOKEN,
                "-H",
                "Transfer-Encoding: chunked",
                "-d",
                "@large",
                &url,
            ],
            "413",
        ),
    ] {
        assert_eq!(curl(at, &args).await.0, status, "{args:?}");
    }
    let waited = tokio::time::timeout(Duration::from_millis(200), transport.receive());
    assert!(waited.await.is_err());
    transport.close().await;
    let (status, _) = curl(at, &["--retry", "0", &url]).await;
    assert_eq!(status, "000", "the port is free again");
}

#[tokio::test]
async fn several_in_one_push_are_ours_together() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    std::fs::write(at.join("token"), "t0ken\n").unwrap();
    let address = format!("127.0.0.1:{}", port());
    let listen = json!({
        "address": address, "token": "file:token", "form": "json", "items": "list",
        "octets": "{x}", "encoding": "base64",
    });
    let transport = build(listen, at);
    let url = format!("http://{address}/");
    let body = json!({ "list": [{ "x": "PGEvPg==" }, { "x": "PGIvPg==" }] }).to_string();
    let settled = async {
        let (a, b) = (
            receiving(&transport).await.unwrap(),
            receiving(&transport).await.unwrap(),
        );
        assert_eq!(
            (a.octets.as_slice(), b.octets.as_slice()),
            (b"<a/>".as_slice(), b"<b/>".as_slice())
        );
        b.settle.acknowledge().await.unwrap();
        a.settle.acknowledge().await.unwrap();
    };
    let args = ["-H", TOKEN, "-d", &body, &url];
    let (answer, ()) = tokio::join!(curl(at, &args), settled);
    assert_eq!(answer.0, "200");
    let (status, _) = curl(at, &["-H", TOKEN, "-d", "no json", &url]).await;
    assert_eq!(status, "422");
}

#[tokio::test]
async fn a_caller_without_our_cas_certificate_gets_no_further() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let openssl = |args: &[&str]| {
        let out = Command::new("openssl")
            .args(args)
            .current_dir(at)
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
    };
    for (name, host) in [
        ("server", "localhost"),
        ("caller", "caller"),
        ("stranger", "caller"),
    ] {
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        let (subject, names) = (format!("/CN={host}"), format!("subjectAltName=DNS:{host}"));
        openssl(&[
            "req",
            "-x509",
            "-nodes",
            "-days",
            "30",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-keyout",
            &key,
            "-out",
            &pem,
            "-subj",
            &subject,
            "-addext",
            &names,
        ]);
    }
    let address = format!("127.0.0.1:{}", port());
    let listen = json!({
        "address": address, "certificate": "server.pem", "key": "server.key", "ca": "caller.pem",
    });
    let transport = build(listen, at);
    let (_, port) = address.split_once(':').unwrap();
    let url = format!("https://localhost:{port}/");
    let first = receiving(&transport);
    let shown = [
        "--cacert",
        "server.pem",
        "--cert",
        "caller.pem",
        "--key",
        "caller.key",
    ];
    let args = [shown.as_slice(), &["-d", "<r/>", &url]].concat();
    let settled = async {
        let delivery = first.await.unwrap();
        delivery.settle.acknowledge().await.unwrap();
    };
    let (answer, ()) = tokio::join!(curl(at, &args), settled);
    assert_eq!(answer.0, "200");
    for shown in [
        &["--cacert", "server.pem"][..],
        &[
            "--cacert",
            "server.pem",
            "--cert",
            "stranger.pem",
            "--key",
            "stranger.key",
        ],
    ] {
        let args = [shown, &["-d", "<r/>", &url, "--retry", "0"]].concat();
        assert_eq!(curl(at, &args).await.0, "000", "{shown:?}");
    }
    let waited = tokio::time::timeout(Duration::from_millis(200), transport.receive());
    assert!(waited.await.is_err());
}
