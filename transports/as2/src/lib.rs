//! Carries envelopes by AS2 (RFC 4130): signed, encrypted and compressed by HTTP, each answered by a
//! signed notification (MDN) that is kept as evidence.
//!
//! | file | holds |
//! | --- | --- |
//! | `options`, `keys` | the manifest's table, and what it names |
//! | `mime`, `smime`, `compressed` | entities; signatures and encryption; compressed data |
//! | `message` | a message wrapped, and opened |
//! | `mdn` | notifications, written and read |
//! | `reading` | the same for other programs: without a port or a memory |
//! | `link`, `listen` | requests to the partner, and from it |
//! | `send`, `evidence` | hand over, and keep the partner's word |
//! | `receive`, `receipts` | take a message, and give ours |
//! | `memory` | what must outlive the process |
#![forbid(unsafe_code)]

mod compressed;
mod evidence;
mod keys;
mod link;
mod listen;
mod mdn;
mod memory;
mod message;
mod mime;
mod options;
mod reading;
mod receipts;
mod receive;
mod send;
mod smime;

use async_trait::async_trait;
use openssl::asn1::Asn1Time;
use std::sync::Arc;

use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, PartOptions, Transport};

pub use message::Refusal;
pub use reading::{Agreement, Notification};

use link::Link;
use listen::Door;
use memory::Memory;
use options::Options;
use receipts::Receipts;
use send::{Outbox, Waiting};

struct As2 {
    options: Arc<Options>,
    link: Arc<Link>,
    outbox: Outbox,
    door: Door,
}

/// Builds the transport. Connects and listens only when there is something to do.
///
/// # Errors
/// Misconfigured: an option is wrong, or a secret, key, certificate or folder cannot be used.
pub fn build(options: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let options = Arc::new(Options::read(&options)?);
    let memory = Memory::open(&options.part, &options.state, options.remember)?;
    let memory = Arc::new(memory);
    let link = Arc::new(Link {
        part: options.part.clone(),
        connector: tongguan_web::connector(&options.part, None, &options.ca)?,
        patience: options.patience,
    });
    let waiting = Arc::<Waiting>::default();
    let receipts = Arc::new(Receipts::new(Arc::clone(&link)));
    let door = Door::new(
        Arc::clone(&options),
        Arc::clone(&memory),
        Arc::clone(&waiting),
        receipts,
    )?;
    Ok(Arc::new(As2 {
        outbox: Outbox {
            options: Arc::clone(&options),
            link: Arc::clone(&link),
            memory,
            waiting,
        },
        door,
        options,
        link,
    }))
}

/// Runs work that may block, or computes for long.
async fn blocking<T: Send + 'static>(
    part: &str,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::transient(part, "do its work", error)),
    }
}

impl As2 {
    /// Certificates count though their time is over: both sides know whose they are. It is told.
    fn look_at_certificates(&self) {
        let now = Asn1Time::days_from_now(0);
        let mine = std::iter::once((&self.options.identity.certificate, "certificate"));
        let partner = self.options.partner.iter();
        for (certificate, key) in mine.chain(partner.map(|c| (c, "partner_certificate"))) {
            let until = certificate.not_after();
            if now.as_ref().is_ok_and(|now| until < &**now) {
                let fingerprint = keys::fingerprint(certificate);
                tracing::warn!(key, %until, fingerprint, "its time is over: exchange new ones");
            }
        }
    }
}

#[async_trait]
impl Transport for As2 {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        if self.options.mdn_url.is_some() {
            self.door.open().map_err(Failure::unsent)?;
        }
        self.outbox.put(outgoing).await
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        self.door.next().await
    }

    async fn check(&self) -> Result<(), Failure> {
        self.look_at_certificates();
        self.link.reach(&self.options.partner_url).await?;
        self.door.check()
    }

    async fn close(&self) {
        self.door.close().await;
    }
}
