//! How long personal data is kept; see docs/evidence.md.

use std::sync::Arc;
use std::time::Duration;
use time::macros::{format_description, offset};
use tokio::sync::watch;

use tongguan_contracts::Failure;

use crate::clock::now_ms;
use crate::store::{Purge, Purged, Store};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// How often a running client looks for data whose time is over.
const LOOK: Duration = Duration::from_secs(60 * 60);

impl Purge {
    /// By `[retention] days` of the manifest, counted from now.
    pub fn older_than(days: u32) -> Self {
        Self {
            before: now_ms() - i64::from(days) * DAY,
            rule: format!("[retention] days = {days}"),
        }
    }

    /// What was over before that day began, in China: `2026-11-24`.
    ///
    /// # Errors
    /// It is no date, or a day to come.
    pub fn before(date: &str) -> Result<Self, Failure> {
        let refused = |reason: String| {
            Failure::misconfigured("--before", format!("use {date:?}"), reason)
                .remedy("write a day, no later than today: 2026-11-24")
        };
        let day = time::Date::parse(date, format_description!("[year]-[month]-[day]"))
            .map_err(|e| refused(e.to_string()))?;
        let before = day.midnight().assume_offset(offset!(+8)).unix_timestamp() * 1000;
        if before > now_ms() {
            return Err(refused("it is still to come".to_owned()));
        }
        Ok(Self {
            before,
            rule: format!("before {date}"),
        })
    }
}

/// Purges all that a rule covers.
///
/// # Errors
/// The store failed; what was purged until then is.
pub async fn purge(store: &dyn Store, purge: &Purge) -> Result<Purged, Failure> {
    let mut all = Purged::default();
    loop {
        let some = store.purge(purge).await?;
        if some == Purged::default() {
            all.held = store.purgeable(purge).await?.held;
            return Ok(all);
        }
        all.declarations += some.declarations;
        all.envelopes += some.envelopes;
        all.receipts += some.receipts;
    }
}

/// Purges by the manifest's rule, now and then, until `stop`.
pub(crate) async fn keep(
    store: Arc<dyn Store>,
    days: u32,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    loop {
        match purge(store.as_ref(), &Purge::older_than(days)).await {
            Ok(Purged {
                declarations: 0,
                receipts: 0,
                ..
            }) => {}
            Ok(purged) => tracing::info!(
                declarations = purged.declarations,
                receipts = purged.receipts,
                held = purged.held,
                "purged what is older than {days} days"
            ),
            // It is tried again at the next look; nothing else waits for it.
            Err(failure) => tracing::warn!(%failure, "purging waits"),
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
