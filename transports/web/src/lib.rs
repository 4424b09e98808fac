//! What transports by HTTP share: connections that are secured, and a port that strangers reach.
#![forbid(unsafe_code)]

mod connection;
mod port;

pub use connection::{Mending, Stream, secured, told};
pub use port::Port;
