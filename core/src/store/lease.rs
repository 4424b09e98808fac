//! How several nodes share one store without doing the same work twice.
//!
//! Work is of two kinds: declarations to put into a message, and envelopes to send. A node takes
//! some of either under a **lease**: a number that no other lease ever has (the fencing token),
//! the node's name, and a time at which it ends.
//!
//! 1. A lease holds as long as its row is in the store. Whoever claims work first removes the
//!    rows whose time is over, by the store's own clock; what they covered is free again. So
//!    nothing depends on the clocks of nodes agreeing.
//! 2. Every piece of work names the lease that took it last. What a node reports ([`Store::carry`],
//!    [`Store::tried`]) counts only where that still is its own lease: once another node has taken
//!    the work over, the first one's report changes nothing ([`Fence::Lost`]). What it had signed
//!    is thrown away unsent. So no declaration is ever in two envelopes.
//! 3. A node renews its lease while it works, releases it when it is done, and looks at
//!    [`Lease::holds`] immediately before it lets an envelope out: by its own clocks, one of which
//!    goes on while the machine sleeps, counted from before it asked. So a node that was frozen
//!    past its lease does not send when it wakes.
//! 4. Taking an envelope to send it notes, before it is sent, that it may have left. Only the
//!    report that nothing left takes that back. So a node's death between the two leaves an
//!    outcome that is unknown, never one that is wrong: the next node sends the same octets again.
//!
//! A node that dies leaves leases that end by themselves. One that starts ends those that its
//! former life left ([`Store::take_over`]), so that a restart need not wait for them.
//!
//! Between the look at the lease and the first octet on the wire there is a moment that no lease
//! can cover. A node frozen exactly there sends what another may have sent: the same octets, with
//! the same guid and `CopMsgId`, which the other side knows as a repeat.
//!
//! [`Store::carry`]: super::Store::carry
//! [`Store::tried`]: super::Store::tried
//! [`Store::take_over`]: super::Store::take_over

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Who claims, and for how long at a time.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The node's name; no two running nodes have the same one.
    pub name: String,
    /// How long a lease lasts unless it is renewed.
    pub term: Duration,
}

/// Work that was claimed, and the lease that covers it.
#[derive(Debug)]
pub struct Claim<T> {
    /// The lease.
    pub lease: Lease,
    /// The work; never empty.
    pub work: Vec<T>,
}

/// Whether a lease still held when something was reported under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what was done under a lost lease does not count"]
pub enum Fence {
    /// It held: the report counts.
    Held,
    /// It did not: nothing was changed.
    Lost,
}

/// A node's right to some work, for some time.
#[derive(Debug)]
pub struct Lease {
    token: i64,
    term: Duration,
    since: Mutex<Moment>,
}

impl Lease {
    pub(super) fn new(token: i64, term: Duration, asked: Moment) -> Self {
        Self {
            token,
            term,
            since: Mutex::new(asked),
        }
    }

    /// The fencing token.
    pub fn token(&self) -> i64 {
        self.token
    }

    /// How long it lasts unless it is renewed.
    pub fn term(&self) -> Duration {
        self.term
    }

    /// Whether it certainly still holds. An eighth of the term is kept back: what is begun now
    /// needs some time to happen.
    pub fn holds(&self) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.elapsed() < self.term - self.term / 8
    }

    /// It was renewed; the request for that was made at `asked`.
    pub(super) fn renewed(&self, asked: Moment) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }
}

/// A moment by two clocks: one that is never set back, but may stand still while the machine
/// sleeps, and one that goes on then, but may be set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self {
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// The longer of what the two clocks say: a lease ends early rather than late.
    fn elapsed(self) -> Duration {
        let wall = self.wall.elapsed().unwrap_or_default();
        self.steady.elapsed().max(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::{Lease, Moment};
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_machine_that_slept_past_its_lease_knows_it() {
        let lease = Lease::new(1, Duration::from_secs(30), Moment::now());
        assert!(lease.holds());
        // The steady clock stood still; the wall clock tells.
        let mut slept = Moment::now();
        slept.wall = SystemTime::now() - Duration::from_secs(31);
        lease.renewed(slept);
        assert!(!lease.holds());
        // A wall clock that was set back proves nothing: the steady one counts.
        slept.wall = SystemTime::now() + Duration::from_secs(3600);
        lease.renewed(slept);
        assert!(lease.holds());
    }
}
