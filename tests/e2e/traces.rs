//! One trace from a submission to its last receipt, as a real collector reads it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use serde_json::Value;
use stage::parts::start;
use stage::{TONGGUAN, good, orders, refused, signal};
use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A collector, which writes down what it takes.
struct Collector {
    process: Child,
    address: String,
}

impl Collector {
    fn start(dir: &Path) -> Option<Self> {
        let Some(program) = std::env::var_os("TONGGUAN_TEST_COLLECTOR") else {
            assert!(
                std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
                "TONGGUAN_TEST_COLLECTOR is not set"
            );
            println!("skipped: no collector (run tests/run, or set TONGGUAN_TEST_COLLECTOR)");
            return None;
        };
        let free = || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let (address, grpc) = (free(), free());
        let log = fs::File::create(dir.join("collector.log")).unwrap();
        let process = Command::new(program)
            .args([
                "start",
                "--exporter",
                "blackhole",
                "--otlp-http-endpoint",
                &address,
            ])
            .args(["--otlp-grpc-endpoint", &grpc, "--debug-log", "traces"])
            .args(["--debug-log-verbosity", "detailed"])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(&address).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the collector does not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self { process, address })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A span, as the collector wrote it down.
#[derive(Debug, Default, Clone)]
struct Span {
    fields: BTreeMap<String, String>,
}

impl Span {
    fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// The spans that the collector took.
fn taken(dir: &Path) -> Vec<Span> {
    let log = fs::read_to_string(dir.join("collector.log")).unwrap();
    let mut spans: Vec<Span> = Vec::new();
    for line in log.lines() {
        if line.starts_with("Span #") {
            spans.push(Span::default());
        } else if line.starts_with("Resource") || line.starts_with("Scope") {
            continue;
        } else if let (Some(span), Some((name, value))) = (spans.last_mut(), line.split_once(':')) {
            let name = name.trim().trim_start_matches("-> ");
            span.fields.insert(name.to_owned(), value.trim().to_owned());
        }
    }
    spans
}

/// The spans of a trace, once there are so many.
fn trace(dir: &Path, id: &str, count: usize) -> Vec<Span> {
    let begun = Instant::now();
    loop {
        let all = taken(dir).into_iter();
        let own: Vec<Span> = all.filter(|s| s.get("Trace ID") == id).collect();
        if own.len() >= count {
            return own;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{own:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn asks(dir: &Path, traces: &str) {
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let before = manifest
        .split("[traces]")
        .next()
        .unwrap()
        .trim_end_matches("# ");
    fs::write(path, format!("{before}\n[traces]\n{traces}\n")).unwrap();
}

#[test]
fn one_trace_from_submit_to_the_last_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let Some(collector) = Collector::start(dir) else {
        return;
    };
    good(dir, TONGGUAN, &["init"]);
    asks(dir, &format!("otlp = \"http://{}\"", collector.address));
    fs::write(dir.join("a.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "a.json"]);
    // The same again is no new declaration, and no new trace.
    good(dir, TONGGUAN, &["submit", "a.json"]);
    // Another process has its part in it.
    let mut other_side = start(dir, &["simulate"], "simulate.log");
    good(dir, TONGGUAN, &["run", "--until-final"]);
    signal(&other_side, "-TERM");
    other_side.wait().unwrap();

    let shown = good(dir, TONGGUAN, &["show", "--json", "ORDER-000002"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let (guid, id) = (
        shown["guid"].as_str().unwrap(),
        shown["trace"].as_str().unwrap(),
    );
    assert_eq!(id, guid.replace('-', "").to_lowercase());
    let spans = trace(dir, id, 7);
    let names: Vec<&str> = spans.iter().map(|s| s.get("Name")).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let all = [
        "check", "keep", "receipt", "receipt", "send", "sign", "submit",
    ];
    assert_eq!(sorted, all);
    let root = spans.iter().find(|s| s.get("Name") == "submit").unwrap();
    assert_eq!(root.get("Parent ID"), "");
    let mut codes = Vec::new();
    for span in &spans {
        let time = |name: &str| span.get(name).parse::<u64>().unwrap();
        assert!(time("Start time") <= time("End time"), "{span:?}");
        assert!(time("Start time") >= root.get("Start time").parse().unwrap());
        assert_eq!(span.get("tongguan.guid"), format!("Str({guid})"));
        assert_eq!(span.get("Status code"), "STATUS_CODE_UNSET");
        if span.get("Name") != "submit" {
            assert_eq!(span.get("Parent ID"), root.get("ID"), "{span:?}");
        }
        if matches!(span.get("Name"), "sign" | "send") {
            let cop_msg_id = shown["carrier"]["cop_msg_id"].as_str().unwrap();
            assert_eq!(
                span.get("tongguan.cop_msg_id"),
                format!("Str({cop_msg_id})")
            );
        }
        let kind = match span.get("Name") {
            "send" => "SPAN_KIND_PRODUCER",
            "receipt" => "SPAN_KIND_CONSUMER",
            _ => "SPAN_KIND_INTERNAL",
        };
        assert_eq!(span.get("Kind"), kind);
        codes.push(span.get("tongguan.code"));
    }
    codes.retain(|code| !code.is_empty());
    codes.sort_unstable();
    assert_eq!(codes, ["Str(120)", "Str(2)"]);
    let ids: std::collections::BTreeSet<&str> = spans.iter().map(|s| s.get("ID")).collect();
    assert_eq!(ids.len(), 7);

    // Three declarations, three traces, and nobody's data in any.
    let traces: std::collections::BTreeSet<String> = taken(dir)
        .iter()
        .map(|s| s.get("Trace ID").to_owned())
        .collect();
    assert_eq!(traces.len(), 3);
    let log = fs::read_to_string(dir.join("collector.log")).unwrap();
    assert!(log.contains("service.name: Str(tongguan)"));
    for personal in [
        "测试",
        "13800000000",
        "110101199001010015",
        "示例街道",
        "ORDER-0",
    ] {
        assert!(!log.contains(personal), "{personal}");
    }
}

#[test]
fn a_collector_that_is_away_costs_spans_only() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    // One that takes connections and says nothing; and then none.
    asks(dir, &format!("otlp = \"http://{address}\""));
    fs::write(dir.join("a.json"), orders(1, 3)).unwrap();
    let begun = Instant::now();
    let out = stage::run(dir, TONGGUAN, &["submit", "a.json"]);
    assert!(out.status.success());
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    drop(free);
    let out = stage::run(dir, TONGGUAN, &["submit", "a.json"]);
    assert!(out.status.success());
    fs::write(dir.join("b.json"), orders(4, 1)).unwrap();
    let out = stage::run(dir, TONGGUAN, &["submit", "b.json"]);
    assert!(out.status.success());
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(told.contains("does not take traces"), "{told}");

    for (bad, why) in [
        ("otlp = \"https://127.0.0.1:4318\"", "run a collector here"),
        ("otlp = \"http://\"", "OTLP over HTTP"),
        ("otlp = \"http://a b\"", "collector's address"),
        ("otlp = \"http://a\"\nratio = 2.0", "0 to 1"),
    ] {
        asks(dir, bad);
        let told = refused(dir, &["submit", "a.json"], 3);
        assert!(told.contains(why), "{told}");
    }
}
