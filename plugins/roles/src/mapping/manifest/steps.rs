//! What is done with a value, as the manifest has it.

use serde_json::{Map, Value};
use tongguan_messages::{Content, Element, Problem, SimpleType};

use super::super::codes::Codes;
use super::super::date::DateForm;
use super::super::rule::Step;
use super::{Reader, titled};

impl Reader<'_> {
    /// The steps in the order in which they are done.
    pub(super) fn steps(
        &mut self,
        at: &str,
        field: &'static Element,
        table: &Map<String, Value>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(value) = table.get("remove") {
            steps.extend(self.text(at, "remove", value).map(Step::Remove));
        }
        if table.contains_key("split") || table.contains_key("part") {
            steps.extend(self.split(at, table));
        }
        if let Some(value) = table.get("chars") {
            let step = value.as_str().and_then(chars);
            if step.is_none() {
                self.wrong(
                    at,
                    "chars is no range",
                    "write the first and the last character, from 1: \"1-6\", \"7-\"",
                );
            }
            steps.extend(step);
        }
        if let Some(value) = table.get("date") {
            steps.extend(self.date(at, field, value));
        }
        if let Some(value) = table.get("scale") {
            steps.extend(self.scale(at, field, value));
        }
        if let Some(value) = table.get("codes") {
            steps.extend(self.codes(at, field, value));
        }
        steps
    }

    fn split(&mut self, at: &str, table: &Map<String, Value>) -> Option<Step> {
        let by = table
            .get("split")
            .and_then(Value::as_str)
            .filter(|s| !s.is_empty());
        let part = table.get("part").and_then(Value::as_i64);
        let part = part.and_then(|p| i32::try_from(p).ok()).filter(|p| *p != 0);
        if let (Some(by), Some(part)) = (by, part) {
            return Some(Step::Split(by.to_owned(), part));
        }
        let remedy = "write split = \"|\", part = 1 (from 1; -1 is the last)";
        self.wrong(
            at,
            "split needs a separator and the number of a part",
            remedy,
        );
        None
    }

    fn date(&mut self, at: &str, field: &'static Element, value: &Value) -> Option<Step> {
        let written = self.text(at, "date", value)?;
        let Some(target) = field.format else {
            self.wrong(at, format!("{} is no date", titled(field)), "remove date");
            return None;
        };
        match DateForm::read(&written, target) {
            Ok(form) => Some(Step::Date(written, form, target)),
            Err(why) => {
                let text = format!("{written:?} is no form for {}: {why}", titled(field));
                let remedy = "write it with YYYY, MM, DD, hh, mm, ss (Z for a zone), or \"unix\", \"unix-ms\"";
                self.wrong(at, text, remedy);
                None
            }
        }
    }

    fn scale(&mut self, at: &str, field: &'static Element, value: &Value) -> Option<Step> {
        let number = matches!(
            field.content,
            Content::Text(SimpleType::Decimal { .. } | SimpleType::Int { .. })
        );
        if !number {
            self.wrong(
                at,
                format!("{} is no number", titled(field)),
                "remove scale",
            );
            return None;
        }
        let by = value.as_i64().filter(|by| (-18..=18).contains(by));
        let Some(by) = by.and_then(|by| i32::try_from(by).ok()) else {
            let remedy = "write by how many places the point moves: -2 makes 19.99 of 1999";
            self.wrong(at, "scale is no whole number from -18 to 18", remedy);
            return None;
        };
        Some(Step::Scale(by))
    }

    fn codes(&mut self, at: &str, field: &'static Element, value: &Value) -> Option<Step> {
        let codes = match value {
            Value::Object(table) => Codes::inline(table),
            Value::String(name) => Codes::file(name, self.base),
            _ => Err("codes is no table".to_owned()),
        };
        match codes {
            Ok(codes) => {
                for (own, standard) in codes.all() {
                    let what = format!("{}: {own:?}", codes.name);
                    self.fits(at, field, &Problem::shown(&what), standard);
                }
                Some(Step::Codes(codes))
            }
            Err(why) => {
                let remedy = "write { \"own\" = \"the standard's\", … }, or the name of a CSV file with two columns";
                self.wrong(at, why, remedy);
                None
            }
        }
    }
}

/// `1-6`, `7-`
fn chars(range: &str) -> Option<Step> {
    let (first, last) = range.split_once('-')?;
    let first: usize = first.trim().parse().ok().filter(|n| *n > 0)?;
    let last = match last.trim() {
        "" => None,
        last => Some(last.parse().ok().filter(|last| *last >= first)?),
    };
    last.is_none_or(|last: usize| last < 1 << 20)
        .then_some(Step::Chars(first, last))
}
