//! Asks for receipts. Each stays the platform's, or before the cursor, until it is acknowledged.

use async_trait::async_trait;
use hyper::StatusCode;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tongguan_contracts::{Delivery, Failure, FailureClass, Settle};

use crate::cursor::{Kept, Window};
use crate::items::Item;
use crate::link::Link;
use crate::names::Scope;
use crate::options::{Options, Query};
use crate::request::Request;

/// So many that a list names are fetched before they are handed out.
const TOGETHER: usize = 16;
/// The longest pause between two tries to reach a platform that is away.
const LONGEST: Duration = Duration::from_secs(60);

/// One query, and what it gave.
pub(crate) struct Inbox {
    options: Arc<Options>,
    query: Query,
    link: Arc<Link>,
    state: Mutex<State>,
    /// Which change of what is kept is on disk.
    written: Mutex<u64>,
}

#[derive(Default)]
struct State {
    /// None until what was kept is read.
    window: Option<Window>,
    /// Given, and not handed out yet.
    waiting: VecDeque<Item>,
    /// Named, and not to be had.
    unfit: HashSet<String>,
    due: Option<Instant>,
    pause: Duration,
}

impl Inbox {
    pub(crate) fn new(options: Arc<Options>, query: Query, link: Arc<Link>) -> Self {
        Self {
            options,
            query,
            link,
            state: Mutex::default(),
            written: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two operations, even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When to ask next.
    pub(crate) fn due(&self) -> Instant {
        self.state().due.unwrap_or_else(Instant::now)
    }

    /// The next receipt of those that were given.
    pub(crate) fn at_hand(self: &Arc<Self>) -> Option<Delivery> {
        let item = self.state().waiting.pop_front()?;
        Some(Delivery {
            origin: format!("{} {}", self.link.shown(""), item.id),
            octets: item.octets,
            settle: Box::new(Claim {
                inbox: Arc::clone(self),
                id: item.id,
                open: true,
            }),
        })
    }

    /// Asks once. What is new is at hand afterwards. Dropping this loses nothing: what was given is
    /// the platform's still.
    pub(crate) async fn look(&self) -> Result<(), Failure> {
        let then = Instant::now();
        let asked = self.ask().await;
        let mut state = self.state();
        let (result, pause, soon) = match asked {
            Ok(items) => {
                let cursor = self.query.cursor.as_ref();
                let window = state.window.get_or_insert_default();
                let fresh = window.saw(items, cursor, then);
                // There may be more where there was something.
                let soon = !fresh.is_empty();
                state.waiting.extend(fresh);
                (Ok(()), self.query.poll, soon)
            }
            Err((failure, later)) => {
                let doubled = (state.pause.max(self.query.poll) * 2).min(LONGEST);
                let pause = later.unwrap_or(doubled);
                match failure.class() {
                    FailureClass::Transient => {
                        let query = &self.query.name;
                        tracing::warn!(%failure, query, again_ms = %pause.as_millis(), "receiving waits");
                        (Ok(()), pause, false)
                    }
                    _ => (Err(failure), pause, false),
                }
            }
        };
        state.pause = pause;
        state.due = Some(Instant::now() + if soon { Duration::ZERO } else { pause });
        result
    }

    /// Asks, and reads what is given, without taking it in.
    pub(crate) async fn ask(&self) -> Result<Vec<Item>, (Failure, Option<Duration>)> {
        let part = self.options.part.as_str();
        let from = self.from().map_err(|failure| (failure, None))?;
        let scope = Scope::new(&self.options.given).with("cursor", &from);
        let doing = format!("ask for receipts ({})", self.query.name);
        let prepared = self.query.request.prepare(scope).map_err(|why| {
            let failure = Failure::misconfigured(part, doing.as_str(), why);
            (failure.remedy(self.mend("texts")), None)
        })?;
        let doing = format!("{doing} at {}", self.link.shown(&prepared.path));
        let answer = self.link.ask(&doing, prepared).await;
        let answer = answer.map_err(|failure| (failure, None))?;
        if !answer.status.is_success() {
            return Err((self.refused(&answer.failure(part, &doing)), answer.later()));
        }
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(Vec::new());
        }
        let found = self
            .query
            .receipts(&answer.headers, &answer.body)
            .map_err(|why| {
                // What a platform says while it is being mended may be anything.
                let why = format!("{why}; it says: {}", answer.told());
                let failure = Failure::transient(part, doing.as_str(), why);
                (failure.remedy(self.mend("form, items")), None)
            })?;
        match &self.query.fetch {
            None => Ok(found),
            Some(request) => self.fetched(request, found).await,
        }
    }

    /// The receipts that a list names, each asked for. One that cannot be had is told of once, and keeps
    /// no other waiting.
    async fn fetched(
        &self,
        request: &Request,
        named: Vec<Item>,
    ) -> Result<Vec<Item>, (Failure, Option<Duration>)> {
        let part = self.options.part.as_str();
        let wanted: Vec<Item> = {
            let state = self.state();
            let wants = |item: &Item| {
                let fresh = state.window.as_ref().is_none_or(|w| w.wants(&item.id));
                fresh && !state.unfit.contains(&item.id)
            };
            named.into_iter().filter(wants).take(TOGETHER).collect()
        };
        let mut items = Vec::new();
        for item in wanted {
            let scope = Scope::new(&self.options.given).with("id", &item.id);
            let prepared = request.prepare(scope).map_err(|why| {
                let failure = Failure::misconfigured(part, "ask for a receipt", why);
                (failure.remedy(self.mend("fetch")), None)
            })?;
            let doing = format!("ask for a receipt at {}", self.link.shown(&prepared.path));
            let answer = self.link.ask(&doing, prepared).await;
            let answer = answer.map_err(|failure| (failure, None))?;
            match answer.status {
                // Somebody else had it.
                StatusCode::NO_CONTENT | StatusCode::NOT_FOUND | StatusCode::GONE => {}
                status if status.is_success() => items.push(Item {
                    octets: answer.body,
                    ..item
                }),
                _ => {
                    let failure = answer.failure(part, &doing);
                    if failure.class() != FailureClass::Rejected {
                        return Err((self.refused(&failure), answer.later()));
                    }
                    tracing::error!(%failure, id = item.id, "a receipt cannot be had: it stays there");
                    self.state().unfit.insert(item.id);
                }
            }
        }
        Ok(items)
    }

    /// No answer to a question is a message's end: what is refused is the question.
    fn refused(&self, failure: &Failure) -> Failure {
        let class = match failure.class() {
            FailureClass::Rejected => FailureClass::Misconfigured,
            class => class,
        };
        let doing = format!("ask for receipts ({})", self.query.name);
        let refused = Failure::new(class, &self.options.part, doing, failure);
        refused.remedy(failure.how_to_mend().unwrap_or_default().to_owned())
    }

    fn mend(&self, what: &str) -> String {
        format!(
            "check {what} of receive.{} in the manifest",
            self.query.name
        )
    }

    /// From where to ask. What was kept is read once.
    fn from(&self) -> Result<String, Failure> {
        let mut state = self.state();
        let cursor = self.query.cursor.as_ref();
        if state.window.is_none() {
            let kept = match cursor {
                None => Kept::default(),
                Some(cursor) => Kept::read(&cursor.path).map_err(|error| {
                    let doing =
                        format!("read how far receipts were had, {}", cursor.path.display());
                    Failure::misconfigured(&self.options.part, doing, error).remedy(
                        "where it is spoilt, remove it: receipts come again, which changes nothing",
                    )
                })?,
            };
            state.window = Some(Window::new(kept));
        }
        let window = state.window.get_or_insert_default();
        Ok(window.from(cursor))
    }

    fn back(&self, id: &str) {
        let mut state = self.state();
        if let Some(window) = &mut state.window {
            window.back(id);
        }
    }

    async fn acknowledge(self: &Arc<Self>, id: &str) -> Result<(), Failure> {
        if let Some(request) = &self.query.acknowledge {
            self.tell(request, id).await?;
        }
        let (inbox, id) = (Arc::clone(self), id.to_owned());
        let kept = tokio::task::spawn_blocking(move || inbox.keep(&id)).await;
        kept.unwrap_or_else(|error| {
            Err(Failure::transient(&self.options.part, "acknowledge", error))
        })
    }

    /// Tells the platform that a receipt is ours.
    async fn tell(&self, request: &Request, id: &str) -> Result<(), Failure> {
        let part = self.options.part.as_str();
        let scope = Scope::new(&self.options.given).with("id", id);
        let prepared = request.prepare(scope).map_err(|why| {
            let doing = "acknowledge a receipt";
            Failure::misconfigured(part, doing, why).remedy(self.mend("acknowledge"))
        })?;
        let doing = format!("acknowledge {}", self.link.shown(&prepared.path));
        let answer = self.link.ask(&doing, prepared).await?;
        match answer.status {
            status if status.is_success() => Ok(()),
            // An earlier acknowledgement arrived, and its answer did not.
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            _ => Err(self.refused(&answer.failure(part, &doing))),
        }
    }

    /// Notes that a receipt is ours, on disk where there is a cursor. Several that come together share
    /// a flush.
    fn keep(&self, id: &str) -> Result<(), Failure> {
        let cursor = self.query.cursor.as_ref();
        self.state().window.get_or_insert_default().had(id, cursor);
        let Some(cursor) = cursor else {
            return Ok(());
        };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let (changes, kept) = self.state().window.get_or_insert_default().kept();
        if changes == *written {
            return Ok(());
        }
        kept.write(&cursor.path).map_err(|error| {
            let doing = format!(
                "keep how far receipts were had in {}",
                cursor.path.display()
            );
            Failure::transient(&self.options.part, doing, error)
                .remedy("check the folder that state names, and the disk")
        })?;
        *written = changes;
        Ok(())
    }
}

struct Claim {
    inbox: Arc<Inbox>,
    id: String,
    /// It is not settled yet.
    open: bool,
}

#[async_trait]
impl Settle for Claim {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), Failure> {
        self.inbox.acknowledge(&self.id).await?;
        self.open = false;
        Ok(())
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        // Dropping the claim does it.
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.open {
            self.inbox.back(&self.id);
        }
    }
}
