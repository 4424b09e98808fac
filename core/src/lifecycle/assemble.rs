//! Puts waiting declarations into signed messages in envelopes.

use futures::future::{join_all, try_join_all};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

use tongguan_contracts::{Algorithm, Failure, FailureClass, Signer};
use tongguan_messages::envelope::{Envelope, Head};
use tongguan_messages::{Message, closing, message, opening, transfer};
use tongguan_xmldsig::{Enveloping, KeyInfo, Profile};

use super::Client;
use super::backoff::pause;
use super::breaker::Breakers;
use super::holding::under;
use super::member::InHand;
use super::signers::Signers;
use crate::audit::sha256;
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
}

/// Routes that share signers, by the names of these: their messages take turns.
type Group = BTreeSet<String>;

/// The groups that a manifest's routes fall into.
fn groups(routes: &[Route]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for route in routes {
        let mut group: Group = route.signers.iter().cloned().collect();
        groups.retain(|other| {
            let apart = other.is_disjoint(&group);
            if !apart {
                group.extend(other.iter().cloned());
            }
            apart
        });
        groups.push(group);
    }
    groups
}

/// The profile that a signer's key goes with.
pub(crate) fn profile_of(signer: &dyn Signer) -> Result<Profile, Failure> {
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

/// What a signer is asked for by a profile.
pub(crate) fn algorithm(profile: Profile) -> Algorithm {
    match profile {
        Profile::RsaSha1 => Algorithm::RsaSha1,
        Profile::Sm2Sm3 | Profile::Sm2Sm3Legacy => Algorithm::Sm2Sm3,
    }
}

/// A text of no meaning, to try signers with.
pub(crate) const TRIAL: &[u8] = b"<ds:SignedInfo></ds:SignedInfo>";

/// Signs [`TRIAL`], to see that it can; gives the value.
pub(crate) fn try_out(signer: &dyn Signer) -> Result<Vec<u8>, Failure> {
    let profile = profile_of(signer)?;
    signer.sign(algorithm(profile), TRIAL)
}

/// A signed message.
struct Signed {
    /// When work on it began, as traces tell it.
    begun: u64,
    guid: String,
    document: Vec<u8>,
    profile: Profile,
    /// SHA-256 of the signer's certificate, in hex.
    certificate: String,
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
        }
    }

    /// Each group of routes goes on by itself: none waits for a device of another's.
    pub(super) async fn run(self, stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let groups = groups(&self.manifest.routes);
        let working = groups.iter().map(|group| self.work(group, stop.clone()));
        try_join_all(working).await.map(drop)
    }

    async fn work(&self, group: &Group, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let mut tries = 0;
        loop {
            let busy = match self.round(group).await {
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
                    tracing::warn!(%failure, remedy, again_ms = %wait.as_millis(), "assembling waits");
                    tokio::time::sleep(wait).await;
                    false
                }
                // Nobody is left who would sign before a person acts.
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
    async fn round(&self, group: &Group) -> Result<bool, Failure> {
        let limits = &self.manifest.limits;
        let mut more = false;
        for waiting in self.store.waiting(limits.batch).await? {
            // What has no route waits; the diagnosis tells of it.
            let (Some(known), Some(route)) = (
                message(&waiting.message),
                self.manifest.route(&waiting.message),
            ) else {
                continue;
            };
            let batch = limits.batch.min(known.most());
            let due = waiting.waited >= Duration::from_millis(limits.batch_wait_ms);
            if waiting.count < batch && !due {
                continue;
            }
            if route.signers.iter().all(|name| !group.contains(name)) {
                continue;
            }
            self.signers.look_for(route);
            // Where nobody can sign now they wait; the diagnosis tells of it.
            let Some(messages) = self.signers.within(route, TURN) else {
                self.somebody_may(route)?;
                continue;
            };
            let most = batch * messages.min(UNDER_WAY);
            let claim = self.store.claim(&self.owner, known.name, most).await?;
            let Some(Claim { lease, work }) = claim else {
                continue;
            };
            more |= work.len() >= batch;
            let batches = batches(work, batch, due);
            let assembling = join_all(
                batches
                    .into_iter()
                    .map(|batch| self.assemble_or_give_up(known, route, &lease, batch)),
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
        lease: &Lease,
        batch: Vec<Claimed>,
    ) -> Result<(), Failure> {
        let ids = batch.iter().map(|c| c.id.clone()).collect();
        match self.assemble(message, route, lease, batch).await {
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
        lease: &Lease,
        claimed: Vec<Claimed>,
    ) -> Result<(), Failure> {
        // A signer that fails leaves the work to another of the route, where one can.
        while let Some(member) = self.signers.next(route) {
            match self.sign(message, route, &member, &claimed).await? {
                Ok(signed) => return self.carry(message, route, lease, claimed, signed).await,
                Err(failure) if failure.class() == FailureClass::Rejected => return Err(failure),
                Err(failure) => {
                    self.metrics.not_signed(&member.name);
                    member.left_alone(&failure);
                }
            }
            drop(member);
            self.somebody_may(route)?;
        }
        Ok(())
    }

    /// That somebody may sign for a route without a person's doing; else why not.
    fn somebody_may(&self, route: &Route) -> Result<(), Failure> {
        if !self.signers.all_out(route) {
            return Ok(());
        }
        let mut not_working = self.signers.not_working();
        let mut why = route.signers.iter();
        match why.find_map(|name| not_working.remove(name)) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Writes a message and has it signed. A failure of the signer is the inner one.
    async fn sign(
        &self,
        message: &'static Message,
        route: &Route,
        member: &InHand,
        claimed: &[Claimed],
    ) -> Result<Result<Signed, Failure>, Failure> {
        let bug = |what: &str, why: String| {
            Failure::misconfigured("manifest", format!("{what} of {}", message.name), why)
        };
        let profile = match &route.profile {
            Some(name) => name
                .parse()
                .map_err(|e| bug("read the profile", format!("{e}")))?,
            None => profile_of(member.signer.as_ref())?,
        };
        let begun = crate::traces::now();
        let guid_value = guid();
        let mut document = Enveloping::new(profile, &[(message.prefix, message.namespace)]);
        document.reserve(claimed.iter().map(|c| c.fragment.len()).sum::<usize>() + 1024);
        document.uncovered(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        document.push(&opening(message, &guid_value));
        for declaration in claimed {
            document.push(&declaration.fragment);
        }
        let who = transfer(&self.manifest.transfer())
            .map_err(|p| bug("write BaseTransfer", p.to_string()))?;
        document.push(&who);
        let pending = document.prepare(&closing(message));
        let encoding = route.sm2_encoding.into();
        // Nobody closes it, so this is a turn; it ends with the signing, whoever waits for that.
        let turn = Arc::clone(&member.turns).acquire_owned().await;
        let signing = Arc::clone(&member.signer);
        let ended = tokio::task::spawn_blocking(move || {
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
        .map_err(|e| Failure::transient("signer", "sign", e))?;
        Ok(ended.map(|(document, took)| {
            self.metrics.signature(&member.name, took);
            member.signed(took);
            Signed {
                begun,
                guid: guid_value,
                document,
                profile,
                certificate: sha256(&member.signer.identity().certificate),
            }
        }))
    }

    /// Puts a signed message into its envelope, and keeps it.
    async fn carry(
        &self,
        message: &'static Message,
        route: &Route,
        lease: &Lease,
        claimed: Vec<Claimed>,
        signed: Signed,
    ) -> Result<(), Failure> {
        let traced = claimed.iter().map(|c| c.fragment.as_slice());
        let traced = self.tracer.fragments(message, traced);
        let count = claimed.len();
        let cop_msg_id = guid();
        let envelope = Envelope {
            head: Head {
                cop_msg_id: cop_msg_id.clone(),
                sender_id: self.manifest.sender_id().to_owned(),
                receiver_ids: vec![self.manifest.node.receiver_id.clone()],
                creat_time: creat_time(),
                msg_type: message.name.to_owned(),
            },
            data: signed.document,
        };
        let octets = envelope.write().map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let doing = format!("write the envelope of {}", message.name);
            Failure::misconfigured("manifest", doing, all.join("; "))
        })?;
        let carrier = Carrier {
            message: message.name.to_owned(),
            guid: signed.guid,
            cop_msg_id,
            transport: self.breakers.best(route).to_owned(),
            profile: signed.profile.name().to_owned(),
            certificate: signed.certificate,
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
                self.tracer.signed(signed.begun, kept);
            }
            Fence::Lost => tracing::warn!(
                message = name,
                "the lease was lost: what was signed is thrown away, unsent"
            ),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::groups;
    use crate::manifest::{Encoding, Route};

    #[test]
    fn routes_that_share_a_signer_take_turns() {
        let route = |signers: &[&str]| Route {
            messages: Vec::new(),
            transports: vec!["t".into()],
            signers: signers.iter().map(ToString::to_string).collect(),
            share: false,
            profile: None,
            sm2_encoding: Encoding::Raw,
        };
        let routes = [&["a"][..], &["b"], &["c", "d"], &["d", "a"]].map(route);
        let groups: Vec<Vec<String>> = groups(&routes)
            .into_iter()
            .map(|group| group.into_iter().collect())
            .collect();
        assert_eq!(groups, [vec!["b"], vec!["a", "c", "d"]]);
    }
}
