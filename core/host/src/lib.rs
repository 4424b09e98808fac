//! Loads plugins: shared libraries that keep the ABI of `tongguan_plugin.h`.
//!
//! Each runs in a process of its own ([`serve`]), so that a crash, a hang or a leak of others' code
//! costs that one part a restart, never the client, and never another's keys. The client asks it by
//! frames over two pipes, with deadlines, and starts it again with backoff. [`signer`],
//! [`transport`] and [`role`] build parts like any other; [`standings`] says where each stands.
//!
//! Unsafe code is in `child` alone, which is the plugin's process.

mod board;
mod child;
mod device;
mod inspect;
mod options;
mod process;
#[cfg(feature = "remote")]
pub mod remote;
mod role;
mod signer;
mod told;
mod transport;
mod wire;

pub use board::standings;
pub use child::serve;
pub use inspect::inspect;
pub use process::set_program;
pub use role::role;
pub use signer::signer;
pub use told::{Info, Kind};
pub use transport::transport;
