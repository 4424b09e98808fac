//! Sends envelopes until the other side has taken them.

use futures::future::join_all;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};

use tongguan_contracts::{Accepted, Failure, FailureClass, Outgoing, Transport};
use tongguan_messages::messages;

use super::backoff::{insist, pause};
use super::breaker::{Breakers, Failures};
use super::holding::under;
use crate::manifest::Route;
use crate::metrics::Metrics;
use crate::store::{Carrier, Claim, Fence, Lease, Owner, Store, Tried};
use crate::traces::Tracer;

/// How many envelopes are under way at once.
const UNDER_WAY: usize = 32;
/// So many are claimed at once, where there are: each claim costs the store a commit.
const ENOUGH: usize = UNDER_WAY / 2;
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

/// What is under way, and how it goes.
#[derive(Default)]
struct Flow {
    under_way: AtomicUsize,
    ended: Notify,
    failures: Mutex<Failures>,
    out_of_reach: AtomicBool,
}

impl Flow {
    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    fn begin(&self, count: usize) {
        self.under_way.fetch_add(count, Ordering::Relaxed);
    }

    /// A try ended; whether well, where it was one.
    fn end(&self, well: Option<bool>) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if well.is_some_and(|well| failures.ended(well)) {
            self.out_of_reach.store(true, Ordering::Relaxed);
        }
        self.ended.notify_one();
    }

    fn is_out_of_reach(&self) -> bool {
        self.out_of_reach.load(Ordering::Relaxed)
    }

    /// The transport is back.
    fn forget(&self) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.forget();
        self.out_of_reach.store(false, Ordering::Relaxed);
    }
}

/// A task ended.
fn over(done: Result<Result<(), Failure>, JoinError>) -> Result<(), Failure> {
    done.unwrap_or_else(|error| Err(Failure::transient("client", "send", error)))
}

impl Dispatcher {
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let this = Arc::new(self);
        let flow = Arc::new(Flow::default());
        let mut sending: JoinSet<Result<(), Failure>> = JoinSet::new();
        let mut looked = Instant::now();
        while !*stop.borrow() {
            if flow.is_out_of_reach() {
                this.wait_until_in_reach(&mut stop).await?;
                flow.forget();
                continue;
            }
            let room = UNDER_WAY.saturating_sub(flow.under_way());
            let mut nothing_due = false;
            if room >= ENOUGH || (room > 0 && looked.elapsed() >= LOOK) {
                looked = Instant::now();
                let due = insist(|| this.store.due(&this.owner, &this.name, room)).await?;
                if let Some(claim) = due {
                    flow.begin(claim.work.len());
                    let (this, flow) = (Arc::clone(&this), Arc::clone(&flow));
                    sending.spawn(async move { this.send_all(claim, &flow).await });
                    continue;
                }
                nothing_due = true;
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(done) = sending.join_next() => over(done)?,
                () = flow.ended.notified(), if !nothing_due => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        while let Some(done) = sending.join_next().await {
            over(done)?;
        }
        Ok(())
    }

    /// Sends what is under a lease, each by itself: one that takes long keeps no other.
    async fn send_all(&self, claim: Claim<Carrier>, flow: &Flow) -> Result<(), Failure> {
        let lease = &claim.lease;
        let sending = join_all(claim.work.iter().map(async |carrier| {
            let ended = self.send(lease, carrier).await;
            flow.end(ended.as_ref().ok().copied().flatten());
            ended.map(drop)
        }));
        let ended = under(self.store.as_ref(), lease, sending).await;
        // What was not tried is free for others.
        insist(|| self.store.release(lease)).await?;
        ended.into_iter().collect()
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
