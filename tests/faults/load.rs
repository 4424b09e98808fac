//! Submitters that never stop: each document is given until it is acknowledged.

use crate::oracle::Acknowledged;
use crate::stage::parts::Dice;
use crate::stage::{TONGGUAN, orders};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
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
    submitter: Mutex<Option<Child>>,
    stop: AtomicBool,
    /// How often a submitter was given its document again.
    again: AtomicU64,
}

impl Load {
    /// Submits in these folders, now here, now there. The documents are in another one.
    pub fn start(folders: Vec<PathBuf>, papers: PathBuf, dice: Dice) -> Self {
        let running = Arc::new(Running::default());
        let shared = Arc::clone(&running);
        Self {
            running,
            thread: std::thread::spawn(move || submit(&shared, &folders, &papers, dice)),
        }
    }

    /// Kills the submitter that runs, or the next one.
    pub fn kill(&self) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if let Some(child) = self.running.submitter.lock().unwrap().as_mut() {
                let _ = child.kill();
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
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
    while !running.stop.load(Ordering::Relaxed) {
        let paper = papers.join(format!("orders-{next:06}.json"));
        fs::write(&paper, orders(next, ORDERS)).unwrap();
        let begun = Instant::now();
        loop {
            let folder = &folders[dice.below(folders.len() as u64) as usize];
            if once(running, folder, &paper, next, &mut acknowledged) {
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
    acknowledged: &mut Acknowledged,
) -> bool {
    let (told, log) = (
        paper.with_file_name("acknowledged"),
        paper.with_file_name("submit.log"),
    );
    let child = Command::new(TONGGUAN)
        .args(["--json", "submit", paper.to_str().unwrap()])
        .current_dir(folder)
        .stdout(fs::File::create(&told).unwrap())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    *running.submitter.lock().unwrap() = Some(child);
    let ended = loop {
        let mut submitter = running.submitter.lock().unwrap();
        if let Some(ended) = submitter.as_mut().unwrap().try_wait().unwrap() {
            *submitter = None;
            break ended;
        }
        drop(submitter);
        std::thread::sleep(Duration::from_millis(3));
    };
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
