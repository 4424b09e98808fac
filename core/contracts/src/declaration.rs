use serde::{Deserialize, Serialize};

/// One thing declared: an order, a payment, a waybill, an inventory. Made by a [`crate::Role`]
/// from an enterprise's document; valid, complete, and already in the octets that are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The message that carries it: `CEB311Message`.
    pub message: String,
    /// Its own `guid`, stable over every send.
    pub guid: String,
    /// The standard's business key, as its receipts repeat it: one value a key field, in the
    /// catalogue's order, joined by a line feed (which no key field can hold).
    pub business_key: String,
    /// The canonical XML of its element (`<ceb:Order>…</ceb:Order>`), prefix `ceb`, without
    /// namespace declarations: those stand at the message's root.
    pub fragment: Vec<u8>,
    /// Hex SHA-256 of the document's own content, before guid and time were filled in: tells a
    /// repeated submission from a different declaration with the same key.
    pub fingerprint: String,
    /// It changes or deletes an earlier declaration of the same key (`appType` 2 or 3).
    pub amends: bool,
    /// Where it was read from.
    pub origin: Origin,
}

/// Where a declaration was read from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The document's name: a file's path, `-` for standard input.
    pub document: String,
    /// The line that it starts at, from 1; 0 when unknown.
    pub line: u32,
}
