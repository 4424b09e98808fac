//! What notices tell: of a declaration that customs gave a number to.

use crate::node::Node;
use crate::read::Parsed;
use crate::receipt::business_key;

/// What a person wants to know of a tax bill, besides its status.
const SHOWN: &[&str] = &[
    "taxNo",
    "customsTax",
    "valueAddedTax",
    "consumptionTax",
    "entDutyNo",
];

/// What a notice tells of one declaration. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The number that customs gave to the declaration.
    pub number: String,
    /// `status`
    pub code: String,
    /// What it says, in words.
    pub text: String,
    /// `returnTime`, `YYYYMMDDhhmmssSSS`, China Standard Time.
    pub time: String,
}

/// What a notice tells; nothing where the message is none that is about declarations.
///
/// ```
/// use tongguan_messages::{Extent, Limits, example, message, news, read};
/// let bill = example(message("CEB816Message").unwrap(), Extent::Minimal);
/// let told = news(&read(bill.as_bytes(), &Limits::default()).unwrap());
/// assert_eq!(told[0].number, "29012026I000000001");
/// assert!(told[0].text.starts_with("电子税单 已生成 taxNo="));
/// ```
pub fn news(parsed: &Parsed) -> Vec<News> {
    let (message, unit) = match parsed.message.unit {
        Some(unit) if !parsed.message.about.is_empty() => (parsed.message, unit),
        _ => return Vec::new(),
    };
    let units = parsed.root.children().iter();
    let units = units.filter(|node| node.element.name == unit.name);
    units
        .filter_map(|unit| {
            let head = unit.children().first()?;
            let text = |name: &str| head.text(name).unwrap_or_default().to_owned();
            let shown = SHOWN
                .iter()
                .filter_map(|name| Some(format!(" {name}={}", head.text(name)?)));
            let meaning = head.child("status").map(meaning).unwrap_or_default();
            Some(News {
                number: business_key(message, unit)?,
                code: text("status"),
                text: format!("{} {meaning}{}", message.zh, shown.collect::<String>()),
                time: text("returnTime"),
            })
        })
        .collect()
}

/// What the tables call the code in a field.
fn meaning(field: &Node) -> &'static str {
    let code = field.own_text().unwrap_or_default();
    let mut codes = field.element.codes.iter();
    codes
        .find(|(known, ..)| *known == code)
        .map_or("", |(.., zh)| zh)
}
