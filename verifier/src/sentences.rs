//! The reader's rules, told without the values that a finding names.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    sentences: HashMap<String, Sentence>,
}

/// What a rule says, and what to do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sentence {
    pub en: String,
    pub zh: String,
    pub remedy_en: String,
    pub remedy_zh: String,
}

static SENTENCES: LazyLock<HashMap<String, Sentence>> = LazyLock::new(|| {
    let text = include_str!("../tables/sentences.toml");
    #[expect(
        clippy::expect_used,
        reason = "the table is built in, and a test reads it"
    )]
    toml::from_str::<Table>(text)
        .expect("sentences.toml")
        .sentences
});

/// What is wrong and what to do, in Chinese, where the reader's rule of that code is broken.
pub(crate) fn sentence(code: &str) -> (&'static str, &'static str) {
    let found = SENTENCES.get(code).or_else(|| SENTENCES.get("unknown"));
    found.map_or(("", ""), |s| (&s.zh, &s.remedy_zh))
}

/// All of them, by their codes.
pub(crate) fn sentences() -> &'static HashMap<String, Sentence> {
    &SENTENCES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code in the reader's sources has its sentence. They are read here because a code is
    /// a string, and a new one must not go without.
    #[test]
    fn every_rule_of_the_reader_has_a_sentence() {
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../messages/src");
        let mut codes = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(sources)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(path).unwrap();
                for (at, _) in text.match_indices("rule: \"") {
                    let rest = &text[at + 7..];
                    codes.push(rest[..rest.find('"').unwrap()].to_owned());
                }
                for (at, _) in text.match_indices("broken(\n            \"") {
                    let rest = &text[at + 21..];
                    codes.push(rest[..rest.find('"').unwrap()].to_owned());
                }
            }
        }
        assert!(codes.len() > 10, "{codes:?}");
        for code in codes {
            assert!(
                SENTENCES.contains_key(&code),
                "{code} has no Chinese sentence"
            );
        }
    }
}
