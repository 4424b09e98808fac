//! Holds a document against the tables while it is scanned: one pass, no tree.
//!
//! The rules are XML Schema 1.0's, and what is reported, where and in which order is what libxml2
//! reports: what breaks the content of an element ends the look into that element, what breaks a
//! value does not.

mod attributes;
mod automaton;
pub(crate) mod dsig;
pub(crate) mod dsig_xsd;
mod frame;
mod globals;
mod open;
mod particles;
mod signature;
mod sink;
mod text;
mod types;
mod walk;

pub(crate) use globals::Globals;
pub(crate) use sink::{Attributes, Nothing, Sink};
pub(crate) use walk::{Outcome, Walk};
