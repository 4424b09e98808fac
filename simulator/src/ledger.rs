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
}

/// What was declared.
#[derive(Debug, Default)]
pub struct Ledger {
    declared: BTreeMap<(String, String), Entry>,
    journal: Option<File>,
    written: bool,
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
}

impl Ledger {
    /// Opens a journal, and remembers what it says.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut ledger = Self::default();
        for entry in Self::read(path)? {
            ledger
                .declared
                .insert((entry.message.clone(), entry.key.clone()), entry);
        }
        ledger.journal = Some(OpenOptions::new().create(true).append(true).open(path)?);
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
        if let Some(journal) = &mut self.journal {
            // An error shows in `flush`, before anything is answered.
            if let Ok(mut line) = serde_json::to_vec(&entry) {
                line.push(b'\n');
                self.written |= journal.write_all(&line).is_ok();
            }
        }
        if !entry.repeat {
            self.declared
                .insert((entry.message.clone(), entry.key.clone()), entry);
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match (&self.journal, std::mem::take(&mut self.written)) {
            (Some(journal), true) => journal.sync_data(),
            _ => Ok(()),
        }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.declared.values().cloned().collect()
    }
}
