//! China's cross-border e-commerce customs messages (CEB, DXP) as data.
//!
//! The standard (edition 202205) is a set of tables, one file a message, in `tables/`. From them
//! derive the reader with its validation ([`read`]), the writer ([`fragment`], [`typed`]), the
//! schemas ([`xsd`]) and what receipts mean ([`meaning`]).
//!
//! ```
//! use tongguan_messages::{message, Outcome};
//! let order = message("CEB311Message").unwrap();
//! assert_eq!(order.zh, "电子订单");
//! assert_eq!(order.answered_by, ["CEB312Message"]);
//! let number = order.root.child("Order").unwrap().child("OrderHead").unwrap().child("orderNo");
//! assert_eq!(number.unwrap().zh, "订单编号");
//! ```
#![forbid(unsafe_code)]

mod draft;
pub mod envelope;
mod lines;
mod node;
mod personal;
mod problem;
mod read;
mod receipt;
mod schema;
mod simple;
mod table;
mod tree;
pub mod typed;
mod write;
mod xml;
mod xsd;

pub use draft::{Draft, Filler, check_forms};
pub use lines::Lines;
pub use node::{Node, NodeContent, Place};
pub use personal::{Personal, mask, masked, personal};
pub use problem::Problem;
pub use read::{
    Limits, Parsed, decode, read, read_stream, read_unsigned, validate, validate_stream,
};
pub use receipt::{Answer, Meaning, answers, business_key, error_code, meaning};
pub use table::{
    Attribute, Content, Direction, Element, ErrorCode, Fill, Format, Kind, Level, Message, Outcome,
    Particle, SimpleType, Status, edition, error_codes, message, messages,
};
pub use typed::BaseTransfer;
pub use write::{Value, Writer, closing, fragment, opening, transfer};
pub use xsd::xsd;
