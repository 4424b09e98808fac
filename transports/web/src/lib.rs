//! What transports by HTTP share: TLS on both sides, and a port that strangers reach.
#![forbid(unsafe_code)]

mod connection;
mod port;
mod tls;

pub use connection::{Mending, Stream, secured, told};
pub use port::Port;
pub use tls::{Own, acceptor, certificates, connector};
