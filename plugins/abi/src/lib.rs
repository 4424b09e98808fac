//! The C ABI between Tongguan and its plugins, as Rust types.
//!
//! `tongguan_plugin.h` beside this crate is the contract, with every rule; a test compiles it and
//! compares each constant, size and offset with these. Whoever writes a plugin in Rust uses
//! `tongguan-plugin-sdk`, which has no unsafe code to write; whoever writes one in C, the header.
#![forbid(unsafe_code)]

mod calls;
mod constants;
mod host;

pub use calls::{Document, Outgoing, Plugin, Receipt, Role, Signer, Transport};
pub use constants::*;
pub use host::{Failure, Host, Info, Problem};

/// Octets of somebody else; they live until the call that they are given to returns. `data` may be
/// null where `size` is 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Bytes {
    /// Where they start.
    pub data: *const u8,
    /// How many there are.
    pub size: usize,
}

impl Bytes {
    /// None.
    pub const NONE: Self = Self {
        data: std::ptr::null(),
        size: 0,
    };

    /// These, borrowed: keep them while this is used.
    pub const fn of(octets: &[u8]) -> Self {
        Self {
            data: octets.as_ptr(),
            size: octets.len(),
        }
    }
}

/// A call under way, as the host's functions take it.
pub type Call = u64;

/// What `tongguan_plugin` is in Rust.
pub type Entry = unsafe extern "C" fn() -> *const Plugin;

/// The name of the one symbol that a plugin exports.
pub const ENTRY: &str = "tongguan_plugin";

/// The header's text, for those who write a plugin in C.
pub const HEADER: &str = include_str!("../tongguan_plugin.h");

/// The size of a structure, as its first field says it.
pub const fn size_of<T>() -> u32 {
    // Every structure here is smaller than a page.
    std::mem::size_of::<T>() as u32
}
