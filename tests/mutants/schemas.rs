//! The schemas that judge, written to a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};

use tongguan_messages::{schemas, xsd};

/// The exported schemas, and the official ones if they are at hand.
pub struct Schemas {
    dir: tempfile::TempDir,
    standard: Option<PathBuf>,
}

impl Schemas {
    pub fn new(standard: Option<&Path>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in schemas() {
            let path = dir.path().join(format!("{name}.xsd"));
            fs::write(path, xsd(name).unwrap()).unwrap();
        }
        Self {
            dir,
            standard: standard.map(|s| s.join("xsd")),
        }
    }

    /// What judges the messages of a schema file: ours, then the official one.
    pub fn of(&self, name: &str) -> Vec<PathBuf> {
        let own = self.dir.path().join(format!("{name}.xsd"));
        let official = self.standard.iter();
        [own]
            .into_iter()
            .chain(official.map(|s| s.join(format!("{name}-202205.xsd"))))
            .collect()
    }
}
