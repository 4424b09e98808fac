//! What the faults fall upon: nodes that share a store, the other side, a network between them
//! and their servers, submitters; and who puts right again what a fault has broken.

use crate::disk;
use crate::load::Load;
use crate::oracle::Verdict;
use crate::proxy::{self, Proxy};
use crate::stage::parts::{Dice, broker, command, database, prepare};
use crate::stage::{TONGGUAN, run, signal};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// How long the nodes' leases last.
pub const LEASE: Duration = Duration::from_secs(2);
/// How long it may take, once all is whole again, until every declaration has its final state.
const SETTLING: Duration = Duration::from_secs(240);

/// A process that is started again whenever it ends, as a supervisor does.
pub struct Process {
    pub child: Child,
    /// It is frozen: not to be looked at.
    pub frozen: bool,
    folder: PathBuf,
    args: Vec<&'static str>,
    bug: &'static str,
    log: PathBuf,
}

impl Process {
    fn start(folder: &Path, args: &[&'static str], bug: &'static str, log: PathBuf) -> Self {
        Self {
            child: spawn(folder, args, bug, &log),
            frozen: false,
            folder: folder.to_owned(),
            args: args.to_vec(),
            bug,
            log,
        }
    }

    /// SIGKILL, and a new life.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.again();
    }

    fn again(&mut self) {
        self.frozen = false;
        self.child = spawn(&self.folder, &self.args, self.bug, &self.log);
    }

    fn told(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let mut last: Vec<&str> = log.lines().rev().take(20).collect();
        last.reverse();
        last.join("\n")
    }

    /// Starts it again where it ended by itself; says whether it had.
    fn supervise(&mut self) -> bool {
        if self.frozen {
            return false;
        }
        let Some(ended) = self.child.try_wait().unwrap() else {
            return false;
        };
        assert_eq!(
            ended.code(),
            Some(4),
            "it may end only because it may work later: {ended}\n{}",
            self.told()
        );
        // Not at once: what it lacks is still away.
        std::thread::sleep(Duration::from_millis(100));
        self.again();
        true
    }
}

fn spawn(folder: &Path, args: &[&str], bug: &str, log: &Path) -> Child {
    command(folder, args, log.to_str().unwrap())
        .env("TONGGUAN_SABOTAGE", bug)
        .spawn()
        .unwrap()
}

type Mend = Box<dyn FnOnce(&mut World)>;

/// A fault: what it is called, and what it does.
pub struct Fault {
    pub name: &'static str,
    /// What it breaks for a while, if not for an instant: nothing breaks that twice at once. It
    /// asks for its own mending ([`World::later`]), and says when that is done
    /// ([`World::is_whole`]).
    pub breaks: Option<&'static str>,
    pub strike: fn(&mut World),
}

/// Everything that can break.
pub struct World {
    pub dice: Dice,
    pub nodes: Vec<Process>,
    pub customs: Process,
    pub load: Option<Load>,
    /// Between all and the broker.
    pub amqp: Proxy,
    /// Between the nodes and their store, where that is a server.
    pub store: Option<Proxy>,
    /// The disk under the first node, where it is one of its own.
    disk: Option<disk::Small>,
    /// What is broken, until it is mended.
    broken: Vec<&'static str>,
    later: Vec<(Instant, Mend)>,
    ended: u64,
    dir: tempfile::TempDir,
}

impl World {
    /// Three nodes on one PostgreSQL; none where that or a RabbitMQ is not at hand.
    pub fn of_three_nodes(name: &str) -> Option<Self> {
        Self::with_a_bug(name, "")
    }

    /// The same, with a bug on purpose in the nodes and the submitters.
    pub fn with_a_bug(name: &str, bug: &'static str) -> Option<Self> {
        let (url, store_url) = (broker(name)?, database(name)?);
        let dir = tempfile::tempdir().unwrap();
        let store = proxy::server(&store_url);
        let section = format!(
            "kind = \"postgres\"\nurl = \"{}\"\npassword = \"file:store-password\"\n\
             connections = 4\ntimeout_seconds = 3\n",
            store.by(&store_url)
        );
        for node in ["a", "b", "c"] {
            fs::create_dir(dir.path().join(node)).unwrap();
        }
        let mut world = Self::of(dir, &["a", "b", "c"], bug, &url, &section);
        world.store = Some(store);
        Some(world)
    }

    /// A node alone, with its store in a file, on a small disk of its own; none where that cannot
    /// be had, or no RabbitMQ is at hand.
    pub fn of_one_node_on_a_small_disk(name: &str) -> Option<Self> {
        let url = broker(name)?;
        let dir = tempfile::tempdir().unwrap();
        let disk = disk::Small::mount(&dir.path().join("a"))?;
        let section = "kind = \"sqlite\"\npath = \"tongguan.db\"\n";
        let mut world = Self::of(dir, &["a"], "", &url, section);
        world.disk = Some(disk);
        Some(world)
    }

    fn of(
        dir: tempfile::TempDir,
        names: &[&str],
        bug: &'static str,
        broker: &str,
        store: &str,
    ) -> Self {
        let amqp = proxy::server(broker);
        let at = |name: &str| dir.path().join(name);
        let mut nodes = Vec::new();
        for name in names {
            prepare_node(&at(name), name, &amqp.by(broker), store);
            nodes.push(Process::start(
                &at(name),
                &["run"],
                bug,
                at(&format!("{name}.log")),
            ));
        }
        let args = ["simulate", "--journal", "../declared.jsonl"];
        let customs = Process::start(&at(names[0]), &args, "", at("customs.log"));
        let mut dice = Dice::new();
        let folders = names.iter().map(|name| at(name)).collect();
        let load = Load::start(folders, dir.path().to_owned(), bug, dice.another());
        Self {
            dice,
            nodes,
            customs,
            load: Some(load),
            amqp,
            store: None,
            disk: None,
            broken: Vec::new(),
            later: Vec::new(),
            ended: 0,
            dir,
        }
    }

    /// The first node's folder.
    pub fn first(&self) -> PathBuf {
        self.dir.path().join("a")
    }

    /// Lets faults fall in a random order, at random moments, each as often as is said.
    pub fn storm(&mut self, faults: &[(Fault, usize)]) {
        let mut all: Vec<&Fault> = faults
            .iter()
            .flat_map(|(fault, times)| std::iter::repeat_n(fault, *times))
            .collect();
        let begun = Instant::now();
        let mut told = BTreeMap::<&str, usize>::new();
        while !all.is_empty() {
            let pause = Duration::from_millis(20 + self.dice.below(400));
            self.pass(pause);
            let mut may: Vec<usize> = (0..all.len()).collect();
            may.retain(|n| {
                all[*n]
                    .breaks
                    .is_none_or(|what| !self.broken.contains(&what))
            });
            if may.is_empty() {
                continue;
            }
            let fault = all.swap_remove(may[self.dice.below(may.len() as u64) as usize]);
            self.broken.extend(fault.breaks);
            (fault.strike)(self);
            *told.entry(fault.name).or_default() += 1;
        }
        while !self.later.is_empty() {
            self.pass(Duration::from_millis(50));
        }
        for (name, times) in told {
            println!("{times:>5} {name}");
        }
        println!("{:>5.0?} in all", begun.elapsed());
    }

    /// Lets time pass; mends what is due, starts what has ended.
    pub fn pass(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let now = Instant::now();
            while let Some(due) = self.later.iter().position(|(at, _)| *at <= now) {
                let (_, mend) = self.later.swap_remove(due);
                mend(self);
            }
            for process in self.nodes.iter_mut().chain([&mut self.customs]) {
                self.ended += u64::from(process.supervise());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    /// Mends after some time; other faults fall meanwhile.
    pub fn later(&mut self, after: Duration, mend: impl FnOnce(&mut Self) + 'static) {
        self.later.push((Instant::now() + after, Box::new(mend)));
    }

    /// What a fault broke is whole again.
    pub fn is_whole(&mut self, what: &'static str) {
        self.broken.retain(|broken| *broken != what);
    }

    /// A node, by chance; not one that is frozen, which is to wake up again.
    pub fn any_node(&mut self) -> usize {
        loop {
            let node = self.dice.below(self.nodes.len() as u64) as usize;
            if !self.nodes[node].frozen {
                return node;
            }
        }
    }

    /// Ends in good order and compares the books.
    pub fn judge(mut self, patience: Duration) -> Verdict {
        let load = self.load.take().unwrap();
        let stopping = std::thread::spawn(move || load.stop());
        while !stopping.is_finished() {
            self.pass(Duration::from_millis(50));
        }
        let (acknowledged, again) = stopping.join().unwrap();
        let begun = Instant::now();
        let first = self.first();
        loop {
            self.pass(Duration::from_millis(500));
            let told = run(&first, TONGGUAN, &["--json", "status"]);
            let told = String::from_utf8_lossy(&told.stdout).into_owned();
            if told.contains("\"open\":0") || begun.elapsed() > patience {
                break;
            }
        }
        println!(
            "settled in {:.0?}; {again} documents given again; {} processes ended by themselves",
            begun.elapsed(),
            self.ended
        );
        // They listen for signals by now.
        for node in &mut self.nodes {
            signal(&node.child, "-TERM");
        }
        for node in &mut self.nodes {
            let ended = node.child.wait().unwrap();
            assert!(
                ended.success(),
                "a node does not end well: {ended}\n{}",
                node.told()
            );
        }
        self.customs.child.kill().unwrap();
        self.customs.child.wait().unwrap();
        for node in &self.nodes {
            let log = fs::read_to_string(&node.log).unwrap();
            assert!(!log.contains("panicked"), "{log}");
        }
        let verdict = Verdict::of(
            &acknowledged,
            &first,
            &self.dir.path().join("declared.jsonl"),
        );
        println!("{verdict}");
        verdict
    }

    /// Ends in good order; nothing may be lost, doubled, or without its final state.
    pub fn must_be_clean(self) {
        let verdict = self.judge(SETTLING);
        assert!(verdict.is_clean(), "{verdict}");
        assert!(verdict.acknowledged > 0, "nothing was declared at all");
    }
}

impl Drop for World {
    /// Where a test fails, nothing goes on.
    fn drop(&mut self) {
        for process in self.nodes.iter_mut().chain([&mut self.customs]) {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
        for (_, mend) in std::mem::take(&mut self.later) {
            // Servers that are frozen are the next test's, too.
            if std::thread::panicking() {
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| mend(self)));
            }
        }
        for process in self.nodes.iter_mut().chain([&mut self.customs]) {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }
}

/// A node's folder: small messages and short waits, so that much is under way at any moment.
fn prepare_node(folder: &Path, name: &str, broker: &str, store: &str) {
    fs::write(folder.join("store-password"), "tongguan\n").unwrap();
    // What a dead network swallows is missed after seconds, not minutes.
    let broker = format!("{broker}?heartbeat=4");
    prepare(
        folder,
        &broker,
        "declare = true\nconfirm_timeout_ms = 3000\nconnect_timeout_ms = 3000",
    );
    let manifest = fs::read_to_string(folder.join("tongguan.toml")).unwrap();
    let manifest = manifest
        .replace("kind = \"sqlite\"\npath = \"tongguan.db\"\n", store)
        .replace("[store]", &format!("name = \"{name}\"\n\n[store]"))
        .replace(
            "batch = 100",
            &format!("batch = 5\nlease_seconds = {}", LEASE.as_secs()),
        )
        .replace("= 200", "= 20");
    fs::write(folder.join("tongguan.toml"), manifest).unwrap();
}
