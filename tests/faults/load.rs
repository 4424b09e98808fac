//! Submitters that never stop: each document is given until it is acknowledged.

use crate::oracle::Acknowledged;
use crate::stage::parts::Dice;
use crate::stage::{TONGGUAN, orders};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Orders a document.
const ORDERS: usize = 10;
/// Later than this, what is not taken will not be.
const PATIENCE: Duration = Duration::from_secs(300);

/// Submits documents, by a thread of its own.
pub struct Load {
    running: Arc<Running>,
    thread: JoinHandle<Acknowledged>,
}

#[derive(Default)]
struct Running {
    /// The bug on purpose that submitters have; none where it is empty.
    bug: &'static str,
    /// When the next one is to be killed, in hundredths of the usual time.
    kill: Mutex<Option<u32>>,
    stop: AtomicBool,
    /// How often a submitter was given its document again.
    again: AtomicU64,
}

impl Load {
    /// Submits in these folders, now here, now there. The documents are in another one.
    pub fn start(folders: Vec<PathBuf>, papers: PathBuf, bug: &'static str, dice: Dice) -> Self {
        let running = Arc::new(Running {
            bug,
            ..Running::default()
        });
        let shared = Arc::clone(&running);
        Self {
            running,
            thread: std::thread::spawn(move || submit(&shared, &folders, &papers, dice)),
        }
    }

    /// Kills the next submitter that lives so long, in hundredths of the usual time: any moment
    /// of its life is as likely as any other.
    pub fn kill(&self, hundredths: u32) {
        *self.running.kill.lock().unwrap() = Some(hundredths);
    }

    /// Whether that is still to come.
    pub fn is_to_kill(&self) -> bool {
        assert!(!self.thread.is_finished(), "nothing is submitted any more");
        self.running.kill.lock().unwrap().is_some()
    }

    /// Lets the last document be taken; gives what was acknowledged, and how often a document was
    /// given again.
    pub fn stop(self) -> (Acknowledged, u64) {
        self.running.stop.store(true, Ordering::Relaxed);
        let acknowledged = self.thread.join().unwrap();
        (acknowledged, self.running.again.load(Ordering::Relaxed))
    }
}

fn submit(running: &Running, folders: &[PathBuf], papers: &Path, mut dice: Dice) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    let mut next = 0;
    // How long the last submitter took that ended well.
    let mut usual = Duration::from_millis(200);
    while !running.stop.load(Ordering::Relaxed) {
        let paper = papers.join(format!("orders-{next:06}.json"));
        fs::write(&paper, orders(next, ORDERS)).unwrap();
        let begun = Instant::now();
        loop {
            let folder = &folders[dice.below(folders.len() as u64) as usize];
            if once(running, folder, &paper, next, &mut usual, &mut acknowledged) {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{paper:?} is never taken");
            running.again.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(dice.below(200)));
        }
        fs::remove_file(&paper).unwrap();
        next += ORDERS;
        std::thread::sleep(Duration::from_millis(dice.below(60)));
    }
    acknowledged
}

/// Runs a submitter; says whether it ended well. Whatever ids it printed count, also where it was
/// killed afterwards.
fn once(
    running: &Running,
    folder: &Path,
    paper: &Path,
    first: usize,
    usual: &mut Duration,
    acknowledged: &mut Acknowledged,
) -> bool {
    let (told, log) = (
        paper.with_file_name("acknowledged"),
        paper.with_file_name("submit.log"),
    );
    let kill = *running.kill.lock().unwrap();
    let last = kill.map(|hundredths| *usual * hundredths / 100);
    let mut child = Command::new(TONGGUAN)
        .args(["--json", "submit", paper.to_str().unwrap()])
        .current_dir(folder)
        .env("TONGGUAN_SABOTAGE", running.bug)
        .stdout(fs::File::create(&told).unwrap())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        if last.is_some_and(|last| begun.elapsed() >= last) {
            *running.kill.lock().unwrap() = None;
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    if ended.success() {
        *usual = begun.elapsed();
    }
    for line in fs::read_to_string(&told).unwrap().lines() {
        // A line cut off acknowledges nothing.
        let Ok(Value::Object(taken)) = serde_json::from_str(line) else {
            continue;
        };
        let ids = taken.get("ids").and_then(Value::as_array);
        for (n, id) in ids.into_iter().flatten().enumerate() {
            let number = format!("ORDER-{:06}", first + n);
            let id = id.as_str().unwrap().to_owned();
            acknowledged.entry(number).or_default().insert(id);
        }
    }
    // Killed, or "it may work later": nothing else may happen.
    assert!(
        matches!(ended.code(), None | Some(0 | 4)),
        "submit ended with {ended}: {}",
        fs::read_to_string(&log).unwrap_or_default()
    );
    ended.success()
}
