//! How fast a signer signs.

use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tongguan_contracts::{Failure, Signer};

use crate::lifecycle::assemble::try_out;
use crate::lifecycle::signers::build;
use crate::manifest::Manifest;
use crate::registry::Registry;

/// So many threads show what a signer does at once; more than a machine has cores shows no more.
const THREADS: usize = 32;

/// How fast a signer is.
#[derive(Debug, Clone, Serialize)]
pub struct Pace {
    /// So many signatures at once.
    pub at_once: usize,
    /// How long one takes, in milliseconds.
    pub signature_ms: f64,
    /// So many it makes in a minute.
    pub a_minute: u64,
}

/// Lets a signer sign for so long, as many texts at once as it takes; each of them once at least.
pub(super) async fn pace(
    manifest: &Manifest,
    registry: &Registry,
    name: &str,
    time: Duration,
) -> Result<Pace, Failure> {
    let (manifest, registry, name) = (manifest.clone(), registry.clone(), name.to_owned());
    let part = format!("signer {name:?}");
    tokio::task::spawn_blocking(move || {
        let (signer, _) = build(&manifest, &registry, &name)?;
        // The first is slower than those after it.
        try_out(signer.as_ref())?;
        let at_once = signer.concurrency().get();
        measure(&signer, at_once.min(THREADS), time).map(|mut pace| {
            pace.at_once = at_once;
            pace
        })
    })
    .await
    .map_err(|e| Failure::transient(part, "try it", e))?
}

fn measure(signer: &Arc<dyn Signer>, threads: usize, time: Duration) -> Result<Pace, Failure> {
    let begun = Instant::now();
    let one = || -> Result<u32, Failure> {
        let mut made = 0;
        while made == 0 || begun.elapsed() < time {
            try_out(signer.as_ref())?;
            made += 1;
        }
        Ok(made)
    };
    let made = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter()
            .map(|thread| match thread.join() {
                Ok(made) => made,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .sum::<Result<u32, Failure>>()
    })?;
    let took = begun.elapsed();
    let each = took.mul_f64(threads as f64) / made.max(1);
    Ok(Pace {
        at_once: threads,
        signature_ms: each.as_secs_f64() * 1000.0,
        a_minute: (f64::from(made) * 60.0 / took.as_secs_f64()) as u64,
    })
}
