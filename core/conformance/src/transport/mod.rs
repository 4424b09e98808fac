//! Transports: what [`tongguan_contracts::Transport`] says, tried from both sides.

mod carried;
mod other_side;
mod outage;
mod receiving;
mod refusals;
mod sending;

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tongguan_contracts::{Failure, Transport};

use crate::Report;
use crate::check::{Not, Rule, Run, broken, shown};
pub use other_side::OtherSide;

/// What a transport stands on while it is tried.
#[async_trait]
pub trait Stand: Send + Sync {
    /// Builds the transport; may be called again, and while others are at work.
    ///
    /// # Errors
    /// As its builder's.
    fn build(&self) -> Result<Arc<dyn Transport>, Failure>;

    /// Builds it with an option besides that no transport has.
    fn build_misspelt(&self) -> Option<Result<Arc<dyn Transport>, Failure>> {
        None
    }

    /// Who stands at the other side. Without one, nothing is carried.
    fn peer(&self) -> Option<&dyn Peer> {
        None
    }

    /// The server between the two, where it may be stopped.
    fn server(&self) -> Option<&dyn Server> {
        None
    }

    /// The transport with something wrong that an operator must mend.
    fn wrong(&self) -> Vec<Wrong> {
        Vec::new()
    }

    /// How long things may take at most: a delivery to come, a connection to come back.
    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// How long must nothing come until it is certain that nothing does.
    fn quiet(&self) -> Duration {
        Duration::from_millis(1500)
    }
}

/// The other side: takes what the transport sends, and puts what it receives.
#[async_trait]
pub trait Peer: Send + Sync {
    /// Puts something for the transport to receive.
    ///
    /// # Errors
    /// Why it cannot.
    async fn put(&self, octets: &[u8]) -> Result<(), String>;

    /// Takes the next of what the transport has handed over, if there is any within that time.
    ///
    /// # Errors
    /// Why it cannot.
    async fn take(&self, within: Duration) -> Result<Option<Vec<u8>>, String>;

    /// Whether the other side itself knows a repeat of what it has, and answers for it without taking it
    /// once more: AS2 by its Message-ID.
    fn knows_repeats(&self) -> bool {
        false
    }

    /// How long it takes to see what is there; no time where it looks at the server's own store.
    fn sees_within(&self) -> Duration {
        Duration::ZERO
    }
}

/// The server between the two.
#[async_trait]
pub trait Server: Send + Sync {
    /// Stops it, with all connections; what it has taken is kept.
    async fn stop(&self);
    /// Starts it, and returns once it serves.
    async fn start(&self);
}

/// A transport that an operator has to mend.
pub struct Wrong {
    /// What is wrong, for the report: "a wrong password".
    pub what: &'static str,
    /// What its failure must name, so that the operator finds it.
    pub names: String,
    /// The transport; some refuse to be built.
    pub built: Result<Arc<dyn Transport>, Failure>,
}

/// Tries everything. `part` and `what` head the report.
pub async fn conformance(part: &str, what: &str, stand: &dyn Stand) -> Report {
    let mut run = Run::default();
    run.wait(refusals::HEALTH, refusals::health(stand)).await;
    let peer = stand.peer();
    let with = |peer| Bench { stand, peer };
    macro_rules! carried {
        ($($rule:path, $check:path;)*) => {$(
            run.wait($rule, async {
                match peer {
                    Some(peer) => $check(&with(peer)).await,
                    None => Err(Not::Here(NO_PEER.to_owned())),
                }
            })
            .await;
        )*};
    }
    carried! {
        sending::TAKEN, sending::taken;
        sending::REPEAT, sending::repeat;
        sending::NAMES, sending::names;
        sending::AT_ONCE, sending::at_once;
        receiving::DELIVERS, receiving::delivers;
        receiving::ACKNOWLEDGED, receiving::acknowledged;
        receiving::UNSETTLED, receiving::unsettled;
        receiving::RETURNED, receiving::returned;
        receiving::SEVERAL, receiving::several;
        receiving::CANCELLED, receiving::cancelled;
        receiving::CLOSED, receiving::closed;
        carried::OCTETS, carried::octets;
        carried::LARGE, carried::large;
    }
    outage::tried(&mut run, stand).await;
    refusals::wrong(&mut run, stand).await;
    run.wait(refusals::UNKNOWN_OPTION, refusals::unknown_option(stand))
        .await;
    Report::new(part, what, run.finish())
}

const NO_PEER: &str = "nobody stands at the other side, so nothing may be carried";

/// A stand with somebody at the other side.
struct Bench<'a> {
    stand: &'a dyn Stand,
    peer: &'a dyn Peer,
}

/// Builds it anew.
fn built(stand: &dyn Stand) -> Result<Arc<dyn Transport>, Not> {
    match stand.build() {
        Ok(transport) => Ok(transport),
        Err(failure) => broken(format!("it cannot be built: {}", shown(&failure))),
    }
}

/// Ends it, which must not take long.
async fn close(stand: &dyn Stand, transport: Arc<dyn Transport>) -> Result<(), Not> {
    match tokio::time::timeout(stand.patience(), transport.close()).await {
        Ok(()) => Ok(()),
        Err(_) => broken(format!(
            "closing it takes longer than {} s",
            stand.patience().as_secs()
        )),
    }
}

/// The octets of a check that nobody else has: its name and number, then filled up to a size.
fn filled(check: Rule, number: usize, size: usize) -> Vec<u8> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let time = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    let own = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut octets = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Tried check=\"{}\" number=\"{number}\" own=\"{time}-{own}\"/>\n",
        check.id
    )
    .into_bytes();
    // Not the same again and again: what is lost or doubled shows.
    let mut state = u64::from(octets.len() as u32) | 1;
    while octets.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        octets.extend_from_slice(&state.to_le_bytes());
    }
    if size > 0 {
        octets.truncate(size.max(160));
    }
    octets
}

/// What differs between what went in and what came out.
fn difference(wanted: &[u8], got: &[u8]) -> String {
    let at = wanted.iter().zip(got).position(|(a, b)| a != b);
    let at = at.unwrap_or(wanted.len().min(got.len()));
    format!(
        "{} octets became {}; they differ at octet {at}",
        wanted.len(),
        got.len()
    )
}
