//! Sends envelopes until the other side has taken them.

use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use tongguan_contracts::{Failure, FailureClass, Outgoing, Transport};

use crate::clock::now_ms;
use crate::store::{Carrier, Store, Tried};

/// How many envelopes are under way at once.
const UNDER_WAY: usize = 32;
const LOOK: Duration = Duration::from_millis(50);
/// A try without an answer in this time is one of unknown outcome.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Dispatcher {
    name: String,
    transport: Arc<dyn Transport>,
    store: Arc<dyn Store>,
}

impl Dispatcher {
    pub(super) fn new(name: String, transport: Arc<dyn Transport>, store: Arc<dyn Store>) -> Self {
        Self {
            name,
            transport,
            store,
        }
    }

    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        while !*stop.borrow() {
            let due = self.store.due(&self.name, now_ms(), UNDER_WAY).await?;
            if due.is_empty() {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => break,
                    () = tokio::time::sleep(LOOK) => {}
                }
                continue;
            }
            for noted in join_all(due.iter().map(|carrier| self.send(carrier))).await {
                noted?;
            }
        }
        Ok(())
    }

    async fn send(&self, carrier: &Carrier) -> Result<(), Failure> {
        let outgoing = Outgoing {
            cop_msg_id: &carrier.cop_msg_id,
            message: &carrier.message,
            envelope: &carrier.envelope,
        };
        let result = match tokio::time::timeout(PATIENCE, self.transport.send(outgoing)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::transient(&self.name, "send", "no answer in time")),
        };
        let id = carrier.cop_msg_id.as_str();
        let tried = match result {
            Ok(accepted) => {
                tracing::info!(cop_msg_id = id, evidence = accepted.evidence, "sent");
                Tried::Accepted {
                    evidence: accepted.evidence,
                }
            }
            Err(failure) => match failure.class() {
                FailureClass::Rejected => {
                    tracing::error!(cop_msg_id = id, %failure, "refused for good");
                    Tried::Refused {
                        error: failure.to_string(),
                    }
                }
                class => {
                    let wait = pause(class, carrier.attempts);
                    let remedy = failure.how_to_mend().unwrap_or_default();
                    tracing::warn!(cop_msg_id = id, %failure, remedy, again_ms = wait, "not sent");
                    Tried::Again {
                        at: now_ms() + wait,
                        error: failure.to_string(),
                    }
                }
            },
        };
        self.store.tried(id, tried).await
    }
}

/// How long to wait before the next try, in milliseconds: doubling, spread, bounded. What an
/// operator must mend is tried slowly.
fn pause(class: FailureClass, attempts: u32) -> i64 {
    let base: i64 = match class {
        FailureClass::Misconfigured => 15_000,
        _ => (250_i64 << attempts.min(7)).min(30_000),
    };
    let spread = i64::from(getrandom::u32().unwrap_or(0) % 1000);
    base / 2 + base / 2 * spread / 1000
}
