//! Carries envelopes to a local public service platform by HTTP: what a request says is told by the
//! manifest, or by a profile; receipts are asked for, or pushed.
//!
//! | file | holds |
//! | --- | --- |
//! | `options` | the manifest's table |
//! | `profile`, `profiles/` | tables for platforms whose ways are known |
//! | `template`, `names`, `sign`, `request` | a request as the manifest tells it |
//! | `link` | connections, and what their errors mean |
//! | `answer` | what an answer means |
//! | `send` | hand over, and read whether it was taken |
//! | `receive`, `cursor` | ask, settle, and where to go on after a restart |
//! | `items`, `rows` | the receipts in an answer |
//! | `reading` | the same for other programs: without a platform or a disk |
//! | `listen` | receipts that are pushed |
#![forbid(unsafe_code)]

mod answer;
mod cursor;
mod items;
mod link;
mod listen;
mod names;
mod options;
mod profile;
mod reading;
mod receive;
mod request;
mod rows;
mod send;
mod sign;
mod template;

use async_trait::async_trait;
use std::sync::{Arc, Mutex};

use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, PartOptions, Transport};

pub use items::Item;
pub use reading::Reader;

use link::Link;
use listen::Door;
use names::Scope;
use options::Options;
use receive::Inbox;
use send::Outbox;

struct Http {
    options: Arc<Options>,
    link: Arc<Link>,
    outbox: Outbox,
    inboxes: Vec<Arc<Inbox>>,
    door: Option<Door>,
}

/// Builds the transport. Connects and listens only when there is something to do.
///
/// # Errors
/// Misconfigured: an option is wrong, or a secret or file cannot be read.
pub fn build(options: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let options = Options::read(&options)?;
    let link = Arc::new(Link::new(options.clone())?);
    let shared = Arc::new(options.clone());
    let queries = options.queries.iter().cloned();
    let inboxes = queries
        .map(|query| Arc::new(Inbox::new(Arc::clone(&shared), query, Arc::clone(&link))))
        .collect();
    let door = match &options.listen {
        Some(listen) => Some(Door::new(
            &options.part,
            listen.clone(),
            options.max_octets,
        )?),
        None => None,
    };
    Ok(Arc::new(Http {
        outbox: Outbox {
            options,
            link: Arc::clone(&link),
            not_before: Mutex::default(),
        },
        options: shared,
        link,
        inboxes,
        door,
    }))
}

impl Http {
    /// The next receipt that is asked for.
    async fn asked(&self) -> Result<Delivery, Failure> {
        loop {
            if let Some(delivery) = self.inboxes.iter().find_map(|inbox| inbox.at_hand()) {
                return Ok(delivery);
            }
            let Some(inbox) = self.inboxes.iter().min_by_key(|inbox| inbox.due()) else {
                return std::future::pending().await;
            };
            tokio::time::sleep_until(inbox.due().into()).await;
            inbox.look().await?;
        }
    }

    /// The next receipt that is pushed.
    async fn pushed(&self) -> Result<Delivery, Failure> {
        match &self.door {
            Some(door) => door.next().await,
            None => std::future::pending().await,
        }
    }

    /// Asks what the manifest has for that.
    async fn ask_for_health(&self) -> Result<(), Failure> {
        let Some(request) = &self.options.check else {
            return self.link.reach().await;
        };
        let part = self.options.part.as_str();
        let prepared = request.prepare(Scope::new(&self.options.given));
        let prepared = prepared.map_err(|why| Failure::misconfigured(part, "check", why))?;
        let doing = format!("ask {}", self.link.shown(&prepared.path));
        let answer = self.link.ask(&doing, prepared).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(answer.failure(part, &doing))
    }
}

#[async_trait]
impl Transport for Http {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        self.outbox.put(outgoing).await
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        tokio::select! {
            asked = self.asked() => asked,
            pushed = self.pushed() => pushed,
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        self.ask_for_health().await?;
        for inbox in &self.inboxes {
            // What is given stays the platform's.
            inbox.ask().await.map_err(|(failure, _)| failure)?;
        }
        match &self.door {
            Some(door) => door.check().await,
            None => Ok(()),
        }
    }

    async fn close(&self) {
        self.link.forget();
        if let Some(door) = &self.door {
            door.close();
        }
    }
}
