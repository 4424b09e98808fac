//! Carries envelopes by FTP, in clear or with TLS (RFC 4217), always in passive mode; and by SFTP.
//!
//! | file | holds |
//! | --- | --- |
//! | `options` | the manifest's table |
//! | `link` | a connection, and what its errors mean |
//! | `send` | upload and rename |
//! | `receive` | look, claim, fetch, settle |
#![forbid(unsafe_code)]

mod link;
mod options;
mod receive;
mod send;

use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tongguan_contracts::{
    Accepted, Delivery, Failure, FailureClass, Outgoing, PartOptions, Transport,
};

use tokio::sync::Semaphore;

use options::Options;
use receive::Inbox;
use send::Outbox;

/// The longest pause between two tries to reach a server that is away.
const LONGEST: Duration = Duration::from_secs(60);

struct Folders {
    options: Options,
    /// For uploads.
    room: Semaphore,
    outbox: Arc<Outbox>,
    inbox: Arc<Inbox>,
}

/// Builds the transport for FTP. Connects only when there is something to do.
///
/// # Errors
/// Misconfigured: an option is wrong, or a secret or file cannot be read.
pub fn build(options: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    Ok(folders(Options::ftp(&options)?))
}

/// Builds the transport for SFTP, as [`build`] does for FTP.
///
/// # Errors
/// As [`build`].
pub fn build_sftp(options: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    Ok(folders(Options::sftp(&options)?))
}

fn folders(options: Options) -> Arc<dyn Transport> {
    Arc::new(Folders {
        room: Semaphore::new(options.uploads),
        outbox: Arc::new(Outbox {
            options: options.clone(),
            links: Mutex::default(),
        }),
        inbox: Arc::new(Inbox::new(options.clone())),
        options,
    })
}

/// Runs a connection's work where it may block.
async fn blocking<T: Send + 'static>(
    part: &str,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::transient(part, "do its work", error)),
    }
}

#[async_trait]
impl Transport for Folders {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let outbox = Arc::clone(&self.outbox);
        let name = outgoing.file_name();
        let octets = outgoing.envelope.to_vec();
        let Ok(_place) = self.room.acquire().await else {
            return Err(Failure::transient(&self.options.part, "send", "it ends").unsent());
        };
        blocking(&self.options.part, move || outbox.put(&name, &octets)).await
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        let mut wait = self.options.poll;
        loop {
            let inbox = Arc::clone(&self.inbox);
            match blocking(&self.options.part, move || inbox.next()).await {
                Ok(Some(delivery)) => return Ok(delivery),
                Ok(None) => wait = self.options.poll,
                Err(failure) if failure.class() == FailureClass::Transient => {
                    wait = (wait * 2).min(LONGEST);
                    tracing::warn!(%failure, again_ms = %wait.as_millis(), "receiving waits");
                }
                Err(failure) => return Err(failure),
            }
            // What was just seen is looked at soon: it may be whole already.
            let soon = self.inbox.sees_more() && wait == self.options.poll;
            let pause = if soon { wait.min(SOON) } else { wait };
            tokio::time::sleep(pause).await;
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        let options = self.options.clone();
        blocking(&self.options.part, move || {
            let look = || {
                let mut link = link::open(&options)?;
                // An archive, or where envelopes wait, may hold more than can be listed.
                link.enter(&options.outbox)?;
                if let Some(archive) = &options.archive {
                    link.enter(archive)?;
                }
                link.list(&options.inbox).map(drop)
            };
            look().map_err(|t: link::Trouble| t.failure(&options.part))
        })
        .await
    }

    async fn close(&self) {}
}

/// After this time, a file that has not grown is taken to be whole.
const SOON: Duration = Duration::from_millis(500);
