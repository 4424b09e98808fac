//! Looks into a folder, claims a file by renaming it, and fetches it. It stays on the server until
//! it is acknowledged.

use async_trait::async_trait;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tongguan_contracts::{Delivery, Failure, Settle};

use crate::link::{self, Link, Trouble};
use crate::options::Options;
use crate::send::path;

/// What stands between a file's name and whose claim it is.
const CLAIM: &str = ".taken-by-";

pub(crate) struct Inbox {
    pub options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Box<dyn Link>>,
    /// Under way here: the names as they are claimed.
    taken: BTreeSet<String>,
    /// Sizes at the last look: a file that still grows is left alone.
    sizes: HashMap<String, u64>,
    /// How many names no command can say were there then.
    odd: usize,
}

/// Whether a name is that of a file that is whole, and in this folder.
fn is_offered(name: &str) -> bool {
    let elsewhere = name.is_empty() || name.starts_with('.') || name.contains('/');
    let unfinished = name.ends_with(".part") || name.ends_with(".tmp");
    !elsewhere && !unfinished
}

impl Inbox {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two operations, even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next file, if there is one.
    pub(crate) fn next(self: &Arc<Self>) -> Result<Option<Delivery>, Failure> {
        let mut state = self.state();
        let found = self.with_link(&mut state, |inbox, state, link| inbox.look(state, link));
        let found = found.map_err(|t| t.failure(&self.options.part))?;
        Ok(found.map(|(name, octets)| Delivery {
            origin: format!("{}{}", self.options.shown(), self.at(&name)),
            octets,
            settle: Box::new(Claim {
                inbox: Arc::clone(self),
                name,
            }),
        }))
    }

    /// Does something over a connection, which is kept unless it is lost.
    fn with_link<T>(
        &self,
        state: &mut State,
        work: impl FnOnce(&Self, &mut State, &mut dyn Link) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut link = match state.link.take() {
            Some(link) => link,
            None => link::open(&self.options)?,
        };
        let done = work(self, state, link.as_mut());
        if done.as_ref().err().is_none_or(|trouble| trouble.refusal) {
            state.link = Some(link);
        }
        done
    }

    fn at(&self, name: &str) -> String {
        path(&self.options.inbox, name)
    }

    fn look(
        &self,
        state: &mut State,
        link: &mut dyn Link,
    ) -> Result<Option<(String, Vec<u8>)>, Trouble> {
        let own = format!("{CLAIM}{}", self.options.reader);
        let mut names = link.list(&self.options.inbox)?;
        names.sort();
        let (mut sizes, mut odd) = (HashMap::new(), 0);
        for name in names {
            if name.contains(char::is_control) {
                odd += 1;
                continue;
            }
            if !is_offered(&name) || state.taken.contains(&name) {
                continue;
            }
            let claimed = if name.ends_with(&own) {
                // A former life of ours claimed it, and did not come to its end.
                name.clone()
            } else if name.contains(CLAIM) {
                continue;
            } else {
                let Some(size) = link.size(&self.at(&name))? else {
                    // A folder, or taken by another reader meanwhile.
                    continue;
                };
                if state.sizes.get(&name) != Some(&size) {
                    sizes.insert(name, size);
                    continue;
                }
                let claimed = format!("{name}{own}");
                match link.rename(&self.at(&name), &self.at(&claimed)) {
                    Ok(()) => claimed,
                    Err(trouble) if trouble.refusal => {
                        tracing::warn!(
                            name,
                            error = trouble.reason,
                            "cannot be claimed: left alone"
                        );
                        continue;
                    }
                    Err(trouble) => return Err(trouble),
                }
            };
            let octets = link.get(&self.at(&claimed), self.options.max_octets)?;
            if octets.len() as u64 > self.options.max_octets {
                tracing::error!(name = claimed, "file too large: left on the server");
                state.taken.insert(claimed);
                continue;
            }
            state.taken.insert(claimed.clone());
            return Ok(Some((claimed, octets)));
        }
        if odd != state.odd {
            let folder = &self.options.inbox;
            tracing::warn!(
                folder,
                odd,
                "files with control characters in their names: left alone"
            );
        }
        (state.sizes, state.odd) = (sizes, odd);
        Ok(None)
    }

    /// Whether something was seen that will be taken at the next look.
    pub(crate) fn sees_more(&self) -> bool {
        !self.state().sizes.is_empty()
    }

    fn settle(&self, claimed: &str) -> Result<(), Failure> {
        let mut state = self.state();
        let done = self.with_link(&mut state, |inbox, _, link| {
            let (name, _) = claimed.split_once(CLAIM).unwrap_or((claimed, ""));
            match &inbox.options.archive {
                Some(archive) => link.rename(&inbox.at(claimed), &path(archive, name)),
                None => link.remove(&inbox.at(claimed)),
            }
        });
        done.map_err(|t| t.failure(&self.options.part))?;
        state.taken.remove(claimed);
        Ok(())
    }
}

struct Claim {
    inbox: Arc<Inbox>,
    name: String,
}

#[async_trait]
impl Settle for Claim {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        let (inbox, name) = (Arc::clone(&self.inbox), self.name.clone());
        crate::blocking(&self.inbox.options.part, move || inbox.settle(&name)).await
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        // Dropping the claim does it.
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Settled, it is gone; else it comes again.
        self.inbox.state().taken.remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::{Inbox, is_offered};
    use crate::link::{Link, Trouble};
    use crate::options::Options;
    use std::sync::{Arc, Mutex};

    #[test]
    fn only_whole_files_of_the_folder_are_offered() {
        for name in [
            "",
            ".",
            "..",
            "../a",
            "a/../../b",
            "/etc/passwd",
            ".a",
            "a.part",
            "a.tmp",
        ] {
            assert!(!is_offered(name), "{name:?}");
        }
        for name in ["a.xml", "报文 1.xml", "a..b", "a\\b"] {
            assert!(is_offered(name), "{name:?}");
        }
    }

    /// A server that names what it likes: no real one can be had that does.
    struct Hostile(Vec<&'static str>, Arc<Mutex<Vec<String>>>);

    impl Hostile {
        fn said(&self, words: String) {
            self.1.lock().unwrap().push(words);
        }
    }

    impl Link for Hostile {
        fn list(&mut self, _: &str) -> Result<Vec<String>, Trouble> {
            Ok(self.0.iter().map(|name| (*name).to_owned()).collect())
        }
        fn enter(&mut self, _: &str) -> Result<(), Trouble> {
            Ok(())
        }
        fn size(&mut self, path: &str) -> Result<Option<u64>, Trouble> {
            self.said(format!("size {path}"));
            Ok(Some(1))
        }
        fn get(&mut self, path: &str, _: u64) -> Result<Vec<u8>, Trouble> {
            self.said(format!("get {path}"));
            Ok(b"a".to_vec())
        }
        fn put(&mut self, path: &str, _: &[u8]) -> Result<(), Trouble> {
            self.said(format!("put {path}"));
            Ok(())
        }
        fn rename(&mut self, from: &str, to: &str) -> Result<(), Trouble> {
            self.said(format!("rename {from} {to}"));
            Ok(())
        }
        fn remove(&mut self, path: &str) -> Result<(), Trouble> {
            self.said(format!("remove {path}"));
            Ok(())
        }
        fn is_well(&mut self) -> bool {
            true
        }
    }

    #[test]
    fn what_a_server_names_leads_nowhere_else() {
        let table = serde_json::json!({
            "host": "127.0.0.1", "username": "u", "password": "env:PATH", "tls": "off",
            "send": { "folder": "/out" }, "receive": { "folder": "/in" },
        });
        let options = tongguan_contracts::PartOptions {
            part: "t".to_owned(),
            options: table,
            base: ".".into(),
        };
        let inbox = Arc::new(Inbox::new(Options::ftp(&options).unwrap()));
        let said = Arc::default();
        let names = vec!["..", "../x", "a\rDELE b", "a\u{1b}[2J", "a\0b", "good.xml"];
        inbox.state().link = Some(Box::new(Hostile(names, Arc::clone(&said))));
        // Its size is seen twice before it is taken.
        assert!(inbox.next().unwrap().is_none());
        let delivery = inbox.next().unwrap().unwrap();
        assert!(
            delivery.origin.contains("/in/good.xml"),
            "{}",
            delivery.origin
        );
        for words in said.lock().unwrap().iter() {
            let rest = words.replace("/in/good.xml", "");
            assert!(!rest.contains(['/', '\r', '\0', '\u{1b}']), "{words:?}");
        }
    }
}
