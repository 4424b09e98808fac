//! A stand-in for the exchange platform and the clearance service: enough of the other side to
//! rehearse with. It imitates what the specification says (edition 202205: receipts of ch. 3,
//! codes of ch. 7); where the specification is silent, the choice is written beside the code.
#![forbid(unsafe_code)]

mod answer;
mod http;
mod ledger;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

use tongguan_contracts::{Delivery, Failure, Outgoing, Transport};
use tongguan_crypto::Certificate;
use tongguan_messages::Limits;

pub use answer::Reply;
pub use http::Face;
pub use ledger::{Entry, Ledger};

/// So many deliveries are answered at once.
const UNDER_WAY: usize = 32;

/// How the stand-in behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Accept only certificates that one of these issued; any where none is given.
    pub trust: Vec<Certificate>,
    /// Keep a journal of what was declared, one JSON line an event.
    pub journal: Option<PathBuf>,
    /// Keep every envelope, message and receipt as a file here.
    pub keep: Option<PathBuf>,
}

/// The stand-in.
pub struct Simulator {
    options: Options,
    limits: Limits,
    ledger: Mutex<Ledger>,
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
        let ledger = match &options.journal {
            Some(path) => Ledger::open(path).map_err(|e| failed(path, e))?,
            None => Ledger::default(),
        };
        if let Some(path) = &options.keep {
            std::fs::create_dir_all(path).map_err(|e| failed(path, e))?;
        }
        Ok(Self {
            options,
            limits: Limits::default(),
            ledger: Mutex::new(ledger),
        })
    }

    /// Answers what an enterprise sent. What was declared is in the journal, flushed to disk,
    /// before this returns.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn handle(&self, octets: &[u8]) -> Result<Vec<Reply>, Failure> {
        // The ledger is whole between any two operations, even after a panic.
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let replies = answer::answer(octets, &mut ledger, &self.options.trust, &self.limits);
        ledger
            .flush()
            .map_err(|e| Failure::transient("simulator", "write its journal", e))?;
        drop(ledger);
        self.keep(octets, &replies);
        Ok(replies)
    }

    fn keep(&self, octets: &[u8], replies: &[Reply]) {
        let Some(folder) = &self.options.keep else {
            return;
        };
        let (name, data) = answer::describe(octets, &self.limits);
        let mut files = vec![(format!("{name}.received.envelope.xml"), octets.to_vec())];
        files.extend(data.map(|data| (format!("{name}.received.message.xml"), data)));
        for reply in replies {
            let name = format!("{name}.answer.{}.xml", reply.cop_msg_id);
            files.push((name, reply.content.clone()));
        }
        for (name, octets) in files {
            if let Err(error) = std::fs::write(folder.join(&name), octets) {
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
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(answered) = answering.next() => answered?,
                delivery = transport.receive(), if answering.len() < UNDER_WAY => {
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
        stop: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let replies = self.handle(&delivery.octets)?;
        for reply in &replies {
            let outgoing = Outgoing {
                cop_msg_id: &reply.cop_msg_id,
                message: reply.message,
                envelope: &reply.octets,
            };
            while let Err(failure) = transport.send(outgoing).await {
                tracing::warn!(%failure, "an answer waits");
                if *stop.borrow() {
                    // Not acknowledged: it comes again, and is answered the same.
                    return Ok(());
                }
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
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
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries()
    }
}
