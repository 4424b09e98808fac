//! The audit log: what happened to declarations, as chains of hashes.
//!
//! Every event of a declaration's life appends an entry, in the transaction that does what the
//! entry tells. An entry's hash covers the entry before it, so that none can be changed, taken
//! out or put in between without changing every hash after it. Whoever has noted a later hash (an
//! [`Anchor`]) elsewhere can tell.
//!
//! There is not one chain but several **strands**, as many as transactions run at once. With one
//! chain, each transaction would have to wait for the commit of the one before it, and so for the
//! disk: no two could share a flush. So a transaction takes a strand that no other holds, and makes
//! a new one where all are held. A store with one writer has one strand. The strands are joined:
//! at least every hundredth entry of a strand in use repeats the newest hashes of all the others.
//!
//! An entry also names the hash of one further back: of the entry whose number is its own without
//! the lowest bit that is set (12, binary 1100, names 8, binary 1000). By these, a few hundred
//! entries at most lead from the newest one of a million to any other: a proof that fits into a
//! file, for a declaration's [evidence](crate::evidence).
//!
//! | file | holds |
//! | --- | --- |
//! | `link` | what a hash covers, and the way from one entry to an earlier one |
//! | `entry` | what an entry says |
//! | `walk` | reads a log from its beginning, and says whether it holds |

mod entry;
mod link;
mod walk;

pub(crate) use entry::Subject;
pub use entry::{Entry, Facts, Salt};
pub(crate) use link::digest;
pub use link::{Anchor, BEGINNING, BadAnchor, Link, named, sha256, way};
pub use walk::{Audited, Broken, audit};
