use tongguan_messages::{Limits, Message, Problem, read_unsigned};

use crate::declare::Unit;

/// Reads an unsigned CEB message.
pub(crate) fn read(
    octets: &[u8],
    wanted: &[&'static Message],
    limits: &Limits,
) -> Result<Vec<Unit>, Vec<Problem>> {
    let parsed = read_unsigned(octets, limits)?;
    let message = parsed.message;
    if !wanted.iter().any(|m| m.name == message.name) {
        let names: Vec<&str> = wanted.iter().map(|m| m.name).collect();
        return Err(vec![Problem::document(
            "not-declared",
            format!(
                "{} is not among the messages that this role declares",
                message.name
            ),
            format!("choose from {}, or add it to declares", names.join(", ")),
        )]);
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
