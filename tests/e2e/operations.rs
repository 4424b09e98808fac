//! What an operator has: status that says what is stuck, metrics and health. promtool judges the
//! metrics, curl asks for them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::start;
use stage::{TONGGUAN, good, orders, refused, run, signal};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tongguan_core::diagnosis::Ailment;
use tongguan_crypto::{Scheme, TestSubject, provider};

/// A folder whose client serves on a free port; gives that port.
fn prepare(dir: &Path) -> u16 {
    good(dir, TONGGUAN, &["init", "."]);
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let http = format!("{manifest}\n[http]\nlisten = \"127.0.0.1:{port}\"\n");
    fs::write(dir.join("tongguan.toml"), http).unwrap();
    port
}

/// What curl gets: the status code and the body.
fn get(port: u16, path: &str) -> (String, String) {
    let url = format!("http://127.0.0.1:{port}{path}");
    let out = run(
        Path::new("."),
        "curl",
        &["-sS", "-m", "10", "-w", "\n%{http_code}", &url],
    );
    let text = String::from_utf8(out.stdout).unwrap();
    let (body, code) = text.rsplit_once('\n').unwrap();
    (code.to_owned(), body.to_owned())
}

/// Asks until the answer is as wanted.
fn until(port: u16, path: &str, wanted: impl Fn(&str, &str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let (code, body) = get(port, path);
        if wanted(&code, &body) {
            return body;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{path}: {code} {body}"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn ended(mut process: Child) {
    signal(&process, "-TERM");
    assert!(process.wait().unwrap().success());
}

/// The value of a metric with these labels, as they are written.
fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")))?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

#[test]
fn metrics_are_what_happened_and_promtool_takes_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let port = prepare(dir);
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    let mut customs = start(dir, &["simulate"], "customs.log");
    let client = start(dir, &["run"], "client.log");
    let accepted = "tongguan_declarations{message=\"CEB311Message\",state=\"accepted\"}";
    let metrics = until(port, "/metrics", |_, body| {
        value(body, accepted) == Some(3.0)
    });
    for (name, wanted) in [
        ("tongguan_signed_total{message=\"CEB311Message\"}", 3.0),
        ("tongguan_signature_seconds_count{signer=\"main\"}", 1.0),
        ("tongguan_sent_total{transport=\"main\"}", 1.0),
        ("tongguan_send_seconds_count{transport=\"main\"}", 1.0),
        ("tongguan_transport_in_reach{transport=\"main\"}", 1.0),
        ("tongguan_oldest_open_seconds", 0.0),
        ("tongguan_store_failures_total", 0.0),
        (
            "tongguan_answers_total{level=\"clearance\",outcome=\"accepted\"}",
            3.0,
        ),
    ] {
        assert_eq!(value(&metrics, name), Some(wanted), "{name}\n{metrics}");
    }
    // The certificate's end, as openssl tells it.
    let end = good(
        dir,
        "openssl",
        &[
            "x509",
            "-in",
            "certificates/enterprise.pem",
            "-noout",
            "-enddate",
        ],
    );
    let date = end.trim().trim_start_matches("notAfter=");
    let seconds = good(dir, "date", &["-d", date, "+%s"]);
    let not_after = "tongguan_certificate_not_after_timestamp_seconds{signer=\"main\"}";
    assert_eq!(
        value(&metrics, not_after),
        seconds.trim().parse().ok(),
        "{metrics}"
    );
    assert!(!metrics.contains("ORDER-"), "{metrics}");
    judged_by_promtool(&metrics);
    documented(&metrics);
    assert_eq!(get(port, "/healthz").0, "200");
    until(port, "/readyz", |code, body| {
        code == "200" && body.contains("\"ready\":true")
    });
    ended(client);
    customs.kill().unwrap();
    customs.wait().unwrap();
}

fn judged_by_promtool(metrics: &str) {
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        assert!(
            std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
            "promtool is not there (tests/setup installs it)"
        );
        println!("skipped: no promtool (tests/setup installs it)");
        return;
    };
    let mut input = promtool.stdin.take().unwrap();
    input.write_all(metrics.as_bytes()).unwrap();
    drop(input);
    let out = promtool.wait_with_output().unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(out.status.success() && told.trim().is_empty(), "{told}");
}

/// Every metric, and every kind of finding, stands in the documentation.
fn documented(metrics: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = fs::read_to_string(file).unwrap();
    let metrics = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP "));
    let metrics = metrics.map(|line| line.split(' ').next().unwrap());
    let kinds = Ailment::ALL.iter().map(|kind| kind.name());
    for name in metrics.chain(kinds) {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn hostile_requests_are_borne() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let port = prepare(dir);
    let client = start(dir, &["run"], "client.log");
    until(port, "/readyz", |code, _| code == "200");
    let ask = |text: &[u8]| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        // Whoever is cut off cannot write all.
        let _ = stream.write_all(text);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let head = ask(b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    for (request, wanted) in [
        (
            &b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"[..],
            "HTTP/1.1 405",
        ),
        (
            b"GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 404",
        ),
        (b"GET / HTTP/1.1\r\n\x00\xff\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let answer = ask(request);
        assert!(answer.starts_with(wanted), "{answer}");
    }
    let long = [
        &b"GET /metrics HTTP/1.1\r\nX: "[..],
        &vec![b'a'; 1 << 20],
        b"\r\n\r\n",
    ]
    .concat();
    let answer = ask(&long);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    // More than there is room for, that say nothing: they end, and others are served again.
    let silent: Vec<_> = (0..40)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
        .collect();
    let begun = Instant::now();
    until(port, "/healthz", |code, _| code == "200");
    assert!(begun.elapsed() < Duration::from_secs(15));
    drop(silent);
    ended(client);
    let log = fs::read_to_string(dir.join("client.log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_transport_that_is_away_is_told_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let port = prepare(dir);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let (before, rest) = manifest.split_once("kind = \"directory\"").unwrap();
    let (_, after) = rest.split_once("[[routes]]").unwrap();
    let nowhere = format!(
        "{before}kind = \"amqp\"\nurl = \"amqp://127.0.0.1:1/customs\"\nusername = \"guest\"\n\
         password = \"file:certificates/password\"\nsend = {{ routing_key = \"to\" }}\n\
         receive = {{ queue = \"from\" }}\n[[routes]]{after}"
    );
    fs::write(dir.join("tongguan.toml"), &nowhere).unwrap();
    let told = good(dir, TONGGUAN, &["status", "--check"]);
    assert!(
        !told.contains("URGENT") && !told.contains("WARNING"),
        "{told}"
    );
    fs::write(dir.join("o.json"), orders(1, 2)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    let client = start(dir, &["run"], "client.log");
    let readiness = until(port, "/readyz", |code, body| {
        code == "503" && body.contains("out of reach")
    });
    assert!(readiness.contains("main"), "{readiness}");
    assert_eq!(get(port, "/healthz").0, "200");
    let told = good(dir, TONGGUAN, &["status"]);
    assert!(
        told.contains("note") && told.contains("127.0.0.1:1"),
        "it may pass: {told}"
    );
    // It does not.
    fs::write(
        dir.join("tongguan.toml"),
        nowhere.replace("[alerts]", "[alerts]\nsend_seconds = 0"),
    )
    .unwrap();
    let told = refused(dir, &["status", "--check"], 1);
    for part in [
        "URGENT",
        "main",
        "报文待发送",
        "since 20",
        "127.0.0.1:1",
        "tongguan check",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = good(dir, TONGGUAN, &["--json", "status"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let finding = &json["findings"][0];
    assert_eq!(finding["what"], "unsent");
    assert_eq!(finding["severity"], "urgent");
    assert_eq!(
        (&finding["subject"], &finding["count"]),
        (&"main".into(), &1.into())
    );
    assert!(finding["since"].is_i64(), "{finding}");
    // What it names as an example can be shown.
    let example = finding["example"].as_str().unwrap();
    good(dir, TONGGUAN, &["show", example]);
    ended(client);
    // The transport is taken out of the manifest: what is signed for it has no way.
    let renamed = nowhere
        .replace("[transports.main]", "[transports.other]")
        .replace("transport = \"main\"", "transport = \"other\"");
    fs::write(
        dir.join("tongguan.toml"),
        renamed.replace("[alerts]", "[alerts]\nsend_seconds = 0"),
    )
    .unwrap();
    let told = refused(dir, &["status", "--check"], 1);
    assert!(told.contains("[transports.main] back"), "{told}");
}

#[test]
fn a_certificate_near_its_end_is_told_and_the_next_one_covers_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let put = |name: &str, days: i64| {
        let subject = TestSubject {
            common_name: name.into(),
            days,
            from_days: 0,
        };
        let issued = provider()
            .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
            .unwrap();
        let at = dir.join("certificates");
        fs::write(at.join(format!("{name}.key")), issued.key_pem).unwrap();
        fs::write(at.join(format!("{name}.pem")), issued.certificate_pem).unwrap();
    };
    put("enterprise", 20);
    put("next", 400);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = manifest.replace("password = \"file:certificates/password\"\n", "");
    fs::write(dir.join("tongguan.toml"), &manifest).unwrap();
    let told = refused(dir, &["status", "--check"], 1);
    assert!(
        told.contains("证书即将到期") && told.contains("[signers.next]"),
        "{told}"
    );
    let days = manifest.replace("[alerts]", "[alerts]\ncertificate_days = 10");
    fs::write(dir.join("tongguan.toml"), days).unwrap();
    good(dir, TONGGUAN, &["status", "--check"]);
    // As it says.
    let manifest = manifest
        .replace(
            "[transports.main]",
            "[signers.next]\nkind = \"software\"\nkey = \"certificates/next.key\"\n\
             certificate = \"certificates/next.pem\"\n\n[transports.main]",
        )
        .replace("signer = \"main\"", "signer = [\"main\", \"next\"]");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    good(dir, TONGGUAN, &["status", "--check"]);
    good(dir, TONGGUAN, &["check"]);
}
