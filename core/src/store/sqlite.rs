//! The embedded database: one file, one writing thread with group commit, and one that looks.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, Transaction, TransactionBehavior, params_from_iter};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tongguan_contracts::{Failure, FailureClass};

use super::kept::{Job, SqlStore};
use super::schema;
use super::sql::{Row, Sql, Trouble, Value};
use crate::clock::now_ms;

/// How many waiting jobs share one commit, and so one flush of the disk.
const GROUP: usize = 256;

/// So long does a process wait for others that hold the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// So much of the database is held in memory, in KiB.
const CACHE: i64 = 64 << 10;

/// So long may the log of changes grow before it is written into the file, in pages of 4 KiB.
const LOG: i64 = 8 << 10;

fn failed(path: &Path, doing: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::misconfigured("store", format!("{doing} {}", path.display()), reason)
        .remedy("check [store] path, who may write the file and its folder, and the disk")
}

impl SqlStore {
    /// Opens an SQLite file, or makes it.
    ///
    /// # Errors
    /// Misconfigured: it cannot be written, is no database, or is of a newer version.
    pub fn sqlite(path: &Path) -> Result<Self, Failure> {
        let set = |e: rusqlite::Error| failed(path, "open", e);
        let mut db = patiently(|| write_ahead(path)).map_err(set)?;
        prepare(&mut db).map_err(|trouble| match trouble {
            Trouble::Again(reason) | Trouble::Refused { reason, .. } => {
                failed(path, "open", reason)
            }
            Trouble::Database { reason, remedy, .. } => failed(path, "open", reason).remedy(remedy),
        })?;
        let view = patiently(|| looking(path)).map_err(set)?;
        let (jobs, queue) = mpsc::channel::<Box<dyn Job>>();
        let (looks, looking) = mpsc::channel::<Box<dyn Job>>();
        let start = |work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name("store".to_owned())
                .spawn(work)
                .map_err(|e| failed(path, "start the thread for", e))
        };
        start(Box::new(move || work(db, &queue)))?;
        start(Box::new(move || look(view, &looking)))?;
        Ok(Self::new(path.display().to_string(), jobs, looks))
    }
}

/// A connection that writes, set as the promise needs it.
fn write_ahead(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = connect(path)?;
    // WAL lets readers and one writer work side by side; FULL flushes at every commit: what
    // was acknowledged survives a power cut.
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // What a job may have to undo alone is kept in memory, not in a file of its own.
    db.pragma_update(None, "temp_store", "memory")?;
    // Ids and keys fall anywhere in their indexes: their pages are worth holding.
    db.pragma_update(None, "cache_size", -CACHE)?;
    // A page that many commits change is written into the file once for all of them.
    db.pragma_update(None, "wal_autocheckpoint", LOG)?;
    // What is removed is overwritten: personal data that was purged is not to be found.
    db.pragma_update(None, "secure_delete", true)?;
    Ok(db)
}

/// A connection that only looks.
fn looking(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = connect(path)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

/// Opens as soon as no other process is in the way, within [`PATIENCE`].
///
/// A file becomes WAL, and the last to close it cuts its log, under a lock for which SQLite does
/// not wait as it does for others: whoever opens in that moment is told "locked" at once.
fn patiently(
    open: impl Fn() -> Result<Connection, rusqlite::Error>,
) -> Result<Connection, rusqlite::Error> {
    let since = Instant::now();
    loop {
        match open() {
            Err(error) if busy(&error) && since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            outcome => return outcome,
        }
    }
}

fn busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(path)?;
    db.busy_timeout(PATIENCE)?;
    // Room for every statement that the rules have.
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Runs what only looks, each job on what is committed by then, beside the writer.
fn look(mut db: Connection, queue: &mpsc::Receiver<Box<dyn Job>>) {
    while let Ok(mut job) = queue.recv() {
        let outcome = db.transaction().map_err(Trouble::from).and_then(|whole| {
            let outcome = alone(&whole, job.as_mut(), &mut false);
            whole.commit()?;
            outcome
        });
        job.tell(outcome);
    }
}

/// Brings the file to this program's version, which SQLite keeps in `user_version`.
fn prepare(db: &mut Connection) -> Result<(), Trouble> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, step) in schema::missing(version)? {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    Ok(transaction.commit()?)
}

fn work(mut db: Connection, queue: &mpsc::Receiver<Box<dyn Job>>) {
    while let Ok(mut first) = queue.recv() {
        let transaction = match db.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(transaction) => transaction,
            Err(error) => {
                tracing::error!(%error, "the store cannot begin a transaction");
                first.tell(Err(Trouble::from(error.to_string())));
                continue;
            }
        };
        let mut forget = false;
        // It has nobody before it: what undoes it undoes the whole transaction.
        if let Err(trouble) = first.run(&mut open(&transaction, &mut forget)) {
            drop(transaction);
            first.tell(Err(trouble));
            continue;
        }
        let (mut jobs, mut results) = (vec![first], vec![Ok(())]);
        while jobs.len() < GROUP
            && let Ok(mut job) = queue.try_recv()
        {
            results.push(alone(&transaction, job.as_mut(), &mut forget));
            jobs.push(job);
        }
        let failed = transaction.commit().err().map(|e| e.to_string());
        if forget && failed.is_none() {
            // The log of changes holds what was overwritten until it is cut.
            let cut = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
            if !matches!(cut, Ok(0)) {
                tracing::debug!(?cut, "the write-ahead log is in use: it is cut later");
            }
        }
        for (job, result) in jobs.into_iter().zip(results) {
            job.tell(match &failed {
                Some(error) => Err(Trouble::from(error.clone())),
                None => result,
            });
        }
    }
}

/// Runs a job that shares its commit with others: failing, it undoes only itself.
fn alone(
    transaction: &Transaction<'_>,
    job: &mut dyn Job,
    forget: &mut bool,
) -> Result<(), Trouble> {
    transaction.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = job.run(&mut open(transaction, forget));
    if result.is_err() {
        transaction.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    transaction.prepare_cached("RELEASE job")?.execute([])?;
    result
}

fn open<'a>(transaction: &'a Transaction<'a>, forget: &'a mut bool) -> Open<'a> {
    Open {
        transaction,
        now: now_ms(),
        forget,
    }
}

/// An open transaction. All that it does has one time.
struct Open<'a> {
    transaction: &'a Transaction<'a>,
    now: i64,
    forget: &'a mut bool,
}

impl Sql for Open<'_> {
    fn now(&self) -> i64 {
        self.now
    }

    fn each(&mut self, sql: &'static str, sets: &[Vec<Value>]) -> Result<Vec<Vec<Row>>, Trouble> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut all = Vec::with_capacity(sets.len());
        for set in sets {
            let mut rows = statement.query(params_from_iter(set))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let cells = (0..columns).map(|column| Ok(value(row.get_ref(column)?)));
                found.push(Row(cells.collect::<Result<_, rusqlite::Error>>()?));
            }
            all.push(found);
        }
        Ok(all)
    }

    fn forget(&mut self) {
        *self.forget = true;
    }

    /// The file's one writer is alone already.
    fn lock_keys(&mut self, _: &[String]) -> Result<(), Trouble> {
        Ok(())
    }
}

fn value(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Value::Octets(value.to_vec()),
        // The tables are STRICT, and have no column of reals.
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Octets(value) => ValueRef::Blob(value),
        }))
    }
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Database {
            class: FailureClass::Transient,
            reason,
            remedy: "check the disk's space, and who may write the file",
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::from(error.to_string())
    }
}
