//! Write a plugin for Tongguan in Rust: implement [`Plugin`] and one of [`Signer`], [`Transport`]
//! and [`Role`], and export it by one line. The crate is a `cdylib`.
//!
//! ```
//! use tongguan_plugin_sdk::{About, Algorithm, Context, Failure, Identity, Plugin, Signer};
//!
//! struct Card;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     /// The PIN, by reference: "env:NAME" or "file:PATH".
//!     pin: String,
//! }
//!
//! impl Plugin for Card {
//!     type Config = Config;
//!     const ABOUT: About = About {
//!         algorithms: &[Algorithm::Sm2Sm3],
//!         ..About::new("card", "1.0.0", "A vendor")
//!     };
//!     fn create(config: Config, context: &Context) -> Result<Self, Failure> {
//!         let _pin = context.secret(&config.pin)?;
//!         Err(Failure::device_gone("no card is in the reader").function("OpenCard", 0x6A82))
//!     }
//! }
//!
//! impl Signer for Card {
//!     fn identity(&self, _: &Context) -> Result<Identity, Failure> {
//!         Ok(Identity { key_name: None, certificate: Vec::new() })
//!     }
//!     fn sign(&self, _: &Context, _: Algorithm, _text: &[u8]) -> Result<Vec<u8>, Failure> {
//!         Ok(Vec::new())
//!     }
//! }
//!
//! tongguan_plugin_sdk::export!(signer: Card);
//! # fn main() {}
//! ```
//!
//! Every entry catches panics: they become failures of the call. docs/plugins.md leads through the
//! rest; `tongguan plugin test` says whether a plugin keeps the contract.

mod about;
mod context;
mod entry;
mod failure;
mod role;
mod signer;
mod transport;

pub use about::{About, Algorithm, Plugin};
pub use context::{Context, Level, Log};
pub use failure::Failure;
pub use role::{Document, Problem, Receipt, Role, Unread};
pub use signer::{Identity, Signer};
pub use tongguan_plugin_abi as abi;
pub use transport::{Delivery, Outgoing, Transport};
pub use zeroize::Zeroizing;

#[doc(hidden)]
pub mod exported {
    pub use crate::role::descriptor as role;
    pub use crate::signer::descriptor as signer;
    pub use crate::transport::descriptor as transport;
}

/// Exports a plugin: `export!(signer: Type)`, `export!(transport: Type)` or `export!(role: Type)`,
/// once in a library.
#[macro_export]
macro_rules! export {
    ($kind:ident : $plugin:ty) => {
        /// The entry that Tongguan looks for.
        #[allow(unsafe_code, reason = "the name of the ABI's entry")]
        // SAFETY: nothing else of that name is in a plugin; its type is the ABI's.
        #[unsafe(no_mangle)]
        pub extern "C" fn tongguan_plugin() -> *const $crate::abi::Plugin {
            $crate::exported::$kind::<$plugin>()
        }
    };
}
