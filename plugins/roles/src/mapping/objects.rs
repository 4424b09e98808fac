//! The records of a JSON document.

use std::borrow::Cow;
use std::cell::RefCell;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use tongguan_messages::{Draft, Lines, Place, Problem};

use super::draw::{Drawing, Got, Record};
use super::path::Path;
use super::{Mapping, Section};
use crate::documents::{Unit, ambiguous, json::nothing};

/// No record has so many names; every look at one costs all of them.
const MOST_NAMES: usize = 300;

/// An object, and the record that it is in.
struct JsonRecord<'d> {
    record: &'d Value<'d>,
    here: &'d Value<'d>,
    lines: &'d RefCell<Lines<'d>>,
}

impl JsonRecord<'_> {
    fn at(&self, value: &Value<'_>) -> Place {
        self.lines.borrow_mut().place(value.range().start)
    }
}

impl Record for JsonRecord<'_> {
    fn get(&self, path: &Path) -> Got<'_> {
        let start = if path.is_from_record() {
            self.record
        } else {
            self.here
        };
        let value = match look(start, path) {
            Ok(Some(value)) => value,
            Ok(None) => return Got::Nothing,
            Err((value, what, remedy)) => return Got::Wrong(self.at(value), what, remedy),
        };
        let text = match value {
            Value::NullKeyword(_) => return Got::Nothing,
            Value::StringLit(text) => Cow::Borrowed(text.value.trim()),
            Value::NumberLit(number) => Cow::Borrowed(number.value),
            Value::BooleanLit(truth) => Cow::Borrowed(if truth.value { "true" } else { "false" }),
            Value::Object(_) | Value::Array(_) => {
                let remedy = "name a text or a number in it: \"name.of.it\", \"list.0.name\"";
                return Got::Wrong(self.at(value), "it is no single value", remedy);
            }
        };
        if text.is_empty() {
            return Got::Nothing;
        }
        Got::Text(text, self.at(value))
    }

    fn place(&self) -> Place {
        self.at(self.here)
    }
}

type Wrong<'d> = (&'d Value<'d>, &'static str, &'static str);

/// Follows a path.
fn look<'d>(start: &'d Value<'d>, path: &Path) -> Result<Option<&'d Value<'d>>, Wrong<'d>> {
    let mut value = start;
    for name in path.segments() {
        let next = match value {
            Value::Object(object) => named(value, object, name)?,
            Value::Array(array) => {
                let index: usize = name.parse().map_err(|_| {
                    (
                        value,
                        "there is a list on the way",
                        "give the number of one, from 0, or name the list in each",
                    )
                })?;
                array.elements.get(index)
            }
            Value::NullKeyword(_) => None,
            _ => {
                return Err((
                    value,
                    "there is a single value on the way",
                    "shorten the path",
                ));
            }
        };
        match next {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

fn named<'d>(
    value: &'d Value<'d>,
    object: &'d Object<'d>,
    name: &str,
) -> Result<Option<&'d Value<'d>>, Wrong<'d>> {
    if object.properties.len() > MOST_NAMES {
        return Err((
            value,
            "its object has more than 300 names",
            "leave out what is not mapped",
        ));
    }
    let mut found = object.properties.iter().filter(|p| p.name.as_str() == name);
    let first = found.next().map(|p| &p.value);
    if found.next().is_some() {
        return Err((value, "the name stands twice", "remove one of them"));
    }
    Ok(first)
}

/// Where the records are.
fn records<'d>(
    document: &'d Value<'d>,
    mapping: &Mapping,
) -> Result<Vec<&'d Value<'d>>, Wrong<'d>> {
    let found = match &mapping.records {
        Some(path) => look(document, path)?,
        None => Some(document),
    };
    Ok(match found {
        Some(Value::Array(array)) => array.elements.iter().collect(),
        Some(Value::NullKeyword(_)) | None => Vec::new(),
        Some(one) => vec![one],
    })
}

/// The mapping that knows most of the document's names, if it knows as many as the standard.
pub(crate) fn fitting<'m>(
    document: &Value<'_>,
    mappings: &[&'m Mapping],
) -> Result<Option<&'m Mapping>, Vec<Problem>> {
    let mut known: Vec<(usize, &Mapping)> = Vec::new();
    for mapping in mappings {
        let Some(first) = records(document, mapping)
            .ok()
            .and_then(|all| all.first().copied())
        else {
            continue;
        };
        let names = match first {
            Value::Object(record) => &record.properties[..record.properties.len().min(MOST_NAMES)],
            _ => &[],
        };
        let each = mapping.sections.iter().filter_map(|s| s.each.as_ref());
        let sources: Vec<&Path> = mapping.sources().into_iter().chain(each).collect();
        let own = |name: &str| sources.iter().any(|p| p.segments()[0] == name);
        // The way to the records is a name of its own, too.
        let way = usize::from(mapping.records.is_some());
        let own = way + names.iter().filter(|p| own(p.name.as_str())).count();
        let standard = |name: &str| mapping.unit.child(name).is_some();
        let standard = names.iter().filter(|p| standard(p.name.as_str())).count();
        if own > 0 && own >= standard {
            known.push((own, mapping));
        }
    }
    best(known, "the document")
}

/// The one that knows most.
pub(super) fn best<'m>(
    mut known: Vec<(usize, &'m Mapping)>,
    what: &str,
) -> Result<Option<&'m Mapping>, Vec<Problem>> {
    known.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    match known.as_slice() {
        [(one, first), (other, second), ..] if one == other => {
            Err(vec![ambiguous(what, first.message, second.message)])
        }
        [(_, one), ..] => Ok(Some(one)),
        [] => Ok(None),
    }
}

/// Every name that the first record has and the mapping does not use.
pub(super) fn unused(document: &Value<'_>, mapping: &Mapping) -> Vec<String> {
    let first = records(document, mapping)
        .ok()
        .and_then(|all| all.first().copied());
    let Some(record) = first else {
        return Vec::new();
    };
    let each = mapping
        .sections
        .iter()
        .filter_map(|s| s.each.as_ref())
        .next();
    let item = each.and_then(|each| look(record, each).ok().flatten());
    let mut used: Vec<String> = Vec::new();
    for section in &mapping.sections {
        for path in section.rules.iter().flat_map(|r| r.source.paths()) {
            let within = section.each.as_ref().filter(|_| !path.is_from_record());
            let from = within.map_or(&[][..], Path::segments);
            used.push([from, path.segments()].concat().join("."));
        }
    }
    let mut names = Vec::new();
    leaves(record, each, &mut Vec::new(), &mut names);
    if let (Some(each), Some(item)) = (each, item) {
        let item = match item {
            Value::Array(array) => array.elements.first(),
            one => Some(one),
        };
        if let Some(item) = item {
            leaves(item, None, &mut each.segments().to_vec(), &mut names);
        }
    }
    names.retain(|name| !used.contains(name));
    names.iter().map(|name| Problem::shown(name)).collect()
}

/// The names of all single values in an object, by their paths.
pub(super) fn leaves(
    value: &Value<'_>,
    but: Option<&Path>,
    path: &mut Vec<String>,
    names: &mut Vec<String>,
) {
    if names.len() >= MOST_NAMES
        || path.len() > 20
        || but.is_some_and(|b| b.segments() == &path[..])
    {
        return;
    }
    match value {
        Value::Object(object) => {
            for property in object.properties.iter().take(MOST_NAMES) {
                path.push(property.name.as_str().to_owned());
                leaves(&property.value, but, path, names);
                path.pop();
            }
        }
        Value::Array(array) => {
            for (index, one) in array.elements.iter().take(10).enumerate() {
                path.push(index.to_string());
                leaves(one, but, path, names);
                path.pop();
            }
        }
        _ => names.push(path.join(".")),
    }
}

/// Reads every record.
pub(crate) fn read<'d>(
    lines: Lines<'d>,
    document: &'d Value<'d>,
    mapping: &Mapping,
    drawing: &mut Drawing,
) -> Result<Vec<Unit>, Vec<Problem>> {
    let lines = RefCell::new(lines);
    let records = records(document, mapping).map_err(|(value, what, remedy)| {
        let place = lines.borrow_mut().place(value.range().start);
        let path = mapping.records.as_ref().map_or("", Path::written);
        vec![Problem {
            line: place.line,
            column: place.column,
            ..Problem::document("form", format!("records = {path:?}: {what}"), remedy)
        }]
    })?;
    let mut units = Vec::new();
    for (index, record) in records.into_iter().enumerate() {
        if drawing.full() {
            break;
        }
        drawing.begin(index + 1);
        let source = JsonRecord {
            record,
            here: record,
            lines: &lines,
        };
        if !matches!(record, Value::Object(_)) {
            let place = source.place();
            drawing.push(Problem {
                line: place.line,
                column: place.column,
                ..Problem::document(
                    "form",
                    "an object is needed here",
                    "write { … } with the mapping's names",
                )
            });
            continue;
        }
        let path = format!(
            "{}/{}[{}]",
            mapping.message.name,
            mapping.unit.name,
            index + 1
        );
        let mut draft = Draft::new(mapping.unit, source.place());
        for section in &mapping.sections {
            fill(&mut draft, section, &source, &path, mapping, drawing);
        }
        units.push(Unit::Draft(mapping.message, draft));
    }
    let wrong = drawing.wrong();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    if units.is_empty() {
        return Err(vec![nothing()]);
    }
    Ok(units)
}

fn fill(
    draft: &mut Draft,
    section: &Section,
    source: &JsonRecord<'_>,
    path: &str,
    mapping: &Mapping,
    drawing: &mut Drawing,
) {
    if section.entity.name == mapping.unit.name {
        drawing.fill(draft, section, source, path);
        return;
    }
    let found = match &section.each {
        Some(each) => look(source.record, each),
        None => Ok(Some(source.record)),
    };
    let items: Vec<&Value<'_>> = match found {
        Ok(Some(Value::Array(array))) => array.elements.iter().collect(),
        Ok(Some(Value::NullKeyword(_)) | None) => Vec::new(),
        Ok(Some(one)) => vec![one],
        Err((value, what, remedy)) => {
            let each = section.each.as_ref().map_or("", Path::written);
            let text = format!("each = {each:?}: {what}");
            let path = format!("{path}/{}", section.entity.name);
            drawing.push(Problem::at(
                section.entity,
                &path,
                source.at(value),
                "form",
                text,
                remedy,
            ));
            return;
        }
    };
    for (index, here) in items.into_iter().enumerate() {
        if drawing.full() {
            return;
        }
        let path = if section.list {
            format!("{path}/{}[{}]", section.entity.name, index + 1)
        } else {
            format!("{path}/{}", section.entity.name)
        };
        let item = JsonRecord { here, ..*source };
        let mut part = Draft::new(section.entity, item.place());
        drawing.fill(&mut part, section, &item, &path);
        section.put(draft, part);
    }
}
