//! The embedded store: one file, one writing thread, group commit.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::oneshot;

use tongguan_contracts::{Declaration, Failure};
use tongguan_messages::Outcome;

use super::{
    About, Answer, Carrier, CarrierSummary, Claimed, Details, Filter, Inbound, Level, Notice,
    Status, Store, Submitted, Summary, Tried, Waiting, schema,
};
use crate::State;
use crate::clock::now_ms;
use crate::lifecycle::Event;

/// A job runs in a transaction of the writing thread and gives what to do once it is committed.
type Job = Box<dyn FnOnce(&Transaction<'_>) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Option<&str>) + Send>;

/// How many waiting jobs share one commit, and so one flush of the disk.
const GROUP: usize = 256;

/// The SQLite store.
pub struct Sqlite {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
}

fn failed(path: &Path, doing: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::misconfigured("store", format!("{doing} {}", path.display()), reason)
        .remedy("check [store] path, who may write the file and its folder, and the disk")
}

impl Sqlite {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Misconfigured: it cannot be written, is no database, or is of a newer version.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let mut db = Connection::open(path).map_err(|e| failed(path, "open", e))?;
        let set = |e: rusqlite::Error| failed(path, "open", e);
        db.busy_timeout(Duration::from_secs(10)).map_err(set)?;
        // WAL lets readers and one writer work side by side; FULL flushes at every commit: what
        // was acknowledged survives a power cut.
        db.pragma_update(None, "journal_mode", "wal").map_err(set)?;
        db.pragma_update(None, "synchronous", "full").map_err(set)?;
        db.pragma_update(None, "foreign_keys", true).map_err(set)?;
        schema::prepare(&mut db).map_err(|e| failed(path, "open", e))?;
        let (jobs, queue) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || work(db, &queue))
            .map_err(|e| failed(path, "start the thread for", e))?;
        Ok(Self {
            path: path.to_owned(),
            jobs,
        })
    }

    /// Runs `work` in a transaction; returns once that is on disk.
    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, done) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            // A job that fails undoes only itself, not those that share its commit.
            let result = transaction
                .execute_batch("SAVEPOINT job")
                .map_err(Trouble::from)
                .and_then(|()| work(transaction));
            let end = if result.is_ok() {
                "RELEASE job"
            } else {
                "ROLLBACK TO job; RELEASE job"
            };
            let result = transaction
                .execute_batch(end)
                .map_err(Trouble::from)
                .and(result);
            Box::new(move |commit_error| {
                let result = match commit_error {
                    Some(error) => Err(Trouble::Database(error.to_owned())),
                    None => result,
                };
                // Nobody waits any more: the work is done all the same.
                let _ = answer.send(result);
            })
        });
        let gone = || Trouble::Database("the store's thread has ended".to_owned());
        let result = match self.jobs.send(job) {
            Ok(()) => done.await.unwrap_or_else(|_| Err(gone())),
            Err(_) => Err(gone()),
        };
        result.map_err(|trouble| match trouble {
            Trouble::Database(reason) => Failure::transient(
                "store",
                format!("{doing} in {}", self.path.display()),
                reason,
            )
            .remedy("check the disk's space, and who may write the file"),
            Trouble::Conflict(reason) => Failure::rejected("store", doing, reason).remedy(
                "give it a new number, or declare it as a change (appType 2); see what is there \
                 with: tongguan show NUMBER",
            ),
        })
    }
}

/// Why a job failed.
enum Trouble {
    Database(String),
    Conflict(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

fn work(mut db: Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let begin = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
        let (replies, error) = match begin {
            Ok(transaction) => {
                let mut replies = vec![first(&transaction)];
                while replies.len() < GROUP {
                    match queue.try_recv() {
                        Ok(job) => replies.push(job(&transaction)),
                        Err(_) => break,
                    }
                }
                (replies, transaction.commit().err().map(|e| e.to_string()))
            }
            Err(error) => {
                // Dropping the job tells its caller that it did not run.
                tracing::error!(%error, "the store cannot begin a transaction");
                continue;
            }
        };
        for reply in replies {
            reply(error.as_deref());
        }
    }
}

fn shown(key: &str) -> String {
    key.replace('\n', " / ")
}

fn add_status(
    t: &Transaction<'_>,
    declaration: i64,
    level: Level,
    text: &str,
) -> Result<(), Trouble> {
    t.prepare_cached(
        "INSERT INTO status (declaration, at, level, code, text) VALUES (?1, ?2, ?3, '', ?4)",
    )?
    .execute(params![declaration, now_ms(), level.name(), text])?;
    Ok(())
}

fn state_of(t: &Transaction<'_>, declaration: i64) -> Result<State, Trouble> {
    let name: String = t
        .prepare_cached("SELECT state FROM declaration WHERE seq = ?1")?
        .query_row([declaration], |row| row.get(0))?;
    State::named(&name).ok_or_else(|| Trouble::Database(format!("unknown state {name:?}")))
}

/// Moves a declaration, if the table of transitions lets it.
fn advance(t: &Transaction<'_>, declaration: i64, event: Event) -> Result<(), Trouble> {
    if let Some(next) = state_of(t, declaration)?.after(event) {
        t.prepare_cached("UPDATE declaration SET state = ?2 WHERE seq = ?1")?
            .execute(params![declaration, next.name()])?;
    }
    Ok(())
}

fn carried_by(t: &Transaction<'_>, cop_msg_id: &str) -> Result<Vec<i64>, Trouble> {
    let mut query = t.prepare_cached(
        "SELECT d.seq FROM declaration d JOIN carrier c ON d.carrier = c.seq
         WHERE c.cop_msg_id = ?1 ORDER BY d.position",
    )?;
    let rows = query.query_map([cop_msg_id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes one declaration.
fn take(t: &Transaction<'_>, role: &str, declaration: &Declaration) -> Result<Submitted, Trouble> {
    let mut query = t.prepare_cached(
        "SELECT id, fingerprint, guid FROM declaration
         WHERE message = ?1 AND business_key = ?2 AND state <> 'rejected' ORDER BY seq DESC",
    )?;
    let there: Vec<(String, String, String)> = query
        .query_map(
            params![declaration.message, declaration.business_key],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?
        .collect::<Result<_, _>>()?;
    if let Some((id, ..)) = there
        .iter()
        .find(|(_, print, _)| *print == declaration.fingerprint)
    {
        return Ok(Submitted {
            id: id.clone(),
            already_there: true,
        });
    }
    if let (Some((id, ..)), false) = (there.first(), declaration.amends) {
        return Err(Trouble::Conflict(format!(
            "{} {} (line {}) is declared already, with other content, as {id}",
            declaration.message,
            shown(&declaration.business_key),
            declaration.origin.line
        )));
    }
    let used: Option<String> = t
        .prepare_cached("SELECT id FROM declaration WHERE guid = ?1")?
        .query_row([&declaration.guid], |row| row.get(0))
        .optional()?;
    if let Some(id) = used {
        return Err(Trouble::Conflict(format!(
            "the guid {} (line {}) is used already, by {id}",
            declaration.guid, declaration.origin.line
        )));
    }
    let id = uuid::Uuid::now_v7().simple().to_string();
    t.prepare_cached(
        "INSERT INTO declaration (id, role, message, guid, business_key, fingerprint, fragment,
         document, line, state, submitted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        id,
        role,
        declaration.message,
        declaration.guid,
        declaration.business_key,
        declaration.fingerprint,
        declaration.fragment,
        declaration.origin.document,
        declaration.origin.line,
        State::Submitted.name(),
        now_ms(),
    ])?;
    let seq = t.last_insert_rowid();
    add_status(t, seq, Level::Local, "submitted")?;
    Ok(Submitted {
        id,
        already_there: false,
    })
}

/// The declarations that an answer is about.
fn targets(t: &Transaction<'_>, about: &About) -> Result<Vec<i64>, Trouble> {
    let (messages, key, guid) = match about {
        About::Envelope(cop_msg_id) => return carried_by(t, cop_msg_id),
        About::Declaration {
            messages,
            key,
            guid,
        } => (messages, key, guid),
    };
    for message in *messages {
        // By guid when the service repeats ours, else the last one sent with that key.
        let by_guid: Option<i64> = t
            .prepare_cached(
                "SELECT seq FROM declaration
                 WHERE guid = ?1 AND message = ?2 AND business_key = ?3 AND carrier IS NOT NULL",
            )?
            .query_row(params![guid, message, key], |row| row.get(0))
            .optional()?;
        let by_key: Option<i64> = match key {
            Some(key) if by_guid.is_none() => t
                .prepare_cached(
                    "SELECT seq FROM declaration WHERE message = ?1 AND business_key = ?2
                     AND carrier IS NOT NULL ORDER BY seq DESC LIMIT 1",
                )?
                .query_row(params![message, key], |row| row.get(0))
                .optional()?,
            _ => None,
        };
        if let Some(found) = by_guid.or(by_key) {
            return Ok(vec![found]);
        }
    }
    Ok(Vec::new())
}

/// Notes an answer about one declaration.
fn answer(
    t: &Transaction<'_>,
    declaration: i64,
    answer: &Answer,
    inbound: i64,
) -> Result<Notice, Trouble> {
    let (role, message, guid, answered): (String, String, String, String) = t
        .prepare_cached("SELECT role, message, guid, answered FROM declaration WHERE seq = ?1")?
        .query_row([declaration], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let attempts: i64 = t
        .prepare_cached(
            "SELECT c.attempts FROM carrier c JOIN declaration d ON d.carrier = c.seq
             WHERE d.seq = ?1",
        )?
        .query_row([declaration], |row| row.get(0))?;
    let event = match answer.outcome {
        // Sent more than once, "already declared" answers the repeat: the first one arrived.
        Outcome::Rejected if answer.already_declared && attempts > 1 => Event::Good,
        Outcome::Rejected => Event::Bad,
        Outcome::Accepted => Event::Good,
        Outcome::Pending => Event::UnderWay,
    };
    // An older answer that comes late is kept, but does not undo a newer one.
    if answer.time.is_empty() || answer.time >= answered {
        advance(t, declaration, event)?;
        t.prepare_cached("UPDATE declaration SET answered = ?2 WHERE seq = ?1 AND ?2 <> ''")?
            .execute(params![declaration, answer.time])?;
    }
    t.prepare_cached(
        "INSERT INTO status (declaration, at, level, code, text, said_at, inbound)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        declaration,
        now_ms(),
        answer.level.name(),
        answer.code,
        answer.text,
        answer.time,
        inbound,
    ])?;
    Ok(Notice {
        role,
        message,
        guid,
        code: answer.code.clone(),
        text: answer.text.clone(),
    })
}

fn summary(t: &Transaction<'_>, row: &Row<'_>) -> Result<(i64, Summary), Trouble> {
    let seq: i64 = row.get("seq")?;
    let state: String = row.get("state")?;
    let latest = t
        .prepare_cached(
            "SELECT s.at, s.level, s.code, s.text, i.digest FROM status s
             LEFT JOIN inbound i ON s.inbound = i.seq
             WHERE s.declaration = ?1
             ORDER BY s.said_at DESC, s.seq DESC LIMIT 1",
        )?
        .query_row([seq], status)
        .optional()?;
    let key: String = row.get("business_key")?;
    Ok((
        seq,
        Summary {
            id: row.get("id")?,
            message: row.get("message")?,
            guid: row.get("guid")?,
            key: shown(&key),
            state: State::named(&state)
                .ok_or_else(|| Trouble::Database(format!("unknown state {state:?}")))?,
            submitted_at: row.get("submitted_at")?,
            document: row.get("document")?,
            line: row.get("line")?,
            latest,
        },
    ))
}

fn status(row: &Row<'_>) -> rusqlite::Result<Status> {
    Ok(Status {
        at: row.get(0)?,
        level: row.get(1)?,
        code: row.get(2)?,
        text: row.get(3)?,
        inbound: row.get(4)?,
    })
}

fn details(t: &Transaction<'_>, seq: i64, summary: Summary) -> Result<Details, Trouble> {
    let history = t
        .prepare_cached(
            "SELECT s.at, s.level, s.code, s.text, i.digest FROM status s
             LEFT JOIN inbound i ON s.inbound = i.seq WHERE s.declaration = ?1 ORDER BY s.seq",
        )?
        .query_map([seq], status)?
        .collect::<Result<_, _>>()?;
    let inbound = t
        .prepare_cached(
            "SELECT DISTINCT i.digest, i.octets FROM inbound i
             JOIN status s ON s.inbound = i.seq WHERE s.declaration = ?1 ORDER BY i.seq",
        )?
        .query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let carried = t
        .prepare_cached(
            "SELECT c.guid, c.cop_msg_id, c.transport, c.profile, c.certificate, c.attempts,
             c.sent_at, c.evidence, c.error, c.envelope FROM carrier c
             JOIN declaration d ON d.carrier = c.seq WHERE d.seq = ?1",
        )?
        .query_row([seq], |row| {
            let carrier = CarrierSummary {
                guid: row.get(0)?,
                cop_msg_id: row.get(1)?,
                transport: row.get(2)?,
                profile: row.get(3)?,
                certificate: row.get(4)?,
                attempts: row.get(5)?,
                sent_at: row.get(6)?,
                evidence: row.get(7)?,
                error: row.get(8)?,
            };
            Ok((carrier, row.get::<_, Vec<u8>>(9)?))
        })
        .optional()?;
    let fragment = t
        .prepare_cached("SELECT fragment FROM declaration WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))?;
    let (carrier, envelope) = carried.unzip();
    Ok(Details {
        summary,
        history,
        carrier,
        fragment,
        envelope,
        inbound,
    })
}

#[async_trait]
impl Store for Sqlite {
    async fn submit(
        &self,
        role: &str,
        declarations: Vec<Declaration>,
    ) -> Result<Vec<Submitted>, Failure> {
        let role = role.to_owned();
        self.run("take declarations", move |t| {
            declarations
                .iter()
                .map(|declaration| take(t, &role, declaration))
                .collect()
        })
        .await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, Failure> {
        self.run("see what waits", |t| {
            let mut query = t.prepare_cached(
                "SELECT message, COUNT(*), MIN(submitted_at) FROM declaration
                 WHERE state = 'submitted' GROUP BY message",
            )?;
            let rows = query.query_map([], |row| {
                Ok(Waiting {
                    message: row.get(0)?,
                    count: row.get::<_, i64>(1)?.try_into().unwrap_or(0),
                    since: row.get(2)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn claim(&self, message: &str, most: usize) -> Result<Vec<Claimed>, Failure> {
        let (message, most) = (message.to_owned(), i64::try_from(most).unwrap_or(100));
        self.run("claim declarations", move |t| {
            let mut query = t.prepare_cached(
                "SELECT id, fragment FROM declaration
                 WHERE state = 'submitted' AND message = ?1 ORDER BY seq LIMIT ?2",
            )?;
            let rows = query.query_map(params![message, most], |row| {
                Ok(Claimed {
                    id: row.get(0)?,
                    fragment: row.get(1)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn carry(&self, carrier: Carrier, declarations: Vec<String>) -> Result<(), Failure> {
        self.run("keep a signed message", move |t| {
            t.prepare_cached(
                "INSERT INTO carrier
                 (message, guid, cop_msg_id, transport, profile, certificate, envelope, made_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                carrier.message,
                carrier.guid,
                carrier.cop_msg_id,
                carrier.transport,
                carrier.profile,
                carrier.certificate,
                carrier.envelope,
                now_ms(),
            ])?;
            let seq = t.last_insert_rowid();
            for (position, id) in declarations.iter().enumerate() {
                // The condition fences: a declaration goes into one message, once.
                let changed = t
                    .prepare_cached(
                        "UPDATE declaration SET carrier = ?1, position = ?2, state = 'signed'
                         WHERE id = ?3 AND state = 'submitted'",
                    )?
                    .execute(params![seq, i64::try_from(position).unwrap_or(0), id])?;
                if changed != 1 {
                    return Err(Trouble::Conflict(format!(
                        "{id} is in another message already"
                    )));
                }
                let declaration: i64 = t
                    .prepare_cached("SELECT seq FROM declaration WHERE id = ?1")?
                    .query_row([id], |row| row.get(0))?;
                let text = format!("signed, in envelope {}", carrier.cop_msg_id);
                add_status(t, declaration, Level::Local, &text)?;
            }
            Ok(())
        })
        .await
    }

    async fn due(&self, transport: &str, now: i64, most: usize) -> Result<Vec<Carrier>, Failure> {
        let (transport, most) = (transport.to_owned(), i64::try_from(most).unwrap_or(64));
        self.run("see what is to be sent", move |t| {
            let mut query = t.prepare_cached(
                "SELECT message, guid, cop_msg_id, transport, profile, certificate, envelope,
                 attempts FROM carrier
                 WHERE open = 1 AND transport = ?1 AND next_at <= ?2 ORDER BY seq LIMIT ?3",
            )?;
            let rows = query.query_map(params![transport, now, most], |row| {
                Ok(Carrier {
                    message: row.get(0)?,
                    guid: row.get(1)?,
                    cop_msg_id: row.get(2)?,
                    transport: row.get(3)?,
                    profile: row.get(4)?,
                    certificate: row.get(5)?,
                    envelope: row.get(6)?,
                    attempts: row.get(7)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn tried(&self, cop_msg_id: &str, tried: Tried) -> Result<(), Failure> {
        let id = cop_msg_id.to_owned();
        self.run("note a try to send", move |t| {
            let (event, text) = match &tried {
                Tried::Accepted { evidence } => {
                    t.prepare_cached(
                        "UPDATE carrier SET open = 0, attempts = attempts + 1, sent_at = ?2,
                         evidence = ?3, error = NULL WHERE cop_msg_id = ?1",
                    )?
                    .execute(params![id, now_ms(), evidence])?;
                    (Event::Taken, format!("taken: {evidence}"))
                }
                Tried::Again { at, error } => {
                    t.prepare_cached(
                        "UPDATE carrier SET attempts = attempts + 1, next_at = ?2, error = ?3
                         WHERE cop_msg_id = ?1",
                    )?
                    .execute(params![id, at, error])?;
                    (Event::Lost, format!("not taken yet: {error}"))
                }
                Tried::Refused { error } => {
                    t.prepare_cached(
                        "UPDATE carrier SET open = 0, attempts = attempts + 1, error = ?2
                         WHERE cop_msg_id = ?1",
                    )?
                    .execute(params![id, error])?;
                    (Event::Refused, format!("refused: {error}"))
                }
            };
            for declaration in carried_by(t, &id)? {
                // The same trouble again is one line of history, not a thousand.
                let before = state_of(t, declaration)?;
                advance(t, declaration, event)?;
                if event != Event::Lost || before != State::Unknown {
                    add_status(t, declaration, Level::Transport, &text)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn receive(&self, inbound: Inbound) -> Result<Vec<Notice>, Failure> {
        self.run("keep what came in", move |t| {
            let digest = hex::encode(Sha256::digest(&inbound.octets));
            let inserted = t
                .prepare_cached(
                    "INSERT INTO inbound
                     (digest, octets, transport, origin, received_at, kind, problem, matched)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT (digest) DO NOTHING",
                )?
                .execute(params![
                    digest,
                    inbound.octets,
                    inbound.transport,
                    inbound.origin,
                    now_ms(),
                    inbound.kind,
                    inbound.problem,
                ])?;
            if inserted == 0 {
                return Ok(Vec::new());
            }
            let seq = t.last_insert_rowid();
            let mut notices = Vec::new();
            for one in &inbound.answers {
                for declaration in targets(t, &one.about)? {
                    notices.push(answer(t, declaration, one, seq)?);
                }
            }
            t.prepare_cached("UPDATE inbound SET matched = ?2 WHERE seq = ?1")?
                .execute(params![seq, i64::try_from(notices.len()).unwrap_or(0)])?;
            Ok(notices)
        })
        .await
    }

    async fn find(&self, text: &str) -> Result<Option<Details>, Failure> {
        let text = text.to_owned();
        self.run("find a declaration", move |t| {
            let mut query = t.prepare_cached(
                "SELECT * FROM declaration WHERE id = ?1 OR guid = ?1 OR business_key = ?1
                 OR instr(char(10) || business_key || char(10), char(10) || ?1 || char(10)) > 0
                 ORDER BY seq DESC LIMIT 1",
            )?;
            let mut rows = query.query([&text])?;
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            let (seq, summary) = summary(t, row)?;
            Ok(Some(details(t, seq, summary)?))
        })
        .await
    }

    async fn list(&self, filter: Filter) -> Result<Vec<Summary>, Failure> {
        self.run("list declarations", move |t| {
            let mut query = t.prepare_cached(
                "SELECT * FROM declaration WHERE (?1 IS NULL OR state = ?1)
                 AND (?2 IS NULL OR message = ?2) ORDER BY seq DESC LIMIT ?3",
            )?;
            let state = filter.state.map(State::name);
            let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
            let mut rows = query.query(params![state, filter.message, limit])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(summary(t, row)?.1);
            }
            Ok(all)
        })
        .await
    }

    async fn counts(&self) -> Result<Vec<(String, State, u64)>, Failure> {
        self.run("count declarations", |t| {
            let mut query = t.prepare_cached(
                "SELECT message, state, COUNT(*) FROM declaration GROUP BY message, state",
            )?;
            let rows = query.query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, i64>(2)?,
                ))
            })?;
            let mut all = Vec::new();
            for row in rows {
                let (message, state, count) = row?;
                if let Some(state) = State::named(&state) {
                    all.push((message, state, count.try_into().unwrap_or(0)));
                }
            }
            Ok(all)
        })
        .await
    }

    async fn unmatched(&self) -> Result<u64, Failure> {
        self.run("count what matched nothing", |t| {
            let count: i64 =
                t.query_row("SELECT COUNT(*) FROM inbound WHERE matched = 0", [], |r| {
                    r.get(0)
                })?;
            Ok(count.try_into().unwrap_or(0))
        })
        .await
    }
}
