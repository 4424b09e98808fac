//! What is to go otherwise than well: a scenario, from a TOML file.
//!
//! ```toml
//! seed = 7                       # the same declarations meet the same again
//! [[cases]]                      # the first that fits a declaration counts
//! message = "CEB621Message"      # any, unless given
//! key = "*0007"                  # its business key or one of its numbers; * stands for anything
//! share = 0.1                    # of those that fit, one in ten
//! times = 1                      # the first time that it comes, and not when it comes again
//! statuses = ["2", "300", "500", "100"]
//! delay_ms = [100, 2000]
//! twice = true
//! ```

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::time::Duration;

use crate::codes::NONE;
use crate::network::Network;
use tongguan_messages::{
    ErrorGroup, Kind, Level, Message, error_code, error_groups, message, messages,
};

/// What is to go otherwise than well.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What chance starts from.
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    cases: Vec<Case>,
    #[serde(default)]
    pub(crate) tax: Tax,
    #[serde(default)]
    pub(crate) network: Network,
}

/// What becomes of tax bills.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tax {
    /// They are sent, after an inventory is released.
    pub bills: bool,
    /// So much later than its release a bill is summed up (CEB818); never, unless given.
    summed_up_ms: Option<u64>,
}

impl Default for Tax {
    fn default() -> Self {
        Self {
            bills: true,
            summed_up_ms: None,
        }
    }
}

impl Tax {
    /// When a bill is summed up.
    pub fn summed_up(self) -> Option<Duration> {
        self.summed_up_ms.map(Duration::from_millis)
    }
}

/// One case: which declarations, and what happens to them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Case {
    message: Option<String>,
    key: Option<String>,
    share: Option<f64>,
    times: Option<u32>,
    /// The statuses or codes that are said of it, one after another, whatever the checks would have said.
    pub statuses: Vec<String>,
    /// The platform answers its envelope so (`DxpRep`, table 7-1), and it is not declared.
    pub report: Option<String>,
    /// It is answered as malformed (CEB900), and is not declared.
    pub malformed: bool,
    /// It never arrives: it is not declared, and nothing is said.
    pub forget: bool,
    /// It is declared, and nothing is said.
    pub lose: bool,
    /// Each receipt is sent two times.
    pub twice: bool,
    /// The receipts come in another order.
    pub shuffle: bool,
    /// Each receipt comes so much later: at least, at most.
    delay_ms: Option<[u64; 2]>,
}

impl Scenario {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        for (case, number) in scenario.cases.iter().zip(1..) {
            case.check().map_err(|e| format!("case {number}: {e}"))?;
        }
        scenario.network.check()?;
        Ok(scenario)
    }

    /// What happens to a declaration, by its business key, its numbers, and how often it came
    /// before.
    pub(crate) fn case(
        &self,
        message: &Message,
        key: &str,
        numbers: &[String],
        before: u32,
    ) -> Option<(usize, &Case)> {
        let mut cases = self.cases.iter().enumerate();
        cases.find(|(number, case)| {
            case.fits(message, key, numbers)
                && case.times.is_none_or(|times| before < times)
                && case
                    .share
                    .is_none_or(|share| self.chance(*number, "share", key) < share)
        })
    }

    /// A case by its number.
    pub(crate) fn numbered(&self, number: Option<usize>) -> Option<(usize, &Case)> {
        let number = number?;
        Some((number, self.cases.get(number)?))
    }

    /// A number from 0 to 1, the same for the same.
    pub(crate) fn chance(&self, case: usize, of: &str, key: &str) -> f64 {
        let digest = Sha256::digest(format!("{} {case} {of} {key}", self.seed));
        let mut octets = [0; 8];
        octets.copy_from_slice(&digest[..8]);
        (u64::from_be_bytes(octets) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether anything comes late.
    pub(crate) fn delays(&self) -> bool {
        self.tax.summed_up_ms.is_some() || self.cases.iter().any(|case| case.delay_ms.is_some())
    }

    /// How much later a receipt comes.
    pub(crate) fn delay(&self, number: usize, stage: usize, key: &str) -> Duration {
        let Some([least, most]) = self.cases.get(number).and_then(|case| case.delay_ms) else {
            return Duration::ZERO;
        };
        let chance = self.chance(number, &format!("delay {stage}"), key);
        let more = most.saturating_sub(least) as f64 * chance;
        Duration::from_millis(least.saturating_add(more as u64))
    }
}

impl Case {
    fn check(&self) -> Result<(), String> {
        if let Some(name) = &self.message
            && message(name).is_none()
        {
            return Err(format!("{name:?} is no message of the standard"));
        }
        if let Some(share) = self.share
            && !(0.0..=1.0).contains(&share)
        {
            return Err(format!("share is {share}; it is from 0 to 1"));
        }
        if let Some([least, most]) = self.delay_ms
            && least > most
        {
            return Err(format!(
                "delay_ms is from {least} to {most}: the least comes first"
            ));
        }
        if let Some(code) = &self.report
            && !is_reported(code)
        {
            return Err(format!(
                "report is {code:?}, which table 7-1 has not; it has {}, and leaves 4000 to 9999 to a platform",
                listed(&codes(|group| group.level == Level::Platform))
            ));
        }
        for code in &self.statuses {
            is_said(self.message.as_deref(), code)?;
        }
        let ends = [
            !self.statuses.is_empty(),
            self.report.is_some(),
            self.malformed,
            self.forget,
            self.lose,
        ];
        if ends.into_iter().filter(|end| *end).count() > 1 {
            return Err("statuses, report, malformed, forget and lose exclude each other".into());
        }
        Ok(())
    }

    fn fits(&self, message: &Message, key: &str, numbers: &[String]) -> bool {
        let named = self.message.as_ref().is_none_or(|m| m == message.name);
        named
            && self.key.as_ref().is_none_or(|pattern| {
                let mut texts = key.split('\n').chain(numbers.iter().map(String::as_str));
                texts.any(|text| {
                    // A number is told with the name of its field.
                    let text = text.split_once(' ').map_or(text, |(_, number)| number);
                    like(pattern, text)
                })
            })
    }
}

/// Whether the platform may say so: table 7-1, which leaves 4000 to 9999 to whoever runs one.
fn is_reported(code: &str) -> bool {
    let known = error_code(code).is_some_and(|known| known.level == Level::Platform);
    let own = code.len() == 4 && code.parse().is_ok_and(|code: u16| code >= 4000);
    known || own
}

/// Whether the clearance service may say so of that message, or of any: a status of the receipt, or a code of
/// table 7-2.
fn is_said(name: Option<&str>, code: &str) -> Result<(), String> {
    let declarations = messages().iter().filter(|m| m.kind == Kind::Declaration);
    let meant = declarations.filter(|m| name.is_none_or(|name| name == m.name));
    let receipts = meant.flat_map(|m| m.answered_by).filter_map(|r| message(r));
    let mut statuses: Vec<&str> = receipts.flat_map(|r| r.statuses).map(|s| s.code).collect();
    statuses.sort_by_key(|status| (status.len(), *status));
    statuses.dedup();
    let named = |group: &ErrorGroup| name.is_some_and(|name| group.messages.contains(&name));
    // An export has no codes of its own, and is told with an import's.
    let has_own = error_groups().iter().any(named);
    let codes = codes(|group| {
        group.level == Level::Clearance && (!has_own || group.messages.is_empty() || named(group))
    });
    if statuses.contains(&code) || codes.contains(&code) || (code == NONE && !has_own) {
        return Ok(());
    }
    let of = name.unwrap_or("any message");
    Err(format!(
        "{code:?} is no status that is said of {of}, and no code of table 7-2 for it; statuses are {}, codes {}",
        statuses.join(", "),
        listed(&codes)
    ))
}

/// The codes of chapter 7 in groups like that.
fn codes(like: impl Fn(&ErrorGroup) -> bool) -> Vec<&'static str> {
    let groups = error_groups().iter().filter(|group| like(group));
    groups
        .flat_map(|group| group.codes)
        .map(|c| c.code)
        .collect()
}

/// A few of them.
fn listed(codes: &[&str]) -> String {
    let few: Vec<&str> = codes.iter().take(5).copied().collect();
    let more = if codes.len() > few.len() { " …" } else { "" };
    format!("{}{more}", few.join(", "))
}

/// Whether a text is as a pattern says, in which * stands for anything.
fn like(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    true
}

/// How often each declaration came, by its guid.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(HashMap<String, u32>);

impl Arrivals {
    /// It comes once more; how often it came before.
    pub fn another(&mut self, guid: &str) -> u32 {
        let count = self.0.entry(guid.to_owned()).or_default();
        let before = *count;
        *count = count.saturating_add(1);
        before
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn patterns_are_like_texts() {
        for (pattern, text, fits) in [
            ("A1", "A1", true),
            ("A1", "A12", false),
            ("*7", "TG7", true),
            ("TG*", "TG7", true),
            ("T*7", "TG77", true),
            ("T*7", "TG78", false),
            ("*G*", "TG7", true),
            ("*", "", true),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_share_is_about_as_large_as_it_says_and_always_the_same() {
        let scenario = Scenario::parse("seed = 3\n[[cases]]\nshare = 0.25\nlose = true").unwrap();
        let order = message("CEB311Message").unwrap();
        let hit = |n: u32| scenario.case(order, &format!("K{n}"), &[], 0).is_some();
        let count = (0..1000).filter(|n| hit(*n)).count();
        assert!((200..300).contains(&count), "{count}");
        assert!((0..1000).all(|n| hit(n) == hit(n)));
    }

    #[test]
    fn what_is_wrong_with_a_scenario_is_told() {
        for (text, part) in [
            ("sed = 1", "sed"),
            ("[[cases]]\nmessage = \"CEB999\"", "CEB999"),
            ("[[cases]]\nshare = 2.0", "from 0 to 1"),
            ("[[cases]]\nreport = \"0007\"", "table 7-1"),
            ("[[cases]]\nreport = \"0007\"", "it has 0001, "),
            ("[[cases]]\nstatuses = [\"good\"]", "no status"),
            ("[[cases]]\nstatuses = [\"9999\"]", "any message"),
            (
                "[[cases]]\nmessage = \"CEB311Message\"\nstatuses = [\"800\"]",
                "statuses are 2, 3, 4",
            ),
            (
                "[[cases]]\nmessage = \"CEB621Message\"\nstatuses = [\"-301010\"]",
                "codes -10101",
            ),
            ("[[cases]]\nlose = true\nforget = true", "exclude"),
            ("[[cases]]\ndelay_ms = [5, 1]", "the least comes first"),
        ] {
            let told = Scenario::parse(text).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }
}
