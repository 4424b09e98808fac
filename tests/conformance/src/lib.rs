//! What every signer and transport must do, as tests that a plugin's author can run.
pub mod signer;
pub mod transport;
