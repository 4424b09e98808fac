//! CSV with a header: one row an item.

use csv::{ReaderBuilder, StringRecord, Trim};

use tongguan_messages::{Content, Draft, Element, Message, Place, Problem, SimpleType};

use crate::documents::ambiguous;
use crate::documents::declare::Unit;
use crate::documents::heads::Heads;

/// A column: the entity that its field belongs to, and the field.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(super) entity: &'static Element,
    /// The entity may stand many times: the field is an item's.
    pub(super) list: bool,
    pub(super) field: &'static Element,
}

/// More problems than this are not told: mend these first.
const MOST: usize = 100;

/// So many rows are read: the shortest ones take a hundred times their own room. 64 MiB of orders
/// have fewer.
const MOST_ROWS: usize = 400_000;

/// A header and the rows after it, each with its line.
pub(crate) struct Rows<'t> {
    text: &'t str,
    reader: csv::Reader<&'t [u8]>,
    pub header: StringRecord,
    read: usize,
}

impl<'t> Rows<'t> {
    pub fn new(text: &'t str) -> Result<Self, Vec<Problem>> {
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .flexible(true)
            .has_headers(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().cloned().map_err(|e| vec![broken(&e)])?;
        if let Some(problem) = separator(&header) {
            return Err(vec![problem]);
        }
        Ok(Self {
            text,
            reader,
            header,
            read: 0,
        })
    }
}

impl Rows<'_> {
    /// The line of a row. Its position is right behind the row before it, which is before the rest of a CRLF and
    /// before empty lines.
    fn line(&self, position: &csv::Position) -> u32 {
        let at = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let ends = rest.iter().take_while(|o| matches!(o, b'\r' | b'\n'));
        let more = ends.filter(|o| **o == b'\n').count() as u64;
        u32::try_from(position.line() + more).unwrap_or(u32::MAX)
    }
}

/// The one column of a header that is separated by something else.
fn separator(header: &StringRecord) -> Option<Problem> {
    let name = header.get(0).filter(|_| header.len() == 1)?;
    let found = name.chars().find(|c| ";\t，；|".contains(*c))?;
    let shown = if found == '\t' {
        "a tab".to_owned()
    } else {
        format!("{found:?}")
    };
    Some(Problem {
        line: 1,
        column: 1,
        ..Problem::document(
            "separator",
            format!("the columns are separated by {shown}; the separator must be a comma (,)"),
            "save it as CSV with commas between the columns",
        )
    })
}

impl Iterator for Rows<'_> {
    type Item = Result<(u32, StringRecord), Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read > MOST_ROWS {
            return None;
        }
        let mut row = StringRecord::new();
        match self.reader.read_record(&mut row) {
            Ok(false) => return None,
            Err(error) => return Some(Err(broken(&error))),
            Ok(true) => self.read += 1,
        }
        if self.read > MOST_ROWS {
            return Some(Err(Problem::document(
                "too-large",
                format!("the document has more than {MOST_ROWS} rows"),
                "split it",
            )));
        }
        let line = row.position().map_or(0, |p| self.line(p));
        if row.len() != self.header.len() {
            return Some(Err(Problem {
                line,
                column: 1,
                ..Problem::document(
                    "columns",
                    format!(
                        "the row has {} columns, the header {}",
                        row.len(),
                        self.header.len()
                    ),
                    "quote values that hold commas; give every row all columns",
                )
            }));
        }
        Some(Ok((line, row)))
    }
}

/// The document has no rows.
pub(crate) fn no_rows() -> Problem {
    Problem::document(
        "empty",
        "the document has a header but no rows",
        "give at least one row",
    )
}

/// Reads rows. Consecutive rows with the same head are one declaration with several items.
pub(crate) fn read(
    rows: Rows<'_>,
    message: &'static Message,
    columns: &[Column],
) -> Result<Vec<Unit>, Vec<Problem>> {
    let Some(unit) = message.unit else {
        return Ok(Vec::new());
    };
    let mut problems = Vec::new();
    let mut units: Vec<Unit> = Vec::new();
    let mut last: Option<(Vec<String>, Draft)> = None;
    let mut heads = Heads::new(message, columns);
    for row in rows {
        if problems.len() >= MOST {
            break;
        }
        let (line, row) = match row {
            Ok(row) => row,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let head: Vec<String> = columns
            .iter()
            .zip(&row)
            .filter(|(column, _)| !column.list)
            .map(|(_, text)| text.to_owned())
            .collect();
        let items = columns.iter().any(|c| c.list);
        let same = items && last.as_ref().is_some_and(|(before, _)| *before == head);
        if !same {
            problems.extend(heads.another(&row, line));
            units.extend(last.take().map(|(_, draft)| Unit::Draft(message, draft)));
            let draft = head_of(unit, columns, &row, line, &mut problems);
            last = Some((head, draft));
        }
        if items && let Some((_, draft)) = &mut last {
            for child in items_of(unit, columns, &row, line, &mut problems) {
                draft.child(child);
            }
        }
    }
    units.extend(last.map(|(_, draft)| Unit::Draft(message, draft)));
    if !problems.is_empty() {
        return Err(problems);
    }
    if units.is_empty() {
        return Err(vec![no_rows()]);
    }
    Ok(units)
}

/// A draft of the unit with its head's fields from one row.
fn head_of(
    unit: &'static Element,
    columns: &[Column],
    row: &StringRecord,
    line: u32,
    problems: &mut Vec<Problem>,
) -> Draft {
    let place = Place { line, column: 1 };
    let mut draft = Draft::new(unit, place);
    let mut heads: Vec<&'static Element> = Vec::new();
    for column in columns
        .iter()
        .filter(|c| !c.list && c.entity.name != unit.name)
    {
        if !heads.iter().any(|h| h.name == column.entity.name) {
            heads.push(column.entity);
        }
    }
    put(&mut draft, unit, columns, row, line, problems);
    for head in heads {
        let mut part = Draft::new(head, place);
        put(&mut part, head, columns, row, line, problems);
        draft.child(part);
    }
    draft
}

/// The list entities of one row, each an item.
fn items_of(
    unit: &'static Element,
    columns: &[Column],
    row: &StringRecord,
    line: u32,
    problems: &mut Vec<Problem>,
) -> Vec<Draft> {
    let mut parts = Vec::new();
    for particle in unit.particles().iter().filter(|p| p.max > 1) {
        let entity = particle.element;
        if columns
            .iter()
            .any(|c| c.list && c.entity.name == entity.name)
        {
            let mut part = Draft::new(entity, Place { line, column: 1 });
            put(&mut part, entity, columns, row, line, problems);
            parts.push(part);
        }
    }
    parts
}

fn put(
    draft: &mut Draft,
    entity: &'static Element,
    columns: &[Column],
    row: &StringRecord,
    line: u32,
    problems: &mut Vec<Problem>,
) {
    for (index, (column, text)) in columns.iter().zip(row).enumerate() {
        if column.entity.name != entity.name || text.is_empty() {
            continue;
        }
        let place = Place {
            line,
            column: index as u32 + 1,
        };
        if let Some(problem) = habits(column.field, text, place) {
            problems.push(problem);
        } else if let Err(problem) = draft.field(column.field.name, text, place) {
            problems.push(*problem);
        }
    }
}

/// What spreadsheets do to numbers that are names: 1.2E+10 for an order number.
pub(crate) fn habits(field: &Element, text: &str, place: Place) -> Option<Problem> {
    let Content::Text(SimpleType::Chars { .. }) = field.content else {
        return None;
    };
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let scientific = mantissa.contains('.')
        && mantissa.split('.').all(digits)
        && exponent.strip_prefix('+').is_some_and(digits);
    scientific.then(|| {
        Problem::at(
            field,
            field.name,
            place,
            "scientific",
            "looks like a number that a spreadsheet has rewritten in scientific notation",
            "format the column as text before you enter or import the numbers, and export again",
        )
    })
}

fn broken(error: &csv::Error) -> Problem {
    let line = error
        .position()
        .map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
    Problem {
        line,
        column: u32::from(line > 0),
        ..Problem::document(
            "ill-formed",
            format!("the CSV is broken: {error}"),
            "mend the row",
        )
    }
}

/// The message that the header's columns belong to, and what each column is.
pub(crate) fn choose(
    header: &StringRecord,
    wanted: &[&'static Message],
) -> Result<(&'static Message, Vec<Column>), Vec<Problem>> {
    let mut best: Vec<(usize, &'static Message, Vec<Column>)> = Vec::new();
    let mut nearest: Option<(usize, Vec<Problem>)> = None;
    for message in wanted {
        match resolve(header, message) {
            Ok(columns) => best.push((uncovered(message, &columns), message, columns)),
            Err(problems) => {
                if nearest
                    .as_ref()
                    .is_none_or(|(count, _)| problems.len() < *count)
                {
                    nearest = Some((problems.len(), problems));
                }
            }
        }
    }
    best.sort_by_key(|(uncovered, ..)| *uncovered);
    // Which of an import and an export is meant, fields that are left out must not tell.
    if let Some((first, one, _)) = best.first()
        && let Some((_, other, _)) = best[1..]
            .iter()
            .find(|(other, message, _)| other == first || message.direction != one.direction)
    {
        return Err(vec![ambiguous("the header", one, other)]);
    }
    match best.into_iter().next() {
        Some((_, message, columns)) => Ok((message, columns)),
        None => Err(nearest.map(|(_, problems)| problems).unwrap_or_default()),
    }
}

/// How many needed fields the columns leave out.
fn uncovered(message: &Message, columns: &[Column]) -> usize {
    entities(message)
        .iter()
        .flat_map(|(entity, _)| entity.particles().iter().map(move |p| (entity, p)))
        .filter(|(entity, p)| {
            p.min > 0
                && p.element.fill.is_none()
                && matches!(p.element.content, Content::Text(_))
                && !columns
                    .iter()
                    .any(|c| c.entity.name == entity.name && c.field.name == p.element.name)
        })
        .count()
}

/// The entities of a message's unit, and whether each may stand many times.
fn entities(message: &Message) -> Vec<(&'static Element, bool)> {
    let Some(unit) = message.unit else {
        return Vec::new();
    };
    let mut all = vec![(unit, false)];
    for particle in unit.particles() {
        if matches!(particle.element.content, Content::Sequence(_)) {
            all.push((particle.element, particle.max > 1));
        }
    }
    all
}

/// How the fields of one name are told apart in a header.
fn written(several: &[Column]) -> String {
    let each = several
        .iter()
        .map(|c| format!("{}.{}", c.entity.zh, c.field.zh));
    each.collect::<Vec<_>>().join(" or ")
}

fn resolve(header: &StringRecord, message: &Message) -> Result<Vec<Column>, Vec<Problem>> {
    let entities = entities(message);
    let mut columns: Vec<Column> = Vec::new();
    let mut problems = Vec::new();
    for (index, name) in header.iter().enumerate() {
        if problems.len() >= MOST {
            break;
        }
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\u{3000}');
        let (prefix, bare) = match name.split_once('.') {
            Some((prefix, bare)) => (Some(prefix), bare),
            None => (None, name),
        };
        let found: Vec<Column> = entities
            .iter()
            .filter(|(entity, _)| prefix.is_none_or(|p| p == entity.name || p == entity.zh))
            .flat_map(|(entity, list)| {
                entity
                    .particles()
                    .iter()
                    .map(|p| p.element)
                    .filter(|e| matches!(e.content, Content::Text(_)))
                    .filter(|e| e.name == bare || e.zh == bare)
                    .map(|field| Column {
                        entity,
                        list: *list,
                        field,
                    })
            })
            .collect();
        let shown = Problem::shown(name);
        let wrong = |rule, text: String, remedy: String| Problem {
            line: 1,
            column: index as u32 + 1,
            path: format!("{}/{shown}", message.name),
            ..Problem::document(rule, text, remedy)
        };
        match found.as_slice() {
            [] => {
                let near = entities
                    .iter()
                    .flat_map(|(e, _)| e.particles().iter().map(|p| p.element));
                problems.push(wrong(
                    "unknown-field",
                    format!("the column {shown:?} is not known in {}", message.name),
                    Problem::nearest(bare, near),
                ));
            }
            [column] => {
                let twice = columns.iter().any(|c| {
                    c.entity.name == column.entity.name && c.field.name == column.field.name
                });
                if twice {
                    problems.push(wrong(
                        "too-many",
                        format!("the column {shown:?} stands twice"),
                        "remove one of them".to_owned(),
                    ));
                }
                columns.push(*column);
            }
            several => {
                let choices: Vec<String> = several
                    .iter()
                    .map(|c| format!("{}.{}", c.entity.name, c.field.name))
                    .collect();
                problems.push(wrong(
                    "ambiguous-field",
                    format!("the column {shown:?} can be {}", choices.join(" or ")),
                    format!("write the one that you mean, as {}", written(several)),
                ));
            }
        }
    }
    if problems.is_empty() {
        Ok(columns)
    } else {
        Err(problems)
    }
}
