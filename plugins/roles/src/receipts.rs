//! A file of receipts, for the enterprise's own systems to read.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;

use serde::Serialize;
use tongguan_contracts::{Failure, ReceiptNotice};
use tongguan_messages::{Outcome, meaning, message};

/// JSON lines, each a receipt for one declaration. The same one may stand twice after a crash.
pub(crate) struct Receipts {
    part: String,
    path: PathBuf,
    /// One writes at a time: a line is whole.
    writing: Mutex<()>,
}

#[derive(Serialize)]
struct Line<'a> {
    message: &'a str,
    guid: &'a str,
    receipt: &'a str,
    code: &'a str,
    outcome: &'static str,
    text: &'a str,
}

impl Receipts {
    pub fn new(part: &str, path: PathBuf) -> Self {
        Self {
            part: part.to_owned(),
            path,
            writing: Mutex::new(()),
        }
    }

    /// Adds a receipt; it is on disk when this returns.
    pub fn add(&self, notice: ReceiptNotice<'_>) -> Result<(), Failure> {
        let outcome = message(notice.receipt).map(|m| meaning(m, notice.code).outcome);
        let line = Line {
            message: notice.message,
            guid: notice.guid,
            receipt: notice.receipt,
            code: notice.code,
            outcome: match outcome {
                Some(Outcome::Accepted) => "accepted",
                Some(Outcome::Rejected) => "rejected",
                _ => "pending",
            },
            text: notice.text,
        };
        let failed = |e: std::io::Error| {
            Failure::transient(&self.part, format!("write {}", self.path.display()), e).remedy(
                "make room, or give it a file that it may write; tongguan status has every receipt",
            )
        };
        let mut octets = serde_json::to_vec(&line).map_err(|e| failed(e.into()))?;
        octets.push(b'\n');
        // Whoever panicked here left at most half a line, and nothing of ours.
        let _one = self
            .writing
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(failed)?;
        file.write_all(&octets)
            .and_then(|()| file.sync_data())
            .map_err(failed)
    }
}
