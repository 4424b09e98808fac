//! Every transport, before the real server.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongguan_conformance::transport::{Peer, Server, Stand, Wrong, conformance};
use tongguan_contracts::{Failure, PartOptions, Transport, TransportBuilder};

use crate::keeps;
use crate::sides::{Broker, Folders, Gateway, Messages, Partner, Proftpd, Queues};
use crate::stage::as2 as stage_as2;
use crate::stage::{TONGGUAN, ftp, good, parts, plugins};

/// The broker is killed under everybody's feet: one test with it at a time.
static BROKER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What there is without a server.
const OUTAGE: [&str; 5] = [
    "transport.kept",
    "transport.builds",
    "transport.unreachable",
    "transport.waits",
    "transport.comes-back",
];

/// A transport by its options, and how they can be wrong: what, the option's place (a JSON pointer),
/// its value, what the failure must name.
pub struct OnStand<'a> {
    pub build: TransportBuilder,
    pub base: &'a Path,
    pub options: Value,
    pub peer: &'a dyn Peer,
    pub server: Option<&'a dyn Server>,
    pub wrong: Vec<(&'static str, &'static str, Value, &'static str)>,
}

impl OnStand<'_> {
    fn built(&self, options: Value) -> Result<Arc<dyn Transport>, Failure> {
        (self.build)(PartOptions {
            part: "transport \"tried\"".into(),
            options,
            base: self.base.to_owned(),
        })
    }
}

impl Stand for OnStand<'_> {
    fn build(&self) -> Result<Arc<dyn Transport>, Failure> {
        self.built(self.options.clone())
    }

    fn build_misspelt(&self) -> Option<Result<Arc<dyn Transport>, Failure>> {
        let mut options = self.options.clone();
        options["no_transport_has_this"] = json!(1);
        Some(self.built(options))
    }

    fn peer(&self) -> Option<&dyn Peer> {
        Some(self.peer)
    }

    fn server(&self) -> Option<&dyn Server> {
        self.server
    }

    fn quiet(&self) -> Duration {
        Duration::from_millis(400)
    }

    fn wrong(&self) -> Vec<Wrong> {
        let all = self.wrong.iter().map(|(what, place, value, names)| {
            let mut options = self.options.clone();
            *options.pointer_mut(place).unwrap() = value.clone();
            Wrong {
                what,
                names: (*names).to_owned(),
                built: self.built(options),
            }
        });
        all.collect()
    }
}

fn folders(dir: &Path) -> Folders {
    for folder in ["out", "in"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
    }
    Folders::new(dir.join("out"), dir.join("in"))
}

#[tokio::test(flavor = "multi_thread")]
async fn directory() {
    let dir = tempfile::tempdir().unwrap();
    let peer = folders(dir.path());
    fs::write(dir.path().join("file"), "").unwrap();
    let stand = OnStand {
        build: tongguan_transport_directory::build,
        base: dir.path(),
        options: json!({
            "outbox": "out", "inbox": "in", "archive": "taken", "error": "error", "poll_ms": 50
        }),
        peer: &peer,
        server: None,
        wrong: vec![(
            "a file in a folder's place",
            "/inbox",
            json!("file/in"),
            "file/in",
        )],
    };
    let report = conformance("transport \"directory\"", "built in", &stand).await;
    keeps(&report, &OUTAGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn ftp() {
    let server = ftp::Server::new(None, "");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("password"), "秘密\n").unwrap();
    fs::write(dir.path().join("wrong"), "wrong\n").unwrap();
    let peer = Folders::new(server.files("in"), server.files("out"));
    let port = server.port;
    let server = Proftpd(Mutex::new(server));
    let stand = OnStand {
        build: tongguan_transport_ftp::build,
        base: dir.path(),
        options: json!({
            "host": "localhost", "port": port, "username": "partner", "password": "file:password",
            "tls": "off", "poll_ms": 100, "send": { "folder": "/in" },
            "receive": { "folder": "/out", "archive": "/taken" },
        }),
        peer: &peer,
        server: Some(&server),
        wrong: vec![
            (
                "a wrong password",
                "/password",
                json!("file:wrong"),
                "partner",
            ),
            ("a wrong user", "/username", json!("nobody"), "nobody"),
            (
                "no folder to send to",
                "/send/folder",
                json!("/none"),
                "/none",
            ),
            (
                "no folder to receive from",
                "/receive/folder",
                json!("/none"),
                "/none",
            ),
        ],
    };
    let report = conformance("transport \"ftp\"", "built in, ProFTPD", &stand).await;
    keeps(&report, &[]);
}

#[cfg(all(unix, feature = "sftp"))]
#[tokio::test(flavor = "multi_thread")]
async fn sftp() {
    let server = crate::stage::sshd::Server::new();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("passphrase"), "秘密\n").unwrap();
    fs::write(dir.path().join("wrong"), "wrong\n").unwrap();
    let peer = Folders::new(server.files("in"), server.files("out"));
    let here = server.dir.path().display().to_string();
    let options = json!({
        "host": "127.0.0.1", "port": server.port, "username": server.user, "poll_ms": 100,
        "key": format!("{here}/client"), "passphrase": "file:passphrase",
        "host_key": server.fingerprint(),
        "send": { "folder": server.files("in") },
        "receive": { "folder": server.files("out"), "archive": server.files("taken") },
    });
    let server = crate::sides::Sshd(Mutex::new(server));
    let stand = OnStand {
        build: tongguan_transport_ftp::build_sftp,
        base: dir.path(),
        options,
        peer: &peer,
        server: Some(&server),
        wrong: vec![
            (
                "another server",
                "/host_key",
                json!(format!("SHA256:{}", "A".repeat(43))),
                "host_key",
            ),
            (
                "a key that the server does not know",
                "/key",
                json!(format!("{here}/stranger")),
                "log in",
            ),
            (
                "a wrong passphrase",
                "/passphrase",
                json!("file:wrong"),
                "passphrase",
            ),
            ("a wrong user", "/username", json!("not-there"), "not-there"),
            (
                "no folder to send to",
                "/send/folder",
                json!("/none"),
                "/none",
            ),
            (
                "no folder to receive from",
                "/receive/folder",
                json!("/none"),
                "/none",
            ),
        ],
    };
    let report = conformance("transport \"sftp\"", "built in, OpenSSH", &stand).await;
    keeps(&report, &[]);
}

/// By the gateway's profile, to the simulator.
#[tokio::test(flavor = "multi_thread")]
async fn http() {
    let gateway = Gateway::new().await;
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("token"), "t0ken\n").unwrap();
    fs::write(dir.path().join("wrong"), "wrong\n").unwrap();
    let url = format!("http://127.0.0.1:{}", gateway.port);
    let stand = OnStand {
        build: tongguan_transport_http::build,
        base: dir.path(),
        options: json!({
            "profile": "gateway", "url": url, "poll_ms": 50, "timeout_seconds": 10,
            "secrets": { "token": "file:token" }, "check": { "path": "/v1/status" },
        }),
        peer: &gateway,
        server: Some(&gateway),
        wrong: vec![
            (
                "a wrong token",
                "/secrets/token",
                json!("file:wrong"),
                "401",
            ),
            (
                "a path that is not there",
                "/check/path",
                json!("/v1/none"),
                "/v1/none",
            ),
            (
                "no such profile",
                "/profile",
                json!("gatway"),
                "cebcmsg, gateway",
            ),
        ],
    };
    let report = conformance("transport \"http\"", "built in, the simulator", &stand).await;
    keeps(&report, &[]);
}

/// To one of our own at the other side; transports/as2/tests has pyas2lib there.
#[tokio::test(flavor = "multi_thread")]
async fn as2() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let (ours, theirs) = (parts::free_port(), parts::free_port());
    for name in ["as2", "platform", "stranger"] {
        stage_as2::keys(at, name);
    }
    let table = |me: &str, you: &str, from: u16, to: u16, key: &str, partner: &str| {
        json!({
            "url": format!("http://127.0.0.1:{to}/as2"), "as2_from": me, "as2_to": you,
            "key": format!("{key}.key"), "certificate": format!("{key}.pem"),
            "partner_certificate": format!("{partner}.pem"),
            "listen": format!("127.0.0.1:{from}"), "state": format!("{key}-state"),
            "evidence": format!("{key}-mdns"), "timeout_seconds": 10,
        })
    };
    let platform = PartOptions {
        part: "the partner".into(),
        options: table("PLATFORM", "ENTERPRISE", theirs, ours, "platform", "as2"),
        base: at.to_owned(),
    };
    let peer = Partner::new(tongguan_transport_as2::build(platform).unwrap());
    let stand = OnStand {
        build: tongguan_transport_as2::build,
        base: at,
        options: table("ENTERPRISE", "PLATFORM", ours, theirs, "as2", "platform"),
        peer: &peer,
        server: None,
        wrong: vec![("no such key", "/key", json!("none.key"), "none.key")],
    };
    let report = conformance("transport \"as2\"", "built in, one of ours", &stand).await;
    keeps(&report, &OUTAGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn amqp() {
    let _alone = BROKER.lock().await;
    let Some(url) = parts::broker("conformance") else {
        return;
    };
    let peer = Queues {
        url: url.replace("//", "//guest:guest@"),
        from: "to-customs",
        to: "from-customs",
    };
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("guest"), "guest\n").unwrap();
    fs::write(dir.path().join("wrong"), "wrong\n").unwrap();
    let options = json!({
        "url": url, "username": "guest", "password": "file:guest", "declare": true,
        "send": { "routing_key": "to-customs" }, "receive": { "queue": "from-customs" },
    });
    let mut stand = OnStand {
        build: tongguan_transport_amqp::build,
        base: dir.path(),
        options,
        peer: &peer,
        server: Some(&Broker),
        wrong: Vec::new(),
    };
    // Makes the queues; a real client's are there.
    stand.build().unwrap().check().await.unwrap();
    stand.options["declare"] = json!(false);
    let nowhere = url.replace("/conformance", "/nowhere");
    stand.wrong = vec![
        (
            "a wrong password",
            "/password",
            json!("file:wrong"),
            "username",
        ),
        ("no such virtual host", "/url", json!(nowhere), "nowhere"),
        ("no such queue", "/receive/queue", json!("none"), "none"),
        (
            "no queue to send to",
            "/send/routing_key",
            json!("none-there"),
            "none-there",
        ),
    ];
    let report = conformance("transport \"amqp\"", "built in, RabbitMQ", &stand).await;
    keeps(&report, &[]);
}

/// Over TLS, to quorum queues.
#[tokio::test(flavor = "multi_thread")]
async fn amqps() {
    let _alone = BROKER.lock().await;
    let Some(url) = parts::broker("conformance-tls") else {
        return;
    };
    let script = parts::script("rabbitmq");
    let certificates = good(Path::new("."), script.to_str().unwrap(), &["tls"]);
    let peer = Queues {
        url: url.replace("//", "//guest:guest@"),
        from: "to-customs",
        to: "from-customs",
    };
    peer.quorum().await;
    let (_, port) = url.split('/').nth(2).unwrap().split_once(':').unwrap();
    let port: u16 = port.parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("guest"), "guest\n").unwrap();
    let stand = OnStand {
        build: tongguan_transport_amqp::build,
        base: dir.path(),
        options: json!({
            "url": format!("amqps://localhost:{}/conformance-tls", port + 1),
            "ca": format!("{}/ca.pem", certificates.trim()),
            "username": "guest", "password": "file:guest",
            "send": { "routing_key": "to-customs" }, "receive": { "queue": "from-customs" },
        }),
        peer: &peer,
        server: None,
        wrong: vec![("no such queue", "/receive/queue", json!("none"), "none")],
    };
    let report = conformance("transport \"amqps\"", "built in, RabbitMQ", &stand).await;
    keeps(&report, &OUTAGE);
}

/// AMQP 1.0, looked at from the other side by 0-9-1.
#[tokio::test(flavor = "multi_thread")]
async fn amqp10() {
    let _alone = BROKER.lock().await;
    let Some(url) = parts::broker("conformance-10") else {
        return;
    };
    let peer = Queues {
        url: url.replace("//", "//guest:guest@"),
        from: "to-customs",
        to: "from-customs",
    };
    peer.quorum().await;
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("guest"), "guest\n").unwrap();
    fs::write(dir.path().join("wrong"), "wrong\n").unwrap();
    let stand = OnStand {
        build: tongguan_transport_amqp10::build,
        base: dir.path(),
        options: json!({
            "url": url.replace("/conformance-10", ""), "hostname": "vhost:conformance-10",
            "username": "guest", "password": "file:guest",
            "send": { "address": "/amq/queue/to-customs" },
            "receive": { "address": "/amq/queue/from-customs" },
        }),
        peer: &peer,
        server: Some(&Broker),
        wrong: vec![
            (
                "a wrong password",
                "/password",
                json!("file:wrong"),
                "guest",
            ),
            (
                "no such virtual host",
                "/hostname",
                json!("vhost:nowhere"),
                "nowhere",
            ),
            (
                "no such queue",
                "/receive/address",
                json!("/amq/queue/none"),
                "none",
            ),
            (
                "no queue to send to",
                "/send/address",
                json!("/amq/queue/none-there"),
                "none-there",
            ),
        ],
    };
    let report = conformance("transport \"amqp10\"", "built in, RabbitMQ", &stand).await;
    keeps(&report, &[]);
}

/// To a double (tests/doubles/mqi.c), looked at from the other side as the files that its queues are.
#[tokio::test(flavor = "multi_thread")]
async fn ibmmq() {
    let dir = tempfile::tempdir().unwrap();
    let peer = Messages::new(dir.path());
    peer.manager
        .put("queues/NOBODYS/attributes", "deny enterprise put\n");
    fs::write(dir.path().join("password"), "秘密\n").unwrap();
    fs::write(dir.path().join("wrong"), "wrong\n").unwrap();
    let stand = OnStand {
        build: tongguan_transport_ibmmq::build,
        base: dir.path(),
        options: json!({
            "module": "mq/libmqic_r.so", "queue_manager": "QM1",
            "channel": "CUSTOMS.SVRCONN", "connection": "localhost(1414)",
            "username": "enterprise", "password": "file:password",
            "send": { "queue": "TO.CUSTOMS" }, "receive": { "queue": "FROM.CUSTOMS" },
        }),
        peer: &peer,
        server: Some(&peer),
        wrong: vec![
            (
                "a wrong password",
                "/password",
                json!("file:wrong"),
                "enterprise",
            ),
            ("a wrong user", "/username", json!("nobody"), "nobody"),
            (
                "no such channel",
                "/channel",
                json!("NONE.SVRCONN"),
                "NONE.SVRCONN",
            ),
            (
                "another queue manager",
                "/queue_manager",
                json!("QM9"),
                "QM9",
            ),
            (
                "no queue to send to",
                "/send/queue",
                json!("NONE.TO"),
                "NONE.TO",
            ),
            (
                "no right to send there",
                "/send/queue",
                json!("NOBODYS"),
                "NOBODYS",
            ),
            (
                "no queue to receive from",
                "/receive/queue",
                json!("NONE.FROM"),
                "NONE.FROM",
            ),
            ("no library", "/module", json!("mq/none.so"), "none.so"),
        ],
    };
    let report = conformance("transport \"ibmmq\"", "built in, a double", &stand).await;
    keeps(&report, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn loaded() {
    tongguan_plugin_host::set_program(TONGGUAN.into());
    let built = tempfile::tempdir().unwrap();
    let source = "examples/plugins/transport-c/transport.c";
    let c = plugins::c(built.path(), source, "transport.so", &["-lpthread"]);
    for library in [plugins::rust("transport-rust"), c] {
        let dir = tempfile::tempdir().unwrap();
        let peer = folders(dir.path());
        fs::create_dir(dir.path().join("taken")).unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let stand = OnStand {
            build: tongguan_plugin_host::transport,
            base: dir.path(),
            options: json!({ "library": library, "to": "out", "from": "in", "taken": "taken" }),
            peer: &peer,
            server: None,
            wrong: vec![(
                "a file in a folder's place",
                "/to",
                json!("file/out"),
                "file/out",
            )],
        };
        let report = conformance("transport \"loaded\"", "examples/plugins", &stand).await;
        keeps(&report, &OUTAGE);
    }
}
