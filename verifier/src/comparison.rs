//! The comparison tables as data.

use serde::Deserialize;
use std::sync::LazyLock;

use tongguan_messages::Element;
#[cfg(test)]
use tongguan_messages::{Message, message};

use crate::finding::Severity;

/// Two kinds of declarations that must agree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Comparison {
    /// The message that findings are about.
    pub left: String,
    /// The one that it is compared with.
    pub right: String,
    /// The fields by which they find each other.
    pub join: Vec<(String, String)>,
    /// The id of the warning where the right one is missing.
    #[serde(default)]
    pub missing: Option<String>,
    pub same: Vec<Same>,
    #[serde(default)]
    pub items: Option<Items>,
}

/// Two fields that must agree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Same {
    pub id: String,
    pub severity: Severity,
    pub left: String,
    pub right: String,
    /// The left one is not more than the right one, instead of the same.
    #[serde(default)]
    pub at_most: bool,
}

/// Items that must agree one by one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Items {
    pub left: String,
    pub right: String,
    /// The field by which they find each other.
    pub by: String,
    /// The id of the error where one is missing.
    pub id: String,
    /// Each of the right ones must be there too.
    #[serde(default)]
    pub all: bool,
    pub same: Vec<Same>,
}

/// A side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    /// The one of a pair that is on this side.
    pub fn of<'p>(self, left: &'p str, right: &'p str) -> &'p str {
        match self {
            Self::Left => left,
            Self::Right => right,
        }
    }
}

impl Comparison {
    #[cfg(test)]
    pub fn message(&self, side: Side) -> Option<&'static Message> {
        message(side.of(&self.left, &self.right))
    }

    /// Every id that it can report.
    fn ids(&self) -> impl Iterator<Item = &str> {
        let items = self.items.iter();
        let same = self.same.iter().map(|s| s.id.as_str());
        same.chain(self.missing.as_deref())
            .chain(items.clone().map(|i| i.id.as_str()))
            .chain(items.flat_map(|i| i.same.iter().map(|s| s.id.as_str())))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    comparisons: Vec<Comparison>,
}

/// All comparisons of the edition.
pub(crate) fn comparisons() -> &'static [Comparison] {
    static COMPARISONS: LazyLock<Vec<Comparison>> = LazyLock::new(|| {
        let text = include_str!("../tables/202205/comparisons.toml");
        #[expect(
            clippy::expect_used,
            reason = "the table is built in, and a test reads it"
        )]
        toml::from_str::<Table>(text)
            .expect("comparisons.toml")
            .comparisons
    });
    &COMPARISONS
}

/// The id of the error where one thing is declared as new by two messages.
pub(crate) const DECLARED_AGAIN: &str = "declared-again";

/// Every id that a comparison can report.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    let ids = comparisons().iter().flat_map(Comparison::ids);
    ids.chain([DECLARED_AGAIN])
}

/// The field at that path below an element.
pub(crate) fn field(element: &'static Element, path: &str) -> Option<&'static Element> {
    path.split('/').try_fold(element, |e, name| e.child(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_compared_exists() {
        for comparison in comparisons() {
            for side in [Side::Left, Side::Right] {
                let unit = comparison.message(side).unwrap().unit.unwrap();
                for (left, right) in &comparison.join {
                    assert!(
                        field(unit, side.of(left, right)).is_some(),
                        "{left} {right}"
                    );
                }
                for same in &comparison.same {
                    let path = side.of(&same.left, &same.right);
                    assert!(field(unit, path).is_some(), "{}: {path}", same.id);
                }
                let Some(items) = &comparison.items else {
                    continue;
                };
                let item = field(unit, side.of(&items.left, &items.right)).unwrap();
                assert!(field(item, &items.by).is_some(), "{}", items.id);
                for same in &items.same {
                    let path = side.of(&same.left, &same.right);
                    assert!(field(item, path).is_some(), "{}: {path}", same.id);
                }
            }
        }
    }
}
