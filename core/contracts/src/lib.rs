//! The contracts between Tongguan's core and its plugins.
//!
//! A part of the client is one of three kinds, each behind one trait:
//!
//! | contract | who writes it | what it knows |
//! | --- | --- | --- |
//! | [`Role`] | integrators | an enterprise's documents and the messages it may declare |
//! | [`Signer`] | vendors of cards, keys and HSMs | keys and certificates; nothing of XML |
//! | [`Transport`] | deployers | a way to the platform; nothing of customs messages |
//!
//! All three speak of trouble in one way, a [`Failure`], whose [`FailureClass`] tells the core
//! whether trying again can help. Secrets reach a part only by reference ([`Secret`]).
#![forbid(unsafe_code)]

mod declaration;
mod failure;
mod key_file;
mod part;
mod pin;
mod role;
mod secret;
mod signer;
mod standing;
mod transport;

pub use declaration::{Declaration, Origin};
pub use failure::{Failure, FailureClass};
pub use key_file::key_file;
pub use part::PartOptions;
pub use pin::PinGuard;
pub use role::{Document, DocumentRefused, ReceiptNotice, Role, RoleBuilder};
pub use secret::{Secret, SecretRef};
pub use signer::{Algorithm, Identity, Signer, SignerBuilder};
pub use standing::{Stage, Standing};
pub use transport::{Accepted, Delivery, Outgoing, Settle, Transport, TransportBuilder};

/// A field-level problem in a document or message: where, which field, which rule, what to do.
pub use tongguan_messages::Problem;
