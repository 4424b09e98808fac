//! The message verifier (报文验证工具).
//!
//! It looks at a message layer by layer: well-formed and safe, envelope, schema, signature,
//! business rules; then across messages, as customs compares order, payment, waybill and
//! inventory.
#![forbid(unsafe_code)]

mod finding;

pub use finding::{Finding, Layer, Severity};
