//! A plugin on another machine: the same frames, over TLS in which either side shows a certificate.
//!
//! Where the device is, [`serve_remote`] waits for the client, and gives each a plugin's process. At
//! the client a process of its own ([`relay`]) stands in the place of the plugin's and carries the
//! frames; so both are supervised in one way, and no stranger's octets are read by the client itself.

mod first;
mod relay;
mod serve;
mod tls;

pub use relay::relay;
pub use serve::{Device, Served, serve_remote};
pub use tls::Certificates;
