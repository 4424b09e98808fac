//! Rows of one declaration, in the standard's names, stand together and say the same of its head.

use std::collections::HashMap;

use csv::StringRecord;
use tongguan_messages::{Message, Place, Problem};

use super::table::Column;

/// The heads so far, by the numbers of their declarations.
pub(super) struct Heads<'c> {
    message: &'static Message,
    columns: &'c [Column],
    /// The columns of the business key; none where not all of them are there, or where no row is an item.
    key: Vec<usize>,
    known: HashMap<Vec<String>, Begun>,
}

/// The first row of a declaration.
struct Begun {
    row: StringRecord,
    line: u32,
    /// A row of it was told of: that it is followed by a good one is no other mistake.
    told: bool,
}

impl<'c> Heads<'c> {
    pub fn new(message: &'static Message, columns: &'c [Column]) -> Self {
        let unit = message.unit.map_or("", |unit| unit.name);
        let of = |path: &&str| {
            let (entity, field) = path.rsplit_once('/').unwrap_or((unit, path));
            let is = |c: &Column| c.entity.name == entity && c.field.name == field;
            columns.iter().position(is)
        };
        let key: Option<Vec<usize>> = message.business_key.iter().map(of).collect();
        let key = key.filter(|_| columns.iter().any(|c| c.list));
        Self {
            message,
            columns,
            key: key.unwrap_or_default(),
            known: HashMap::new(),
        }
    }

    /// A row begins a declaration: what is wrong where an earlier one began it already.
    pub fn another(&mut self, row: &StringRecord, line: u32) -> Option<Problem> {
        let of = |at: &usize| row.get(*at).filter(|text| !text.is_empty());
        let key: Option<Vec<String>> = self
            .key
            .iter()
            .map(|at| of(at).map(str::to_owned))
            .collect();
        let key = key.filter(|key| !key.is_empty())?;
        let Some(begun) = self.known.get_mut(&key) else {
            let (row, told) = (row.clone(), false);
            self.known.insert(key, Begun { row, line, told });
            return None;
        };
        let first_line = begun.line;
        let told = std::mem::replace(&mut begun.told, true);
        let first = &begun.row;
        let heads = self.columns.iter().enumerate().filter(|(_, c)| !c.list);
        let mut differing = heads.filter(|(at, _)| first.get(*at) != row.get(*at));
        let path = |column: &Column| {
            let (entity, field) = (column.entity.name, column.field.name);
            format!("{}/{entity}/{field}", self.message.name)
        };
        let problem = |at: usize, rule, text: String, remedy| {
            let (column, place) = (
                &self.columns[at],
                Place {
                    line,
                    column: u32::try_from(at + 1).unwrap_or(u32::MAX),
                },
            );
            Problem::at(column.field, &path(column), place, rule, text, remedy)
        };
        Some(match differing.next() {
            Some((at, _)) => problem(
                at,
                "head-differs",
                format!("is not as in line {first_line}, though both rows are of one declaration"),
                "say the same of the head in all its rows, or give it another number",
            ),
            None if told => return None,
            None => problem(
                *self.key.last()?,
                "rows-apart",
                format!("stands in line {first_line} too, and other rows stand between"),
                "let the rows of one declaration follow each other: sort by this column",
            ),
        })
    }
}
