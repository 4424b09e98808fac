//! Examples of every message, made from the tables and their samples: one small shop's order, its
//! payment, waybill and inventory, and what customs answers. They keep the schema and the business
//! rules, and agree with each other.

mod json;
mod part;
mod xml;

use crate::table::{Kind, Message};

use part::Maker;

/// How much an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What must be there: by the schema, by the specification's text, and as business key.
    Minimal,
    /// Every field, and twice what may stand twice.
    Full,
}

/// An example of the message in XML.
///
/// Examples are not signed: nobody holds the key of the enterprise in them. Where the schema or
/// the specification's text asks for a signature, one stands there that keeps the schema and
/// verifies nothing, with a comment that says so.
///
/// ```
/// use tongguan_messages::{Extent, example, message, read};
/// let order = message("CEB311Message").unwrap();
/// let text = example(order, Extent::Minimal);
/// assert!(read(text.as_bytes(), &Default::default()).is_ok());
/// assert!(text.contains("<ceb:orderNo>TG202611230001</ceb:orderNo>"));
/// assert!(!text.contains("Signature"));
/// ```
pub fn example(message: &'static Message, extent: Extent) -> String {
    let maker = Maker {
        message,
        extent,
        signature: true,
    };
    xml::written(message, &maker.root())
}

/// The same without a signature anywhere: a document to submit, which is signed on its way.
///
/// ```
/// use tongguan_messages::{Extent, message, read_unsigned, unsigned_example};
/// let inventory = message("CEB621Message").unwrap();
/// let text = unsigned_example(inventory, Extent::Full);
/// assert!(read_unsigned(text.as_bytes(), &Default::default()).is_ok());
/// assert!(!text.contains("Signature"));
/// ```
pub fn unsigned_example(message: &'static Message, extent: Extent) -> String {
    let maker = Maker {
        message,
        extent,
        signature: false,
    };
    xml::written(message, &maker.root())
}

/// An example of the message as a document in JSON: one declaration with what an enterprise must
/// give, or as many as the message shows in full. `None` where nobody declares it.
///
/// ```
/// use tongguan_messages::{Extent, example_json, message};
/// let order = message("CEB311Message").unwrap();
/// let text = example_json(order, Extent::Minimal).unwrap();
/// assert!(text.contains(r#""orderNo": "TG202611230001""#));
/// // Filled in where it is left out.
/// assert!(!text.contains("appTime"));
/// assert!(example_json(message("CEB312Message").unwrap(), Extent::Minimal).is_none());
/// ```
pub fn example_json(message: &'static Message, extent: Extent) -> Option<String> {
    let unit = message.unit.filter(|_| message.kind == Kind::Declaration)?;
    let maker = Maker {
        message,
        extent,
        signature: false,
    };
    let root = maker.root();
    let units: Vec<_> = root
        .parts()
        .iter()
        .filter(|p| p.element.name == unit.name)
        .collect();
    Some(json::written(&units, extent))
}
