//! The index of the messages.

use std::fmt::Write as _;

use super::{Language, links};
use crate::table::{Direction, edition, messages, role};

/// The index: all messages, and how to read their pages.
pub fn index(language: Language) -> String {
    let mut out = format!(
        "# {}\n\n{}\n\n{}\n\n",
        language.pick("Messages", "报文"),
        language.elsewhere("README"),
        match language {
            Language::English => format!(
                "The messages of edition {0}, made from the tables in messages/tables/{0} by\n\
                 `tongguan standard docs --out docs/messages`. See the [error codes](errors.md) too.",
                edition()
            ),
            Language::Chinese => format!(
                "{0} 版规范的全部报文，由 messages/tables/{0} 中的数据表生成：\n\
                 `tongguan standard docs --out docs/messages`。另见[错误代码](errors.md)。",
                edition()
            ),
        }
    );
    for direction in [Direction::Import, Direction::Export, Direction::Both] {
        list(&mut out, direction, language);
    }
    out.push_str(language.pick(NOTATION_EN, NOTATION_ZH));
    out
}

fn list(out: &mut String, direction: Direction, language: Language) {
    let _ = writeln!(
        out,
        "## {}\n\n| {} |\n| --- | --- | --- | --- | --- | --- |",
        match direction {
            Direction::Import => language.pick("Import", "进口"),
            Direction::Export => language.pick("Export", "出口"),
            Direction::Both => language.pick("The exchange platform", "数据交换平台"),
        },
        language.pick(
            "Message | Name | Kind | Sent by | Answered by | Section",
            "报文 | 名称 | 类别 | 报送方 | 回执 | 规范章节"
        )
    );
    for message in messages().iter().filter(|m| m.direction == direction) {
        let senders: Vec<&str> = message
            .senders
            .iter()
            .filter_map(|name| role(name))
            .map(|role| language.pick(role.en, role.zh))
            .collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            links(&[message.name]),
            language.name(message),
            message.kind.told(language),
            senders.join(language.pick(", ", "、")),
            links(message.answered_by),
            message.section
        );
    }
    out.push('\n');
}

const NOTATION_EN: &str = "\
## Notation

| Type | What it is |
| --- | --- |
| C36 | text of exactly 36 characters; a Chinese character is one |
| C..100, C1..60 | text of at most 100 characters, of 1 to 60 |
| N19,5 | a decimal number of at most 19 digits, 5 of them after the point |
| N9 | a whole number of at most 9 digits |
| int | a whole number of 32 bits |
| date, datetime | `2026-11-23`, `2026-11-23T09:30:00` |
| base64 | octets in base64 |
| ID | an XML id |

Occurs: how often a field stands in its record; `0..1` may be left out, `1..*` has no upper bound.
Lengths and occurrences are the schema's, which the platform checks; the specification's text
differs from it in places. What is filled in where it is left out is so in documents in JSON and
CSV, which `tongguan submit` completes; a message has all of it.

What else must hold, beyond the schema: `tongguan verify --rules`.
";

const NOTATION_ZH: &str = "\
## 类型说明

| 类型 | 含义 |
| --- | --- |
| C36 | 恰好 36 个字符的文本，一个汉字计为一个字符 |
| C..100、C1..60 | 最多 100 个字符、1 至 60 个字符的文本 |
| N19,5 | 最多 19 位的十进制数，其中小数最多 5 位 |
| N9 | 最多 9 位的整数 |
| int | 32 位整数 |
| date、datetime | `2026-11-23`、`2026-11-23T09:30:00` |
| base64 | base64 编码的数据 |
| ID | XML ID |

出现次数：字段在所属实体中出现的次数；`0..1` 为选填，`1..*` 无上限。
长度与出现次数以平台校验所用的 SCHEMA 为准，规范正文个别之处与其不同。
“省略时填”指 JSON、CSV 单证由 `tongguan submit` 自动补全；报文本身须完整填写。

SCHEMA 之外的业务规则：`tongguan verify --rules`。
";
