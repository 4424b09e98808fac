//! What must outlive the process: which messages are ours already and what was told of them, MDNs
//! that are still to be sent, and what we wait for.

use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;

use tongguan_contracts::Failure;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS received (
    message_id TEXT NOT NULL,
    mic TEXT NOT NULL,
    at INTEGER NOT NULL,
    mdn BLOB NOT NULL,
    post_to TEXT,
    post_after INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (message_id, mic)
) STRICT;
CREATE INDEX IF NOT EXISTS received_post ON received (post_after) WHERE post_after IS NOT NULL;
CREATE TABLE IF NOT EXISTS sent (
    cop_msg_id TEXT PRIMARY KEY,
    attempt INTEGER NOT NULL,
    message_id TEXT UNIQUE,
    mdn BLOB,
    at INTEGER NOT NULL
) STRICT;
";

/// An MDN that is sent in a request of its own is tried for so long.
const TRYING: Duration = Duration::from_secs(86_400);
/// The longest pause between two tries, in seconds.
const LONGEST: i64 = 300;

/// The state folder.
pub(crate) struct Memory {
    part: String,
    remember: Duration,
    connection: Mutex<Connection>,
}

/// An MDN that is to be sent.
#[derive(Debug)]
pub(crate) struct Due {
    pub message_id: String,
    pub mic: String,
    pub url: String,
    pub mdn: Vec<u8>,
}

/// What is known of an envelope before it is sent.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// How often a definite refusal was told.
    pub refusals: u32,
    /// An MDN that came when nobody waited for it any more.
    pub mdn: Option<Vec<u8>>,
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

impl Memory {
    pub(crate) fn open(part: &str, folder: &Path, remember: Duration) -> Result<Self, Failure> {
        let wrong = |why: &dyn std::fmt::Display| {
            let doing = format!("open its state in {}", folder.display());
            Failure::misconfigured(part, doing, why)
                .remedy("state names a folder of this transport's own that tongguan may write")
        };
        std::fs::create_dir_all(folder).map_err(|e| wrong(&e))?;
        let opened = Connection::open(folder.join("as2.db")).and_then(|connection| {
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // What was acknowledged must not be forgotten when the power fails.
            connection.pragma_update(None, "synchronous", "full")?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        });
        let memory = Self {
            part: part.to_owned(),
            remember,
            connection: Mutex::new(opened.map_err(|e| wrong(&e))?),
        };
        memory.forget_old()?;
        Ok(memory)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // Whole between any two statements, even after a panic.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        work(&self.connection()).map_err(|e| {
            Failure::transient(&self.part, doing, e)
                .remedy("check that there is room on the disk of the state folder")
        })
    }

    /// Forgets what is older than is to be remembered.
    pub(crate) fn forget_old(&self) -> Result<(), Failure> {
        let before = now() - i64::try_from(self.remember.as_secs()).unwrap_or(i64::MAX / 2);
        self.run("forget what is old", |c| {
            c.execute("DELETE FROM received WHERE at < ?1", params![before])?;
            c.execute("DELETE FROM sent WHERE at < ?1", params![before])?;
            Ok(())
        })
    }

    /// What was told of a message that is ours already.
    pub(crate) fn told(&self, message_id: &str, mic: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.run("look up a message", |c| {
            let sql = "SELECT mdn FROM received WHERE message_id = ?1 AND mic = ?2";
            c.query_row(sql, params![message_id, mic], |row| row.get(0))
                .optional()
        })
    }

    /// Remembers a message that is ours now, and where its MDN is to be sent.
    pub(crate) fn remember(
        &self,
        message_id: &str,
        mic: &str,
        mdn: &[u8],
        post_to: Option<&str>,
    ) -> Result<(), Failure> {
        let at = now();
        self.run("remember a message", |c| {
            c.execute(
                "INSERT OR REPLACE INTO received (message_id, mic, at, mdn, post_to, post_after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![message_id, mic, at, mdn, post_to, post_to.map(|_| at)],
            )?;
            Ok(())
        })
    }

    /// The next MDN to be sent, or in how long there is one.
    pub(crate) fn due(&self) -> Result<Result<Due, Option<Duration>>, Failure> {
        let at = now();
        self.run("look for MDNs to send", |c| {
            let sql = "SELECT message_id, mic, post_to, mdn, post_after FROM received
                       WHERE post_after IS NOT NULL ORDER BY post_after LIMIT 1";
            let next = c.query_row(sql, [], |row| {
                let due = Due {
                    message_id: row.get(0)?,
                    mic: row.get(1)?,
                    url: row.get(2)?,
                    mdn: row.get(3)?,
                };
                Ok((due, row.get::<_, i64>(4)?))
            });
            Ok(match next.optional()? {
                None => Err(None),
                Some((due, after)) if after <= at => Ok(due),
                Some((_, after)) => Err(Some(Duration::from_secs(after.abs_diff(at)))),
            })
        })
    }

    /// An MDN was sent.
    pub(crate) fn posted(&self, due: &Due) -> Result<(), Failure> {
        self.run("remember that an MDN was sent", |c| {
            c.execute(
                "UPDATE received SET post_after = NULL WHERE message_id = ?1 AND mic = ?2",
                params![due.message_id, due.mic],
            )?;
            Ok(())
        })
    }

    /// An MDN could not be sent: later again, up to a day. True where it is given up.
    pub(crate) fn not_posted(&self, due: &Due) -> Result<bool, Failure> {
        let at = now();
        let too_old = at - i64::try_from(TRYING.as_secs()).unwrap_or(86_400);
        self.run("put an MDN off", |c| {
            c.execute(
                "UPDATE received SET tries = tries + 1, post_after = CASE WHEN at < ?3 THEN NULL
                 ELSE ?4 + min(?5, 1 << min(tries, 10)) END WHERE message_id = ?1 AND mic = ?2",
                params![due.message_id, due.mic, too_old, at, LONGEST],
            )?;
            let sql = "SELECT post_after IS NULL FROM received WHERE message_id = ?1 AND mic = ?2";
            c.query_row(sql, params![due.message_id, due.mic], |row| row.get(0))
        })
    }

    /// What is known of an envelope.
    pub(crate) fn before(&self, cop_msg_id: &str) -> Result<Before, Failure> {
        self.run("look up an envelope", |c| {
            let sql = "SELECT attempt, mdn FROM sent WHERE cop_msg_id = ?1";
            let row = c.query_row(sql, params![cop_msg_id], |row| {
                Ok(Before {
                    refusals: row.get(0)?,
                    mdn: row.get(1)?,
                })
            });
            Ok(row.optional()?.unwrap_or_default())
        })
    }

    /// An MDN of this Message-ID is waited for.
    pub(crate) fn expect(&self, cop_msg_id: &str, message_id: &str) -> Result<(), Failure> {
        self.run("remember what is sent", |c| {
            c.execute(
                "INSERT INTO sent (cop_msg_id, attempt, message_id, at) VALUES (?1, 0, ?2, ?3)
                 ON CONFLICT (cop_msg_id) DO UPDATE SET message_id = ?2, at = ?3",
                params![cop_msg_id, message_id, now()],
            )?;
            Ok(())
        })
    }

    /// Keeps an MDN that came in a request of its own; false where nothing of that Message-ID was sent.
    pub(crate) fn came(&self, message_id: &str, mdn: &[u8]) -> Result<bool, Failure> {
        self.run("keep an MDN", |c| {
            let sql = "UPDATE sent SET mdn = ?2 WHERE message_id = ?1";
            Ok(c.execute(sql, params![message_id, mdn])? > 0)
        })
    }

    /// The partner has said that it did not take an envelope: a repeat is a message of its own, so that
    /// it is not taken for a duplicate of one that never was.
    pub(crate) fn refused(&self, cop_msg_id: &str) -> Result<(), Failure> {
        self.run("remember a refusal", |c| {
            c.execute(
                "INSERT INTO sent (cop_msg_id, attempt, at) VALUES (?1, 1, ?2)
                 ON CONFLICT (cop_msg_id) DO UPDATE SET
                 attempt = attempt + 1, message_id = NULL, mdn = NULL, at = ?2",
                params![cop_msg_id, now()],
            )?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use std::time::Duration;

    const MONTH: Duration = Duration::from_secs(30 * 86_400);

    #[test]
    fn what_is_ours_stays_ours() {
        let dir = tempfile::tempdir().unwrap();
        let open = |remember| Memory::open("t", dir.path(), remember).unwrap();
        let memory = open(MONTH);
        assert_eq!(memory.told("<a>", "m").unwrap(), None);
        memory.remember("<a>", "m", b"mdn", None).unwrap();
        drop(memory);
        let memory = open(MONTH);
        assert_eq!(memory.told("<a>", "m").unwrap().unwrap(), b"mdn");
        // Another message under the same name is another message.
        assert_eq!(memory.told("<a>", "n").unwrap(), None);
        assert!(memory.due().unwrap().unwrap_err().is_none());
        let old = "UPDATE received SET at = at - 31 * 86400";
        memory.connection().execute(old, []).unwrap();
        memory.forget_old().unwrap();
        assert_eq!(memory.told("<a>", "m").unwrap(), None);
    }

    #[test]
    fn an_mdn_is_sent_until_it_is_there_or_a_day_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::open("t", dir.path(), MONTH).unwrap();
        memory
            .remember("<a>", "m", b"mdn", Some("http://x/"))
            .unwrap();
        let due = memory.due().unwrap().unwrap();
        assert_eq!(
            (due.url.as_str(), due.mdn.as_slice()),
            ("http://x/", &b"mdn"[..])
        );
        assert!(!memory.not_posted(&due).unwrap());
        let wait = memory.due().unwrap().unwrap_err().unwrap();
        assert!(wait <= Duration::from_secs(2), "{wait:?}");
        memory.posted(&due).unwrap();
        assert!(memory.due().unwrap().unwrap_err().is_none());
        memory
            .remember("<a>", "m", b"mdn", Some("http://x/"))
            .unwrap();
        let old = "UPDATE received SET at = at - 90000";
        memory.connection().execute(old, []).unwrap();
        assert!(memory.not_posted(&due).unwrap());
    }

    #[test]
    fn a_refusal_makes_the_next_try_another_message() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::open("t", dir.path(), MONTH).unwrap();
        assert_eq!(memory.before("c").unwrap().refusals, 0);
        memory.expect("c", "<c>").unwrap();
        assert!(memory.came("<c>", b"late").unwrap());
        assert!(!memory.came("<other>", b"late").unwrap());
        assert_eq!(memory.before("c").unwrap().mdn.unwrap(), b"late");
        memory.refused("c").unwrap();
        let before = memory.before("c").unwrap();
        assert_eq!((before.refusals, before.mdn), (1, None));
        assert!(!memory.came("<c>", b"late").unwrap());
        memory.refused("d").unwrap();
        assert_eq!(memory.before("d").unwrap().refusals, 1);
    }
}
