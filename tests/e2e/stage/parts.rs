//! The real parts that a test stands on: a broker, a database, processes that die.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{TONGGUAN, good};

/// What starts a server for the tests, and stops it.
pub fn script(server: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests")
        .join(server)
}

/// The broker's address, and a virtual host of this test's own.
pub fn broker(vhost: &str) -> Option<String> {
    let Ok(url) = std::env::var("TONGGUAN_TEST_AMQP") else {
        assert!(
            std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
            "TONGGUAN_TEST_AMQP is not set"
        );
        println!("skipped: no broker (run tests/run, or set TONGGUAN_TEST_AMQP)");
        return None;
    };
    let script = script("rabbitmq");
    good(Path::new("."), script.to_str().unwrap(), &["vhost", vhost]);
    Some(format!("{url}/{vhost}"))
}

/// A folder that declares by a broker.
pub fn prepare(dir: &Path, url: &str, extra: &str) {
    let table = format!(
        "[transports.main]\nkind = \"amqp\"\nurl = \"{url}\"\nusername = \"guest\"\n\
         password = \"file:guest\"\nsend = {{ routing_key = \"to-customs\" }}\n\
         receive = {{ queue = \"from-customs\" }}\n{extra}\n"
    );
    declare_by(dir, &table);
    fs::write(dir.join("guest"), "guest\n").unwrap();
}

/// A folder whose client declares by this table, which begins with `[transports.main]`.
pub fn declare_by(dir: &Path, table: &str) {
    let path = dir.join("tongguan.toml");
    if !path.exists() {
        good(dir, TONGGUAN, &["init", "."]);
    }
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, rest) = manifest.split_once("[transports.main]").unwrap();
    let (_, after) = rest.split_once("[[routes]]").unwrap();
    fs::write(&path, format!("{before}{table}\n[[routes]]{after}")).unwrap();
}

/// Waits until so many declarations are accepted.
pub fn until_accepted(dir: &Path, count: usize) {
    let all = format!("{count} accepted");
    until(dir, &all, &["status"], |told| told.contains(&all));
}

/// A port that is free.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until a server takes connections; `log` tells why it does not.
pub fn until_listening(port: u16, log: &Path) {
    let end = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let told = fs::read_to_string(log).unwrap_or_default();
        assert!(Instant::now() < end, "no server on {port}: {told}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A process of a test's own, which does not outlive it.
pub struct Running(Child);

impl Running {
    /// Starts tongguan; it logs to a file.
    pub fn start(dir: &Path, args: &[&str], log: &str) -> Self {
        Self(start(dir, args, log))
    }

    /// Another program.
    pub fn of(process: Child) -> Self {
        Self(process)
    }

    /// Kills it, if it is not dead yet.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts tongguan; it logs to a file.
pub fn start(dir: &Path, args: &[&str], log: &str) -> Child {
    command(dir, args, log).spawn().unwrap()
}

/// What starts tongguan.
pub fn command(dir: &Path, args: &[&str], log: &str) -> Command {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.join(log))
        .unwrap();
    let mut command = Command::new(TONGGUAN);
    command
        .args(args)
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(log);
    command
}

/// Numbers that look random; the seed is printed, so that a failure can be repeated.
pub struct Dice(u64);

impl Dice {
    /// From the seed, or from the clock.
    pub fn new() -> Self {
        let seed = std::env::var("TONGGUAN_TEST_SEED")
            .ok()
            .and_then(|s| s.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |d| d.as_nanos() as u64)
        });
        println!("seed: TONGGUAN_TEST_SEED={seed}");
        Self(seed | 1)
    }

    /// Dice of their own, that fall by what these do.
    pub fn another(&mut self) -> Self {
        self.below(2);
        Self(self.0.rotate_left(17) | 1)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// An empty database's address.
pub fn database(name: &str) -> Option<String> {
    let Ok(url) = std::env::var("TONGGUAN_TEST_POSTGRES") else {
        assert!(
            std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
            "TONGGUAN_TEST_POSTGRES is not set"
        );
        println!("skipped: no PostgreSQL (run tests/run, or set TONGGUAN_TEST_POSTGRES)");
        return None;
    };
    let script = script("postgres");
    good(
        Path::new("."),
        script.to_str().unwrap(),
        &["database", name],
    );
    Some(format!("{url}/{name}"))
}

/// The other side's own books: by business key, the guids that it was declared under; and how
/// many lines there are.
pub fn journal(path: &Path) -> (BTreeMap<String, BTreeSet<String>>, usize) {
    let journal = fs::read_to_string(path).unwrap();
    let mut declared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let field = |line: &str, name: &str| {
        let start = line.find(&format!("\"{name}\":\"")).unwrap() + name.len() + 4;
        line[start..].split('"').next().unwrap().to_owned()
    };
    for line in journal.lines() {
        let guids = declared.entry(field(line, "key")).or_default();
        guids.insert(field(line, "guid"));
    }
    let lines = journal.lines().count();
    (declared, lines)
}

/// Waits until what tongguan prints is as it should be; `client.log` tells why it is not.
pub fn until(dir: &Path, what: &str, args: &[&str], well: impl Fn(&str) -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let told = good(dir, TONGGUAN, args);
        if well(&told) {
            return;
        }
        let log = fs::read_to_string(dir.join("client.log")).unwrap_or_default();
        assert!(Instant::now() < end, "{what}: {told}\n{log}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
