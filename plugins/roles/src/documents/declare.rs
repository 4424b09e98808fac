use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use tongguan_contracts::{Declaration, Origin};
use tongguan_messages::{
    Draft, Message, Node, Place, Problem, business_key, check_forms, fragment,
};

use crate::documents::fill::Fresh;

/// One thing to declare, as a document gives it.
pub(crate) enum Unit {
    /// Fields, to be completed.
    Draft(&'static Message, Draft),
    /// A whole element.
    Whole(&'static Message, Node),
}

/// More problems than this are not told: mend these first.
const MOST: usize = 100;

/// Completes and checks every unit: all declarations, or all problems.
pub(crate) fn all(units: Vec<Unit>, document: &str) -> Result<Vec<Declaration>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut declarations = Vec::with_capacity(units.len());
    let mut keys: BTreeMap<(&str, String), Place> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for unit in units {
        if problems.len() >= MOST {
            break;
        }
        let (message, given) = match &unit {
            Unit::Draft(message, draft) => (*message, draft.given()),
            Unit::Whole(message, node) => (*message, texts(node)),
        };
        let Some(element) = message.unit else {
            continue;
        };
        let count = counts.entry(message.name).or_default();
        *count += 1;
        let path = format!("{}/{}[{count}]", message.name, element.name);
        let node = match unit {
            Unit::Draft(_, draft) => match draft.finish(&path, &Fresh) {
                Ok(node) => node,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            },
            Unit::Whole(_, node) => {
                let found = check_forms(&node, &path);
                if !found.is_empty() {
                    problems.extend(found);
                    continue;
                }
                node
            }
        };
        let Some(key) = business_key(message, &node) else {
            let field = message
                .business_key
                .first()
                .and_then(|p| p.rsplit('/').next());
            problems.push(Problem {
                path,
                line: node.place.line,
                column: node.place.column,
                ..Problem::document(
                    "missing",
                    format!(
                        "has no {}, by which its receipt is found",
                        field.unwrap_or("key")
                    ),
                    "give it a number that is unique in your enterprise",
                )
            });
            continue;
        };
        if let Some(first) = keys.insert((message.name, key.clone()), node.place) {
            problems.push(duplicate(message, &node, &path, first));
            continue;
        }
        declarations.push(declaration(message, &node, key, &given, document));
    }
    problems.truncate(MOST);
    if problems.is_empty() {
        Ok(declarations)
    } else {
        Err(problems)
    }
}

fn declaration(
    message: &'static Message,
    node: &Node,
    business_key: String,
    given: &[(String, String)],
    document: &str,
) -> Declaration {
    let mut hash = Sha256::new();
    for (path, text) in given {
        for part in [path, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    Declaration {
        message: message.name.to_owned(),
        guid: field(node, "guid")
            .and_then(Node::own_text)
            .unwrap_or_default()
            .to_owned(),
        business_key,
        fragment: fragment(node),
        fingerprint: hex::encode(hash.finalize()),
        amends: field(node, "appType")
            .and_then(Node::own_text)
            .is_some_and(|kind| matches!(kind, "2" | "3")),
        origin: Origin {
            document: document.to_owned(),
            line: node.place.line,
        },
    }
}

/// A field of the unit itself, or of its head.
fn field<'n>(unit: &'n Node, name: &str) -> Option<&'n Node> {
    unit.child(name)
        .or_else(|| unit.children().first()?.child(name))
}

fn duplicate(message: &'static Message, node: &Node, path: &str, first: Place) -> Problem {
    let key_path = message.business_key.last().copied().unwrap_or_default();
    let remedy = format!(
        "the first is at line {}: remove one, or give it another number",
        first.line
    );
    match node.find(key_path) {
        Some(key) => Problem::at(
            key.element,
            &format!("{path}/{key_path}"),
            key.place,
            "duplicate",
            "stands twice in this document",
            remedy,
        ),
        None => Problem::document("duplicate", "stands twice in this document", remedy),
    }
}

/// The texts of a whole element, in order.
fn texts(node: &Node) -> Vec<(String, String)> {
    let own = node
        .own_text()
        .map(|t| (node.element.name.to_owned(), t.to_owned()));
    own.into_iter()
        .chain(node.children().iter().flat_map(texts))
        .collect()
}
