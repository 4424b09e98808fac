//! Documents in another encoding, said and unsaid.

use super::Mutation;
use crate::document::Document;
use crate::random::Random;

pub const ALL: &[Mutation] = &[("encoded otherwise", encoded)];

const NAMES: &[&str] = &[
    "UTF-8",
    "utf-8",
    "UTF8",
    "utf8",
    "UTF-16",
    "UTF-16LE",
    "UTF-16BE",
    "UCS-4",
    "UTF-32",
    "GBK",
    "GB2312",
    "GB18030",
    "ISO-8859-1",
    "latin1",
    "US-ASCII",
    "ASCII",
    "windows-1252",
    "Big5",
    "HTML",
    "x",
];

fn encoded(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(&d.octets).ok()?;
    let text = text.trim_start_matches('\u{FEFF}');
    let end = if text.starts_with("<?xml") {
        text.find("?>")? + 2
    } else {
        0
    };
    let name = r.pick(NAMES);
    let declaration = match r.below(4) {
        0 => String::new(),
        1 => "<?xml version=\"1.0\"?>".to_owned(),
        _ => format!("<?xml version=\"1.0\" encoding=\"{name}\"?>"),
    };
    let text = format!("{declaration}{}", &text[end..]);
    let units = text.encode_utf16();
    let wide = |c: char| u32::from(c);
    let octets: Vec<u8> = match r.below(9) {
        0 => units.flat_map(u16::to_le_bytes).collect(),
        1 => units.flat_map(u16::to_be_bytes).collect(),
        2 => [0xFEFF]
            .into_iter()
            .chain(units)
            .flat_map(u16::to_le_bytes)
            .collect(),
        3 => [0xFEFF]
            .into_iter()
            .chain(units)
            .flat_map(u16::to_be_bytes)
            .collect(),
        4 => text.chars().flat_map(|c| wide(c).to_le_bytes()).collect(),
        5 => text.chars().flat_map(|c| wide(c).to_be_bytes()).collect(),
        // One octet a character, as GBK and ISO 8859-1 look to who takes them for UTF-8.
        6 => text
            .chars()
            .map(|c| u8::try_from(wide(c)).unwrap_or(0xD6))
            .collect(),
        7 => {
            let ascii = text.chars().filter(char::is_ascii);
            ascii.collect::<String>().into_bytes()
        }
        _ => text.into_bytes(),
    };
    Some(octets)
}
