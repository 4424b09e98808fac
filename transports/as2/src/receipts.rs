//! Sends MDNs in requests of their own, to where the partner wants them (RFC 4130, 7.2).

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

use tongguan_contracts::Failure;

use crate::blocking;
use crate::link::Link;
use crate::memory::{Due, Memory};
use crate::mime::Entity;
use crate::options::Endpoint;

/// How often what is old is forgotten.
const FORGET: Duration = Duration::from_secs(3600);
/// So many refusals are told at once; they are not kept.
const AT_ONCE: usize = 4;

pub(crate) struct Receipts {
    link: Arc<Link>,
    refusals: Arc<Semaphore>,
}

impl Receipts {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            refusals: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Tells a refusal once: who did not hear it sends again.
    pub(crate) fn tell_once(&self, url: String, mdn: Entity) {
        let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() else {
            tracing::warn!("a refusal is not told: too many are under way");
            return;
        };
        let link = Arc::clone(&self.link);
        tokio::spawn(async move {
            if let Err(failure) = post(&link, &url, mdn).await {
                tracing::warn!(%failure, "a refusal was not told");
            }
            drop(place);
        });
    }

    /// Sends what is due, for ever.
    pub(crate) async fn tell(&self, memory: Arc<Memory>, due: Arc<Notify>) {
        loop {
            let wait = match self.next(&memory).await {
                Ok(None) => continue,
                Ok(Some(wait)) => wait.min(FORGET),
                Err(failure) => {
                    tracing::error!(%failure, "MDNs are not sent now");
                    Duration::from_secs(5)
                }
            };
            // Cut short where there is something new.
            let _ = tokio::time::timeout(wait, due.notified()).await;
        }
    }

    /// Sends the next one; gives how long there is none.
    async fn next(&self, memory: &Arc<Memory>) -> Result<Option<Duration>, Failure> {
        let part = self.link.part.as_str();
        let looking = Arc::clone(memory);
        let due = blocking(part, move || {
            let due = looking.due()?;
            if due.is_err() {
                looking.forget_old()?;
            }
            Ok(due)
        });
        let due = match due.await? {
            Ok(due) => due,
            Err(wait) => return Ok(Some(wait.unwrap_or(FORGET))),
        };
        let sent = self.send(&due).await;
        let (memory, id) = (Arc::clone(memory), due.message_id.clone());
        match sent {
            Ok(()) => blocking(part, move || memory.posted(&due)).await?,
            Err(failure) => {
                let given_up = blocking(part, move || memory.not_posted(&due)).await?;
                tracing::warn!(%failure, message_id = id, given_up, "an MDN was not sent");
            }
        }
        Ok(None)
    }

    async fn send(&self, due: &Due) -> Result<(), Failure> {
        let mdn = Entity::parse(&due.mdn.clone().into());
        let mdn = mdn.map_err(|why| Failure::rejected(&self.link.part, "send an MDN", why))?;
        post(&self.link, &due.url, mdn).await
    }
}

async fn post(link: &Link, url: &str, mdn: Entity) -> Result<(), Failure> {
    let to = Endpoint::read(url);
    let to = to.map_err(|why| Failure::rejected(&link.part, "send an MDN", why))?;
    link.post(&to, mdn).await.map(drop)
}
