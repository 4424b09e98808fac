//! The page of one message.

use std::fmt::Write as _;

use super::record::record;
use super::{Language, cell, links};
use crate::example::{Extent, example, example_json};
use crate::table::{Kind, Message, edition, role};

/// The page of a message.
pub fn page(message: &'static Message, language: Language) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# {} {}\n\n{}\n",
        message.name,
        language.name(message),
        language.elsewhere(message.name)
    );
    facts(&mut out, message, language);
    statuses(&mut out, message, language);
    let _ = writeln!(out, "## {}\n", language.pick("Fields", "字段"));
    record(&mut out, &message.root, message.name, language);
    examples(&mut out, message, language);
    out
}

fn facts(out: &mut String, message: &'static Message, language: Language) {
    let _ = writeln!(out, "| | |\n| --- | --- |");
    let mut fact = |en: &str, zh: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "| {} | {text} |", language.pick(en, zh));
        }
    };
    fact("Specification", "规范", &section(message, language));
    fact("Direction", "进出口", message.direction.told(language));
    fact("Kind", "类别", message.kind.told(language));
    let senders: Vec<&str> = message
        .senders
        .iter()
        .filter_map(|name| role(name))
        .map(|role| language.pick(role.en, role.zh))
        .collect();
    fact(
        "Sent by",
        "报送方",
        &senders.join(language.pick(", ", "、")),
    );
    if let Some(unit) = message.unit {
        let mut particles = message.root.particles().iter();
        let particle = particles.find(|p| p.element.name == unit.name);
        let occurs = particle.map_or_else(String::new, |p| p.occurs());
        let text = match language {
            Language::English => format!("`{}`, {occurs} a message", unit.name),
            Language::Chinese => format!("`{}`，每份报文 {occurs} 份", unit.name),
        };
        fact("Document", "单证", &text);
    }
    let key: Vec<String> = message
        .business_key
        .iter()
        .map(|k| format!("`{k}`"))
        .collect();
    fact("Business key", "业务主键", &key.join(" + "));
    let before: Vec<&str> = message.follows.iter().map(|f| f.message).collect();
    fact("Goes after", "先行单证", &links(&before));
    fact("Answered by", "回执", &links(message.answered_by));
    fact("Answers", "所回执的报文", &links(message.answers));
    fact("Tells of", "所通知的单证", &links(message.about));
    fact("Signature", "签名", signature(message, language));
    fact("Namespace", "命名空间", &format!("`{}`", message.namespace));
    out.push('\n');
}

fn section(message: &Message, language: Language) -> String {
    let (edition, section) = (edition(), message.section);
    match language {
        Language::English => format!("edition {edition}, section {section}"),
        Language::Chinese => format!("{edition} 版 {section}"),
    }
}

/// Who asks for a signature.
fn signature(message: &Message, language: Language) -> &'static str {
    let mut particles = message.root.particles().iter();
    let Some(particle) = particles.find(|p| p.element.content.is_signature()) else {
        return "";
    };
    match (
        particle.min,
        message.minimal.contains(&particle.element.name),
    ) {
        (0, false) => language.pick("may be there", "可选"),
        (0, true) => language.pick(
            "the specification's text asks for it, the schema does not",
            "规范正文要求必填，SCHEMA 未要求",
        ),
        _ => language.pick("the schema asks for it", "SCHEMA 要求必填"),
    }
}

fn statuses(out: &mut String, message: &Message, language: Language) {
    if message.statuses.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "## {}\n\n| {} |\n| --- | --- | --- | --- |",
        language.pick("Statuses (`returnStatus`)", "回执状态（`returnStatus`）"),
        language.pick(
            "Code | English | 中文 | What it is",
            "代码 | 中文 | English | 含义"
        )
    );
    for status in message.statuses {
        let (first, second) = match language {
            Language::English => (status.en, status.zh),
            Language::Chinese => (status.zh, status.en),
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            status.code,
            cell(first),
            cell(second),
            status.outcome.told(language)
        );
    }
    let _ = writeln!(
        out,
        "\n{}\n",
        language.pick(
            "A number below 0 is an error, see the [error codes](errors.md).",
            "小于 0 的数字表示处理异常，见[错误代码](errors.md)。"
        )
    );
}

fn examples(out: &mut String, message: &'static Message, language: Language) {
    let name = message.name;
    let xml = example(message, Extent::Minimal);
    let placeholder = if xml.contains("<ds:Signature") {
        language.pick(
            " Its\nsignature verifies nothing: `tongguan submit` takes the document without one \
             (`--unsigned`), and\n`tongguan run` signs it.",
            "\n其中的签名为占位：请以 `--unsigned` 生成不含签名的单证提交，由 `tongguan run` 加签。",
        )
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "## {}\n\n{}{placeholder}\n\n```xml\n{xml}```",
        language.pick("A minimal example", "最小示例"),
        match language {
            Language::English => format!(
                "All of it is made up. Every field: `tongguan standard example {name} --full`."
            ),
            Language::Chinese => format!(
                "内容均为虚构。含全部字段的示例：`tongguan standard example {name} --full`。"
            ),
        }
    );
    if message.kind != Kind::Declaration {
        return;
    }
    if let Some(json) = example_json(message, Extent::Minimal) {
        let _ = writeln!(
            out,
            "\n{}\n\n```json\n{json}```",
            language.pick(
                "The same as a document in JSON, for `tongguan submit`; what it leaves out is filled in:",
                "同一单证的 JSON 形式，供 `tongguan submit` 使用，省略的字段自动填写："
            ),
        );
    }
}
