//! The ways to spoil a document. Each file holds the mutations of one kind, as a table of a name
//! and a function; a function gives nothing where the document has no place for it.

mod attributes;
mod bounds;
mod elements;
mod encoding;
mod foreign;
mod namespaces;
mod octets;
mod prolog;
mod signature;
mod text;
mod types;
mod values;

use crate::document::Document;
use crate::random::Random;

/// One way to spoil a document.
pub type Mutation = (&'static str, fn(&Document, &mut Random) -> Option<Vec<u8>>);

/// All of them.
pub fn all() -> Vec<Mutation> {
    [
        elements::ALL,
        text::ALL,
        values::ALL,
        attributes::ALL,
        namespaces::ALL,
        prolog::ALL,
        octets::ALL,
        signature::ALL,
        types::ALL,
        foreign::ALL,
        encoding::ALL,
        bounds::ALL,
    ]
    .concat()
}
