//! How much the store keeps: the way of a declaration through it, on a file of its own in the same
//! folder, so on the same disk.

use futures::future::try_join_all;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tongguan_contracts::{Declaration, Failure, Origin};

use crate::clock::guid;
use crate::manifest::Manifest;
use crate::store::{Carrier, Fence, Owner, SqlStore, Store, Tried};

/// An order with one line of goods is about as long.
const OCTETS: usize = 2 << 10;
/// So many submit at once.
const SUBMITTERS: usize = 32;
const MESSAGE: &str = "CEB311Message";
const TRANSPORT: &str = "trial";

/// A folder that is gone when this is.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // The store's threads may hold the file for a moment yet, and Windows keeps what is held.
        let removed = (0..50).find_map(|_| {
            let removed = std::fs::remove_dir_all(&self.0);
            if removed.is_err() {
                std::thread::sleep(Duration::from_millis(20));
            }
            removed.ok()
        });
        if removed.is_none() {
            let folder = self.0.display();
            tracing::warn!(%folder, "the trial's folder stays: remove it");
        }
    }
}

/// So many declarations a minute; nothing for a server.
pub(super) async fn a_minute(manifest: &Manifest, time: Duration) -> Result<Option<u64>, Failure> {
    let Some(file) = manifest.store_file() else {
        return Ok(None);
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    let trial = folder.join(format!(".capacity-{}", std::process::id()));
    std::fs::create_dir(&trial)
        .map_err(|e| Failure::misconfigured("store", format!("make {}", trial.display()), e))?;
    let trial = Folder(trial);
    let store = SqlStore::sqlite(&trial.0.join("trial.db"))?;
    let begun = Instant::now();
    let submitted = AtomicUsize::new(0);
    let submitters = (0..SUBMITTERS).map(|_| async {
        while begun.elapsed() < time {
            store.submit("trial", vec![declaration()]).await?;
            submitted.fetch_add(1, Ordering::Relaxed);
        }
        Ok::<(), Failure>(())
    });
    let owner = Owner {
        name: "trial".to_owned(),
        term: Duration::from_secs(60),
    };
    let carrying = async {
        let mut sent = 0;
        while begun.elapsed() < time || sent < submitted.load(Ordering::Relaxed) {
            sent += carry(&store, &owner, manifest.limits.batch).await?;
        }
        Ok::<usize, Failure>(sent)
    };
    let (sent, _) = futures::future::try_join(carrying, try_join_all(submitters)).await?;
    let rate = sent as f64 * 60.0 / begun.elapsed().as_secs_f64();
    Ok(Some(rate as u64))
}

fn declaration() -> Declaration {
    let guid = guid();
    Declaration {
        message: MESSAGE.to_owned(),
        business_key: guid.clone(),
        fragment: vec![b'x'; OCTETS],
        fingerprint: guid.clone(),
        guid,
        amends: false,
        origin: Origin {
            document: "trial".to_owned(),
            line: 1,
        },
    }
}

/// What waits, into a message, and off; says how many that were.
async fn carry(store: &SqlStore, owner: &Owner, batch: usize) -> Result<usize, Failure> {
    let Some(claim) = store.claim(owner, MESSAGE, batch).await? else {
        tokio::time::sleep(Duration::from_millis(1)).await;
        return Ok(0);
    };
    let ids: Vec<String> = claim.work.iter().map(|one| one.id.clone()).collect();
    let count = ids.len();
    let carrier = Carrier {
        message: MESSAGE.to_owned(),
        guid: guid(),
        cop_msg_id: guid(),
        transport: TRANSPORT.to_owned(),
        profile: "sm2-sm3".to_owned(),
        certificate: String::new(),
        envelope: vec![b'x'; OCTETS * count],
        attempts: 0,
    };
    if store.carry(&claim.lease, carrier, ids).await? == Fence::Lost {
        return Ok(0);
    }
    if let Some(due) = store.due(owner, TRANSPORT, 32).await? {
        for carrier in due.work {
            let evidence = String::new();
            let tried = Tried::Accepted { evidence };
            let _ = store.tried(&due.lease, &carrier.cop_msg_id, tried).await?;
        }
    }
    Ok(count)
}
