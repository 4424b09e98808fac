//! The receiving direction, on a task of its own: whoever stops waiting for a delivery must not cut a
//! connection that is just coming about, with deliveries that the broker has sent ahead.

use futures::StreamExt as _;
use lapin::Consumer;
use lapin::message::Delivery as Message;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use tongguan_contracts::{Delivery, Failure, FailureClass};

use crate::link::Link;
use crate::options::Options;
use crate::{Claim, trouble};

/// How many deliveries are fetched before they are asked for.
const AHEAD: usize = 1;
/// The pauses before the broker is looked for again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

type Fetched = Result<Delivery, Failure>;

/// Who fetches deliveries, and where they come.
pub(crate) struct Receiving {
    part: String,
    options: Arc<Options>,
    fetched: Mutex<Option<mpsc::Receiver<Fetched>>>,
    task: Lock<Option<JoinHandle<()>>>,
    closed: watch::Sender<bool>,
}

impl Receiving {
    pub(crate) fn new(part: &str, options: &Arc<Options>) -> Self {
        Self {
            part: part.to_owned(),
            options: Arc::clone(options),
            fetched: Mutex::default(),
            task: Lock::default(),
            closed: watch::Sender::new(false),
        }
    }

    /// The next delivery, or what an operator must mend.
    pub(crate) async fn next(&self) -> Fetched {
        let mut fetched = self.fetched.lock().await;
        loop {
            if *self.closed.borrow() {
                // Whoever still waits is about to be dropped.
                drop(fetched);
                return std::future::pending().await;
            }
            let from = fetched.get_or_insert_with(|| self.begin());
            if let Some(next) = from.recv().await {
                return next;
            }
            // It ended after it had told why; somebody asks again, so it tries again.
            *fetched = None;
        }
    }

    fn begin(&self) -> mpsc::Receiver<Fetched> {
        let (to, from) = mpsc::channel(AHEAD);
        let fetching = Fetching {
            part: self.part.clone(),
            options: Arc::clone(&self.options),
            to,
        };
        let mut closed = self.closed.subscribe();
        let task = tokio::spawn(async move {
            if let Some(link) = fetching.run(&mut closed).await {
                link.close().await;
            }
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        from
    }

    /// Ends it. What is not settled goes back to the broker.
    pub(crate) async fn close(&self) {
        self.closed.send_replace(true);
        let task = {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.take()
        };
        if let Some(task) = task {
            // A task of ours that panicked has nothing left to end.
            let _ = task.await;
        }
    }
}

struct Fetching {
    part: String,
    options: Arc<Options>,
    to: mpsc::Sender<Fetched>,
}

impl Fetching {
    /// Fetches until it is closed, nobody wants more, or an operator must mend something. Gives the
    /// connection that is left.
    async fn run(&self, closed: &mut watch::Receiver<bool>) -> Option<Link> {
        let mut pause = FIRST_PAUSE;
        loop {
            // Not cut short: see above. Its own time-outs bound it.
            let failure = match self.connect().await {
                Ok((link, consumer)) => {
                    tracing::info!(part = self.part, "connected for receiving");
                    pause = FIRST_PAUSE;
                    match self.fetch(consumer, closed).await {
                        None => return Some(link),
                        Some(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            if failure.class() != FailureClass::Transient {
                // Where nobody wants to hear it, it ends all the same.
                let _ = self.to.send(Err(failure)).await;
                return None;
            }
            tracing::warn!(%failure, again_ms = %pause.as_millis(), "the broker is lost: coming back");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.to.closed() => return None,
                _ = closed.wait_for(|closed| *closed) => return None,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect(&self) -> Result<(Link, Consumer), Failure> {
        let link = Link::open(&self.part, &self.options).await?;
        let consumer = link.consume(&self.part, &self.options).await?;
        Ok((link, consumer))
    }

    /// Hands deliveries on; `None` where no more are wanted.
    async fn fetch(
        &self,
        mut consumer: Consumer,
        closed: &mut watch::Receiver<bool>,
    ) -> Option<Failure> {
        loop {
            let message = tokio::select! {
                message = consumer.next() => message,
                () = self.to.closed() => return None,
                _ = closed.wait_for(|closed| *closed) => return None,
            };
            let doing = format!("receive from the queue {}", self.options.receive.queue);
            let delivery = match message {
                Some(Ok(message)) => self.delivery(message),
                Some(Err(error)) => return Some(trouble::failure(&self.part, &doing, &error)),
                None => {
                    let why = "the broker ended the delivery";
                    return Some(Failure::transient(&self.part, doing, why));
                }
            };
            tokio::select! {
                sent = self.to.send(Ok(delivery)) => if sent.is_err() {
                    return None;
                },
                _ = closed.wait_for(|closed| *closed) => return None,
            }
        }
    }

    fn delivery(&self, mut message: Message) -> Delivery {
        let queue = &self.options.receive.queue;
        Delivery {
            origin: format!("queue {queue}, delivery {}", message.delivery_tag),
            octets: std::mem::take(&mut message.data),
            settle: Box::new(Claim {
                part: self.part.clone(),
                message,
            }),
        }
    }
}
