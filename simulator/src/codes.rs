//! Which code of table 7-2 says what is wrong, by the message.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Where the table has no code: a number below 0.
pub(crate) const NONE: &str = "-1";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Codes {
    messages: Vec<String>,
    signature: String,
    values: String,
    #[serde(default)]
    rules: BTreeMap<String, String>,
    there: String,
    not_there: String,
    old: Option<String>,
    bound: Option<String>,
    away: Option<String>,
    status: Option<String>,
    yearly: Option<String>,
}

/// What is wrong with a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong<'a> {
    Signature,
    /// It breaks that rule of the verifier.
    Rule(&'a str),
    There,
    NotThere,
    Old,
    Bound,
    Away,
    Status,
    /// Its buyer has bought too much this year.
    Yearly,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    declarations: Vec<Codes>,
}

fn table() -> &'static [Codes] {
    static TABLE: LazyLock<Vec<Codes>> = LazyLock::new(|| {
        #[expect(
            clippy::expect_used,
            reason = "the table is built in, and a test reads it"
        )]
        toml::from_str::<Table>(include_str!("../tables/202205.toml"))
            .expect("202205.toml")
            .declarations
    });
    &TABLE
}

/// The code that says it of a declaration of that message.
pub(crate) fn code(message: &str, wrong: Wrong<'_>) -> &'static str {
    let Some(codes) = table()
        .iter()
        .find(|c| c.messages.iter().any(|m| m == message))
    else {
        return NONE;
    };
    let or_none = |code: &'static Option<String>| code.as_deref().unwrap_or(NONE);
    match wrong {
        Wrong::Signature => &codes.signature,
        Wrong::Rule(rule) => codes.rules.get(rule).unwrap_or(&codes.values),
        Wrong::There => &codes.there,
        Wrong::NotThere => &codes.not_there,
        Wrong::Old => or_none(&codes.old),
        Wrong::Bound => or_none(&codes.bound),
        Wrong::Away => or_none(&codes.away),
        Wrong::Status => or_none(&codes.status),
        Wrong::Yearly => or_none(&codes.yearly),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use tongguan_messages::{Kind, error_code, message};

    #[test]
    fn every_code_is_the_standards_and_every_message_a_declaration() {
        for codes in table() {
            for name in &codes.messages {
                assert_eq!(message(name).unwrap().kind, Kind::Declaration, "{name}");
            }
            let some = [
                &codes.old,
                &codes.bound,
                &codes.away,
                &codes.status,
                &codes.yearly,
            ];
            let all = [
                &codes.signature,
                &codes.values,
                &codes.there,
                &codes.not_there,
            ];
            let all = all.into_iter().chain(some.into_iter().flatten());
            for code in all.chain(codes.rules.values()) {
                assert!(error_code(code).is_some(), "{code}");
            }
            assert!(
                error_code(&codes.there).unwrap().already_declared,
                "{codes:?}"
            );
        }
        assert_eq!(
            code("CEB621Message", Wrong::Rule("single-limit")),
            "-621005"
        );
        assert_eq!(code("CEB621Message", Wrong::Rule("code-list")), "-621001");
        assert_eq!(code("CEB701Message", Wrong::Signature), "-1");
    }

    #[test]
    fn every_rule_that_has_a_code_is_the_verifiers() {
        let known: Vec<&str> = tongguan_verifier::rules()
            .iter()
            .map(|rule| rule.id.as_str())
            .chain(tongguan_verifier::comparison_ids())
            .collect();
        for rule in table().iter().flat_map(|codes| codes.rules.keys()) {
            assert!(known.contains(&rule.as_str()), "{rule}");
        }
    }
}
