//! Receipts that wait for who is to have them: a file each, so that a restart loses none.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// A receipt on the shelf.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// The receipt's own `CopMsgId`.
    pub id: String,
    pub octets: Vec<u8>,
}

/// The shelf, oldest first.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    kept: BTreeMap<u64, Kept>,
}

impl Shelf {
    /// Opens it, with what an earlier life left there.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut kept = BTreeMap::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let parts = name.and_then(|name| name.strip_suffix(".xml")?.split_once('_'));
            if let Some((number, id)) = parts
                && let Ok(number) = number.parse()
            {
                let octets = fs::read(&path)?;
                let id = id.to_owned();
                kept.insert(number, Kept { id, octets });
            }
        }
        Ok(Self { folder, kept })
    }

    fn path(&self, number: u64, id: &str) -> PathBuf {
        self.folder.join(format!("{number:012}_{id}.xml"))
    }

    pub fn put(&mut self, id: &str, octets: &[u8]) -> io::Result<()> {
        let keep = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let id: String = id.chars().filter(keep).take(80).collect();
        let number = self.kept.last_key_value().map_or(1, |(last, _)| last + 1);
        let path = self.path(number, &id);
        let part = path.with_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(octets)?;
        file.sync_data()?;
        fs::rename(part, path)?;
        let octets = octets.to_vec();
        self.kept.insert(number, Kept { id, octets });
        Ok(())
    }

    /// The oldest ones.
    pub fn first(&self, most: usize) -> impl Iterator<Item = &Kept> {
        self.kept.values().take(most)
    }

    pub fn all(&self) -> impl Iterator<Item = &Kept> {
        self.kept.values()
    }

    /// Lets go of one; says whether it was there.
    pub fn remove(&mut self, id: &str) -> io::Result<bool> {
        let found = self.kept.iter().find(|(_, kept)| kept.id == id);
        let Some((number, _)) = found else {
            return Ok(false);
        };
        let number = *number;
        fs::remove_file(self.path(number, id))?;
        self.kept.remove(&number);
        Ok(true)
    }
}
