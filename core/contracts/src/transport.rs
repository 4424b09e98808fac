use async_trait::async_trait;
use std::sync::Arc;

use crate::{Failure, PartOptions};

/// An envelope on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The envelope's `CopMsgId`. A repeat carries the same one; a transport that has message
    /// ids or file names derives them from it.
    pub cop_msg_id: &'a str,
    /// The message's name, `CEB311Message`; for headers and file names only.
    pub message: &'a str,
    /// The envelope's octets.
    pub envelope: &'a [u8],
}

impl Outgoing<'_> {
    /// The envelope's name where it becomes a file: `CEB311Message_<CopMsgId>.xml`. A repeat has the
    /// same one. Characters that could leave a folder, or end a command, become `_`.
    pub fn file_name(&self) -> String {
        let safe = |text: &str| -> String {
            let keep = |c: char| c.is_ascii_alphanumeric() || c == '-';
            text.chars()
                .take(100)
                .map(|c| if keep(c) { c } else { '_' })
                .collect()
        };
        format!("{}_{}.xml", safe(self.message), safe(self.cop_msg_id))
    }
}

/// The other side has taken responsibility for an envelope: a publisher confirm, a finished
/// rename, a 2xx answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The other side's evidence, for people: a confirm's tag, a file's path.
    pub evidence: String,
}

/// Settles one delivery towards the other side.
#[async_trait]
pub trait Settle: Send {
    /// The delivery is ours: it is committed and need not come again.
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure>;
    /// Not now: the other side is to deliver it again later.
    async fn give_back(self: Box<Self>) -> Result<(), Failure>;
}

/// Something that came in. It stays the other side's until it is acknowledged; dropping it
/// unsettled means that it comes again.
pub struct Delivery {
    /// Where it came from, for people: a queue, a file's path.
    pub origin: String,
    /// The octets, as they came. Hostile until shown otherwise.
    pub octets: Vec<u8>,
    /// How to settle it.
    pub settle: Box<dyn Settle>,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("origin", &self.origin)
            .field("octets", &self.octets.len())
            .finish_non_exhaustive()
    }
}

/// A way to the exchange platform. It knows nothing of customs messages.
///
/// Both directions mend a lost connection themselves, with backoff, and say so in the log.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands over an envelope; returns once the other side has taken responsibility.
    ///
    /// May be called concurrently. If the future is dropped, or fails without saying that nothing
    /// left ([`Failure::unsent`]), the outcome is unknown: the core sends the same envelope again.
    ///
    /// # Errors
    /// A [`Failure`] whose class says whether a repeat can help, and which says so where nothing
    /// of the envelope can have left: no connection, returned, not written.
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure>;

    /// Waits for the next delivery, whether those before it are settled or not. Cancel-safe: dropping
    /// the future loses nothing.
    ///
    /// # Errors
    /// Only what an operator must mend (wrong credentials, a missing queue); a lost connection
    /// is waited out.
    async fn receive(&self) -> Result<Delivery, Failure>;

    /// Tries both directions without carrying anything: reachable, let in, allowed.
    ///
    /// # Errors
    /// What is wrong and what to do.
    async fn check(&self) -> Result<(), Failure>;

    /// Ends connections in good order. Unsettled deliveries go back to the other side.
    async fn close(&self);
}

/// Builds a transport from its table of the manifest. Building does not connect.
pub type TransportBuilder = fn(PartOptions) -> Result<Arc<dyn Transport>, Failure>;

#[cfg(test)]
mod tests {
    use super::Outgoing;

    #[test]
    fn names_stay_in_the_folder() {
        let name = |message, cop_msg_id| {
            let envelope = b"";
            let outgoing = Outgoing {
                cop_msg_id,
                message,
                envelope,
            };
            outgoing.file_name()
        };
        assert_eq!(name("CEB311Message", "A-1"), "CEB311Message_A-1.xml");
        assert_eq!(name("x", "../../etc/passwd"), "x_______etc_passwd.xml");
        assert_eq!(name("x", "../a\r\nDELE b"), "x____a__DELE_b.xml");
    }
}
