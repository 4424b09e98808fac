//! China's cross-border e-commerce customs messages (CEB, DXP) as data.
//!
//! The standard (edition 202205) is a set of tables, one file a message, in `tables/`. From them
//! derive the reader with its validation ([`read`]), the writer ([`fragment`], [`typed`]), the
//! schemas ([`xsd`], [`json_schema`]), [`example`]s, reference documentation ([`docs`]) and what
//! receipts mean ([`meaning`]).
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

pub mod docs;
mod document;
mod draft;
pub mod envelope;
mod example;
mod find;
mod follows;
mod json;
mod json_schema;
mod lines;
mod news;
mod node;
mod notation;
mod personal;
mod problem;
mod read;
mod receipt;
mod schema;
mod simple;
mod table;
mod transport_node;
mod tree;
pub mod typed;
mod write;
mod xml;
mod xsd;

pub use document::document;
pub use draft::{Draft, Filler, check_field, check_forms};
pub use example::{Extent, example, example_json, unsigned_example};
pub use find::{Found, Target, find, find_message, nearest, nearest_names};
pub use follows::key_in;
pub use json_schema::json_schema;
pub use lines::Lines;
pub use news::{News, news};
pub use node::{Node, NodeContent, Place};
pub use personal::{Personal, mask, masked, masked_by, personal};
pub use problem::Problem;
pub use read::{
    Limits, Parsed, decode, read, read_fragment, read_stream, read_unsigned, validate,
    validate_stream,
};
pub use receipt::{Answer, Meaning, answers, business_key, error_code, meaning};
pub use table::{
    Attribute, Content, Direction, Element, ErrorCode, ErrorGroup, Fill, Follows, Format, Kind,
    Level, Message, Outcome, Particle, Role, SimpleType, Source, Status, edition, error_codes,
    error_groups, message, messages, role,
};
pub use transport_node::SvNo;
pub use typed::BaseTransfer;
pub use write::{Value, Writer, closing, fragment, opening, transfer};
pub use xsd::{schemas, xsd};
