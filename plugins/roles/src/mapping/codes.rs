//! Code tables: an enterprise's own codes of units, countries, currencies … to the standard's.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use csv::ReaderBuilder;
use serde_json::{Map, Value};
use tongguan_messages::Problem;

/// A table, and how errors name it.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    /// `units.csv`, or `codes`.
    pub name: String,
    table: HashMap<String, String>,
}

/// A table of codes has no more octets.
const MOST_OCTETS: u64 = 4 << 20;

impl Codes {
    /// A table in the manifest: `{ CNY = "142" }`.
    pub fn inline(table: &Map<String, Value>) -> Result<Self, String> {
        let mut codes = Self {
            name: "codes".to_owned(),
            table: HashMap::new(),
        };
        for (own, standard) in table {
            let Value::String(standard) = standard else {
                return Err(format!(
                    "{:?} has no text; write \"…\"",
                    Problem::shown(own)
                ));
            };
            codes.put(own, standard)?;
        }
        codes.some()
    }

    /// A CSV file, a code a row: the enterprise's own, the standard's, and what else there may be.
    /// No header; a row that starts with # is a remark.
    pub fn file(name: &str, base: &Path) -> Result<Self, String> {
        let mut text = String::new();
        let path = base.join(name);
        let shown = path.display();
        File::open(&path)
            .and_then(|file| file.take(MOST_OCTETS + 1).read_to_string(&mut text))
            .map_err(|e| format!("{shown} cannot be read: {e}"))?;
        if text.len() as u64 > MOST_OCTETS {
            return Err(format!("{shown} has more than {MOST_OCTETS} octets"));
        }
        let mut codes = Self {
            name: Problem::shown(name),
            table: HashMap::new(),
        };
        let rows = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.trim_start_matches('\u{FEFF}').as_bytes())
            .into_records();
        for row in rows {
            let row = row.map_err(|e| format!("{shown} is no CSV: {e}"))?;
            let line = row.position().map_or(0, csv::Position::line);
            let (Some(own), Some(standard)) = (row.get(0), row.get(1)) else {
                return Err(format!("{shown}:{line} has one column; write own,standard"));
            };
            let put = codes.put(own, standard);
            put.map_err(|e| format!("{shown}:{line}: {e}"))?;
        }
        codes.some()
    }

    fn put(&mut self, own: &str, standard: &str) -> Result<(), String> {
        let (own, standard) = (own.trim().to_owned(), standard.trim().to_owned());
        let shown = Problem::shown(&own);
        match self.table.insert(own, standard.clone()) {
            Some(before) if before != standard => {
                Err(format!("{shown:?} stands twice, for two different codes"))
            }
            _ => Ok(()),
        }
    }

    fn some(self) -> Result<Self, String> {
        if self.table.is_empty() {
            return Err(format!("{} has no codes", self.name));
        }
        Ok(self)
    }

    /// The standard's code for an own one.
    pub fn get(&self, own: &str) -> Option<&str> {
        self.table.get(own).map(String::as_str)
    }

    /// The standard's codes, each with an own one, in order.
    pub fn all(&self) -> Vec<(&str, &str)> {
        let pairs = self
            .table
            .iter()
            .map(|(own, to)| (own.as_str(), to.as_str()));
        let mut all: Vec<_> = pairs.collect();
        all.sort_unstable();
        all
    }

    /// The own code that is most like an unknown one.
    pub fn nearest(&self, own: &str) -> Option<&str> {
        super::nearest(own, self.table.keys().map(String::as_str))
    }
}
