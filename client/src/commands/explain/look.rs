//! Looks up what a word may mean: it may mean several things.

use serde::Serialize;

use tongguan_core::State;
use tongguan_messages::{
    ErrorGroup, Found, Kind, Message, Status, Target, error_code, error_groups, find, find_message,
    messages, nearest_names,
};
use tongguan_verifier::{Told, ids, told};

/// Something that is explained.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Explained {
    ErrorCode(Code),
    /// A code that the standard does not list, in a range that it does.
    ErrorRange(Range),
    Status(Answer),
    /// A state of ours.
    State(Standing),
    Message(Catalogue),
    Field(Box<Field>),
    Rule(Told),
}

#[derive(Serialize)]
pub struct Code {
    pub code: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub remedy: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub remedy_zh: &'static str,
    pub already_declared: bool,
    pub range: Range,
}

#[derive(Serialize)]
pub struct Range {
    pub first: &'static str,
    pub last: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
    pub messages: &'static [&'static str],
}

#[derive(Serialize)]
pub struct Answer {
    pub message: &'static str,
    pub code: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
    pub outcome: &'static str,
}

#[derive(Serialize)]
pub struct Standing {
    pub state: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
    pub remedy: &'static str,
    pub remedy_zh: &'static str,
}

#[derive(Serialize)]
pub struct Catalogue {
    pub name: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
    pub section: &'static str,
    pub direction: &'static str,
    pub what: &'static str,
    pub senders: &'static [&'static str],
    pub business_key: &'static [&'static str],
    pub answered_by: &'static [&'static str],
    pub answers: &'static [&'static str],
    pub statuses: Vec<Answer>,
}

#[derive(Serialize)]
pub struct Field {
    pub path: String,
    pub en: &'static str,
    pub zh: &'static str,
    #[serde(rename = "type")]
    pub kind: String,
    pub occurs: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub meaning: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub meaning_zh: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<FieldCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    pub personal: bool,
}

#[derive(Serialize)]
pub struct FieldCode {
    pub code: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
}

/// What one word may mean.
pub fn one(word: &str) -> Vec<Explained> {
    let mut all = codes(word);
    all.extend(State::named(&word.to_lowercase()).map(standing));
    all.extend(told(&word.to_lowercase()).into_iter().map(Explained::Rule));
    if let Some(message) = find_message(word) {
        all.push(Explained::Message(catalogue(message)));
    }
    for message in messages() {
        all.extend(status(message, word));
    }
    all.extend(find(word).into_iter().map(field));
    all
}

/// What a word means in a message: a status, an error code, a field.
pub fn two(message: &str, of: &str) -> Vec<Explained> {
    let Some(known) = find_message(message) else {
        return Vec::new();
    };
    let mut all: Vec<Explained> = status(known, of).into_iter().collect();
    if matches!(known.kind, Kind::Receipt | Kind::PlatformReceipt) {
        all.extend(codes(of));
    }
    all.extend(find(&format!("{}/{of}", known.name)).into_iter().map(field));
    all
}

/// What is most like a word.
pub fn nearest(word: &str) -> Vec<&'static str> {
    let names = nearest_names(word);
    let last = word.rsplit(['/', '.']).next().unwrap_or(word);
    let states = State::ALL.iter().map(|state| state.name());
    tongguan_messages::nearest(last, states.chain(ids()).chain(names))
}

fn standing(state: State) -> Explained {
    let advice = state.advice();
    Explained::State(Standing {
        state: state.name(),
        en: state.meaning(),
        zh: advice.zh,
        remedy: advice.remedy,
        remedy_zh: advice.remedy_zh,
    })
}

fn codes(word: &str) -> Vec<Explained> {
    // 621005 for -621005: a shell takes a leading minus for an option.
    let negative = format!("-{word}");
    let known = error_code(word).or_else(|| error_code(&negative));
    if let Some(code) = known {
        let group = error_groups()
            .iter()
            .find(|g| g.codes.iter().any(|c| c.code == code.code));
        return group
            .map(|group| {
                Explained::ErrorCode(Code {
                    code: code.code,
                    en: code.en,
                    zh: code.zh,
                    remedy: code.remedy_en,
                    remedy_zh: code.remedy_zh,
                    already_declared: code.already_declared,
                    range: range(group),
                })
            })
            .into_iter()
            .collect();
    }
    // Codes of the platform have four digits; a status has fewer.
    let Some(number) = word
        .parse::<i64>()
        .ok()
        .filter(|n| *n < 0 || word.len() == 4)
    else {
        return Vec::new();
    };
    let within = |group: &&ErrorGroup| {
        let bounds = (group.first.parse::<i64>(), group.last.parse::<i64>());
        let (Ok(first), Ok(last)) = bounds else {
            return false;
        };
        (first.min(last)..=first.max(last)).contains(&number)
    };
    let group = error_groups().iter().find(within);
    group
        .map(|g| Explained::ErrorRange(range(g)))
        .into_iter()
        .collect()
}

fn range(group: &ErrorGroup) -> Range {
    Range {
        first: group.first,
        last: group.last,
        en: group.en,
        zh: group.zh,
        messages: group.messages,
    }
}

fn status(message: &'static Message, code: &str) -> Option<Explained> {
    let status = message.statuses.iter().find(|s| s.code == code)?;
    Some(Explained::Status(answer(message, status)))
}

fn answer(message: &'static Message, status: &'static Status) -> Answer {
    Answer {
        message: message.name,
        code: status.code,
        en: status.en,
        zh: status.zh,
        outcome: status
            .outcome
            .told(tongguan_messages::docs::Language::English),
    }
}

fn catalogue(message: &'static Message) -> Catalogue {
    let english = tongguan_messages::docs::Language::English;
    Catalogue {
        name: message.name,
        en: message.en,
        zh: message.zh,
        section: message.section,
        direction: message.direction.told(english),
        what: message.kind.told(english),
        senders: message.senders,
        business_key: message.business_key,
        answered_by: message.answered_by,
        answers: message.answers,
        statuses: message
            .statuses
            .iter()
            .map(|s| answer(message, s))
            .collect(),
    }
}

fn field(found: Found) -> Explained {
    let sample = |samples: &[&str]| samples.first().map(|s| s.replace('#', "1"));
    let field = match found.target {
        Target::Element(particle) => {
            let element = particle.element;
            let codes = element.codes.iter();
            Field {
                path: found.path,
                en: element.en,
                zh: element.zh,
                kind: element.notation(),
                occurs: particle.occurs(),
                section: element.source.map(|s| s.section),
                table: element.source.map(|s| s.table),
                meaning: element.meaning_en,
                meaning_zh: element.meaning,
                codes: codes
                    .map(|(code, en, zh)| FieldCode { code, en, zh })
                    .collect(),
                fixed: element.fixed,
                example: sample(element.samples),
                personal: element.personal,
            }
        }
        Target::Attribute(attribute) => Field {
            path: found.path,
            en: attribute.en,
            zh: attribute.zh,
            kind: attribute.kind.to_string(),
            occurs: if attribute.required { "1" } else { "0..1" }.to_owned(),
            section: attribute.source.map(|s| s.section),
            table: attribute.source.map(|s| s.table),
            meaning: attribute.meaning_en,
            meaning_zh: attribute.meaning,
            codes: Vec::new(),
            fixed: attribute.fixed,
            example: sample(attribute.samples),
            personal: false,
        },
    };
    Explained::Field(Box::new(field))
}
