//! By HTTP: the gateway's API and the /cebcmsg shape, against the simulator, alone, behind nginx and
//! through a proxy. The manifests are those of docs/transports/http.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::{
    Running, declare_by, free_port, journal, until, until_accepted, until_listening,
};
use stage::{TONGGUAN, good, orders, refused};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PAGES: [&str; 2] = [
    include_str!("../../docs/transports/http.md"),
    include_str!("../../docs/transports/http.zh.md"),
];

/// The page's table that holds some text, with the address that is meant.
fn page(page: &str, holds: &str, url: &str) -> String {
    let blocks = page.split("```toml\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let block = blocks.into_iter().find(|block| block.contains(holds));
    block
        .unwrap_or_else(|| panic!("no {holds:?}"))
        .replace("https://platform.example", url)
        .replace("env:TONGGUAN_PLATFORM_TOKEN", "file:token")
        .replace("env:PLATFORM_KEY", "file:token")
}

/// The gateway's table, for tests.
fn gateway(url: &str) -> String {
    let table = page(PAGES[0], "\"gateway\"", url);
    format!("{table}poll_ms = 100\ntimeout_seconds = 5\n")
}

fn client(dir: &Path, table: &str) {
    fs::remove_file(dir.join("tongguan.toml")).ok();
    fs::remove_dir_all(dir.join("certificates")).ok();
    fs::write(dir.join("token"), "t0ken\n").unwrap();
    declare_by(dir, table);
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(path, manifest.replace("batch = 100", "batch = 5")).unwrap();
}

fn submit(dir: &Path, from: usize, count: usize) {
    fs::write(dir.join("orders.json"), orders(from, count)).unwrap();
    good(dir, TONGGUAN, &["submit", "orders.json"]);
}

const CUSTOMS: [&str; 3] = ["simulate", "--journal", "declared.jsonl"];

#[test]
fn orders_go_and_receipts_come_though_the_platform_dies() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let port = free_port();
    client(dir, &gateway(&format!("http://127.0.0.1:{port}")));
    let told = refused(dir, &["check"], 4);
    assert!(
        told.contains(&format!("connect to 127.0.0.1:{port}")),
        "{told}"
    );
    let mut customs = Running::start(dir, &CUSTOMS, "customs.log");
    until_listening(port, &dir.join("customs.log"));
    good(dir, TONGGUAN, &["check"]);
    let mut client = Running::start(dir, &["run"], "client.log");
    submit(dir, 0, 100);
    std::thread::sleep(Duration::from_millis(400));
    customs.kill();
    submit(dir, 100, 100);
    std::thread::sleep(Duration::from_millis(400));
    client.kill();
    customs = Running::start(dir, &CUSTOMS, "customs.log");
    client = Running::start(dir, &["run"], "client.log");
    until_accepted(dir, 200);
    client.kill();
    let (guids, _) = journal(&dir.join("declared.jsonl"));
    assert_eq!(guids.len(), 200);
    assert!(guids.values().all(|all| all.len() == 1), "one guid each");
    // Who has another token gets nowhere, and is told.
    fs::write(dir.join("token"), "other\n").unwrap();
    let told = refused(dir, &["check"], 3);
    assert!(told.contains("401") && told.contains("token"), "{told}");
    customs.kill();
}

#[test]
fn the_cebcmsg_shape_carries_orders_and_inventories() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
    for text in PAGES {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let port = free_port();
        let table = page(text, "\"cebcmsg\"", &format!("http://127.0.0.1:{port}"));
        client(dir, &format!("{table}poll_ms = 100\n"));
        let mut customs = Running::start(dir, &CUSTOMS, "customs.log");
        until_listening(port, &dir.join("customs.log"));
        good(dir, TONGGUAN, &["check"]);
        submit(dir, 0, 20);
        let inventories = examples.join("inventories.json");
        good(dir, TONGGUAN, &["submit", inventories.to_str().unwrap()]);
        let mut client = Running::start(dir, &["run"], "client.log");
        until_accepted(dir, 20);
        until_accepted(dir, 3);
        // A restart asks from where it was; what came before changes nothing.
        client.kill();
        let state = fs::read_to_string(dir.join("transport-state/main.orders.json")).unwrap();
        assert!(state.contains("\"cursor\":\"20"), "{state}");
        client = Running::start(dir, &["run"], "client.log");
        submit(dir, 20, 5);
        until_accepted(dir, 25);
        client.kill();
        customs.kill();
        let told = good(dir, TONGGUAN, &["status", "--unmatched"]);
        assert!(
            !told.contains("CEB312") && !told.contains("cannot be read"),
            "{told}"
        );
    }
}

/// The stand-in itself speaks TLS.
#[test]
fn a_platform_with_a_certificate_is_reached_by_https() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let port = free_port();
    certificate(dir, "server", "localhost", "DNS:localhost");
    let table = gateway(&format!("https://localhost:{port}"));
    client(dir, &format!("{table}ca = \"server.pem\"\n"));
    let tls = [
        "--http-certificate",
        "server.pem",
        "--http-key",
        "server.key",
    ];
    let told = refused(dir, &CUSTOMS, 3);
    assert!(told.contains("--http-certificate"), "{told}");
    let wrong = [&CUSTOMS[..], &tls[..3], &["server.pem"]].concat();
    let told = refused(dir, &wrong, 3);
    assert!(
        told.contains("server.pem") && told.contains("belong together"),
        "{told}"
    );
    let mut customs = Running::start(dir, &[&CUSTOMS[..], &tls].concat(), "customs.log");
    until_listening(port, &dir.join("customs.log"));
    good(dir, TONGGUAN, &["check"]);
    submit(dir, 0, 20);
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    until_accepted(dir, 20);
    customs.kill();
}

#[test]
fn receipts_are_pushed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (port, door) = (free_port(), free_port());
    let listen = format!(
        "receive.receipts = false\n[transports.main.listen]\naddress = \"127.0.0.1:{door}\"\n\
         path = \"/receipts\"\ntoken = \"file:token\"\n"
    );
    let table = gateway(&format!("http://127.0.0.1:{port}"));
    client(dir, &format!("{table}{listen}"));
    let mut customs = Running::start(dir, &CUSTOMS, "customs.log");
    let mut client = Running::start(dir, &["run"], "client.log");
    submit(dir, 0, 50);
    std::thread::sleep(Duration::from_millis(300));
    // Nobody is there to push to for a while.
    client.kill();
    std::thread::sleep(Duration::from_millis(300));
    client = Running::start(dir, &["run"], "client.log");
    until_accepted(dir, 50);
    // A client that runs has the port: that is no fault.
    good(dir, TONGGUAN, &["check"]);
    client.kill();
    customs.kill();
}

/// An nginx of a test's own, in its folder: TLS towards clients, HTTP towards the platform.
struct Nginx(Child);

impl Nginx {
    fn start(dir: &Path, port: u16, platform: u16) -> Self {
        let here = dir.display();
        let conf = format!(
            "daemon off;\nworker_processes 1;\npid {here}/nginx.pid;\nerror_log {here}/nginx.log;\n\
             events {{}}\nhttp {{\n  access_log off;\n  client_body_temp_path {here}/t1;\n\
             proxy_temp_path {here}/t2;\n  fastcgi_temp_path {here}/t3;\n  uwsgi_temp_path {here}/t4;\n\
             scgi_temp_path {here}/t5;\n  client_max_body_size 100k;\n  server {{\n\
             listen 127.0.0.1:{port} ssl;\n    ssl_certificate {here}/server.pem;\n\
             ssl_certificate_key {here}/server.key;\n    ssl_client_certificate {here}/client-ca.pem;\n\
             ssl_verify_client on;\n    location / {{ proxy_pass http://127.0.0.1:{platform}; }}\n\
             location /moved/ {{ return 307 https://elsewhere.example$request_uri; }}\n  }}\n}}\n"
        );
        fs::write(dir.join("nginx.conf"), conf).unwrap();
        let nginx = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(dir.join("nginx.conf"))
            .arg("-e")
            .arg(dir.join("nginx.log"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("nginx: {e} (tests/setup installs it)"));
        until_listening(port, &dir.join("nginx.log"));
        Self(nginx)
    }

    fn stop(&mut self) {
        // The master alone would leave its workers.
        if self.0.try_wait().unwrap().is_none() {
            stage::signal(&self.0, "-TERM");
            self.0.wait().unwrap();
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A certificate that signs itself, or that `client-ca` signs.
fn certificate(dir: &Path, name: &str, subject: &str, names: &str) {
    let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
    let (subject, names) = (format!("/CN={subject}"), format!("subjectAltName={names}"));
    let args = [
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
    ];
    good(dir, "openssl", &args);
}

#[test]
fn tls_is_checked_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (port, platform) = (free_port(), free_port());
    certificate(dir, "server", "localhost", "DNS:localhost");
    certificate(dir, "client-ca", "us", "DNS:us");
    certificate(dir, "stranger", "us", "DNS:us");
    let mut nginx = Nginx::start(dir, port, platform);
    let url = format!("https://localhost:{port}");
    let told = |table: &str, code: i32, words: &[&str]| {
        client(dir, table);
        let told = refused(dir, &["check"], code);
        for word in words {
            assert!(told.contains(word), "no {word:?} in {told}");
        }
    };
    let ca = "ca = \"server.pem\"\n";
    let us = "certificate = \"client-ca.pem\"\nkey = \"client-ca.key\"\n";
    let table = gateway(&url);
    told(&table, 3, &["certificate", "check ca"]);
    let by_number = gateway(&format!("https://127.0.0.1:{port}"));
    told(
        &format!("{by_number}{ca}{us}"),
        3,
        &["check ca, and that url has the name"],
    );
    told(&format!("{table}{ca}"), 3, &["400", "certificate"]);
    let stranger = us.replace("client-ca", "stranger");
    told(
        &format!("{table}{ca}{stranger}"),
        3,
        &["400", "certificate"],
    );
    let other_key = us.replace("client-ca.key", "stranger.key");
    told(&format!("{table}{ca}{other_key}"), 3, &["belong together"]);
    let in_clear = gateway(&format!("http://localhost:{port}"));
    told(&in_clear, 3, &["400", "http or https"]);
    let moved = gateway(&format!("{url}/moved"));
    told(
        &format!("{moved}{ca}{us}"),
        3,
        &["elsewhere.example", "not followed"],
    );
    // The platform behind it is away.
    let table = format!("{table}{ca}{us}");
    told(&table, 4, &["502"]);
    let at = format!("127.0.0.1:{platform}");
    let mut customs = Running::start(dir, &["simulate", "--http", &at], "customs.log");
    until_listening(platform, &dir.join("customs.log"));
    good(dir, TONGGUAN, &["check"]);
    let mut client = Running::start(dir, &["run"], "client.log");
    submit(dir, 0, 20);
    until_accepted(dir, 20);
    nginx.stop();
    submit(dir, 20, 20);
    std::thread::sleep(Duration::from_millis(500));
    let _nginx = Nginx::start(dir, port, platform);
    until_accepted(dir, 40);
    // Larger than nginx takes: a dead letter that says so, and nothing else is held up.
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    fs::write(
        dir.join("tongguan.toml"),
        manifest.replace("batch = 5", "batch = 100"),
    )
    .unwrap();
    client.kill();
    client = Running::start(dir, &["run"], "client.log");
    submit(dir, 40, 100);
    until(dir, "a dead letter", &["status"], |told| {
        told.contains("413")
    });
    client.kill();
    customs.kill();
}

#[test]
fn a_proxy_is_gone_through() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (port, platform, through) = (free_port(), free_port(), free_port());
    certificate(dir, "server", "localhost", "DNS:localhost");
    certificate(dir, "client-ca", "us", "DNS:us");
    let _nginx = Nginx::start(dir, port, platform);
    let conf = format!(
        "Port {through}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 50\n\
         BasicAuth us s3cret\nConnectPort {port}\nLogFile \"{0}/proxy.log\"\n",
        dir.display()
    );
    fs::write(dir.join("proxy.conf"), conf).unwrap();
    let proxy = Command::new("tinyproxy")
        .args(["-d", "-c"])
        .arg(dir.join("proxy.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("tinyproxy: {e} (tests/setup installs it)"));
    let _proxy = Running::of(proxy);
    until_listening(through, &dir.join("proxy.log"));
    let at = format!("127.0.0.1:{platform}");
    let tls = "ca = \"server.pem\"\ncertificate = \"client-ca.pem\"\nkey = \"client-ca.key\"\n";
    fs::write(dir.join("proxy-password"), "s3cret\n").unwrap();
    let by = |password: &str| {
        format!(
            "proxy = {{ url = \"http://127.0.0.1:{through}\", username = \"us\", \
             password = \"file:{password}\" }}\n"
        )
    };
    let https = format!("{}{tls}", gateway(&format!("https://localhost:{port}")));
    let in_clear = gateway(&format!("http://{at}"));
    let mut customs: Option<Running> = None;
    for (n, table) in [https, in_clear].into_iter().enumerate() {
        client(dir, &format!("{table}{}", by("token")));
        let told = refused(dir, &["check"], 3);
        assert!(
            told.contains("401") && told.contains("login") | told.contains("proxy.username"),
            "{told}"
        );
        client(dir, &format!("{table}{}", by("proxy-password")));
        if customs.is_none() {
            customs = Some(Running::start(
                dir,
                &["simulate", "--http", &at],
                "customs.log",
            ));
            until_listening(platform, &dir.join("customs.log"));
        }
        good(dir, TONGGUAN, &["check"]);
        submit(dir, n * 10, 10);
        good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
        until_accepted(dir, (n + 1) * 10);
    }
    let log = fs::read_to_string(dir.join("proxy.log")).unwrap();
    assert!(log.contains("CONNECT localhost"), "{log}");
}

/// The pages' tables that need a platform that is not to be had are read, at least.
#[test]
fn the_pages_tables_are_taken() {
    for text in PAGES {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        for holds in ["\"gateway\"", "\"cebcmsg\"", "hmac-sha256"] {
            client(dir, &page(text, holds, "https://platform.example"));
            good(dir, TONGGUAN, &["check", "--offline"]);
        }
        certificate(dir, "us", "us", "DNS:us");
        let door = page(text, "transports.main.listen", "")
            .replace("env:TONGGUAN_PUSH_TOKEN", "file:token");
        let door = door.replace("certificates/us", "us");
        let gateway = page(text, "\"gateway\"", "https://platform.example");
        client(dir, &format!("{gateway}\n{door}"));
        good(dir, TONGGUAN, &["check", "--offline"]);
    }
}
