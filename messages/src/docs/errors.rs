//! The page of the error codes.

use std::fmt::Write as _;

use super::{Language, cell, links};
use crate::table::{Level, error_groups};

/// The error codes of chapter 7, with what to do.
pub fn errors(language: Language) -> String {
    let mut out = format!(
        "# {}\n\n{}\n\n{}\n",
        language.pick("Error codes", "错误代码"),
        language.elsewhere("errors"),
        language.pick(
            "Chapter 7 of the specification. `[*]` and `*` stand for what the service puts in. What to do\n\
             is ours; it stands only where the text says enough. `tongguan explain -621005` tells one.",
            "规范第 7 章。`[*]` 与 `*` 代表系统填入的内容。“处理办法”由本项目编写，仅在原文足以判断时给出。\n\
             查询单个代码：`tongguan explain -621005`。"
        )
    );
    for (level, title) in [
        (
            Level::Platform,
            language.pick(
                "The exchange platform (table 7-1)",
                "数据交换平台（表 7-1）",
            ),
        ),
        (
            Level::Clearance,
            language.pick("The clearance service (table 7-2)", "业务报文（表 7-2）"),
        ),
    ] {
        let _ = writeln!(out, "\n## {title}");
        for group in error_groups().iter().filter(|g| g.level == level) {
            let _ = writeln!(
                out,
                "\n### {} {} {}: {}\n",
                group.first,
                language.pick("to", "至"),
                group.last,
                language.pick(group.en, group.zh)
            );
            if !group.messages.is_empty() {
                let _ = writeln!(out, "{}\n", links(group.messages));
            }
            if group.codes.is_empty() {
                continue;
            }
            let _ = writeln!(
                out,
                "| {} |\n| --- | --- | --- | --- |",
                language.pick(
                    "Code | English | 中文 | What to do",
                    "代码 | 中文 | English | 处理办法"
                )
            );
            for code in group.codes {
                let (first, second) = match language {
                    Language::English => (code.en, code.zh),
                    Language::Chinese => (code.zh, code.en),
                };
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} |",
                    code.code,
                    cell(first),
                    cell(second),
                    cell(language.pick(code.remedy_en, code.remedy_zh))
                );
            }
        }
    }
    out
}
