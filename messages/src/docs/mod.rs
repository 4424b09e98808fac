//! Writes the tables as reference documentation: Markdown, a page a message in English and one in
//! Chinese, with an index and the error codes.

mod errors;
mod index;
mod page;
mod record;

pub use errors::errors;
pub use index::index;
pub use page::page;

use crate::table::{Direction, Kind, Message, Outcome, messages};

/// The language of a page. Names of fields stand in both on every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Chinese.
    Chinese,
}

/// A file of the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where it belongs: `en/CEB311Message.md`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All pages in all languages.
///
/// ```
/// let pages = tongguan_messages::docs::pages();
/// let order = pages.iter().find(|p| p.path == "en/CEB311Message.md").unwrap();
/// assert!(order.text.contains("| `orderNo` | Order number | 订单编号 | C1..60 | 1 |"));
/// ```
pub fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for language in Language::ALL {
        let mut add = |name: &str, text| {
            pages.push(Page {
                path: format!("{}/{name}.md", language.code()),
                text,
            });
        };
        add("README", index(language));
        add("errors", errors(language));
        for message in messages() {
            add(message.name, page(message, language));
        }
    }
    pages
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// `en`, `zh`
    pub fn code(self) -> &'static str {
        self.pick("en", "zh")
    }

    /// The text in this language.
    pub fn pick<'t>(self, english: &'t str, chinese: &'t str) -> &'t str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::English => Self::Chinese,
            Self::Chinese => Self::English,
        }
    }

    /// A link to the same page in the other language.
    fn elsewhere(self, file: &str) -> String {
        let other = self.other();
        let name = other.pick("English", "中文");
        format!("[{name}](../{}/{file}.md)", other.code())
    }

    /// The message's name in this language.
    fn name(self, message: &Message) -> &'static str {
        match self {
            Self::English => message.en,
            Self::Chinese => message.zh,
        }
    }
}

impl Kind {
    /// What it is called on a page.
    pub fn told(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Declaration => ("declaration", "申报报文"),
            Self::Receipt => ("receipt", "回执报文"),
            Self::Envelope => ("envelope", "信封报文"),
            Self::PlatformReceipt => ("platform's receipt", "平台回执"),
            Self::Notice => ("notice", "通知报文"),
        };
        language.pick(english, chinese)
    }
}

impl Direction {
    /// What it is called on a page.
    pub fn told(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Import => ("import", "进口"),
            Self::Export => ("export", "出口"),
            Self::Both => ("import and export", "进出口"),
        };
        language.pick(english, chinese)
    }
}

impl Outcome {
    /// What it is called on a page.
    pub fn told(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Pending => ("more answers follow", "处理中"),
            Self::Accepted => ("final, accepted", "终态，成功"),
            Self::Rejected => ("final, rejected", "终态，失败"),
        };
        language.pick(english, chinese)
    }
}

/// A text in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace('\n', " ")
}

/// Links to messages' pages.
fn links(names: &[&str]) -> String {
    let links: Vec<String> = names.iter().map(|n| format!("[{n}]({n}.md)")).collect();
    links.join(", ")
}
