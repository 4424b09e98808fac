use tongguan_messages::{Limits, Message, Problem, read_unsigned};

use crate::documents::declare::Unit;
use crate::may::Registered;

/// Reads an unsigned CEB message.
pub(crate) fn read(
    octets: &[u8],
    wanted: &[&'static Message],
    registered: &Registered,
    limits: &Limits,
) -> Result<Vec<Unit>, Vec<Problem>> {
    let parsed = read_unsigned(octets, limits)?;
    let message = parsed.message;
    if !wanted.iter().any(|m| m.name == message.name) {
        return Err(vec![registered.not_declared(message.name, wanted)]);
    }
    if parsed.signature.is_some() {
        return Err(vec![Problem::document(
            "signed",
            "the message is signed already",
            "submit takes unsigned documents: remove ds:Signature",
        )]);
    }
    let unit = message.unit.map_or("", |u| u.name);
    let units = parsed
        .root
        .children()
        .iter()
        .filter(|c| c.element.name == unit);
    Ok(units
        .map(|node| Unit::Whole(message, node.clone()))
        .collect())
}
