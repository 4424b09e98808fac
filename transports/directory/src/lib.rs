//! Carries envelopes through folders, atomically.
//!
//! Sending writes under a temporary name, flushes, and renames: whoever reads the folder sees a
//! whole file or none. A received file stays in the inbox until it is acknowledged, then goes to the
//! archive: a crash leaves it there to come again.
#![forbid(unsafe_code)]

mod receive;
mod send;

use async_trait::async_trait;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, PartOptions, Transport};

/// A transport's table in the manifest, `kind = "directory"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Where envelopes go.
    outbox: PathBuf,
    /// Where answers come.
    inbox: PathBuf,
    /// Where answers are kept once they are taken.
    archive: PathBuf,
    /// Where files go that are not taken (too large).
    error: PathBuf,
    /// How often the inbox is looked at, in milliseconds.
    #[serde(default = "poll_ms")]
    poll_ms: u64,
    /// Largest file taken, in octets.
    #[serde(default = "max_octets")]
    max_octets: u64,
}

fn poll_ms() -> u64 {
    200
}

fn max_octets() -> u64 {
    64 << 20
}

struct Directory {
    part: String,
    outbox: PathBuf,
    inbox: Arc<receive::Inbox>,
    poll: Duration,
}

/// Builds the transport; makes the folders that are missing.
///
/// # Errors
/// A folder that cannot be made or written, with its path.
pub fn build(options: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let given: Options = options.parse()?;
    let part = options.part.clone();
    let folder = |path: &Path| -> Result<PathBuf, Failure> {
        let path = options.base.join(path);
        fs::create_dir_all(&path).map_err(|e| failure(&part, "make the folder", &path, &e))?;
        Ok(path)
    };
    let inbox = receive::Inbox {
        part: part.clone(),
        inbox: folder(&given.inbox)?,
        archive: folder(&given.archive)?,
        error: folder(&given.error)?,
        max_octets: given.max_octets,
        claimed: std::sync::Mutex::default(),
        listed: std::sync::Mutex::default(),
    };
    Ok(Arc::new(Directory {
        part: part.clone(),
        outbox: folder(&given.outbox)?,
        inbox: Arc::new(inbox),
        poll: Duration::from_millis(given.poll_ms.max(1)),
    }))
}

/// An error of the file system, by whether it may pass.
fn failure(part: &str, doing: &str, path: &Path, error: &io::Error) -> Failure {
    let doing = format!("{doing} {}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::ReadOnlyFilesystem => Failure::misconfigured(part, doing, error)
            .remedy("check the path in the manifest, and who may write there"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Failure::transient(part, doing, error).remedy("free space on that disk")
        }
        _ => Failure::transient(part, doing, error),
    }
}

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(
    part: &str,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::transient(part, "do file work", error)),
    }
}

#[async_trait]
impl Transport for Directory {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let (part, outbox) = (self.part.clone(), self.outbox.clone());
        let name = outgoing.file_name();
        let octets = outgoing.envelope.to_vec();
        blocking(&self.part, move || {
            send::put(&part, &outbox, &name, &octets)
        })
        .await
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        loop {
            let inbox = Arc::clone(&self.inbox);
            if let Some(delivery) = blocking(&self.part, move || inbox.next()).await? {
                return Ok(delivery);
            }
            tokio::time::sleep(self.poll).await;
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        let part = self.part.clone();
        let folders = [
            self.outbox.clone(),
            self.inbox.inbox.clone(),
            self.inbox.archive.clone(),
        ];
        blocking(&self.part, move || {
            for folder in folders {
                let probe = folder.join(format!(".probe-{}", std::process::id()));
                fs::write(&probe, b"")
                    .and_then(|()| fs::remove_file(&probe))
                    .map_err(|e| failure(&part, "write into", &folder, &e))?;
            }
            Ok(())
        })
        .await
    }

    async fn close(&self) {}
}
