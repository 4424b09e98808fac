//! A stand-in for the exchange platform and the clearance service: enough of the other side to
//! rehearse with. It imitates what the specification says (edition 202205: receipts of ch. 3,
//! codes of ch. 7); where the specification is silent, the choice is written beside the code.
#![forbid(unsafe_code)]

mod codes;
mod http;
mod inventory;
mod judge;
mod ledger;
mod limits;
mod network;
mod platform;
mod receipts;
mod scenario;
mod tax;
mod unit;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

use tongguan_contracts::{Delivery, Failure, FailureClass, Outgoing, Transport};
use tongguan_crypto::Certificate;
use tongguan_messages::Limits;
use tongguan_verifier::{Layer, Verifier};

use judge::Judge;
use platform::Platform;
use scenario::Arrivals;

pub use http::Face;
pub use ledger::{Entry, Ledger};
pub use network::Way;
pub use receipts::{Reply, gave};
pub use scenario::Scenario;

/// So many deliveries are answered at once; more, where answers are to come late.
const UNDER_WAY: usize = 32;
const LATE: usize = 1024;
/// How long it waits for a server that is away.
const PAUSE: Duration = Duration::from_millis(500);

/// How the stand-in behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Accept only certificates that one of these issued; any where none is given.
    pub trust: Vec<Certificate>,
    /// Keep a journal of what was declared, one JSON line an event.
    pub journal: Option<PathBuf>,
    /// Keep every envelope, message and receipt as a file here.
    pub keep: Option<PathBuf>,
    /// How closely it looks.
    pub checks: Checks,
    /// What is to go otherwise than well.
    pub scenario: Scenario,
    /// The terminal nodes that the platform knows, beside the clearance service: what is for one of
    /// them is handed to it.
    pub users: Vec<String>,
}

/// How closely the clearance service looks at declarations that keep their schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Checks {
    /// The signature, and whether it was declared before.
    Form,
    /// The business rules too, and the comparison of order, payment, waybill and inventory as far as
    /// they were declared.
    #[default]
    Business,
    /// What an inventory, a cancellation or a return stands on must have been declared here.
    Whole,
}

/// The stand-in.
pub struct Simulator {
    options: Options,
    limits: Limits,
    verifier: Option<Verifier>,
    state: Mutex<State>,
}

struct State {
    ledger: Ledger,
    arrivals: Arrivals,
}

/// The rules, and the comparison.
fn verifier() -> Result<Verifier, Failure> {
    let options = tongguan_verifier::Options {
        layers: [Layer::Rules, Layer::Across].into(),
        ..tongguan_verifier::Options::default()
    };
    Verifier::new(options).map_err(|e| Failure::misconfigured("simulator", "read the rules", e))
}

/// The next delivery. A server that is away is waited for, as the enterprise waits for it.
async fn received(transport: &dyn Transport) -> Result<Delivery, Failure> {
    loop {
        match transport.receive().await {
            Err(failure) if failure.class() == FailureClass::Transient => {
                tracing::warn!(%failure, "receiving waits");
                tokio::time::sleep(PAUSE).await;
            }
            received => return received,
        }
    }
}

impl Simulator {
    /// A stand-in that remembers what its journal says.
    ///
    /// # Errors
    /// The journal or the folder cannot be used.
    pub fn new(options: Options) -> Result<Self, Failure> {
        let failed = |path: &PathBuf, e: std::io::Error| {
            Failure::misconfigured("simulator", format!("use {}", path.display()), e)
                .remedy("check the path, and who may write there")
        };
        let verifier = match options.checks {
            Checks::Form => None,
            Checks::Business | Checks::Whole => Some(verifier()?),
        };
        let ledger = match &options.journal {
            Some(path) => Ledger::with(path, verifier.as_ref()).map_err(|e| failed(path, e))?,
            None => Ledger::default(),
        };
        if let Some(path) = &options.keep {
            std::fs::create_dir_all(path).map_err(|e| failed(path, e))?;
        }
        Ok(Self {
            options,
            limits: Limits::default(),
            verifier,
            state: Mutex::new(State {
                ledger,
                arrivals: Arrivals::default(),
            }),
        })
    }

    /// Answers what an enterprise sent. What was declared is in the journal, flushed to disk,
    /// before this returns.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn handle(&self, octets: &[u8]) -> Result<Vec<Reply>, Failure> {
        // The books are whole between any two operations, even after a panic.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { ledger, arrivals } = &mut *state;
        let mut judge = Judge {
            ledger,
            arrivals,
            trust: &self.options.trust,
            verifier: self.verifier.as_ref(),
            whole: self.options.checks == Checks::Whole,
            scenario: &self.options.scenario,
        };
        let platform = Platform {
            users: &self.options.users,
            trust: &self.options.trust,
            limits: &self.limits,
        };
        let replies = platform.answer(octets, &mut judge);
        state
            .ledger
            .flush()
            .map_err(|e| Failure::transient("simulator", "write its journal", e))?;
        drop(state);
        self.keep(octets, &replies);
        Ok(replies)
    }

    fn keep(&self, octets: &[u8], replies: &[Reply]) {
        let Some(folder) = &self.options.keep else {
            return;
        };
        let (name, data) = platform::describe(octets, &self.limits);
        let mut files = vec![(format!("{name}.received.envelope.xml"), octets.to_vec())];
        files.extend(data.map(|data| (format!("{name}.received.message.xml"), data)));
        for reply in replies {
            let name = format!("{name}.answer.{}.xml", reply.cop_msg_id);
            files.push((name, reply.content.clone()));
        }
        for (name, octets) in files {
            // Whoever looks into the folder sees whole files.
            let at = folder.join(format!(".{}", receipts::guid()));
            let to = folder.join(&name);
            let kept = std::fs::write(&at, octets).and_then(|()| std::fs::rename(&at, &to));
            if let Err(error) = kept {
                tracing::warn!(name, %error, "a copy could not be kept");
            }
        }
    }

    /// Serves the other side of a transport until `stop` turns true. A delivery is acknowledged
    /// once its answers are sent.
    ///
    /// # Errors
    /// The transport or the journal cannot be used.
    pub async fn run(
        &self,
        transport: Arc<dyn Transport>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let (stopping, mut answering) = (stop.clone(), FuturesUnordered::new());
        let most = match self.options.scenario.delays() {
            true => LATE,
            false => UNDER_WAY,
        };
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(answered) = answering.next() => answered?,
                delivery = received(transport.as_ref()), if answering.len() < most => {
                    answering.push(self.serve(transport.as_ref(), delivery?, stopping.clone()));
                }
            }
        }
        while let Some(answered) = answering.next().await {
            answered?;
        }
        transport.close().await;
        Ok(())
    }

    /// Answers one delivery, in order, and acknowledges it.
    async fn serve(
        &self,
        transport: &dyn Transport,
        delivery: Delivery,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let replies = self.handle(&delivery.octets)?;
        let begun = Instant::now();
        for reply in &replies {
            let until = (begun + reply.after).into();
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                // Not acknowledged: it comes again, and is answered the same.
                _ = stop.wait_for(|stop| *stop), if !reply.after.is_zero() => return Ok(()),
            }
            let outgoing = Outgoing {
                cop_msg_id: &reply.cop_msg_id,
                message: reply.message,
                envelope: &reply.octets,
            };
            while let Err(failure) = transport.send(outgoing).await {
                tracing::warn!(%failure, "an answer waits");
                if *stop.borrow() {
                    return Ok(());
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        if let Err(failure) = delivery.settle.acknowledge().await {
            tracing::warn!(%failure, "answered, but not acknowledged: it comes again");
        }
        tracing::info!(
            origin = delivery.origin,
            answers = replies.len(),
            "answered"
        );
        Ok(())
    }

    /// What was declared so far.
    pub fn declared(&self) -> Vec<Entry> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ledger.entries()
    }
}
