//! The conformance kit: whether a part keeps its contract, built in, loaded or remote alike.
//!
//! A part is put onto a stand, which knows how to build it and what stands around it:
//! [`signer::Stand`], [`transport::Stand`], [`role::Stand`]. The kit tries everything that the
//! contract says and gives a [`Report`]: each check with its id, what the contract says, and how it
//! came out. What a stand has not (a server that may be stopped, a person who pulls a card out) does
//! not apply, and the report says so.
//!
//! `tongguan plugin test` puts parts of a manifest and libraries onto stands; the tests put ours
//! before real servers, and wrong ones to see that they fail.
#![forbid(unsafe_code)]

mod check;
mod html;
mod report;
pub mod role;
pub mod signer;
pub mod transport;

pub use check::{Check, Outcome};
pub use report::{Report, Totals};

/// The kit's own version: it changes when a check is added, or asks for more.
pub const VERSION: u32 = 1;
