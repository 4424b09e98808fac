//! What must hold of any octets at all, however hostile: one function a target, which panics
//! where it does not. The fuzzer (`fuzz/run`) looks for such octets; the tests replay those that
//! were found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a target says that something does not hold"
)]

mod answers;
mod as2;
mod canonical;
mod certificate;
mod documents;
mod envelope;
mod personal;
mod pieces;
mod reader;
mod signature;
mod tree;
mod verifier;

/// A target: its name, and what it does with octets.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 9] = [
    ("reader", reader::target),
    ("verifier", verifier::target),
    ("c14n", canonical::target),
    ("envelope", envelope::target),
    ("signature", signature::target),
    ("certificate", certificate::target),
    ("documents", documents::target),
    ("as2", as2::target),
    ("answers", answers::target),
];

/// The target of that name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    let found = TARGETS.iter().find(|(n, _)| *n == name);
    found.map(|(_, target)| *target)
}
