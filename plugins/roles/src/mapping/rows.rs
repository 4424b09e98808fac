//! The records of a CSV document: a row, or the rows that belong together.

use std::borrow::Cow;
use std::collections::HashMap;

use csv::StringRecord;
use tongguan_messages::{Draft, Place, Problem};

use super::draw::{Drawing, Got, Record};
use super::objects::best;
use super::path::Path;
use super::{Mapping, nearest};
use crate::documents::Unit;
use crate::documents::table::{Rows, no_rows};

/// Which column has a name.
type Columns<'h> = HashMap<&'h str, usize>;

struct Row<'d> {
    columns: &'d Columns<'d>,
    row: &'d StringRecord,
    line: u32,
}

impl Record for Row<'_> {
    fn get(&self, path: &Path) -> Got<'_> {
        let column = self.columns.get(path.written()).copied();
        let text = column.and_then(|at| Some((at, self.row.get(at)?)));
        match text {
            Some((at, text)) if !text.is_empty() => {
                let column = u32::try_from(at + 1).unwrap_or(u32::MAX);
                Got::Text(
                    Cow::Borrowed(text),
                    Place {
                        line: self.line,
                        column,
                    },
                )
            }
            _ => Got::Nothing,
        }
    }

    fn place(&self) -> Place {
        Place {
            line: self.line,
            column: 1,
        }
    }
}

/// The mapping that the header is for: one all of whose columns are there; where the header is not
/// the standard's either, the one that has most of them.
pub(crate) fn fitting<'m>(
    header: &StringRecord,
    mappings: &[&'m Mapping],
    standard: bool,
) -> Result<Option<&'m Mapping>, Vec<Problem>> {
    let names: std::collections::HashSet<&str> = header.iter().collect();
    let found = |m: &Mapping| {
        let sources = m.sources();
        let there = sources
            .iter()
            .filter(|p| names.contains(p.written()))
            .count();
        (there, there == sources.len())
    };
    let counted: Vec<_> = mappings.iter().map(|m| (found(m), *m)).collect();
    let some = |whole: bool| {
        let fit = counted
            .iter()
            .filter(|((there, all), _)| *there > 0 && (*all || !whole));
        fit.map(|((there, _), m)| (*there, *m)).collect::<Vec<_>>()
    };
    match best(some(true), "the header")? {
        None if !standard => best(some(false), "the header"),
        fit => Ok(fit),
    }
}

/// Finds every column that the mapping reads.
fn columns<'h>(header: &'h StringRecord, mapping: &Mapping) -> Result<Columns<'h>, Vec<Problem>> {
    let mut columns = Columns::new();
    let mut problems = Vec::new();
    let sources = mapping.sources();
    let wrong = |at: usize, rule, text: String, remedy: String| Problem {
        line: 1,
        column: u32::try_from(at + 1).unwrap_or(u32::MAX),
        ..Problem::document(rule, text, remedy)
    };
    for (at, name) in header.iter().enumerate() {
        let used = sources.iter().any(|p| p.written() == name);
        if columns.insert(name, at).is_some() && used {
            let text = format!("the column {:?} stands twice", Problem::shown(name));
            problems.push(wrong(at, "too-many", text, "remove one of them".to_owned()));
        }
    }
    for path in sources
        .iter()
        .filter(|p| !columns.contains_key(p.written()))
    {
        let name = path.written();
        let target = mapping.sections.iter().flat_map(|s| &s.rules);
        let target = target.filter(|r| r.source.paths().iter().any(|p| p.written() == name));
        let target = target
            .map(|r| format!("{} ({} {})", r.field.name, r.field.en, r.field.zh))
            .next();
        let shown = Problem::shown(name);
        let text = match target {
            Some(target) => {
                format!("there is no column {shown:?}, of which the mapping makes {target}")
            }
            None => format!("there is no column {shown:?}, by which the mapping groups rows"),
        };
        let remedy = match nearest(name, header.iter().take(1000)) {
            Some(near) => format!(
                "the header has {:?}: is that it? mend the mapping or the header",
                Problem::shown(near)
            ),
            None => "add the column, or mend the mapping".to_owned(),
        };
        problems.push(wrong(0, "column-missing", text, remedy));
    }
    if mapping.has_items() && mapping.grouped_by().is_empty() {
        let text = format!(
            "{} has items, and the mapping does not say which rows belong together",
            mapping.message.name
        );
        let remedy = format!(
            "write group = \"the column with the number\" in map.{}",
            mapping.message.name
        );
        problems.push(wrong(0, "group", text, remedy));
    }
    problems.truncate(100);
    if problems.is_empty() {
        Ok(columns)
    } else {
        Err(problems)
    }
}

/// The header's names that the mapping does not use.
pub(super) fn unused(header: &StringRecord, mapping: &Mapping) -> Vec<String> {
    let sources = mapping.sources();
    let unused = header
        .iter()
        .filter(|name| !sources.iter().any(|p| p.written() == *name));
    unused.map(Problem::shown).collect()
}

/// The rows of one declaration so far.
struct Group {
    draft: Draft,
    /// Its first row, which gives the head, and that row's line.
    first: StringRecord,
    line: u32,
    items: usize,
}

/// Reads every row.
pub(crate) fn read(
    rows: Rows<'_>,
    mapping: &Mapping,
    drawing: &mut Drawing,
) -> Result<Vec<Unit>, Vec<Problem>> {
    let header = rows.header.clone();
    let columns = columns(&header, mapping)?;
    let key: Vec<&Path> = match mapping.has_items() || !mapping.group.is_empty() {
        true => mapping.grouped_by(),
        false => Vec::new(),
    };
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    for row in rows {
        if drawing.full() {
            break;
        }
        let (line, row) = match row {
            Ok(row) => row,
            Err(problem) => {
                drawing.push(problem);
                continue;
            }
        };
        let text = |path: &&Path| {
            row.get(columns[path.written()])
                .unwrap_or_default()
                .to_owned()
        };
        let values: Vec<String> = key.iter().map(text).collect();
        if !key.is_empty() && values.iter().all(String::is_empty) {
            let names: Vec<&str> = key.iter().map(|p| p.written()).collect();
            let text = format!(
                "the row has nothing in {}, which tells what declaration it belongs to",
                names.join(", ")
            );
            drawing.push(Problem {
                line,
                column: 1,
                ..Problem::document("group", text, "fill it in every row")
            });
            continue;
        }
        let before = if key.is_empty() {
            None
        } else {
            known.get(&values).copied()
        };
        let record = Row {
            columns: &columns,
            row: &row,
            line,
        };
        let at = match before {
            Some(at) => {
                drawing.begin(at + 1);
                same_head(&groups[at], &record, mapping, at, drawing);
                at
            }
            None => {
                drawing.begin(groups.len() + 1);
                let draft = head(&record, mapping, groups.len(), drawing);
                groups.push(Group {
                    draft,
                    first: row.clone(),
                    line,
                    items: 0,
                });
                known.insert(values, groups.len() - 1);
                groups.len() - 1
            }
        };
        let group = &mut groups[at];
        group.items += 1;
        for section in mapping.sections.iter().filter(|s| s.list) {
            let path = format!(
                "{}/{}[{}]",
                path(mapping, at),
                section.entity.name,
                group.items
            );
            let mut part = Draft::new(section.entity, record.place());
            drawing.fill(&mut part, section, &record, &path);
            section.put(&mut group.draft, part);
        }
    }
    let wrong = drawing.wrong();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    if groups.is_empty() {
        return Err(vec![no_rows()]);
    }
    let units = groups
        .into_iter()
        .map(|g| Unit::Draft(mapping.message, g.draft));
    Ok(units.collect())
}

/// Where the declaration of that index stands.
fn path(mapping: &Mapping, index: usize) -> String {
    format!(
        "{}/{}[{}]",
        mapping.message.name,
        mapping.unit.name,
        index + 1
    )
}

/// The declaration without its items.
fn head(record: &Row<'_>, mapping: &Mapping, index: usize, drawing: &mut Drawing) -> Draft {
    let path = path(mapping, index);
    let mut draft = Draft::new(mapping.unit, record.place());
    for section in mapping.sections.iter().filter(|s| !s.list) {
        if section.entity.name == mapping.unit.name {
            drawing.fill(&mut draft, section, record, &path);
        } else {
            let mut part = Draft::new(section.entity, record.place());
            drawing.fill(
                &mut part,
                section,
                record,
                &format!("{path}/{}", section.entity.name),
            );
            section.put(&mut draft, part);
        }
    }
    draft
}

/// Rows of one declaration say the same of its head.
fn same_head(
    group: &Group,
    record: &Row<'_>,
    mapping: &Mapping,
    index: usize,
    drawing: &mut Drawing,
) {
    for section in mapping.sections.iter().filter(|s| !s.list) {
        for rule in &section.rules {
            let differs = |p: &&Path| {
                let at = record.columns[p.written()];
                group.first.get(at) != record.row.get(at)
            };
            let Some(path) = rule.source.paths().iter().find(differs) else {
                continue;
            };
            let column = u32::try_from(record.columns[path.written()] + 1).unwrap_or(u32::MAX);
            let place = Place {
                line: record.line,
                column,
            };
            let at = format!(
                "{}/{}/{}",
                self::path(mapping, index),
                section.entity.name,
                rule.field.name
            );
            let text = format!(
                "the column {:?} is not as in line {}, though both rows are of one declaration",
                Problem::shown(path.written()),
                group.line
            );
            let remedy = "say the same of the head in all its rows, or group by another column";
            drawing.push(Problem::at(
                rule.field,
                &at,
                place,
                "head-differs",
                text,
                remedy,
            ));
            return;
        }
    }
}
