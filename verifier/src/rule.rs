//! The rule tables as data.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

use tongguan_messages::{Kind, Message, Node, messages};

use crate::finding::Severity;
use crate::forms::Form;
use crate::formula::Formula;

/// A business rule: what the specification's text says and its schema cannot.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its stable identifier: `paid-total`.
    pub id: String,
    /// How grave it is to break it.
    pub severity: Severity,
    /// Where it comes from, where that is not the section of the message that it looks at.
    #[serde(default)]
    pub source: String,
    on: Vec<String>,
    #[serde(default)]
    when: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) check: Check,
    pub(crate) en: String,
    pub(crate) zh: String,
    pub(crate) remedy_en: String,
    pub(crate) remedy_zh: String,
}

/// What must hold.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Check {
    Each(Nature),
    Required(Vec<String>),
    Together(Vec<String>),
    OneOf(Values),
    NoneOf(Values),
    SameAsOne {
        field: String,
        fields: Vec<String>,
    },
    Rising(String),
    Consecutive(String),
    Form {
        fields: Vec<String>,
        form: Form,
    },
    Unique(Vec<String>),
    Signed,
    // Last: serde tries it where no name fits.
    #[serde(untagged)]
    Formula {
        formula: String,
        #[serde(default)]
        tolerance: Decimal,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Values {
    pub field: String,
    pub values: Vec<String>,
}

/// Fields that a rule looks for by what the tables say of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Nature {
    /// Fields with codes.
    Codes,
    /// Dates and times in text.
    Date,
    /// `guid`: letters are upper-case.
    UpperCase,
    /// `guid`: a UUID.
    Guid,
    /// Decimals.
    NotNegative,
}

/// A rule as it applies to one message.
#[derive(Debug)]
pub(crate) struct Applied {
    pub rule: &'static Rule,
    pub scope: Scope,
    pub when: Option<Condition>,
    pub formula: Option<Formula>,
}

/// Which elements of a message a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of this name in each unit; `None` is the unit itself.
    Unit(Option<&'static str>),
    /// Those of this name beside the units; `None` is the root itself.
    Root(Option<&'static str>),
}

/// `path = value` or `path != value`, seen from the unit; a path without `/` is looked for in the
/// unit's head too.
#[derive(Debug)]
pub(crate) struct Condition {
    path: String,
    value: String,
    equal: bool,
}

impl Condition {
    fn parse(text: &str, head: &[&str]) -> Result<Self, String> {
        let (path, value, equal) = match (text.split_once("!="), text.split_once('=')) {
            (Some((path, value)), _) => (path, value, false),
            (None, Some((path, value))) => (path, value, true),
            _ => return Err(format!("{text:?} compares nothing")),
        };
        let path = match head {
            [] => path.trim().to_owned(),
            head => format!("{}/{}", head.join("/"), path.trim()),
        };
        Ok(Self {
            path,
            value: value.trim().to_owned(),
            equal,
        })
    }

    pub fn holds(&self, unit: &Node) -> bool {
        (unit.text(&self.path).unwrap_or_default() == self.value) == self.equal
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    rules: Vec<Rule>,
}

/// All business rules of the edition.
pub fn rules() -> &'static [Rule] {
    &RULES
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let text = include_str!("../tables/202205/rules.toml");
    #[expect(
        clippy::expect_used,
        reason = "the table is built in, and a test reads it"
    )]
    toml::from_str::<Table>(text).expect("rules.toml").rules
});

/// The rules that apply to each message.
pub(crate) fn applied(message: &Message) -> &'static [Applied] {
    APPLIED
        .iter()
        .find(|(name, _)| *name == message.name)
        .map_or(&[], |(_, rules)| rules)
}

static APPLIED: LazyLock<Vec<(&str, Vec<Applied>)>> = LazyLock::new(|| {
    #[expect(clippy::panic, reason = "the table is built in, and a test reads it")]
    messages()
        .iter()
        .map(|message| {
            let rules = RULES.iter().flat_map(|rule| {
                rule.applied_to(message)
                    .unwrap_or_else(|why| panic!("rule {}: {why}", rule.id))
            });
            (message.name, rules.collect())
        })
        .collect()
});

impl Rule {
    /// The messages that it looks at, and where in them.
    fn applied_to(&'static self, message: &'static Message) -> Result<Vec<Applied>, String> {
        let mut applied = Vec::new();
        for on in &self.on {
            let mut steps = on.split('/');
            let every = match steps.next() {
                Some("*") => message.kind == Kind::Declaration,
                name => name == Some(message.name),
            };
            let (true, Some(unit)) = (every, message.unit) else {
                continue;
            };
            let steps: Vec<&'static str> = steps.collect();
            let scope = match steps.as_slice() {
                [] if on == "*" => Scope::Unit(None),
                [] => Scope::Root(None),
                [first] if *first == unit.name => Scope::Unit(None),
                [first, below] if *first == unit.name => Scope::Unit(Some(*below)),
                [beside] => Scope::Root(Some(*beside)),
                _ => return Err(format!("{on:?} is too deep")),
            };
            let when = match &self.when {
                Some(text) => Some(Condition::parse(text, head_of(unit, text))?),
                None => None,
            };
            let formula = match &self.check {
                Check::Formula { formula, .. } => Some(Formula::parse(formula)?),
                _ => None,
            };
            applied.push(Applied {
                rule: self,
                scope,
                when,
                formula,
            });
        }
        Ok(applied)
    }

    /// The messages that it looks at.
    pub fn messages(&self) -> Vec<&'static str> {
        let names = APPLIED.iter().filter(|(_, applied)| {
            let mut rules = applied.iter().map(|a| a.rule);
            rules.any(|rule| std::ptr::eq(rule, self))
        });
        names.map(|(name, _)| *name).collect()
    }

    /// What is wrong where it is broken, in English. `{value}` and `{expected}` stand for what
    /// was found and what was due.
    pub fn english(&self) -> &str {
        &self.en
    }

    /// The same in Chinese.
    pub fn chinese(&self) -> &str {
        &self.zh
    }

    /// What to do, in English and in Chinese.
    pub fn remedies(&self) -> (&str, &str) {
        (&self.remedy_en, &self.remedy_zh)
    }
}

/// The unit's head, if the condition's field stands in it and not in the unit itself.
fn head_of(unit: &'static tongguan_messages::Element, condition: &str) -> &'static [&'static str] {
    static NONE: [&str; 0] = [];
    let field = condition.split(['=', '!', ' ']).next().unwrap_or_default();
    if unit.child(field).is_some() {
        return &NONE;
    }
    let head = unit.particles().first().map(|p| &p.element.name);
    head.map_or(&NONE, std::slice::from_ref)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_told_apart() {
        let mut ids = HashSet::new();
        for rule in rules() {
            assert!(ids.insert(&rule.id), "{} stands twice", rule.id);
            assert!(
                !rule.messages().is_empty(),
                "{} applies to nothing",
                rule.id
            );
        }
    }

    /// Every `on` fits a message, and every field that a rule names stands in one of them.
    #[test]
    fn every_field_that_a_rule_names_exists() {
        for rule in rules() {
            for on in &rule.on {
                let name = on.split('/').next().unwrap();
                let known = name == "*" || tongguan_messages::message(name).is_some();
                assert!(known, "{}: {on}", rule.id);
            }
            let mut named: Vec<&str> = match &rule.check {
                Check::Required(fields)
                | Check::Together(fields)
                | Check::Unique(fields)
                | Check::Form { fields, .. } => fields.iter().map(String::as_str).collect(),
                Check::OneOf(of) | Check::NoneOf(of) => vec![&of.field],
                Check::SameAsOne { field, fields } => {
                    fields.iter().chain([field]).map(String::as_str).collect()
                }
                Check::Rising(field) | Check::Consecutive(field) => vec![field],
                Check::Formula { .. } | Check::Each(_) | Check::Signed => Vec::new(),
            };
            let mut met = 0;
            for message in messages() {
                for applied in applied(message)
                    .iter()
                    .filter(|a| std::ptr::eq(a.rule, rule))
                {
                    let unit = message.unit.unwrap();
                    let element = match applied.scope {
                        Scope::Unit(None) => unit,
                        Scope::Unit(Some(name)) => unit
                            .child(name)
                            .unwrap_or_else(|| panic!("{}: {name}", rule.id)),
                        Scope::Root(None) => &message.root,
                        Scope::Root(Some(name)) => message.root.child(name).unwrap(),
                    };
                    met += 1;
                    named.retain(|f| element.child(f).is_none());
                    let Some(formula) = &applied.formula else {
                        continue;
                    };
                    for path in formula.paths() {
                        let found = path.split('/').try_fold(element, |e, n| e.child(n));
                        assert!(found.is_some(), "{}: {path}", rule.id);
                    }
                }
            }
            assert!(met > 0 && named.is_empty(), "{}: {named:?}", rule.id);
        }
    }
}
