//! Sends envelopes until the other side has taken them.

use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use tongguan_contracts::{Accepted, Failure, FailureClass, Outgoing, Transport};

use super::backoff::{insist, pause};
use super::holding::under;
use crate::store::{Carrier, Fence, Lease, Owner, Store, Tried};

/// How many envelopes are under way at once.
const UNDER_WAY: usize = 32;
const LOOK: Duration = Duration::from_millis(50);
/// A try without an answer in this time is one of unknown outcome.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Dispatcher {
    name: String,
    transport: Arc<dyn Transport>,
    store: Arc<dyn Store>,
    owner: Owner,
}

impl Dispatcher {
    pub(super) fn new(
        name: String,
        transport: Arc<dyn Transport>,
        store: Arc<dyn Store>,
        owner: Owner,
    ) -> Self {
        Self {
            name,
            transport,
            store,
            owner,
        }
    }

    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        while !*stop.borrow() {
            let due = insist(|| self.store.due(&self.owner, &self.name, UNDER_WAY)).await?;
            let Some(claim) = due else {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => break,
                    () = tokio::time::sleep(LOOK) => {}
                }
                continue;
            };
            let lease = &claim.lease;
            let sending = join_all(claim.work.iter().map(|carrier| self.send(lease, carrier)));
            for noted in under(self.store.as_ref(), lease, sending).await {
                noted?;
            }
            // What was not tried is free for others.
            insist(|| self.store.release(lease)).await?;
        }
        Ok(())
    }

    async fn send(&self, lease: &Lease, carrier: &Carrier) -> Result<(), Failure> {
        let id = carrier.cop_msg_id.as_str();
        // A node that was frozen may wake here: what it held is another's by now.
        if !lease.holds() {
            tracing::warn!(cop_msg_id = id, "the lease is over: not sent");
            return Ok(());
        }
        let outgoing = Outgoing {
            cop_msg_id: id,
            message: &carrier.message,
            envelope: &carrier.envelope,
        };
        let result = match tokio::time::timeout(PATIENCE, self.transport.send(outgoing)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::transient(&self.name, "send", "no answer in time")),
        };
        let tried = ended(carrier, result);
        let noted = insist(|| self.store.tried(lease, id, tried.clone())).await?;
        if noted == Fence::Lost {
            tracing::warn!(
                cop_msg_id = id,
                "another node has taken it over: its word counts"
            );
        }
        Ok(())
    }
}

/// What the end of a try means for the envelope.
fn ended(carrier: &Carrier, result: Result<Accepted, Failure>) -> Tried {
    let id = carrier.cop_msg_id.as_str();
    let failure = match result {
        Ok(Accepted { evidence }) => {
            tracing::info!(cop_msg_id = id, evidence, "sent");
            return Tried::Accepted { evidence };
        }
        Err(failure) => failure,
    };
    let (error, left) = (failure.to_string(), failure.may_have_left());
    if failure.class() == FailureClass::Rejected {
        tracing::error!(cop_msg_id = id, %failure, "refused for good: a dead letter");
        return Tried::Refused { error, left };
    }
    let after = pause(failure.class(), carrier.attempts);
    let remedy = failure.how_to_mend().unwrap_or_default();
    let again_ms = after.as_millis();
    tracing::warn!(cop_msg_id = id, %failure, remedy, left, %again_ms, "not sent");
    Tried::Again { after, error, left }
}
