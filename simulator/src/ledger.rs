//! What was declared: in memory, and in a journal that a restart reads again.
//!
//! Beside the journal, `<journal>.documents` keeps the messages, for the comparison with those that
//! come later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use tongguan_messages::{Limits, read};
use tongguan_verifier::{Report, Verifier};

use crate::unit::units;

/// One declaration, as the clearance service knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `CEB311Message`
    pub message: String,
    /// Its business key, fields joined by line feeds.
    pub key: String,
    /// The guid that declared it.
    pub guid: String,
    /// The envelope that brought it.
    pub cop_msg_id: String,
    /// It came before, with the same guid.
    #[serde(default)]
    pub repeat: bool,
    /// It was refused: another guid had declared that key already. Whoever is to declare nothing
    /// twice can be held to this.
    #[serde(default)]
    pub refused: bool,
    /// It deletes what was declared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deletes: bool,
    /// When the enterprise reported it (`appTime`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub app_time: String,
    /// The number that customs gave to an inventory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub invt_no: String,
    /// What else an inventory is known by: a cancellation or a return must say the same of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known_by: BTreeMap<String, String>,
    /// The message and key of the inventory that this took back: by a cancellation that was
    /// accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<(String, String)>,
    /// The message and key of the inventory whose goods this gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_back: Option<(String, String)>,
    /// The number of the tax bill of an inventory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tax_no: String,
    /// Whose purchase an inventory is: what is the same for one person, and does not say which.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub buyer: String,
    /// What its goods cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
}

/// What is in force of a declaration.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub entry: Entry,
    /// What the comparison needs of it.
    pub report: Option<Report>,
    /// Whether a cancellation took it back.
    pub taken_back: bool,
    /// Whether its goods were given back.
    pub given_back: bool,
}

/// A message and a business key.
pub(crate) type Key = (String, String);

/// What was declared.
#[derive(Debug, Default)]
pub struct Ledger {
    declared: BTreeMap<Key, Known>,
    /// What an order's or a waybill's number stands in; some of it may be gone.
    by_number: HashMap<String, BTreeSet<Key>>,
    journal: Option<File>,
    documents: Option<File>,
    /// Lines that are not in the files yet, and what was declared before them.
    lines: Vec<u8>,
    messages: Vec<u8>,
    before: Vec<(Key, Option<Known>)>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    cop_msg_id: String,
    data: String,
}

/// What the ledger says of a declaration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is new, or changes what is there.
    New,
    /// The same one again: answered as before.
    Repeat,
    /// Another one with that key is there.
    There,
    /// It changes or deletes what is not there.
    NotThere,
    /// It changes what was reported later than it.
    Old,
}

impl Ledger {
    /// Opens a journal, and remembers what it says.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with(path, None)
    }

    /// As [`Ledger::open`], with the messages, for comparisons by that verifier.
    pub(crate) fn with(path: &Path, verifier: Option<&Verifier>) -> io::Result<Self> {
        let mut ledger = Self::default();
        let mut compared = match verifier {
            Some(verifier) => Some(Compared::read(&documents(path), verifier)?),
            None => None,
        };
        for entry in Self::read(path)? {
            let known = compared.as_mut().and_then(|c| c.of(&entry));
            let (report, numbers) = known.unwrap_or_default();
            ledger.book(entry, report, numbers);
        }
        ledger.before.clear();
        ledger.journal = Some(whole_lines(path)?);
        if verifier.is_some() {
            ledger.documents = Some(whole_lines(&documents(path))?);
        }
        Ok(ledger)
    }

    /// Everything that a journal says, in order; nothing where there is none. A last line cut off
    /// by a crash was never answered, and is passed over.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
        lines(path)
    }

    /// What is in force under that key.
    pub(crate) fn known(&self, message: &str, key: &str) -> Option<&Known> {
        self.declared.get(&(message.to_owned(), key.to_owned()))
    }

    /// What else was declared with one of these numbers.
    pub(crate) fn beside(&self, numbers: impl Iterator<Item = String>) -> Vec<&Known> {
        let keys: BTreeSet<&Key> = numbers
            .filter_map(|number| self.by_number.get(&number))
            .flatten()
            .collect();
        let known = keys.into_iter().filter_map(|key| self.declared.get(key));
        known.collect()
    }

    /// Whether an inventory has that number, or had it.
    pub(crate) fn is_given(&self, invt_no: &str) -> bool {
        self.by_number.contains_key(&given(invt_no))
    }

    /// The inventory that has that number.
    pub(crate) fn inventory(&self, invt_no: &str) -> Option<&Known> {
        let keys = self.by_number.get(&given(invt_no))?;
        let mut known = keys.iter().filter_map(|key| self.declared.get(key));
        known.find(|known| known.entry.invt_no == invt_no)
    }

    /// What else its buyer bought in the same year, and has kept.
    pub(crate) fn spent(&self, entry: &Entry) -> Decimal {
        let whose = bought_by(entry);
        let all = self.beside(std::iter::once(whose.clone())).into_iter();
        // A change may have given it to another buyer.
        all.filter(|known| bought_by(&known.entry) == whose)
            .filter(|known| !known.taken_back && !known.given_back)
            .filter(|known| {
                (&known.entry.message, &known.entry.key) != (&entry.message, &entry.key)
            })
            .filter_map(|known| known.entry.amount)
            .sum()
    }

    pub(crate) fn judge(&self, entry: &Entry, amends: bool) -> Verdict {
        match self.known(&entry.message, &entry.key).map(|k| &k.entry) {
            Some(there) if there.guid == entry.guid => Verdict::Repeat,
            Some(there) if amends && entry.app_time < there.app_time => Verdict::Old,
            Some(_) if amends => Verdict::New,
            Some(_) => Verdict::There,
            None if amends => Verdict::NotThere,
            None => Verdict::New,
        }
    }

    /// Keeps a message, for what comes after a restart.
    pub(crate) fn keep(&mut self, cop_msg_id: &str, data: &[u8]) {
        if self.documents.is_none() {
            return;
        }
        let document = Document {
            cop_msg_id: cop_msg_id.to_owned(),
            data: STANDARD.encode(data),
        };
        append(&mut self.messages, &document);
    }

    pub(crate) fn note(
        &mut self,
        entry: Entry,
        report: Option<Report>,
        numbers: impl IntoIterator<Item = String>,
    ) {
        if self.journal.is_some() {
            append(&mut self.lines, &entry);
        }
        self.book(entry, report, numbers);
    }

    fn book(
        &mut self,
        entry: Entry,
        report: Option<Report>,
        numbers: impl IntoIterator<Item = String>,
    ) {
        if entry.repeat || entry.refused {
            return;
        }
        for key in [&entry.takes_back, &entry.gives_back].into_iter().flatten() {
            if let Some(known) = self.declared.get_mut(key) {
                self.before.push((key.clone(), Some(known.clone())));
                known.taken_back |= entry.takes_back.is_some();
                known.given_back |= entry.gives_back.is_some();
            }
        }
        let key = (entry.message.clone(), entry.key.clone());
        if entry.deletes {
            let before = self.declared.remove(&key);
            self.before.push((key, before));
            return;
        }
        let bought = (!entry.buyer.is_empty()).then(|| bought_by(&entry));
        let given = (!entry.invt_no.is_empty()).then(|| given(&entry.invt_no));
        for number in numbers.into_iter().chain(bought).chain(given) {
            self.by_number
                .entry(number)
                .or_default()
                .insert(key.clone());
        }
        let known = Known {
            entry,
            report,
            taken_back: false,
            given_back: false,
        };
        let before = self.declared.insert(key.clone(), known);
        self.before.push((key, before));
    }

    /// Writes the files. What cannot be written was not declared.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let lines = std::mem::take(&mut self.lines);
        let messages = std::mem::take(&mut self.messages);
        let before = std::mem::take(&mut self.before);
        // A message without its lines does no harm; lines without their message would.
        let written = write(self.documents.as_mut(), &messages)
            .and_then(|()| write(self.journal.as_mut(), &lines));
        if written.is_err() {
            for (key, known) in before.into_iter().rev() {
                match known {
                    Some(known) => self.declared.insert(key, known),
                    None => self.declared.remove(&key),
                };
            }
        }
        written
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.declared.values().map(|k| k.entry.clone()).collect()
    }
}

/// What comparisons need of the messages that were kept.
struct Compared(HashMap<(String, String), (Report, Vec<String>)>);

impl Compared {
    fn read(path: &Path, verifier: &Verifier) -> io::Result<Self> {
        let mut all = HashMap::new();
        for document in lines::<Document>(path)? {
            let data = STANDARD.decode(&document.data).unwrap_or_default();
            let Ok(parsed) = read(&data, &Limits::default()) else {
                continue;
            };
            let reports = verifier.look(&parsed).apart();
            for (unit, report) in units(&parsed).zip(reports) {
                let of = (document.cop_msg_id.clone(), unit.field("guid").to_owned());
                all.insert(of, (report, unit.numbers().collect()));
            }
        }
        Ok(Self(all))
    }

    fn of(&mut self, entry: &Entry) -> Option<(Option<Report>, Vec<String>)> {
        let of = (entry.cop_msg_id.clone(), entry.guid.clone());
        let (report, numbers) = self.0.remove(&of)?;
        Some((Some(report), numbers))
    }
}

/// Under which the inventory with a number is found.
fn given(invt_no: &str) -> String {
    format!("invtNo {invt_no}")
}

/// Under which a buyer's purchases of a year are found.
fn bought_by(entry: &Entry) -> String {
    let year: String = entry.app_time.chars().take(4).collect();
    format!("bought {year} {}", entry.buyer)
}

fn documents(journal: &Path) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(".documents");
    PathBuf::from(path)
}

fn append(lines: &mut Vec<u8>, line: &impl Serialize) {
    if let Ok(mut line) = serde_json::to_vec(line) {
        line.push(b'\n');
        lines.append(&mut line);
    }
}

/// The lines of a file that can be read; none where there is no file.
fn lines<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Vec<T>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut all = Vec::new();
    for line in BufReader::new(file).lines() {
        if let Ok(one) = serde_json::from_str(&line?) {
            all.push(one);
        }
    }
    Ok(all)
}

fn write(file: Option<&mut File>, lines: &[u8]) -> io::Result<()> {
    let Some(file) = file else {
        return Ok(());
    };
    if lines.is_empty() {
        return Ok(());
    }
    let length = file.metadata()?.len();
    let written = file.write_all(lines).and_then(|()| file.sync_data());
    if written.is_err() {
        // Half a line would spoil the next one.
        let _ = file.set_len(length);
    }
    written
}

/// Opens a file of lines to write on, without what a crash left of a last line.
fn whole_lines(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .open(path)?;
    let octets = std::fs::read(path)?;
    let whole = octets
        .iter()
        .rposition(|o| *o == b'\n')
        .map_or(0, |n| n + 1);
    if whole < octets.len() {
        file.set_len(whole as u64)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_the_journal_does_not_take_is_not_declared() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        std::fs::write(&path, "").unwrap();
        let mut ledger = Ledger {
            // Not open for writing: as a full disk, it takes nothing.
            journal: Some(File::open(&path).unwrap()),
            ..Ledger::default()
        };
        let entry = Entry {
            message: "CEB311Message".to_owned(),
            key: "K".to_owned(),
            guid: "G".to_owned(),
            cop_msg_id: "C".to_owned(),
            ..Entry::default()
        };
        ledger.note(entry.clone(), None, []);
        assert_eq!(ledger.judge(&entry, false), Verdict::Repeat);
        assert!(ledger.flush().is_err());
        assert_eq!(ledger.judge(&entry, false), Verdict::New);
    }
}
