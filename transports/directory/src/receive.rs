use async_trait::async_trait;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tongguan_contracts::{Delivery, Failure, Settle};

use crate::failure;

/// The receiving side. A file is claimed in memory and stays in the inbox until it is
/// acknowledged, so a crash at any point leaves it there to come again. One process reads one
/// inbox.
pub(crate) struct Inbox {
    pub part: String,
    pub inbox: PathBuf,
    pub archive: PathBuf,
    pub error: PathBuf,
    pub max_octets: u64,
    pub claimed: Mutex<BTreeSet<PathBuf>>,
    /// What was there when the folder was last read and has not been looked at since.
    pub listed: Mutex<VecDeque<PathBuf>>,
}

impl Inbox {
    /// The oldest file that nobody has claimed.
    pub fn next(self: &Arc<Self>) -> Result<Option<Delivery>, Failure> {
        // The folder is read once for all that is in it.
        if self.listed().is_empty() {
            let all = self.list()?;
            *self.listed() = all;
        }
        loop {
            let Some(path) = self.listed().pop_front() else {
                return Ok(None);
            };
            if !self.claimed().insert(path.clone()) {
                continue;
            }
            match self.read(&path) {
                Ok(octets) if octets.len() as u64 > self.max_octets => {
                    tracing::error!(file = %path.display(), "file too large: set aside");
                    self.settle(&path, &self.error)?;
                }
                Ok(octets) => {
                    let claim = Claim {
                        inbox: Arc::clone(self),
                        path: Some(path.clone()),
                    };
                    let origin = path.display().to_string();
                    return Ok(Some(Delivery {
                        origin,
                        octets,
                        settle: Box::new(claim),
                    }));
                }
                // It was taken and settled since the folder was read.
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    self.claimed().remove(&path);
                }
                Err(e) => {
                    self.claimed().remove(&path);
                    return Err(failure(&self.part, "read", &path, &e));
                }
            }
        }
    }

    /// Reads no more than shows that a file is too large.
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        let most = self.max_octets.saturating_add(1);
        fs::File::open(path)?.take(most).read_to_end(&mut octets)?;
        Ok(octets)
    }

    /// What is in the folder, the oldest first.
    fn list(&self) -> Result<VecDeque<PathBuf>, Failure> {
        let wrong = |e: &std::io::Error| failure(&self.part, "read the folder", &self.inbox, e);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.inbox).map_err(|e| wrong(&e))? {
            let entry = entry.map_err(|e| wrong(&e))?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            // A file that vanishes meanwhile was never ours.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_file() && !hidden {
                files.push((metadata.modified().ok(), entry.path()));
            }
        }
        files.sort();
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    fn listed(&self) -> MutexGuard<'_, VecDeque<PathBuf>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claimed(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        // A set of paths is whole between any two operations, even after a panic.
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves a claimed file into `folder`, beside what is there already.
    fn settle(&self, path: &Path, folder: &Path) -> Result<(), Failure> {
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut target = folder.join(&name);
        let mut copy = 1;
        while target.exists() {
            copy += 1;
            target = folder.join(format!("{name}.{copy}"));
        }
        fs::rename(path, &target).map_err(|e| failure(&self.part, "archive", path, &e))?;
        self.claimed().remove(path);
        Ok(())
    }
}

struct Claim {
    inbox: Arc<Inbox>,
    path: Option<PathBuf>,
}

#[async_trait]
impl Settle for Claim {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), Failure> {
        let (inbox, path) = (Arc::clone(&self.inbox), self.path.take());
        let part = inbox.part.clone();
        crate::blocking(&part, move || match path {
            Some(path) => inbox.settle(&path, &inbox.archive),
            None => Ok(()),
        })
        .await
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        // Dropping the claim does it.
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            self.inbox.claimed().remove(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// One looks for the next file while another settles those before it.
    #[test]
    fn what_is_settled_meanwhile_is_no_trouble() {
        const FILES: usize = 1500;
        let dir = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let inbox = Arc::new(Inbox {
            part: "transport \"t\"".to_owned(),
            inbox: folder("inbox"),
            archive: folder("archive"),
            error: folder("error"),
            max_octets: 100,
            claimed: Mutex::default(),
            listed: Mutex::default(),
        });
        for n in 0..FILES {
            fs::write(inbox.inbox.join(n.to_string()), "x").unwrap();
        }
        let (given, taken) = mpsc::channel::<PathBuf>();
        let settling = Arc::clone(&inbox);
        let settled = std::thread::spawn(move || {
            for path in taken {
                settling.settle(&path, &settling.archive).unwrap();
            }
        });
        let mut count = 0;
        while let Some(mut delivery) = inbox.next().unwrap() {
            given.send(PathBuf::from(&delivery.origin)).unwrap();
            // The other thread does what it would.
            std::mem::forget(std::mem::replace(&mut delivery.settle, Box::new(Nothing)));
            count += 1;
        }
        drop(given);
        settled.join().unwrap();
        assert_eq!(count, FILES);
        assert_eq!(fs::read_dir(&inbox.archive).unwrap().count(), FILES);
    }

    struct Nothing;

    #[async_trait]
    impl Settle for Nothing {
        async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
            Ok(())
        }
        async fn give_back(self: Box<Self>) -> Result<(), Failure> {
            Ok(())
        }
    }
}
