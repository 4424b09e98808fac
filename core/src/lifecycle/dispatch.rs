//! Sends envelopes until the other side has taken them.

use futures::future::join_all;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

use tongguan_contracts::{Accepted, Failure, FailureClass, Outgoing, Transport};
use tongguan_messages::messages;

use super::backoff::{insist, pause};
use super::breaker::{Breakers, Failures};
use super::holding::under;
use crate::manifest::Route;
use crate::metrics::Metrics;
use crate::store::{Carrier, Fence, Lease, Owner, Store, Tried};
use crate::traces::Tracer;

/// How many envelopes are under way at once.
const UNDER_WAY: usize = 32;
const LOOK: Duration = Duration::from_millis(50);
/// How often other nodes' envelopes are looked for that wait for a transport out of reach.
const LOOK_FOR_STRAYS: Duration = Duration::from_secs(1);
/// A try without an answer in this time is one of unknown outcome.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Dispatcher {
    pub name: String,
    pub transport: Arc<dyn Transport>,
    pub store: Arc<dyn Store>,
    pub owner: Owner,
    pub routes: Vec<Route>,
    pub breakers: Arc<Breakers>,
    pub metrics: Arc<Metrics>,
    pub tracer: Arc<Tracer>,
}

impl Dispatcher {
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let mut failures = Failures::default();
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
            let mut out_of_reach = false;
            for ended in under(self.store.as_ref(), lease, sending).await {
                out_of_reach |= ended?.is_some_and(|well| failures.ended(well));
            }
            // What was not tried is free for others.
            insist(|| self.store.release(lease)).await?;
            if out_of_reach {
                self.wait_until_in_reach(&mut stop).await?;
                failures.forget();
            }
        }
        Ok(())
    }

    /// Sends an envelope and notes how that ended. Says whether the transport did its part: an
    /// envelope that it will never take is no failure of the transport's.
    async fn send(&self, lease: &Lease, carrier: &Carrier) -> Result<Option<bool>, Failure> {
        let id = carrier.cop_msg_id.as_str();
        // A node that was frozen may wake here: what it held is another's by now.
        if !lease.holds() {
            tracing::warn!(cop_msg_id = id, "the lease is over: not sent");
            return Ok(None);
        }
        let outgoing = Outgoing {
            cop_msg_id: id,
            message: &carrier.message,
            envelope: &carrier.envelope,
        };
        let (begun, begun_at) = (Instant::now(), crate::traces::now());
        let result = match tokio::time::timeout(PATIENCE, self.transport.send(outgoing)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::transient(&self.name, "send", "no answer in time")),
        };
        let tried = ended(carrier, result);
        self.metrics.tried(&self.name, begun.elapsed(), &tried);
        self.tracer.tried(begun_at, &self.name, carrier, &tried);
        let well = !matches!(tried, Tried::Again { .. });
        let noted = insist(|| self.store.tried(lease, id, tried.clone())).await?;
        if noted == Fence::Lost {
            tracing::warn!(
                cop_msg_id = id,
                "another node has taken it over: its word counts"
            );
        }
        Ok(Some(well))
    }

    /// Leaves the transport alone until its check passes. What is signed for it goes another way,
    /// where there is one.
    async fn wait_until_in_reach(&self, stop: &mut watch::Receiver<bool>) -> Result<(), Failure> {
        let name = self.name.as_str();
        tracing::error!(
            transport = name,
            "out of reach: left alone until it is back"
        );
        self.breakers.set(name, true);
        let mut tries = 0;
        let mut wait = Duration::ZERO;
        loop {
            let next = Instant::now() + wait;
            while Instant::now() < next {
                self.reroute().await?;
                let look = LOOK_FOR_STRAYS.min(next.saturating_duration_since(Instant::now()));
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return Ok(()),
                    () = tokio::time::sleep(look) => {}
                }
            }
            let check = tokio::time::timeout(PATIENCE, self.transport.check());
            let class = match check.await {
                Ok(Ok(())) => break,
                Ok(Err(failure)) => {
                    tracing::warn!(%failure, "still out of reach");
                    failure.class()
                }
                Err(_) => FailureClass::Transient,
            };
            wait = pause(class, tries).max(LOOK);
            tries += 1;
        }
        tracing::info!(transport = name, "in reach again");
        self.breakers.set(name, false);
        Ok(())
    }

    /// Lets what waits for this transport go by the best one of its route.
    async fn reroute(&self) -> Result<(), Failure> {
        for (number, route) in self.routes.iter().enumerate() {
            let best = self.breakers.best(route);
            if best == self.name || !route.transports.contains(&self.name) {
                continue;
            }
            // The first route that fits a message counts.
            let messages: Vec<&str> = messages()
                .iter()
                .map(|message| message.name)
                .filter(|name| self.routes.iter().position(|r| r.takes(name)) == Some(number))
                .collect();
            let moved = insist(|| self.store.reroute(&messages, &self.name, best)).await?;
            if moved > 0 {
                tracing::warn!(from = self.name, to = best, envelopes = moved, "rerouted");
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SqlStore;
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tongguan_contracts::{Declaration, Delivery, Origin};

    #[derive(Default)]
    struct Counts(AtomicUsize);

    #[async_trait]
    impl Transport for Counts {
        async fn send(&self, _: Outgoing<'_>) -> Result<Accepted, Failure> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Accepted {
                evidence: String::new(),
            })
        }
        async fn receive(&self) -> Result<Delivery, Failure> {
            std::future::pending().await
        }
        async fn check(&self) -> Result<(), Failure> {
            Ok(())
        }
        async fn close(&self) {}
    }

    #[tokio::test]
    async fn who_wakes_past_the_lease_does_not_send() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqlStore::sqlite(&dir.path().join("t.db")).unwrap());
        let transport = Arc::new(Counts::default());
        let owner = Owner {
            name: "a".into(),
            term: Duration::from_millis(200),
        };
        let dispatcher = Dispatcher {
            name: "main".into(),
            transport: Arc::clone(&transport) as Arc<dyn Transport>,
            store: Arc::clone(&store) as Arc<dyn Store>,
            owner: owner.clone(),
            routes: Vec::new(),
            breakers: Arc::new(Breakers::new(std::iter::empty())),
            metrics: Arc::new(Metrics::new().unwrap()),
            tracer: Arc::new(Tracer::new(None)),
        };
        let declaration = Declaration {
            message: "CEB311Message".into(),
            guid: "G".into(),
            business_key: "K".into(),
            fragment: Vec::new(),
            fingerprint: "a".into(),
            amends: false,
            origin: Origin::default(),
        };
        store.submit("main", vec![declaration]).await.unwrap();
        let claim = store.claim(&owner, "CEB311Message", 1).await.unwrap();
        let claim = claim.unwrap();
        let carrier = Carrier {
            message: "CEB311Message".into(),
            guid: "M".into(),
            cop_msg_id: "C".into(),
            transport: "main".into(),
            profile: String::new(),
            certificate: String::new(),
            envelope: Vec::new(),
            attempts: 0,
        };
        let ids = claim.work.into_iter().map(|c| c.id).collect();
        let fence = store.carry(&claim.lease, carrier, ids).await.unwrap();
        assert_eq!(fence, Fence::Held);

        let claim = store.due(&owner, "main", 1).await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(250)).await;
        let sent = dispatcher.send(&claim.lease, &claim.work[0]).await.unwrap();
        assert_eq!((sent, transport.0.load(Ordering::Relaxed)), (None, 0));
        // Renewed in time, it does.
        store.release(&claim.lease).await.unwrap();
        let claim = store.due(&owner, "main", 1).await.unwrap().unwrap();
        let work = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            dispatcher.send(&claim.lease, &claim.work[0]).await
        };
        let sent = under(store.as_ref(), &claim.lease, work).await.unwrap();
        assert_eq!((sent, transport.0.load(Ordering::Relaxed)), (Some(true), 1));
    }
}
