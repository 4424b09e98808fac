//! Receiving on a task of its own, for transports that hold a connection: whoever stops waiting for a
//! delivery must not cut a connection that is just coming about, with deliveries that the other side
//! has sent ahead.
#![forbid(unsafe_code)]

use async_trait::async_trait;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use tongguan_contracts::{Delivery, Failure, FailureClass};

/// How many deliveries are fetched before they are asked for.
const AHEAD: usize = 1;
/// The pauses before the other side is looked for again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Where deliveries come from.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// A connection that deliveries come by.
    type Link: Send;

    /// The part, as messages name it.
    fn part(&self) -> &str;

    /// Connects, and asks for deliveries. Never cut short; its own time-outs bound it.
    ///
    /// # Errors
    /// What is transient is tried again; the rest is told to whoever waits.
    async fn connect(&self) -> Result<Self::Link, Failure>;

    /// Waits for the next delivery. What it may be cut short for is the end of the connection.
    ///
    /// # Errors
    /// As [`Source::connect`]; the connection is given up.
    async fn next(&self, link: &mut Self::Link) -> Result<Delivery, Failure>;

    /// Ends a connection in good order, in bounded time.
    async fn close(&self, link: Self::Link);
}

type Fetched = Result<Delivery, Failure>;

/// Fetches deliveries from a source, and hands them out.
pub struct Fetching<S> {
    source: Arc<S>,
    fetched: Mutex<Option<mpsc::Receiver<Fetched>>>,
    task: Lock<Option<JoinHandle<()>>>,
    closed: watch::Sender<bool>,
}

impl<S: Source> Fetching<S> {
    /// Nothing is fetched before somebody asks.
    pub fn new(source: Arc<S>) -> Self {
        Self {
            source,
            fetched: Mutex::default(),
            task: Lock::default(),
            closed: watch::Sender::new(false),
        }
    }

    /// The next delivery. Cancel-safe. After [`Fetching::close`] none comes.
    ///
    /// # Errors
    /// What an operator must mend; asked again, it tries again.
    pub async fn next(&self) -> Result<Delivery, Failure> {
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
            // It ended after it had told why.
            *fetched = None;
        }
    }

    fn begin(&self) -> mpsc::Receiver<Fetched> {
        let (to, from) = mpsc::channel(AHEAD);
        let source = Arc::clone(&self.source);
        let mut closed = self.closed.subscribe();
        let task = tokio::spawn(async move {
            if let Some(link) = run(source.as_ref(), &to, &mut closed).await {
                source.close(link).await;
            }
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        from
    }

    /// Ends it, also under somebody who waits. What is not settled goes back to the other side.
    pub async fn close(&self) {
        self.closed.send_replace(true);
        let task = {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.take()
        };
        if let Some(task) = task {
            // A task that panicked has nothing left to end.
            let _ = task.await;
        }
    }
}

/// Fetches until it is closed, nobody wants more, or an operator must mend something. Gives the
/// connection that is left.
async fn run<S: Source>(
    source: &S,
    to: &mpsc::Sender<Fetched>,
    closed: &mut watch::Receiver<bool>,
) -> Option<S::Link> {
    let mut pause = FIRST_PAUSE;
    loop {
        let failure = match source.connect().await {
            Ok(mut link) => {
                tracing::info!(part = source.part(), "connected for receiving");
                pause = FIRST_PAUSE;
                match hand_on(source, &mut link, to, closed).await {
                    None => return Some(link),
                    Some(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        if failure.class() != FailureClass::Transient {
            // Where nobody wants to hear it, it ends all the same.
            let _ = to.send(Err(failure)).await;
            return None;
        }
        tracing::warn!(%failure, again_ms = %pause.as_millis(), "the other side is lost: coming back");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = to.closed() => return None,
            _ = closed.wait_for(|closed| *closed) => return None,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Hands deliveries on; `None` where no more are wanted.
async fn hand_on<S: Source>(
    source: &S,
    link: &mut S::Link,
    to: &mpsc::Sender<Fetched>,
    closed: &mut watch::Receiver<bool>,
) -> Option<Failure> {
    loop {
        let next = tokio::select! {
            next = source.next(link) => next,
            () = to.closed() => return None,
            _ = closed.wait_for(|closed| *closed) => return None,
        };
        let delivery = match next {
            Ok(delivery) => delivery,
            Err(failure) => return Some(failure),
        };
        tokio::select! {
            sent = to.send(Ok(delivery)) => if sent.is_err() {
                return None;
            },
            _ = closed.wait_for(|closed| *closed) => return None,
        }
    }
}
