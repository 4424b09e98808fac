//! Puts waiting declarations into signed messages in envelopes.

use futures::future::join_all;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};

use tongguan_contracts::{Algorithm, Failure, FailureClass, Signer};
use tongguan_messages::envelope::{Envelope, Head};
use tongguan_messages::{Message, closing, message, opening, transfer};
use tongguan_xmldsig::{Enveloping, KeyInfo, Profile};

use super::Client;
use super::backoff::pause;
use super::breaker::Breakers;
use super::holding::under;
use super::signers::Signers;
use crate::clock::{creat_time, guid};
use crate::manifest::{Manifest, Route};
use crate::metrics::Metrics;
use crate::store::{Carrier, Claim, Claimed, Fence, Lease, Owner, Store};
use crate::traces::Tracer;

/// So many messages are signed and kept at once: they share the disk's flushes, and the cores.
const UNDER_WAY: usize = 32;
/// One kind of message keeps a signer for no longer than this before another kind has its turn.
const TURN: Duration = Duration::from_millis(500);
/// How often the store is asked for what others submitted.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Assembler {
    store: Arc<dyn Store>,
    owner: Owner,
    breakers: Arc<Breakers>,
    metrics: Arc<Metrics>,
    tracer: Arc<Tracer>,
    manifest: Manifest,
    signers: Arc<Signers>,
    /// How long a signature takes, by the signer's key.
    paces: Mutex<HashMap<String, Duration>>,
}

/// The profile that a signer's key goes with.
fn profile_of(signer: &dyn Signer) -> Result<Profile, Failure> {
    match signer.algorithms().first() {
        Some(Algorithm::RsaSha1) => Ok(Profile::RsaSha1),
        Some(Algorithm::Sm2Sm3) => Ok(Profile::Sm2Sm3),
        _ => Err(Failure::misconfigured(
            "signer",
            "choose a profile",
            "it signs with nothing",
        )),
    }
}

fn algorithm(profile: Profile) -> Algorithm {
    match profile {
        Profile::RsaSha1 => Algorithm::RsaSha1,
        Profile::Sm2Sm3 | Profile::Sm2Sm3Legacy => Algorithm::Sm2Sm3,
    }
}

/// Signs a text, to see that it can.
pub(super) fn try_out(signer: &dyn Signer) -> Result<(), Failure> {
    let profile = profile_of(signer)?;
    signer
        .sign(algorithm(profile), b"<ds:SignedInfo></ds:SignedInfo>")
        .map(|_| ())
}

/// A signer, and the turns that it gives at once: a card or a key signs one text at a time.
struct Signing {
    signer: Arc<dyn Signer>,
    turns: Arc<Semaphore>,
}

/// What goes into a message each. A message that is not full waits for company unless it is due.
fn batches(mut work: Vec<Claimed>, size: usize, due: bool) -> Vec<Vec<Claimed>> {
    let mut batches = Vec::new();
    while work.len() >= size {
        let rest = work.split_off(size);
        batches.push(std::mem::replace(&mut work, rest));
    }
    if due && !work.is_empty() {
        batches.push(work);
    }
    batches
}

impl Assembler {
    pub(super) fn new(client: &Client, signers: Arc<Signers>) -> Self {
        Self {
            store: Arc::clone(&client.store),
            owner: client.manifest.owner(),
            breakers: client.breakers(),
            metrics: Arc::clone(client.metrics()),
            tracer: Arc::clone(&client.tracer),
            manifest: client.manifest.clone(),
            signers,
            paces: Mutex::default(),
        }
    }

    /// How many messages are given to a signer at once: what it signs in one turn.
    fn at_once(&self, signer: &dyn Signer) -> usize {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = match paces.get(&signer.identity().key_name) {
            Some(pace) => TURN.as_nanos() / pace.as_nanos().max(1),
            // It is not known yet.
            None => 1,
        };
        let turns = usize::try_from(turns).unwrap_or(UNDER_WAY).max(1);
        turns
            .saturating_mul(signer.concurrency().get())
            .min(UNDER_WAY)
    }

    fn took(&self, signer: &dyn Signer, time: Duration) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = paces
            .entry(signer.identity().key_name.clone())
            .or_insert(time);
        *pace = (*pace * 3 + time) / 4;
    }

    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let mut tries = 0;
        loop {
            let busy = match self.round().await {
                Ok(busy) => {
                    tries = 0;
                    busy
                }
                Err(failure)
                    if matches!(
                        failure.class(),
                        FailureClass::Transient | FailureClass::DeviceGone
                    ) =>
                {
                    let wait = pause(failure.class(), tries);
                    tries += 1;
                    let remedy = failure.how_to_mend().unwrap_or_default();
                    tracing::warn!(%failure, remedy, again_ms = %wait.as_millis(), "signing waits");
                    tokio::time::sleep(wait).await;
                    false
                }
                // A wrong PIN locks a device: nothing is tried again until a person acts.
                Err(failure) => return Err(failure),
            };
            if *stop.borrow() {
                return Ok(());
            }
            if !busy {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return Ok(()),
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
    }

    /// Assembles what is due; says whether there may be more.
    async fn round(&self) -> Result<bool, Failure> {
        let limits = &self.manifest.limits;
        let mut more = false;
        for waiting in self.store.waiting(limits.batch).await? {
            let due = waiting.waited >= Duration::from_millis(limits.batch_wait_ms);
            if waiting.count < limits.batch && !due {
                continue;
            }
            let (Some(known), Some(route)) = (
                message(&waiting.message),
                self.manifest.route(&waiting.message),
            ) else {
                tracing::error!(message = waiting.message, "no route: it waits");
                continue;
            };
            // Without a valid certificate they wait; the diagnosis tells of it.
            let Some(signer) = self.signers.of(route) else {
                continue;
            };
            let most = limits.batch * self.at_once(signer.as_ref());
            let turns = Arc::new(Semaphore::new(signer.concurrency().get()));
            let signer = Signing { signer, turns };
            let claim = self.store.claim(&self.owner, known.name, most).await?;
            let Some(Claim { lease, work }) = claim else {
                continue;
            };
            more |= work.len() >= limits.batch;
            let batches = batches(work, limits.batch, due);
            let assembling = join_all(
                batches
                    .into_iter()
                    .map(|batch| self.assemble_or_give_up(known, route, &signer, &lease, batch)),
            );
            let ended = under(self.store.as_ref(), &lease, assembling).await;
            // What was not put into a message is free again.
            self.store.release(&lease).await?;
            ended.into_iter().collect::<Result<(), Failure>>()?;
        }
        Ok(more)
    }

    /// A batch that can never be a message becomes dead letters.
    async fn assemble_or_give_up(
        &self,
        message: &'static Message,
        route: &Route,
        signer: &Signing,
        lease: &Lease,
        batch: Vec<Claimed>,
    ) -> Result<(), Failure> {
        let ids = batch.iter().map(|c| c.id.clone()).collect();
        match self.assemble(message, route, signer, lease, batch).await {
            Err(failure) if failure.class() == FailureClass::Rejected => {
                tracing::error!(%failure, message = message.name, "dead letters");
                self.store.give_up(lease, ids, &failure.to_string()).await
            }
            ended => ended,
        }
    }

    async fn assemble(
        &self,
        message: &'static Message,
        route: &Route,
        Signing { signer, turns }: &Signing,
        lease: &Lease,
        claimed: Vec<Claimed>,
    ) -> Result<(), Failure> {
        let bug = |what: &str, why: String| {
            Failure::misconfigured("manifest", format!("{what} of {}", message.name), why)
        };
        let profile = match &route.profile {
            Some(name) => name
                .parse()
                .map_err(|e| bug("read the profile", format!("{e}")))?,
            None => profile_of(signer.as_ref())?,
        };
        let begun = crate::traces::now();
        let traced = claimed.iter().map(|c| c.fragment.as_slice());
        let traced = self.tracer.fragments(message, traced);
        let guid_value = guid();
        let mut document = Enveloping::new(profile, &[(message.prefix, message.namespace)]);
        document.reserve(claimed.iter().map(|c| c.fragment.len()).sum::<usize>() + 1024);
        document.uncovered(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        document.push(&opening(message, &guid_value));
        for declaration in &claimed {
            document.push(&declaration.fragment);
        }
        let who = transfer(&self.manifest.transfer())
            .map_err(|p| bug("write BaseTransfer", p.to_string()))?;
        document.push(&who);
        let pending = document.prepare(&closing(message));
        let encoding = route.sm2_encoding.into();
        let count = claimed.len();
        // Nobody closes it, so this is a turn; it ends with the signing, whoever waits for that.
        let turn = Arc::clone(turns).acquire_owned().await;
        let signing = Arc::clone(signer);
        let (signed, took) = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let begun = Instant::now();
            let value = signing.sign(algorithm(profile), pending.signed_info())?;
            let took = begun.elapsed();
            let identity = signing.identity();
            let key = KeyInfo {
                key_name: &identity.key_name,
                certificate: &identity.certificate,
            };
            pending
                .complete(&value, &key, encoding)
                .map(|signed| (signed, took))
                .map_err(|e| Failure::misconfigured("signer", "use its signature value", e))
        })
        .await
        .map_err(|e| Failure::transient("signer", "sign", e))??;
        self.took(signer.as_ref(), took);
        let cop_msg_id = guid();
        let envelope = Envelope {
            head: Head {
                cop_msg_id: cop_msg_id.clone(),
                sender_id: self.manifest.sender_id().to_owned(),
                receiver_ids: vec![self.manifest.node.receiver_id.clone()],
                creat_time: creat_time(),
                msg_type: message.name.to_owned(),
            },
            data: signed,
        };
        let octets = envelope.write().map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bug("write the envelope", all.join("; "))
        })?;
        let carrier = Carrier {
            message: message.name.to_owned(),
            guid: guid_value,
            cop_msg_id,
            transport: self.breakers.best(route).to_owned(),
            profile: profile.name().to_owned(),
            certificate: hex::encode(Sha256::digest(&signer.identity().certificate)),
            envelope: octets,
            attempts: 0,
        };
        let (name, id) = (carrier.message.clone(), carrier.cop_msg_id.clone());
        let kept = traced.carried(&carrier);
        let ids = claimed.into_iter().map(|c| c.id).collect();
        match self.store.carry(lease, carrier, ids).await? {
            Fence::Held => {
                tracing::info!(
                    message = name,
                    cop_msg_id = id,
                    declarations = count,
                    "signed"
                );
                self.metrics.signed(&name, count);
                self.tracer.signed(begun, kept);
            }
            Fence::Lost => tracing::warn!(
                message = name,
                "the lease was lost: what was signed is thrown away, unsent"
            ),
        }
        Ok(())
    }
}
