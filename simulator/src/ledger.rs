//! What was declared: in memory, and in a journal that a restart reads again.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;

/// One declaration, as the clearance service knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// What was declared.
#[derive(Debug, Default)]
pub struct Ledger {
    declared: BTreeMap<Key, Entry>,
    journal: Option<File>,
    /// Lines that are not in the journal yet, and what was declared before them.
    lines: Vec<u8>,
    before: Vec<(Key, Option<Entry>)>,
}

/// A message and a business key.
type Key = (String, String);

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
}

impl Ledger {
    /// Opens a journal, and remembers what it says.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut ledger = Self::default();
        for entry in Self::read(path)? {
            ledger.book(entry);
        }
        ledger.before.clear();
        ledger.journal = Some(whole_lines(path)?);
        Ok(ledger)
    }

    /// Everything that a journal says, in order; nothing where there is none. A last line cut off
    /// by a crash was never answered, and is passed over.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut entries = Vec::new();
        for line in BufReader::new(file).lines() {
            if let Ok(entry) = serde_json::from_str(&line?) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    pub(crate) fn judge(&self, entry: &Entry, amends: bool) -> Verdict {
        match self
            .declared
            .get(&(entry.message.clone(), entry.key.clone()))
        {
            Some(there) if there.guid == entry.guid => Verdict::Repeat,
            Some(_) if amends => Verdict::New,
            Some(_) => Verdict::There,
            None if amends => Verdict::NotThere,
            None => Verdict::New,
        }
    }

    pub(crate) fn note(&mut self, entry: Entry) {
        if self.journal.is_some()
            && let Ok(mut line) = serde_json::to_vec(&entry)
        {
            line.push(b'\n');
            self.lines.append(&mut line);
        }
        self.book(entry);
    }

    fn book(&mut self, entry: Entry) {
        if !entry.repeat && !entry.refused {
            let key = (entry.message.clone(), entry.key.clone());
            let before = self.declared.insert(key.clone(), entry);
            self.before.push((key, before));
        }
    }

    /// Writes the journal. What cannot be written was not declared.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let lines = std::mem::take(&mut self.lines);
        let before = std::mem::take(&mut self.before);
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        if lines.is_empty() {
            return Ok(());
        }
        let length = journal.metadata()?.len();
        let written = journal.write_all(&lines).and_then(|()| journal.sync_data());
        if written.is_err() {
            // Half a line would spoil the next one.
            let _ = journal.set_len(length);
            for (key, entry) in before.into_iter().rev() {
                match entry {
                    Some(entry) => self.declared.insert(key, entry),
                    None => self.declared.remove(&key),
                };
            }
        }
        written
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.declared.values().cloned().collect()
    }
}

/// Opens a journal to write on, without what a crash left of a last line.
fn whole_lines(path: &Path) -> io::Result<File> {
    let journal = OpenOptions::new()
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
        journal.set_len(whole as u64)?;
    }
    Ok(journal)
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
            repeat: false,
            refused: false,
        };
        ledger.note(entry.clone());
        assert_eq!(ledger.judge(&entry, false), Verdict::Repeat);
        assert!(ledger.flush().is_err());
        assert_eq!(ledger.judge(&entry, false), Verdict::New);
    }
}
