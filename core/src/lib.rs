//! The lifecycle of a customs message, from submission to its final receipt.
//!
//! The core knows no field of the standard and no vendor. A [`Manifest`] says which parts an
//! enterprise runs, a [`Registry`] holds the builders of those that are known, a [`Store`] keeps
//! what must not be lost, and the [`Client`] moves declarations along.
#![forbid(unsafe_code)]

pub mod audit;
pub mod capacity;
mod clock;
pub mod diagnosis;
pub mod doctor;
pub mod evidence;
mod lifecycle;
mod manifest;
mod metrics;
mod precedence;
mod registry;
mod retention;
#[cfg(feature = "sabotage")]
mod sabotage;
pub mod store;
pub mod traces;

pub use lifecycle::{
    Advice, Client, Event, PartCheck, Readiness, State, Submission, TRANSITIONS, Until,
};
pub use manifest::{Alerts, Enterprise, Environment, LIBRARY, Limits, Manifest, Node, Route};
pub use metrics::Metrics;
pub use precedence::Waits;
pub use registry::Registry;
pub use retention::purge;
pub use store::Store;
