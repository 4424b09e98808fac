//! The process that a plugin runs in: the only place where others' code is called.
//!
//! It reads frames from standard input and answers on what was standard output; a library that
//! prints reaches the log instead. It ends when the client does.

mod built_in;
mod calls;
mod instance;
mod library;
mod memory;
mod serve;
mod streams;

pub use serve::serve;
