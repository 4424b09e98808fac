//! What the manifest's tables make of answers, without a platform or a disk: to try them on answers that
//! were kept.

use hyper::header::HeaderMap;
use serde_json::Value;
use std::time::Instant;

use tongguan_contracts::{Failure, PartOptions};

use crate::cursor::{Kept, Window};
use crate::items::Item;
use crate::options::{Options, Query};

/// One of the tables under `receive`, and how far receipts were had by it.
pub struct Reader {
    query: Query,
    window: Window,
}

impl Reader {
    /// The table of that name in a transport's.
    ///
    /// # Errors
    /// Misconfigured: an option is wrong, or there is no such table.
    pub fn new(options: &PartOptions, name: &str) -> Result<Self, Failure> {
        let mut queries = Options::read(options)?.queries.into_iter();
        let query = queries.find(|query| query.name == name).ok_or_else(|| {
            let doing = format!("find receive.{name} in the manifest");
            Failure::misconfigured(&options.part, doing, "it is not there")
                .remedy("name one of the tables under receive")
        })?;
        Ok(Self {
            query,
            window: Window::new(Kept::default()),
        })
    }

    /// What `{cursor}` is in the next question; nothing where there is no cursor.
    pub fn cursor(&self) -> String {
        self.window.from(self.query.cursor.as_ref())
    }

    /// The items in an answer, before they become receipts.
    ///
    /// # Errors
    /// It is not written as the table says.
    pub fn items(&self, answer: &[u8]) -> Result<Vec<Value>, String> {
        self.query.extract.items(&HeaderMap::new(), answer)
    }

    /// The receipts in an answer that are to be handed out.
    ///
    /// # Errors
    /// It is not written as the table says.
    pub fn receipts(&mut self, answer: &[u8]) -> Result<Vec<Item>, String> {
        let found = self.query.receipts(&HeaderMap::new(), answer)?;
        let cursor = self.query.cursor.as_ref();
        Ok(self.window.saw(found, cursor, Instant::now()))
    }

    /// A receipt was taken.
    pub fn acknowledge(&mut self, id: &str) {
        self.window.had(id, self.query.cursor.as_ref());
    }

    /// A receipt was not taken: it is handed out when it comes again.
    pub fn give_back(&mut self, id: &str) {
        self.window.back(id);
    }
}
