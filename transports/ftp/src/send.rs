//! Uploads under a temporary name, then renames: whoever reads the folder sees a whole file or none.

use std::sync::{Mutex, PoisonError};

use tongguan_contracts::{Accepted, Failure};

use crate::link::{Link, Trouble};
use crate::options::Options;

pub(crate) struct Outbox {
    pub options: Options,
    pub link: Mutex<Option<Link>>,
}

pub(crate) fn path(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

impl Outbox {
    /// Puts a file into the folder.
    pub(crate) fn put(&self, name: &str, octets: &[u8]) -> Result<Accepted, Failure> {
        let mut held = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was idle for long may have been closed: that is found out before anything is at
        // stake.
        let mut link = match held.take().map(|mut link| (link.is_well(), link)) {
            Some((true, link)) => link,
            _ => Link::open(&self.options).map_err(|t| self.failed(&t).unsent())?,
        };
        let target = path(&self.options.outbox, name);
        let temporary = format!("{target}.part");
        // Nobody reads a file under a temporary name.
        if let Err(trouble) = link.put(&temporary, octets) {
            self.keep(&mut held, link, &trouble);
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
            let there = trouble.is_refusal()
                && link.size(&target).ok().flatten() == Some(octets.len() as u64);
            if !there {
                let failure = self.failed(&trouble);
                let refused = trouble.is_refusal();
                self.keep(&mut held, link, &trouble);
                return Err(if refused { failure.unsent() } else { failure });
            }
            if let Err(trouble) = link.remove(&temporary) {
                tracing::warn!(error = %trouble.error, temporary, "a temporary file stays");
            }
        }
        *held = Some(link);
        Ok(Accepted {
            evidence: format!("ftp://{}{target}", self.options.host),
        })
    }

    fn keep(&self, held: &mut Option<Link>, link: Link, trouble: &Trouble) {
        if trouble.is_refusal() {
            *held = Some(link);
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
