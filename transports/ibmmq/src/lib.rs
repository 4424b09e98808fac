//! Carries envelopes through IBM MQ, by the MQI of IBM's own client library, which is loaded at run time.
//!
//! An envelope is taken once the queue manager has committed it (MQCMIT). A delivery is got in a unit
//! of work that is committed when it is acknowledged; whatever else becomes of it, it goes back. A
//! connection has one unit of work, so each direction has several of them, and comes back with growing
//! pauses when one is lost.
//!
//! | file | holds |
//! | --- | --- |
//! | `options` | the manifest's table |
//! | `structures` | the MQI's structures |
//! | `mqi` | its calls |
//! | `codes` | its reason codes |
//! | `session` | one connection with its queue and its unit of work |
//! | `pool` | a direction's connections |
//! | `send`, `receive` | the two directions |

mod codes;
mod mqi;
mod options;
mod pool;
mod receive;
mod send;
mod session;
mod structures;

use async_trait::async_trait;
use std::sync::Arc;

use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, PartOptions, Transport};
use tongguan_fetching::Fetching;

use options::Options;
use pool::Pool;
use receive::Queue;
use session::{Direction, Session};

struct IbmMq {
    part: String,
    options: Arc<Options>,
    sending: Arc<Pool>,
    receiving: Fetching<Queue>,
    gotten: Arc<Pool>,
}

/// Builds the transport. Nothing is loaded or connected yet.
///
/// # Errors
/// The options are wrong, or a secret cannot be found.
pub fn build(given: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let options = Arc::new(Options::read(&given)?);
    let gotten = Pool::new(&given.part, &options, Direction::Receive);
    Ok(Arc::new(IbmMq {
        sending: Pool::new(&given.part, &options, Direction::Send),
        receiving: Fetching::new(Arc::new(Queue(Arc::clone(&gotten)))),
        gotten,
        part: given.part,
        options,
    }))
}

#[async_trait]
impl Transport for IbmMq {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        send::send(&self.sending, outgoing).await
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        self.receiving.next().await
    }

    async fn check(&self) -> Result<(), Failure> {
        for direction in [Direction::Send, Direction::Receive] {
            let (part, options) = (self.part.clone(), Arc::clone(&self.options));
            let looking = tokio::task::spawn_blocking(move || {
                Session::open(&part, &options, direction).map(Session::end)
            });
            match tokio::time::timeout(self.options.connect_timeout, looking).await {
                Ok(Ok(looked)) => looked?,
                Ok(Err(error)) => return Err(Failure::transient(&self.part, "look", error)),
                Err(_) => {
                    let why = "no answer in time";
                    return Err(Failure::transient(&self.part, "connect to IBM MQ", why)
                        .remedy("check connection, the network, and that the queue manager runs"));
                }
            }
        }
        Ok(())
    }

    async fn close(&self) {
        self.receiving.close().await;
        self.gotten.close().await;
        self.sending.close().await;
    }
}
