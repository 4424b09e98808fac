//! Moves declarations along: assembles and signs, sends, takes in what comes back.

mod advice;
pub(crate) mod assemble;
mod backoff;
pub(crate) mod breaker;
mod dispatch;
mod holding;
mod inbound;
mod member;
mod readiness;
pub(crate) mod signers;
mod states;
mod submission;
mod telling;
mod trial;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use tongguan_contracts::{Failure, Role, Transport};

use crate::diagnosis::certificates::Validity;
use crate::diagnosis::watch::Watch;
use crate::manifest::Manifest;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::store::Store;
use crate::traces::{Span, Tracer};

pub use advice::Advice;
pub(crate) use inbound::{Understood, understand};
pub use readiness::Readiness;
pub use states::{Event, State, TRANSITIONS};
pub use submission::Submission;
pub use trial::PartCheck;

/// How long a transport may take to close.
const GOODBYE: Duration = Duration::from_secs(5);

/// An enterprise's client: its manifest, its store, and its parts, built when they are needed.
pub struct Client {
    manifest: Manifest,
    registry: Registry,
    store: Arc<dyn Store>,
    place: String,
    breakers: Arc<breaker::Breakers>,
    metrics: Arc<Metrics>,
    tracer: Arc<Tracer>,
    /// Whether all its tasks are at work.
    running: AtomicBool,
    /// Who signs, once it runs.
    signers: OnceLock<Arc<signers::Signers>>,
}

/// Does work that comes to an end before the client does, and waits for that.
async fn until_ended(
    work: impl Future<Output = Result<(), Failure>>,
    mut ended: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let done = async {
        work.await?;
        std::future::pending().await
    };
    tokio::select! {
        failed = done => failed,
        _ = ended.wait_for(|ended| *ended) => Ok(()),
    }
}

/// When a run ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When it is told to.
    Stopped,
    /// When nothing more happens by itself, too: every declaration is final or a dead letter.
    AllFinal,
}

impl Client {
    /// Opens the store of a manifest; builds no other part yet.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn open(manifest: Manifest, registry: Registry) -> Result<Self, Failure> {
        let store = manifest
            .open_store()?
            .used_by(crate::manifest::user())
            .waiting_by(manifest.waits.clone());
        Ok(Self {
            breakers: Arc::new(breaker::Breakers::new(manifest.transports())),
            metrics: Arc::new(Metrics::new()?),
            tracer: Arc::new(Tracer::new(manifest.traces.as_ref())),
            running: AtomicBool::new(false),
            signers: OnceLock::new(),
            manifest,
            registry,
            place: store.place().to_owned(),
            store: Arc::new(store),
        })
    }

    /// What is kept.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Where that is, for people.
    pub fn store_place(&self) -> &str {
        &self.place
    }

    /// What its run counts and measures.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The spans of its traces, for who exports them; once, and only where the manifest asks.
    pub fn spans(&self) -> Option<mpsc::Receiver<Span>> {
        self.tracer.spans()
    }

    /// How many spans were lost, because nobody took them in time.
    pub fn spans_lost(&self) -> u64 {
        self.tracer.lost()
    }

    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    pub(crate) fn breakers(&self) -> Arc<breaker::Breakers> {
        Arc::clone(&self.breakers)
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The role of that name; the only one, where no name is given.
    ///
    /// # Errors
    /// There is none, or it cannot be built.
    pub fn role(&self, name: Option<&str>) -> Result<(String, Arc<dyn Role>), Failure> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => {
                let all: Vec<&str> = self.manifest.roles().collect();
                match all.as_slice() {
                    [one] => (*one).to_owned(),
                    [] => {
                        return Err(Failure::misconfigured(
                            "manifest",
                            "choose a role",
                            "it has no [roles.NAME]",
                        )
                        .remedy("add [roles.main] with kind = \"ecommerce\""));
                    }
                    several => {
                        return Err(Failure::misconfigured(
                            "manifest",
                            "choose a role",
                            "it has several",
                        )
                        .remedy(format!("say which: --role {}", several.join(" | "))));
                    }
                }
            }
        };
        let (kind, options) = self.manifest.role(&name)?;
        let build = self.registry.find_role(&options.part, &kind)?;
        Ok((name, build(options)?))
    }

    fn transport(&self, name: &str) -> Result<Arc<dyn Transport>, Failure> {
        let (kind, options) = self.manifest.transport(name)?;
        self.registry.find_transport(&options.part, &kind)?(options)
    }

    /// How long the certificate of each signer is valid, or why it cannot be built. Devices are
    /// left alone: a run may have them, and each opening tries a PIN.
    pub(crate) fn validities(&self) -> BTreeMap<String, Result<Validity, Failure>> {
        let built_here = |name: &&str| {
            let kind = self.manifest.signer(name).map(|(kind, _)| kind);
            !kind.is_ok_and(|kind| self.registry.is_device(&kind))
        };
        let all = self.manifest.signers().filter(built_here);
        all.map(|name| {
            let built = signers::build(&self.manifest, &self.registry, name);
            (name.to_owned(), built.map(|(_, validity)| validity))
        })
        .collect()
    }

    /// Why nothing more happens by itself, where all that is open waits to be signed and none of it
    /// can be.
    fn none_can_be_signed(
        &self,
        open: &[(&str, State)],
        signers: &signers::Signers,
    ) -> Option<Failure> {
        let mut why = None;
        for (message, state) in open {
            if *state != State::Submitted {
                return None;
            }
            let failure = match self.manifest.route(message) {
                Some(route) => signers.trouble(route)?,
                None => {
                    Failure::misconfigured("manifest", format!("send {message}"), "it has no route")
                        .remedy("add it to the messages of a route")
                }
            };
            why = why.or(Some(failure));
        }
        why
    }

    /// Runs: signs and sends what is submitted, takes in what comes back. Ends in good order when
    /// `stop` turns true, or as `until` says.
    ///
    /// # Errors
    /// A part cannot be built, or the store failed: nothing can be done without it.
    pub async fn run(&self, mut stop: watch::Receiver<bool>, until: Until) -> Result<(), Failure> {
        let mut roles = BTreeMap::new();
        for name in self.manifest.roles() {
            roles.insert(name.to_owned(), self.role(Some(name))?.1);
        }
        let roles = Arc::new(roles);
        let signers = Arc::new(signers::Signers::new(&self.manifest, &self.registry)?);
        let _ = self.signers.set(Arc::clone(&signers));
        let assembler = assemble::Assembler::new(self, Arc::clone(&signers));
        let mut transports = BTreeMap::new();
        for name in self.manifest.transports() {
            transports.insert(name.to_owned(), self.transport(name)?);
        }
        let owner = self.manifest.owner();
        backoff::insist(|| self.store.take_over(&owner)).await?;
        let (ending, ended) = watch::channel(false);
        let mut tasks: JoinSet<Result<(), Failure>> = JoinSet::new();
        tasks.spawn(assembler.run(ended.clone()));
        let watching = Watch::new(self, Arc::clone(&signers));
        tasks.spawn(watching.run(ended.clone()));
        let again = telling::tell_again(Arc::clone(&self.store), Arc::clone(&roles));
        tasks.spawn(until_ended(again, ended.clone()));
        if let Some(days) = self.manifest.retention.days {
            let store = Arc::clone(&self.store);
            tasks.spawn(crate::retention::keep(store, days.get(), ended.clone()));
        }
        for (name, transport) in &transports {
            let sending = dispatch::Dispatcher {
                name: name.clone(),
                transport: Arc::clone(transport),
                store: Arc::clone(&self.store),
                owner: owner.clone(),
                routes: self.manifest.routes.clone(),
                breakers: Arc::clone(&self.breakers),
                metrics: Arc::clone(&self.metrics),
                tracer: Arc::clone(&self.tracer),
            };
            tasks.spawn(sending.run(ended.clone()));
            let receiving = inbound::Receiver::new(
                name.clone(),
                Arc::clone(transport),
                Arc::clone(&self.store),
                Arc::clone(&roles),
                self.manifest.limits.inbound_octets,
                Arc::clone(&self.metrics),
                Arc::clone(&self.tracer),
            );
            tasks.spawn(receiving.run(ended.clone()));
        }
        self.running.store(true, Ordering::Relaxed);
        let mut result = Ok(());
        let mut look = tokio::time::interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(done) = tasks.join_next() => {
                    // A task ends only when it cannot go on.
                    result = match done {
                        Ok(ended) => ended,
                        Err(error) => Err(Failure::transient("client", "go on", error)),
                    };
                    break;
                }
                _ = look.tick(), if until == Until::AllFinal => {
                    let counts = backoff::insist(|| self.store.counts()).await?;
                    // What waits for others is freed by what happens to them, and by nothing else.
                    let over = |state: &State| state.rests() || *state == State::Waiting;
                    let open = counts.iter().filter(|(_, state, _)| !over(state));
                    let open: Vec<(&str, State)> =
                        open.map(|(message, state, _)| (message.as_str(), *state)).collect();
                    if open.is_empty() {
                        break;
                    }
                    if let Some(failure) = self.none_can_be_signed(&open, &signers) {
                        result = Err(failure);
                        break;
                    }
                }
            }
        }
        self.running.store(false, Ordering::Relaxed);
        tracing::info!("stopping: finishing what is under way");
        let _ = ending.send(true);
        let patience = Duration::from_secs(self.manifest.limits.stop_seconds);
        let finish = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, finish).await.is_err() {
            tracing::warn!("stopped with work under way: it is repeated at the next start");
            tasks.shutdown().await;
        }
        for transport in transports.values() {
            // A network that is dead lets nobody say goodbye.
            if tokio::time::timeout(GOODBYE, transport.close())
                .await
                .is_err()
            {
                tracing::warn!("a transport did not close in time: left behind");
            }
        }
        result
    }
}
