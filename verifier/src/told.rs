//! What a finding's code stands for, told without a message at hand.

use serde::Serialize;

use crate::comparison::{Comparison, DECLARED_AGAIN, Same, comparisons};
use crate::finding::{Layer, Severity};
use crate::rule::{Rule, rules};
use crate::sentences::sentences;

/// A rule of any layer.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Its stable identifier: `single-limit`.
    pub id: &'static str,
    /// The layer that finds it broken; `None` for the rules of reading, which several share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// How grave it is to break it.
    pub severity: Severity,
    /// Where it comes from: sections of the specification, a national standard, `practice`.
    pub section: String,
    /// The messages that it looks at; empty where it may be any.
    pub messages: Vec<&'static str>,
    /// What is wrong where it is broken.
    pub text: String,
    /// The same in Chinese.
    pub text_zh: String,
    /// What to do.
    pub remedy: String,
    /// The same in Chinese.
    pub remedy_zh: String,
}

/// What the rule of that id says; more than one where comparisons share it.
///
/// ```
/// let told = tongguan_verifier::told("single-limit");
/// assert_eq!(told[0].messages, ["CEB621Message"]);
/// assert!(told[0].text_zh.contains("超过单次交易限值"));
/// ```
pub fn told(id: &str) -> Vec<Told> {
    let business = rules().iter().filter(|r| r.id == id).map(rule);
    let compared = comparisons().iter().flat_map(comparison);
    let read = sentences().get_key_value(id).into_iter();
    let read = read.map(|(id, sentence)| Told {
        id,
        layer: (id == DECLARED_AGAIN).then_some(Layer::Across),
        severity: Severity::Error,
        section: String::new(),
        messages: Vec::new(),
        text: sentence.en.clone(),
        text_zh: sentence.zh.clone(),
        remedy: sentence.remedy_en.clone(),
        remedy_zh: sentence.remedy_zh.clone(),
    });
    business
        .chain(compared.filter(|told| told.id == id))
        .chain(read)
        .collect()
}

/// The ids that [`told`] knows.
pub fn ids() -> Vec<&'static str> {
    let business = rules().iter().map(|r| r.id.as_str());
    let read = sentences().keys().map(String::as_str);
    let mut ids: Vec<_> = business
        .chain(crate::comparison_ids())
        .chain(read)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn rule(rule: &'static Rule) -> Told {
    let messages = rule.messages();
    let section = match rule.source.as_str() {
        "" => sections(&messages),
        source => source.to_owned(),
    };
    let (remedy, remedy_zh) = rule.remedies();
    Told {
        id: &rule.id,
        layer: Some(Layer::Rules),
        severity: rule.severity,
        section,
        messages,
        text: rule.english().to_owned(),
        text_zh: rule.chinese().to_owned(),
        remedy: remedy.to_owned(),
        remedy_zh: remedy_zh.to_owned(),
    }
}

/// The sections of the messages; none where they are all.
fn sections(messages: &[&str]) -> String {
    let sections = messages.iter().filter_map(|name| {
        let message = tongguan_messages::message(name)?;
        Some(message.section)
    });
    sections.collect::<Vec<_>>().join(", ")
}

fn comparison(comparison: &'static Comparison) -> Vec<Told> {
    let Comparison { left, right, .. } = comparison;
    let join: Vec<&str> = comparison.join.iter().map(|(l, _)| l.as_str()).collect();
    let told = |id: &'static str, severity, text: String, text_zh: String| Told {
        id,
        layer: Some(Layer::Across),
        severity,
        section: String::new(),
        messages: vec![left, right],
        text,
        text_zh,
        remedy: "make the two documents agree: customs compares them".to_owned(),
        remedy_zh: "请核对两份单证，海关将对其进行比对".to_owned(),
    };
    let fields = |same: &'static Same, (l, r): (&str, &str)| {
        let (a, b) = (format!("{l}{}", same.left), format!("{r}{}", same.right));
        let (text, text_zh) = match same.at_most {
            false => (
                format!("{a} of {left} must be the same as {b} of {right}"),
                format!("{left} 的 {a} 须与 {right} 的 {b} 一致"),
            ),
            true => (
                format!("{a} of {left} must not be more than {b} of {right}"),
                format!("{left} 的 {a} 不得大于 {right} 的 {b}"),
            ),
        };
        told(&same.id, same.severity, text, text_zh)
    };
    let mut all = Vec::new();
    if let Some(id) = &comparison.missing {
        let join = join.join(", ");
        let text = format!("{left} needs a {right} with the same {join}");
        let text_zh = format!("{left} 须有 {join} 相同的 {right}");
        all.push(told(id, Severity::Warning, text, text_zh));
    }
    all.extend(comparison.same.iter().map(|same| fields(same, ("", ""))));
    if let Some(items) = &comparison.items {
        let (l, r) = (format!("{}/", items.left), format!("{}/", items.right));
        let text = format!(
            "{left} and {right} must have the same items, by {}",
            items.by
        );
        let text_zh = format!("{left} 与 {right} 的表体须按 {} 一一对应", items.by);
        all.push(told(&items.id, Severity::Error, text, text_zh));
        let same = items.same.iter();
        all.extend(same.map(|same| fields(same, (l.as_str(), r.as_str()))));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_told() {
        for id in ids() {
            let all = told(id);
            assert!(!all.is_empty(), "{id}");
            for one in all {
                assert!(!one.text.is_empty() && !one.text_zh.is_empty(), "{id}");
                assert!(!one.remedy.is_empty() && !one.remedy_zh.is_empty(), "{id}");
            }
        }
    }
}
