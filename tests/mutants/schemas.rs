//! The schemas that judge, written to a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};

use tongguan_messages::{Direction, Message, xsd};

/// The exported schemas, and the official ones if they are at hand.
pub struct Schemas {
    dir: tempfile::TempDir,
    standard: Option<PathBuf>,
}

/// Which schema is a message's own: one of the file names of the standard.
pub fn family(message: &Message) -> &'static str {
    match (message.prefix, message.direction) {
        ("dxp", _) if message.name == "DxpMsgSv" => "dxp-transport",
        ("dxp", _) => "dxp-terminal",
        (_, Direction::Export) => "ceb-export",
        _ => "ceb-import",
    }
}

impl Schemas {
    pub fn new(standard: Option<&Path>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("xmldsig-core-schema.xsd"), xsd("ds")).unwrap();
        for prefix in ["ceb", "dxp"] {
            fs::write(dir.path().join(format!("{prefix}.xsd")), xsd(prefix)).unwrap();
        }
        Self {
            dir,
            standard: standard.map(|s| s.join("xsd")),
        }
    }

    /// The schemas that judge a family, the exported one first.
    pub fn of(&self, family: &str) -> Vec<PathBuf> {
        let prefix = family.split('-').next().unwrap_or_default();
        let mut all = vec![self.dir.path().join(format!("{prefix}.xsd"))];
        all.extend(
            self.standard
                .as_ref()
                .map(|s| s.join(format!("{family}-202205.xsd"))),
        );
        all
    }
}
