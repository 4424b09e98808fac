//! What must not be lost.
//!
//! A store keeps declarations, the messages that carry them, what came in, and what that said.
//! Each method is one transaction: when it returns, it is on disk. Several nodes may share one
//! store; [`lease`] tells how they keep out of each other's way.
//!
//! | file | holds |
//! | --- | --- |
//! | `records` | what a store takes and gives |
//! | `rules/` | what each method does, written once for all databases |
//! | `sql` | what the rules need of a database |
//! | `schema` | the tables, and how older ones are brought up to them |
//! | `kept` | the store itself: the rules, run by a database's threads |
//! | `sqlite` | the embedded database: one file, one writing thread, group commit, one that looks |
//! | `postgres/` | the database that several nodes share |

mod kept;
pub mod lease;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
mod rules;
mod schema;
mod sql;
mod sqlite;
mod together;

use async_trait::async_trait;

use tongguan_contracts::{Declaration, Failure};

use crate::audit::{Anchor, Entry};
use crate::diagnosis::Symptom;
use crate::evidence::Grounds;
use crate::{Alerts, State};

pub use kept::SqlStore;
pub use lease::{Claim, Fence, Lease, Owner};
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
pub use records::{
    About, Answer, Awaited, Carrier, CarrierSummary, Claimed, Decision, Details, Filter, Gone,
    Inbound, Kept, Level, Notice, Purge, Purged, Status, Submitted, Summary, Tls, Tried, Unmatched,
    Waiting,
};

/// Keeps what must not be lost.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes declarations, all or none. A repetition of one that is there (same message, business
    /// key and fingerprint, neither rejected nor void) gives the first one's id.
    ///
    /// # Errors
    /// Rejected: another declaration with the same business key is there, and this one does not
    /// amend it.
    async fn submit(
        &self,
        role: &str,
        declarations: Vec<Declaration>,
    ) -> Result<Vec<Submitted>, Failure>;

    /// As [`Store::submit`], under a key of the caller's own: the same again, under the same key,
    /// gives the same ids, whatever became of them.
    ///
    /// # Errors
    /// Rejected: the key was used for something else; and as [`Store::submit`].
    async fn submit_once(
        &self,
        key: &str,
        role: &str,
        declarations: Vec<Declaration>,
    ) -> Result<Vec<Submitted>, Failure>;

    /// Takes a declaration in the place of one that was rejected, is void, or is a dead letter of
    /// which nothing can have left. The same again gives the same id.
    ///
    /// # Errors
    /// Rejected: it cannot be done where that one stands, and why; and as [`Store::submit`].
    async fn replace(
        &self,
        text: &str,
        role: &str,
        declaration: Declaration,
    ) -> Result<Submitted, Failure>;

    /// What waits to be carried, and is under nobody's lease; no more than so many of a message are
    /// counted.
    async fn waiting(&self, most: usize) -> Result<Vec<Waiting>, Failure>;

    /// Claims the oldest that wait, of one message.
    async fn claim(
        &self,
        owner: &Owner,
        message: &str,
        most: usize,
    ) -> Result<Option<Claim<Claimed>>, Failure>;

    /// Puts declarations under a lease into an envelope, for ever; ends its hold on them.
    async fn carry(
        &self,
        lease: &Lease,
        carrier: Carrier,
        declarations: Vec<String>,
    ) -> Result<Fence, Failure>;

    /// Makes dead letters of declarations under a lease: they cannot be put into a message.
    async fn give_up(
        &self,
        lease: &Lease,
        declarations: Vec<String>,
        error: &str,
    ) -> Result<(), Failure>;

    /// Claims the envelopes to be sent now by that transport, oldest first. From here on each of
    /// them may have left, until [`Store::tried`] says that it has not.
    async fn due(
        &self,
        owner: &Owner,
        transport: &str,
        most: usize,
    ) -> Result<Option<Claim<Carrier>>, Failure>;

    /// Notes how a try to send ended; ends the lease's hold on that envelope.
    async fn tried(&self, lease: &Lease, cop_msg_id: &str, tried: Tried) -> Result<Fence, Failure>;

    /// Lets the envelopes of these messages that wait for a transport, and of which nothing can
    /// have left, go by another; says how many.
    async fn reroute(&self, messages: &[&str], from: &str, to: &str) -> Result<usize, Failure>;

    /// Makes a lease last its term from now.
    async fn renew(&self, lease: &Lease) -> Result<Fence, Failure>;

    /// Ends a lease. Whatever it still covers was not touched, and is free again.
    async fn release(&self, lease: &Lease) -> Result<(), Failure>;

    /// Ends every lease of a node that starts: its former life left them. What it may have been
    /// sending then is of unknown outcome.
    async fn take_over(&self, owner: &Owner) -> Result<(), Failure>;

    /// Keeps what came in, and what it says, in one commit. The same octets again change nothing,
    /// and give the same notices again.
    async fn receive(&self, inbound: Inbound) -> Result<Vec<Notice>, Failure>;

    /// Keeps that a role did not hear what came in, by its digest, about the declaration of that guid.
    async fn unheard(&self, digest: &str, guid: &str) -> Result<(), Failure>;

    /// It has heard that since.
    async fn heard(&self, digest: &str, guid: &str) -> Result<(), Failure>;

    /// What roles did not hear, oldest first.
    async fn to_tell(&self, most: usize) -> Result<Vec<Notice>, Failure>;

    /// Does what a person decided about the declaration of that id, guid or business key; gives
    /// its id and where it stands then.
    ///
    /// # Errors
    /// Rejected: it cannot be done where the declaration stands, and why.
    async fn decide(&self, text: &str, decision: Decision) -> Result<(String, State), Failure>;

    /// A declaration by its id, guid, or business key (or one field of it), newest first.
    async fn find(&self, text: &str) -> Result<Option<Details>, Failure>;

    /// Declarations, newest first.
    async fn list(&self, filter: Filter) -> Result<Vec<Summary>, Failure>;

    /// How many declarations are in each state of each message.
    async fn counts(&self) -> Result<Vec<(String, State, u64)>, Failure>;

    /// How many declarations of each state and message ended badly, and have another in their place.
    async fn replaced(&self) -> Result<Vec<(String, State, u64)>, Failure>;

    /// What is stuck: for longer than that allows.
    async fn symptoms(&self, alerts: &Alerts) -> Result<Vec<Symptom>, Failure>;

    /// When the oldest declaration that is not final was submitted, milliseconds since 1970; dead
    /// letters do not count.
    async fn oldest_open(&self) -> Result<Option<i64>, Failure>;

    /// How often the store has failed since it was opened.
    fn failures(&self) -> u64;

    /// The store's own clock, milliseconds since 1970; asked where it would write, so that an
    /// answer says that it can.
    async fn clock(&self) -> Result<i64, Failure>;

    /// What came in and was about no declaration here, or could not be read.
    async fn unmatched(&self, most: usize) -> Result<Unmatched, Failure>;

    /// Something that came in, by its digest, with its octets.
    async fn came_in(&self, digest: &str) -> Result<Option<(Kept, Vec<u8>)>, Failure>;

    /// All that is kept of the declaration of that id, guid or business key, for its evidence,
    /// with the way to these entries of the audit log. That it was asked for is logged.
    async fn evidence(&self, text: &str, anchors: &[Anchor]) -> Result<Option<Grounds>, Failure>;

    /// Logs that somebody is shown the personal data of the declaration of that id, or of what came
    /// in with that digest; to be called before it is.
    async fn disclosed(&self, what: &str, how: &str) -> Result<(), Failure>;

    /// How much that rule would purge.
    async fn purgeable(&self, purge: &Purge) -> Result<Purged, Failure>;

    /// Purges some of what the rule covers, in one transaction; nothing, when nothing is left.
    async fn purge(&self, purge: &Purge) -> Result<Purged, Failure>;

    /// The newest entry of every strand of the audit log.
    async fn strands(&self) -> Result<Vec<Anchor>, Failure>;

    /// Entries of a strand of the audit log after that number, in order.
    async fn entries(&self, strand: i64, after: i64, most: usize) -> Result<Vec<Entry>, Failure>;
}
