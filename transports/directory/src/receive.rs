use async_trait::async_trait;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
}

impl Inbox {
    /// The oldest file that nobody has claimed.
    pub fn next(self: &Arc<Self>) -> Result<Option<Delivery>, Failure> {
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
                files.push((metadata.modified().ok(), entry.path(), metadata.len()));
            }
        }
        files.sort();
        for (_, path, size) in files {
            if !self.claimed().insert(path.clone()) {
                continue;
            }
            if size > self.max_octets {
                tracing::error!(file = %path.display(), size, "file too large: set aside");
                self.settle(&path, &self.error)?;
                continue;
            }
            match fs::read(&path) {
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
                Err(e) => {
                    self.claimed().remove(&path);
                    return Err(failure(&self.part, "read", &path, &e));
                }
            }
        }
        Ok(None)
    }

    fn claimed(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
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
