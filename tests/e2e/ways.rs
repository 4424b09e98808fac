//! One test for all transports: the same 500 declarations of all roles through each, all receipts
//! back, though the server is restarted in the middle.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "../doubles/mqweb.rs"]
mod mqweb;
#[path = "../doubles/platform.rs"]
mod platform;
mod stage;

use serde_json::Value;
use stage::parts::{Running, declare_by, free_port, prepare, until};
use stage::roles::{ROLES, documents, may, play, table};
use stage::{TONGGUAN, files, good};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tongguan_messages::{Limits, Message, answers, news, read};

const DECLARATIONS: usize = 500;

/// What stands between the two sides, and can be restarted. Where nothing does, the other side is.
enum Server {
    OtherSide,
    /// Shared by two ways: the first one restarts it, when both have come to their middle.
    Broker(Arc<Meeting>, bool),
    Ftp(stage::ftp::Server),
    /// A double: tests/doubles/mqi.c.
    IbmMq(stage::ibmmq::QueueManager),
    /// A double: tests/doubles/mqweb.rs.
    MqWeb(mqweb::MqWeb),
    #[cfg(all(unix, feature = "sftp"))]
    Ssh(stage::sshd::Server),
}

impl Server {
    fn stop(&mut self, customs: &mut Running) {
        match self {
            Self::OtherSide => customs.kill(),
            Self::Broker(meeting, first) => meeting.only(*first, || broker("kill")),
            Self::Ftp(server) => server.stop(),
            Self::IbmMq(server) => server.stop(),
            Self::MqWeb(server) => server.stop(),
            #[cfg(all(unix, feature = "sftp"))]
            Self::Ssh(server) => server.stop(),
        }
    }

    fn start(&mut self, dir: &Path, customs: &mut Running) {
        match self {
            Self::OtherSide => *customs = other_side(dir),
            Self::Broker(meeting, first) => meeting.only(*first, || broker("start")),
            Self::Ftp(server) => server.start(),
            Self::IbmMq(server) => server.start(),
            Self::MqWeb(server) => server.start(),
            #[cfg(all(unix, feature = "sftp"))]
            Self::Ssh(server) => server.start(),
        }
    }
}

/// Where two wait for each other, but not for ever.
#[derive(Default)]
struct Meeting(Mutex<usize>, Condvar);

impl Meeting {
    /// Done by one of them, when both are there; both go on when it is done.
    fn only(&self, mine: bool, work: impl FnOnce()) {
        self.met();
        if mine {
            work();
        }
        self.met();
    }

    fn met(&self) {
        let mut came = self.0.lock().unwrap();
        *came += 1;
        let (own, patience) = (*came, Duration::from_secs(90));
        self.1.notify_all();
        let alone = |came: &mut usize| *came < own.next_multiple_of(2);
        let ended = self.1.wait_timeout_while(came, patience, alone).unwrap();
        assert!(!ended.1.timed_out(), "the other one has not come");
    }
}

fn broker(what: &str) {
    let script = stage::parts::script("rabbitmq");
    good(Path::new("."), script.to_str().unwrap(), &[what]);
}

fn other_side(dir: &Path) -> Running {
    // Each example stands alone: none is about what another declares.
    let args = [
        "simulate",
        "--checks",
        "form",
        "--journal",
        "declared.jsonl",
        "--keep",
        "kept",
    ];
    Running::start(dir, &args, "customs.log")
}

/// All that each role may declare, each so many times.
fn all() -> Vec<(&'static str, &'static Message, usize)> {
    let pairs = ROLES.iter().flat_map(|role| may(role).map(|m| (*role, m)));
    let pairs: Vec<_> = pairs.collect();
    let (each, more) = (DECLARATIONS / pairs.len(), DECLARATIONS % pairs.len());
    let counted = pairs.into_iter().enumerate();
    counted
        .map(|(n, (role, message))| (role, message, each + usize::from(n < more)))
        .collect()
}

/// A receipt, the key that it answers, and the code.
type Told = BTreeSet<(String, String, String)>;

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// Declares everything by a way; gives the messages and keys that the other side has booked.
fn carry(dir: &Path, server: &mut Server) -> BTreeSet<(String, String)> {
    let roles: Vec<String> = ROLES.iter().map(|role| table(role)).collect();
    play(dir, &roles.concat());
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace("batch = 100", "batch = 5")).unwrap();
    let mut customs = other_side(dir);
    let mut client = Running::start(dir, &["run"], "client.log");
    let (mut from, all) = (0, all());
    for (n, (role, message, count)) in all.iter().enumerate() {
        if n == all.len() / 2 {
            // In the middle: some are answered, some are under way, some come while it is away.
            until(dir, "some accepted", &["status"], |told| {
                told.contains(" accepted")
            });
            server.stop(&mut customs);
        }
        fs::write(dir.join("documents.json"), documents(message, from, *count)).unwrap();
        let args = [
            "submit",
            "--role",
            role,
            "--as",
            message.name,
            "documents.json",
        ];
        good(dir, TONGGUAN, &args);
        from += count;
    }
    server.start(dir, &mut customs);
    until(dir, "all final", &["status", "--json"], |told| {
        let told: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
        accepted(&told) == DECLARATIONS
    });
    // What is final was kept; the roles are told of it after that.
    let (mut lost, end) = (lost(dir), Instant::now() + Duration::from_secs(30));
    while !lost.is_empty() {
        assert!(Instant::now() < end, "said, and not heard: {lost:?}");
        std::thread::sleep(Duration::from_millis(100));
        lost = self::lost(dir);
    }
    client.kill();
    customs.kill();
    declared(dir).into_keys().collect()
}

/// The other side's book: each message and key, with the one guid that it was declared under.
fn declared(dir: &Path) -> BTreeMap<(String, String), String> {
    let mut declared = BTreeMap::new();
    for line in lines(&dir.join("declared.jsonl")) {
        let guid = text(&line, "guid");
        let before = declared.insert((text(&line, "message"), text(&line, "key")), guid.clone());
        assert!(
            before.is_none_or(|before| before == guid),
            "one guid each: {line}"
        );
    }
    declared
}

/// What the other side said and the roles have not heard. They heard nothing else.
fn lost(dir: &Path) -> Vec<(String, String, String)> {
    let keys = declared(dir)
        .into_iter()
        .map(|((_, key), guid)| (guid, key));
    let keys: BTreeMap<String, String> = keys.collect();
    let heard: Told = lines(&dir.join("receipts.jsonl"))
        .iter()
        .map(|line| {
            let key = keys[&text(line, "guid")].clone();
            (text(line, "receipt"), key, text(line, "code"))
        })
        .collect();
    let (mut said, mut given, mut bills) = (Told::new(), BTreeMap::new(), Vec::new());
    for file in files(&dir.join("kept"), ".answer.") {
        let parsed = read(&fs::read(&file).unwrap(), &Limits::default()).unwrap();
        let name = parsed.message.name.to_owned();
        bills.extend(news(&parsed).into_iter().map(|one| (name.clone(), one)));
        for answer in answers(&parsed) {
            let key = answer.key.unwrap();
            given.extend(answer.given.map(|number| (number, key.clone())));
            said.insert((name.clone(), key, answer.code));
        }
    }
    // Tax bills name an inventory by the number that its receipt gave.
    said.extend(
        bills
            .into_iter()
            .map(|(name, one)| (name, given[&one.number].clone(), one.code)),
    );
    assert!(said.len() > DECLARATIONS);
    let invented: Vec<_> = heard.difference(&said).collect();
    assert!(invented.is_empty(), "heard, and not said: {invented:?}");
    said.difference(&heard).cloned().collect()
}

/// How many declarations the status says are accepted.
fn accepted(told: &Value) -> usize {
    match told {
        Value::Array(list) => list.iter().map(accepted).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match (name.as_str(), value.as_u64()) {
                ("accepted", Some(count)) => usize::try_from(count).unwrap(),
                _ => accepted(value),
            })
            .sum(),
        _ => 0,
    }
}

#[test]
fn every_way_carries_the_same_five_hundred() {
    let mut ways: Vec<(&str, tempfile::TempDir, Server)> = Vec::new();
    let folder = |name: &'static str, server| (name, tempfile::tempdir().unwrap(), server);
    ways.push(folder("directory", Server::OtherSide));
    if let Some(url) = stage::parts::broker("ways") {
        let meeting = Arc::new(Meeting::default());
        let way = folder("amqp", Server::Broker(Arc::clone(&meeting), true));
        prepare(way.1.path(), &url, "declare = true");
        ways.push(way);
        stage::parts::broker("ways10").unwrap();
        let way = folder("amqp10", Server::Broker(meeting, false));
        fs::write(way.1.path().join("guest"), "guest\n").unwrap();
        let table = format!(
            "[transports.main]\nkind = \"amqp10\"\nurl = \"{}\"\nhostname = \"vhost:ways10\"\n\
             username = \"guest\"\npassword = \"file:guest\"\n\
             send = {{ address = \"/queue/to-customs\" }}\n\
             receive = {{ address = \"/queue/from-customs\" }}\n",
            url.trim_end_matches("/ways")
        );
        declare_by(way.1.path(), &table);
        ways.push(way);
    }
    let server = stage::ftp::Server::new(None, "");
    let way = folder("ftp", Server::OtherSide);
    server.client(way.1.path(), "tls = \"off\"");
    ways.push((way.0, way.1, Server::Ftp(server)));
    #[cfg(all(unix, feature = "sftp"))]
    {
        let server = stage::sshd::Server::new();
        let way = folder("sftp", Server::OtherSide);
        let known = format!("host_key = \"{}\"\n{}", server.fingerprint(), server.key());
        server.client(way.1.path(), &known);
        ways.push((way.0, way.1, Server::Ssh(server)));
    }
    let dir = tempfile::tempdir().unwrap();
    let server = stage::ibmmq::QueueManager::new(dir.path());
    server.client(dir.path());
    ways.push(("ibmmq", dir, Server::IbmMq(server)));
    let way = folder("ibmmq, REST", Server::OtherSide);
    let server = mqweb::MqWeb::new();
    fs::write(way.1.path().join("login"), mqweb::MqWeb::LOGIN).unwrap();
    declare_by(
        way.1.path(),
        &format!("[transports.main]\n{}", server.table()),
    );
    ways.push((way.0, way.1, Server::MqWeb(server)));
    let way = folder("http", Server::OtherSide);
    fs::write(way.1.path().join("token"), "t0ken\n").unwrap();
    let table = format!(
        "[transports.main]\nkind = \"http\"\nprofile = \"gateway\"\npoll_ms = 100\n\
         url = \"http://127.0.0.1:{}\"\nsecrets = {{ token = \"file:token\" }}\n",
        free_port()
    );
    declare_by(way.1.path(), &table);
    ways.push(way);
    let way = folder("as2", Server::OtherSide);
    stage::as2::client(way.1.path(), free_port(), free_port(), "");
    ways.push(way);

    let running = ways.into_iter().map(|(name, dir, mut server)| {
        let run = move || {
            let begun = Instant::now();
            let carried = carry(dir.path(), &mut server);
            println!("{name}: {} ms", begun.elapsed().as_millis());
            carried
        };
        (name, std::thread::spawn(run))
    });
    let running: Vec<_> = running.collect();
    // Each comes to its end, whatever becomes of the others: none leaves a process behind.
    let ended = running.into_iter();
    let ended: Vec<_> = ended
        .map(|(name, running)| (name, running.join()))
        .collect();
    let mut first: Option<BTreeSet<(String, String)>> = None;
    for (name, carried) in ended {
        let carried = carried.unwrap_or_else(|_| panic!("{name}"));
        assert_eq!(carried.len(), DECLARATIONS, "{name}");
        assert_eq!(
            first.get_or_insert_with(|| carried.clone()),
            &carried,
            "{name}"
        );
    }
}
