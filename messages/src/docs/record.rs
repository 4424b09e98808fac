//! The tables of records on a message's page.

use std::fmt::Write as _;

use super::{Language, cell};
use crate::table::{Attribute, Content, Element, Fill, Particle, Source};

/// The element's own table, then those of what is in it.
pub(super) fn record(out: &mut String, element: &Element, path: &str, language: Language) {
    let _ = writeln!(
        out,
        "### {path}\n\n{}",
        language.pick(element.en, element.zh)
    );
    let source = element.particles().iter().find_map(|p| p.element.source);
    told(out, source, language.pick("Fields: ", "字段："), language);
    let attributes = element.attributes.first().and_then(|a| a.source);
    told(
        out,
        attributes,
        language.pick("Attributes: ", "属性："),
        language,
    );
    let _ = writeln!(
        out,
        "\n| {} |\n| --- | --- | --- | --- | --- | --- |",
        language.pick(
            "Field | English | 中文 | Type | Occurs | Meaning",
            "字段 | 中文 | English | 类型 | 出现次数 | 说明"
        )
    );
    for attribute in element.attributes {
        attribute_row(out, attribute, language);
    }
    for particle in element.particles() {
        row(out, particle, source, language);
    }
    out.push('\n');
    for particle in element.particles() {
        let child = particle.element;
        let more = !child.particles().is_empty() || !child.attributes.is_empty();
        if more && !matches!(child.content, Content::Signature) {
            record(out, child, &format!("{path}/{}", child.name), language);
        }
    }
}

fn told(out: &mut String, source: Option<Source>, what: &str, language: Language) {
    let Some(Source { section, table }) = source else {
        return;
    };
    let _ = match language {
        Language::English => writeln!(out, "\n{what}section {section}, table {table}."),
        Language::Chinese => writeln!(out, "\n{what}规范 {section}，表 {table}。"),
    };
}

fn names(language: Language, en: &str, zh: &str) -> String {
    let (first, second) = match language {
        Language::English => (en, zh),
        Language::Chinese => (zh, en),
    };
    format!("{} | {}", cell(first), cell(second))
}

fn attribute_row(out: &mut String, attribute: &Attribute, language: Language) {
    let occurs = if attribute.required { "1" } else { "0..1" };
    let mut meaning = language
        .pick(attribute.meaning_en, attribute.meaning)
        .to_owned();
    if let Some(fixed) = attribute.fixed {
        say(&mut meaning, &always(fixed, language), language);
    }
    let _ = writeln!(
        out,
        "| `@{}` | {} | {} | {occurs} | {} |",
        attribute.name,
        names(language, attribute.en, attribute.zh),
        attribute.kind,
        cell(&meaning)
    );
}

fn row(out: &mut String, particle: &Particle, source: Option<Source>, language: Language) {
    let element = particle.element;
    let kind = element.notation();
    let kind = match (language, kind.as_str()) {
        (Language::Chinese, "empty") => "空节点",
        (Language::Chinese, "record") => "实体节点",
        (Language::Chinese, "signature") => "签名节点",
        (Language::Chinese, "anything") => "任意",
        (_, kind) => kind,
    };
    let _ = writeln!(
        out,
        "| `{}` | {} | {kind} | {} | {} |",
        element.name,
        names(language, element.en, element.zh),
        particle.occurs(),
        cell(&meaning(element, source, language))
    );
}

/// What the field means, its codes, and what happens where it is left out.
fn meaning(element: &Element, source: Option<Source>, language: Language) -> String {
    let mut text = language
        .pick(element.meaning_en, element.meaning)
        .to_owned();
    if let Some(format) = element.format
        && !text.contains(format.form())
    {
        say(&mut text, format.form(), language);
    }
    if let Some(fixed) = element.fixed {
        say(&mut text, &always(fixed, language), language);
    } else if !element.codes.is_empty() {
        let codes: Vec<String> = element
            .codes
            .iter()
            .map(|(code, en, zh)| format!("`{code}` {}", language.pick(en, zh)))
            .collect();
        say(&mut text, &codes.join(language.pick(", ", "，")), language);
    }
    if let Some(fill) = element.fill.filter(|_| element.fixed.is_none()) {
        say(&mut text, &filled(fill, language), language);
    }
    if element.personal {
        say(
            &mut text,
            language.pick("Personal data", "个人信息"),
            language,
        );
    }
    if source.is_some() && element.source.is_none() {
        let only = language.pick("In the schema only", "仅见于 SCHEMA");
        say(&mut text, only, language);
    }
    text
}

/// Adds a sentence.
fn say(text: &mut String, sentence: &str, language: Language) {
    if !text.is_empty() {
        let ended = text.ends_with(['.', '。']);
        text.push_str(match ended {
            true => language.pick(" ", ""),
            false => language.pick(". ", "。"),
        });
    }
    text.push_str(sentence);
}

fn always(fixed: &str, language: Language) -> String {
    match language {
        Language::English => format!("Always `{fixed}`"),
        Language::Chinese => format!("固定为 `{fixed}`"),
    }
}

fn filled(fill: Fill, language: Language) -> String {
    let (en, zh) = match fill {
        Fill::Guid => ("a new UUID", "新的 UUID"),
        Fill::Now => ("the present time", "当前时间"),
        Fill::Today => ("the present date", "当前日期"),
        Fill::Serial => ("a new number", "新的编号"),
        Fill::Position => ("the place in the list", "在表体中的序号"),
        Fill::Constant(text) => {
            return match language {
                Language::English => format!("Filled in where left out: `{text}`"),
                Language::Chinese => format!("省略时填 `{text}`"),
            };
        }
    };
    match language {
        Language::English => format!("Filled in where left out: {en}"),
        Language::Chinese => format!("省略时填{zh}"),
    }
}
