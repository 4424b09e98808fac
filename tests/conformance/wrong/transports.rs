//! A server that is two queues in memory, and transports to it of which all but one are wrong.

use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongguan_conformance::transport::{Peer, Server, Stand, Wrong, conformance};
use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, Settle, Transport};

/// What it does otherwise than the contract says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Well,
    /// Acknowledges what comes before it hands it over.
    Loses,
    /// Says taken, then sends.
    Early,
    /// Says taken whatever happens.
    Always,
    /// Takes line ends for its own.
    LineEnds,
    /// Carries no more than a megabyte.
    Short,
    /// Forgets to acknowledge.
    NeverAcknowledges,
    /// Keeps what is given back.
    Keeps,
    /// Hands over the next only when the one before is settled.
    OneByOne,
    /// Loses what it was about to hand over when nobody waits any more.
    Careless,
    /// Does not tell ids apart.
    Mixes,
    /// Everything will be well later.
    Hopeful,
    /// Ends waiting when the server is away.
    GivesUp,
    /// Says that nothing has left, when something has.
    Lies,
    /// Needs the server to be built.
    Connects,
    /// Sends something to try.
    Noisy,
    /// Finds itself well whatever is wrong.
    Blind,
    /// Never ends.
    Endless,
    /// Panics when it receives.
    Panics,
    /// Has its sends wait for each other, and forgets the rest.
    Forgets,
}

type Queue = Mutex<VecDeque<Vec<u8>>>;

#[derive(Default)]
struct Memory {
    sent: Queue,
    waiting: Queue,
    away: AtomicBool,
}

impl Memory {
    fn reached(&self) -> Result<(), Failure> {
        match self.away.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(Failure::transient("tried", "reach it", "it is away").unsent()),
        }
    }
}

#[async_trait]
impl Peer for Memory {
    async fn put(&self, octets: &[u8]) -> Result<(), String> {
        self.waiting.lock().unwrap().push_back(octets.to_vec());
        Ok(())
    }

    async fn take(&self, _: Duration) -> Result<Option<Vec<u8>>, String> {
        Ok(self.sent.lock().unwrap().pop_front())
    }
}

#[async_trait]
impl Server for Memory {
    async fn stop(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    async fn start(&self) {
        self.away.store(false, Ordering::SeqCst);
    }
}

struct Tried {
    how: How,
    server: Arc<Memory>,
    /// What is wrong with its options.
    refused: Option<&'static str>,
    sends: Mutex<u32>,
    open: Arc<AtomicBool>,
}

impl Tried {
    fn let_in(&self) -> Result<(), Failure> {
        self.server.reached()?;
        match self.refused {
            Some(why) if self.how == How::Hopeful => {
                Err(Failure::transient("tried", "log in", why).unsent())
            }
            Some(why) => Err(Failure::misconfigured("tried", "log in", why).unsent()),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Transport for Tried {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let accepted = Accepted {
            evidence: "taken".into(),
        };
        let mut envelope = outgoing.envelope.to_vec();
        match self.how {
            How::Always if self.let_in().is_err() => return Ok(accepted),
            How::Lies if self.let_in().is_err() => {
                self.server.sent.lock().unwrap().push_back(envelope);
                return Err(self.let_in().unwrap_err());
            }
            How::LineEnds => {
                envelope.retain(|octet| *octet != b'\r');
            }
            How::Short => envelope.truncate(1 << 20),
            How::Mixes if !outgoing.cop_msg_id.is_ascii() => envelope = b"mixed".to_vec(),
            How::Early => {
                let server = Arc::clone(&self.server);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    server.sent.lock().unwrap().push_back(envelope);
                });
                return Ok(accepted);
            }
            How::Forgets => {
                *self.sends.lock().unwrap() += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
                let mut sends = self.sends.lock().unwrap();
                *sends -= 1;
                if *sends > 0 {
                    return Ok(accepted);
                }
            }
            _ => {}
        }
        self.let_in()?;
        self.server.sent.lock().unwrap().push_back(envelope);
        Ok(accepted)
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        assert!(self.how != How::Panics, "on purpose");
        loop {
            match self.let_in() {
                Ok(()) => {}
                Err(failure) if self.how == How::GivesUp || self.refused.is_some() => {
                    return Err(failure);
                }
                Err(_) => {}
            }
            let held = self.how == How::OneByOne && self.open.load(Ordering::SeqCst);
            let next = match self.let_in() {
                Ok(()) if !held => self.server.waiting.lock().unwrap().pop_front(),
                _ => None,
            };
            if let Some(octets) = next {
                if self.how == How::Careless {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                self.open.store(true, Ordering::SeqCst);
                let held = (self.how != How::Loses).then(|| octets.clone());
                return Ok(Delivery {
                    origin: "memory".into(),
                    octets,
                    settle: Box::new(Held {
                        how: self.how,
                        server: Arc::clone(&self.server),
                        octets: held,
                        open: Arc::clone(&self.open),
                    }),
                });
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        match self.how {
            How::Blind => return Ok(()),
            How::Noisy => self.server.sent.lock().unwrap().push_back(b"?".to_vec()),
            _ => {}
        }
        self.let_in()
    }

    async fn close(&self) {
        if self.how == How::Endless {
            std::future::pending::<()>().await;
        }
    }
}

/// A delivery in somebody's hands; dropped, it goes back.
struct Held {
    how: How,
    server: Arc<Memory>,
    octets: Option<Vec<u8>>,
    open: Arc<AtomicBool>,
}

#[async_trait]
impl Settle for Held {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), Failure> {
        if self.how != How::NeverAcknowledges {
            self.octets = None;
        }
        Ok(())
    }

    async fn give_back(mut self: Box<Self>) -> Result<(), Failure> {
        if self.how == How::Keeps {
            self.octets = None;
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.open.store(false, Ordering::SeqCst);
        if let Some(octets) = self.octets.take() {
            self.server.waiting.lock().unwrap().push_front(octets);
        }
    }
}

struct OnStand {
    how: How,
    server: Arc<Memory>,
}

impl OnStand {
    fn built(&self, refused: Option<&'static str>) -> Result<Arc<dyn Transport>, Failure> {
        if self.how == How::Connects {
            self.server.reached()?;
        }
        Ok(Arc::new(Tried {
            how: self.how,
            server: Arc::clone(&self.server),
            refused,
            sends: Mutex::default(),
            open: Arc::default(),
        }))
    }
}

impl Stand for OnStand {
    fn build(&self) -> Result<Arc<dyn Transport>, Failure> {
        self.built(None)
    }

    fn peer(&self) -> Option<&dyn Peer> {
        Some(self.server.as_ref())
    }

    fn server(&self) -> Option<&dyn Server> {
        Some(self.server.as_ref())
    }

    fn wrong(&self) -> Vec<Wrong> {
        vec![Wrong {
            what: "a wrong password",
            names: "partner".to_owned(),
            built: self.built(Some("partner's password is wrong")),
        }]
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(400)
    }

    fn quiet(&self) -> Duration {
        Duration::from_millis(50)
    }
}

/// The checks that fail.
async fn failed(how: How) -> Vec<&'static str> {
    let server = Arc::default();
    let report = conformance(
        "transport \"tried\"",
        "on purpose",
        &OnStand { how, server },
    )
    .await;
    println!("{report}");
    report.failed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_one_passes() {
    assert_eq!(failed(How::Well).await, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_one_fails_what_it_breaks() {
    let all = [
        (How::Loses, "transport.unsettled"),
        (How::Early, "transport.taken"),
        (How::Always, "transport.unreachable"),
        (How::LineEnds, "transport.octets"),
        (How::Short, "transport.large"),
        (How::NeverAcknowledges, "transport.acknowledged"),
        (How::Keeps, "transport.returned"),
        (How::OneByOne, "transport.several"),
        (How::Careless, "transport.cancelled"),
        (How::Mixes, "transport.names"),
        (How::Hopeful, "transport.refused"),
        (How::GivesUp, "transport.waits"),
        (How::Lies, "transport.unreachable"),
        (How::Connects, "transport.builds"),
        (How::Noisy, "transport.health"),
        (How::Blind, "transport.refused"),
        (How::Endless, "transport.closed"),
        (How::Panics, "transport.delivers"),
        (How::Forgets, "transport.at-once"),
    ];
    // Most of it is waiting.
    let tried = all.map(|(how, id)| {
        tokio::spawn(async move {
            let failed = failed(how).await;
            assert!(failed.contains(&id), "{how:?}: {failed:?}");
        })
    });
    for one in tried {
        one.await.unwrap();
    }
}
