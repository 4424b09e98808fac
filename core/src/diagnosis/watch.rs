//! Looks now and then, while a client runs, at what is wrong: logs it, and keeps its metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

use tongguan_contracts::Failure;

use super::{Ailment, Finding, Severity, diagnose};
use crate::clock::now_ms;
use crate::lifecycle::breaker::Breakers;
use crate::lifecycle::signers::Signers;
use crate::manifest::Manifest;
use crate::metrics::Metrics;
use crate::{Client, Store};

/// How old metrics of the store are at most.
const LOOK: Duration = Duration::from_secs(15);
/// How often what stays wrong is logged.
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Watch {
    manifest: Manifest,
    store: Arc<dyn Store>,
    signers: Arc<Signers>,
    breakers: Arc<Breakers>,
    metrics: Arc<Metrics>,
    /// What is wrong, and when that was logged.
    known: BTreeMap<(Ailment, String), Instant>,
    /// Whether it has looked before.
    begun: bool,
}

impl Watch {
    pub(crate) fn new(client: &Client, signers: Arc<Signers>) -> Self {
        Self {
            manifest: client.manifest().clone(),
            store: client.shared_store(),
            signers,
            breakers: client.breakers(),
            metrics: Arc::clone(client.metrics()),
            known: BTreeMap::new(),
            begun: false,
        }
    }

    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        loop {
            // The store's failures are told by those who need it; here the next look is soon.
            if let Err(failure) = self.look().await {
                tracing::debug!(%failure, "not looked at what is wrong");
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn look(&mut self) -> Result<(), Failure> {
        for name in self.manifest.transports() {
            self.metrics.in_reach(name, !self.breakers.is_open(name));
        }
        let validities = self.signers.validities();
        for (name, validity) in &validities {
            self.metrics.certificate(name, validity.not_after);
        }
        if self.manifest.http.is_some() {
            let (store, now) = (self.store.as_ref(), now_ms());
            let age = store.oldest_open().await?.map_or(0, |at| now - at);
            let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
            let counts = store.counts().await?;
            self.metrics.stored(&counts, age, store.failures());
        }
        let built = validities.into_iter().map(|(name, v)| (name, Ok(v)));
        let mut built: BTreeMap<_, _> = built.collect();
        let broken = self.signers.not_working();
        built.extend(broken.into_iter().map(|(name, why)| (name, Err(why))));
        let findings = diagnose(&self.manifest, self.store.as_ref(), &built).await?;
        self.metrics.found(&findings);
        // What a store shows at a start has waited for it, and may be worked off by the next look.
        let begun = std::mem::replace(&mut self.begun, true);
        self.tell(findings.iter().filter(|f| begun || f.since.is_none()));
        Ok(())
    }

    /// Logs what is new, what is over, and once a day what stays.
    fn tell<'a>(&mut self, findings: impl Iterator<Item = &'a Finding> + Clone) {
        let key = |finding: &Finding| (finding.what, finding.subject.clone());
        self.known.retain(|known, _| {
            let still = findings.clone().any(|finding| key(finding) == *known);
            if !still {
                let what = known.0.name();
                tracing::info!(what, subject = known.1, "well again");
            }
            still
        });
        for finding in findings {
            let told = self.known.get(&key(finding));
            if told.is_some_and(|at| at.elapsed() < AGAIN) {
                continue;
            }
            self.known.insert(key(finding), Instant::now());
            let Finding {
                what,
                subject,
                count,
                why,
                remedy,
                ..
            } = finding;
            let (what, title) = (what.name(), what.en());
            match finding.severity {
                Severity::Urgent => {
                    tracing::error!(what, subject, count, why, remedy, "{title}");
                }
                Severity::Warning => {
                    tracing::warn!(what, subject, count, why, remedy, "{title}");
                }
                Severity::Note => tracing::info!(what, subject, count, why, remedy, "{title}"),
            }
        }
    }
}
