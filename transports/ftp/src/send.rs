//! Uploads under a temporary name, then renames: whoever reads the folder sees a whole file or none.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tongguan_contracts::{Accepted, Failure};

use crate::link::{self, Link, Trouble};
use crate::options::Options;

pub(crate) struct Outbox {
    pub options: Options,
    /// Those that are not in use.
    pub links: Mutex<Vec<Box<dyn Link>>>,
}

pub(crate) fn path(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

impl Outbox {
    /// Puts a file into the folder.
    pub(crate) fn put(&self, name: &str, octets: &[u8]) -> Result<Accepted, Failure> {
        // One that was idle for long may have been closed: that is found out before anything is at
        // stake.
        let held = self.links().pop();
        let mut link = match held.map(|mut link| (link.is_well(), link)) {
            Some((true, link)) => link,
            _ => link::open(&self.options).map_err(|t| self.failed(&t).unsent())?,
        };
        let target = path(&self.options.outbox, name);
        let temporary = format!("{target}.part");
        // Nobody reads a file under a temporary name.
        if let Err(trouble) = link.put(&temporary, octets) {
            self.keep(link, &trouble);
            return Err(self.failed(&trouble).unsent());
        }
        let whole = link
            .size(&temporary)
            .map_err(|t| self.failed(&t).unsent())?;
        if whole.is_some_and(|size| size != octets.len() as u64) {
            let reason = "the server has not kept all of it";
            let doing = format!("write {target}");
            return Err(Failure::transient(&self.options.part, doing, reason).unsent());
        }
        if let Err(trouble) = link.rename(&temporary, &target) {
            // A server that does not rename onto what is there has the file from before: its name
            // is the envelope's own.
            let there =
                trouble.refusal && link.size(&target).ok().flatten() == Some(octets.len() as u64);
            if !there {
                let failure = self.failed(&trouble);
                let refused = trouble.refusal;
                self.keep(link, &trouble);
                return Err(if refused { failure.unsent() } else { failure });
            }
            if let Err(trouble) = link.remove(&temporary) {
                tracing::warn!(error = trouble.reason, temporary, "a temporary file stays");
            }
        }
        self.links().push(link);
        Ok(Accepted {
            evidence: format!("{}{target}", self.options.shown()),
        })
    }

    fn links(&self) -> MutexGuard<'_, Vec<Box<dyn Link>>> {
        // Whole between any two operations, even after a panic.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, link: Box<dyn Link>, trouble: &Trouble) {
        if trouble.refusal {
            self.links().push(link);
        }
    }

    fn failed(&self, trouble: &Trouble) -> Failure {
        trouble.failure(&self.options.part)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_folder_may_end_in_a_slash() {
        assert_eq!(super::path("/in/", "a"), "/in/a");
    }
}
