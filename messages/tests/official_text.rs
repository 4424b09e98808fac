//! Holds the tables against the text of the official specification. Needs it (`TONGGUAN_SPEC`, or
//! `shared/spec` beside the workspace); says so and passes where it is not there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tongguan_messages::{Content, Element, Source, error_codes, error_groups, messages};

/// The specification, page numbers left out.
fn specification() -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec");
    let dir = env::var_os("TONGGUAN_SPEC").map_or(beside, PathBuf::from);
    let path = dir.join("spec-202205.txt");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: no official standard at {}", dir.display());
        return None;
    };
    let page_number = |line: &&str| !line.trim().is_empty() && line.trim().parse::<u32>().is_err();
    Some(
        text.lines()
            .filter(page_number)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Chapter 7, after the contents.
fn chapter_7(text: &str) -> &str {
    let start = text.rfind("\n7. 错误信息").unwrap();
    let end = text.rfind("\n8. 报文对接流程").unwrap();
    &text[start..end]
}

fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let length = if digits.len() < text.len() {
        5..=6
    } else {
        4..=4
    };
    length.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The column, in characters, from which on a line holds codes and texts; before it are groups.
const CODES: usize = 12;

/// What chapter 7 says of each code. A code stands before its text; what the text does not hold on
/// its line goes on below, in its column.
fn codes(chapter: &str) -> BTreeMap<String, String> {
    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    let mut latest = String::new();
    // A table's caption is no text of a code.
    for line in chapter.lines().filter(|l| !l.contains("及其代码")) {
        let chars: Vec<char> = line.chars().collect();
        // The places where a word begins.
        let begins =
            |at: &usize| !chars[*at].is_whitespace() && (*at == 0 || chars[at - 1].is_whitespace());
        let word = |at: usize| -> String {
            let letters = chars[at..].iter().take_while(|c| !c.is_whitespace());
            letters.collect()
        };
        let starts: Vec<usize> = (CODES..chars.len()).filter(begins).collect();
        let rest = |at: usize| without_space(&chars[at..].iter().collect::<String>());
        if let Some(at) = starts.iter().copied().find(|at| is_code(&word(*at))) {
            latest = word(at);
            let said = rest(at + latest.len());
            codes
                .entry(latest.clone())
                .and_modify(|text| *text += &format!(" / {said}"))
                .or_insert(said);
        } else if let Some(text) = codes.get_mut(&latest)
            && line.starts_with("            ")
            && let Some(at) = starts.iter().find(|at| **at >= 20)
        {
            *text += &rest(*at);
        }
    }
    codes
}

#[test]
fn chapter_7_is_complete() {
    let Some(text) = specification() else { return };
    let chapter = chapter_7(&text);
    let official = codes(chapter);
    let mut wrong = Vec::new();
    for (code, said) in &official {
        // What the page layout left in.
        let said = said.replace("<br/>", "").replace('"', "");
        match error_codes().find(|c| c.code == code) {
            None => wrong.push(format!("{code} is in no table: {said}")),
            Some(ours) => {
                let own = without_space(&ours.zh.replace('"', ""));
                if own != without_space(&said) {
                    wrong.push(format!("{code}: official {said:?}, ours {own:?}"));
                }
            }
        }
    }
    for ours in error_codes() {
        if !official.contains_key(ours.code) {
            wrong.push(format!("{} is not official", ours.code));
        }
    }
    let squeezed = without_space(chapter);
    for group in error_groups() {
        let (first, last) = (group.first, group.last);
        // In the last group the layout parts the two.
        let last = format!("至{last}").replace("至-800006", "-800006");
        if !squeezed.contains(first) || !squeezed.contains(&last) {
            wrong.push(format!("no group {first} {last}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(official.len() > 150, "only {} codes", official.len());
}

/// The text of a section without white space, from its heading after the contents to the next one.
fn section(text: &str, number: &str) -> String {
    let is_heading = |line: &str| {
        let title = line.trim_start().strip_prefix(number)?;
        let title = title.strip_prefix('.').unwrap_or(title);
        (!title.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && !title.trim().is_empty()
            && !line.contains("....."))
        .then_some(())
    };
    let next = |line: &str| {
        let start: String = line
            .trim_start()
            .chars()
            .take_while(|c| !c.is_whitespace())
            .collect();
        let parts: Vec<&str> = start.split('.').collect();
        parts.len() > 2
            && parts[..2]
                .iter()
                .all(|p| !p.is_empty() && p.parse::<u32>().is_ok())
    };
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().rposition(|l| is_heading(l).is_some());
    let start = start.unwrap_or_else(|| panic!("no section {number}"));
    let length = lines[start + 1..].iter().position(|l| next(l));
    let end = length.map_or(lines.len(), |length| start + 1 + length);
    without_space(&lines[start..end].join("\n"))
}

/// The sections and tables that describe the fields and attributes of an element.
fn sources(element: &'static Element, all: &mut Vec<(&'static str, Source)>) {
    let attributes = element.attributes.iter();
    all.extend(attributes.filter_map(|a| Some((a.name, a.source?))));
    for particle in element.particles() {
        let child = particle.element;
        // In a table of fields, records are headings in Chinese.
        let field = matches!(child.content, Content::Text(_));
        let source = child.source.filter(|_| field);
        all.extend(source.map(|source| (child.name, source)));
        sources(child, all);
    }
}

/// How the text spells these; some are only broken at the end of a line.
const SPELT_OTHERWISE: &[(&str, &str, &str)] = &[
    ("CEB311Message", "consigneeTelephone", "consigneeTelephon"),
    ("CEB311Message", "consigneeDistrict", "consigneeDitrict"),
    ("CEB605Message", "agentName", "agengName"),
    ("CEB621Message", "consigneeAddress", "consigneeAddres"),
    ("CEB625Message", "buyerTelephone", "buyerTelephon"),
    ("CEB701Message", "declAgentCode", "declagAgentCode"),
    ("CEB711Message", "unloadLocation", "unloadLocatio"),
    ("CEB792Message", "declAgentCode", "declagAgentCode"),
];

#[test]
fn every_field_stands_in_the_section_that_the_tables_cite() {
    let Some(text) = specification() else { return };
    let mut wrong = Vec::new();
    let mut seen = 0;
    for message in messages() {
        let mut all = Vec::new();
        sources(&message.root, &mut all);
        for (name, source) in all {
            let said = section(&text, source.section);
            seen += 1;
            if !said.contains(&format!("如表{}所示", source.table)) {
                wrong.push(format!(
                    "{}: no table {} in {}",
                    message.name, source.table, source.section
                ));
            }
            let otherwise = SPELT_OTHERWISE
                .iter()
                .find(|(m, n, _)| (*m, *n) == (message.name, name));
            if !said.contains(otherwise.map_or(name, |(.., spelt)| spelt)) {
                wrong.push(format!("{}: {name} in {}", message.name, source.section));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 800, "only {seen}");
}
