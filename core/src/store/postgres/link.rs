//! One connection.

use bytes::BytesMut;
use futures::future::try_join_all;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::error::Error as StdError;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, SimpleQueryMessage, Statement};

use super::gather::{Gathered, columns, gathered, kinds};
use super::options::Postgres;
use super::trouble::{no_answer, no_connection, trouble, words};
use crate::store::kept::Job;
use crate::store::sql::{Row, Sql, Trouble, Value};
use tongguan_contracts::FailureClass;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// How much longer than the server may work on a statement its answer may take.
const WAY: Duration = Duration::from_secs(5);

/// What a connection is set to: what is committed is on disk, and a node that hangs does not hold
/// the others up for ever.
fn session(patience: Duration) -> String {
    format!(
        "SELECT set_config('synchronous_commit', 'on', false)
         WHERE current_setting('synchronous_commit') = 'off';
         SET statement_timeout = {};
         SET lock_timeout = '10s';
         SET idle_in_transaction_session_timeout = '20s'",
        patience.as_millis()
    )
}

/// Begins a transaction and asks for the store's clock, in one flight.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT (extract(epoch from clock_timestamp()) * 1000)::bigint";

/// How many statements go in one flight, or in one that stands for them.
const FLIGHT: usize = 500;

/// The advisory lock that whoever locks business keys holds, shared; alone, who locks very many:
/// the letters `tg`.
const KEYS: i64 = 0x7467;

/// So many keys are locked one by one, no more: the server's table of locks is small.
const MOST_LOCKS: usize = 250;

pub(super) struct Link {
    client: Client,
    statements: HashMap<Cow<'static, str>, Statement>,
    hearing: Hearing,
}

/// Listens for answers, for so long.
struct Hearing {
    patience: Duration,
    /// An answer did not come in time: nothing of this connection is to be trusted any more.
    dead: bool,
}

impl Hearing {
    fn wait<T>(
        &mut self,
        runtime: &Runtime,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Trouble> {
        // The timer is made where the runtime runs.
        match runtime.block_on(async { timeout(self.patience, answer).await }) {
            Ok(answer) => answer.map_err(|e| trouble(&e)),
            Err(_) => {
                self.dead = true;
                Err(Trouble::Again("no answer in time".to_owned()))
            }
        }
    }
}

impl Link {
    pub(super) fn open(runtime: &Runtime, options: &Postgres) -> Result<Self, Trouble> {
        let opening = async {
            let (client, connection) = options
                .config
                .connect(options.tls.clone())
                .await
                .map_err(|e| no_connection(&e))?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error = words(&error), "a connection to the store has ended");
                }
            });
            client
                .batch_execute(&session(options.patience))
                .await
                .map_err(|e| no_connection(&e))?;
            Ok(Self {
                client,
                statements: HashMap::new(),
                hearing: Hearing {
                    patience: options.patience + WAY,
                    dead: false,
                },
            })
        };
        // The driver's own limit ends when the server's machine has answered, not the server.
        runtime
            .block_on(async { timeout(CONNECT, opening).await })
            .unwrap_or_else(|_| Err(no_answer()))
    }

    pub(super) fn is_up(&self) -> bool {
        !self.hearing.dead && !self.client.is_closed()
    }

    /// Runs statements that give nothing.
    pub(super) fn batch(&mut self, runtime: &Runtime, sql: &str) -> Result<(), Trouble> {
        self.hearing.wait(runtime, self.client.batch_execute(sql))
    }

    /// The number that the last of some statements gives.
    pub(super) fn number(&mut self, runtime: &Runtime, sql: &str) -> Result<i64, Trouble> {
        let answers = self.hearing.wait(runtime, self.client.simple_query(sql))?;
        answers
            .iter()
            .filter_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
                _ => None,
            })
            .next_back()
            .ok_or_else(|| Trouble::broken("a question has no answer".to_owned()))
    }

    /// Runs a job; what it did is on disk when this returns, or nothing of it is.
    pub(super) fn transaction(
        &mut self,
        runtime: &Runtime,
        job: &mut dyn Job,
    ) -> Result<(), Trouble> {
        let now = self.number(runtime, BEGIN)?;
        let mut open = Open {
            link: self,
            runtime,
            now,
        };
        if let Err(trouble) = job.run(&mut open) {
            // A connection that cannot roll back is closed, and that does it.
            if self.is_up() {
                let _ = self.batch(runtime, "ROLLBACK");
            }
            return Err(trouble);
        }
        match self.batch(runtime, "COMMIT") {
            // The connection was lost in the middle of a commit: nobody knows. Not to be run
            // again here; whoever asked does, and every rule bears it.
            Err(Trouble::Again(reason)) if !self.is_up() => Err(Trouble::Database {
                class: FailureClass::Transient,
                reason: format!("whether it was committed is unknown: {reason}"),
                remedy: "the same again does no harm",
            }),
            outcome => outcome,
        }
    }
}

/// An open transaction.
struct Open<'a> {
    link: &'a mut Link,
    runtime: &'a Runtime,
    now: i64,
}

impl Open<'_> {
    /// A rule's statement, prepared.
    fn statement(&mut self, sql: &'static str) -> Result<Statement, Trouble> {
        match self.link.statements.get(sql) {
            Some(known) => Ok(known.clone()),
            None => self.prepare(Cow::Borrowed(sql), &translated(sql)),
        }
    }

    fn prepare(&mut self, name: Cow<'static, str>, text: &str) -> Result<Statement, Trouble> {
        let link = &mut *self.link;
        let statement = link.hearing.wait(self.runtime, link.client.prepare(text))?;
        link.statements.insert(name, statement.clone());
        Ok(statement)
    }

    /// Runs a statement once for all sets, where it can be, and gives the rows of each.
    fn together(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Value>],
    ) -> Result<Option<Vec<Vec<Row>>>, Trouble> {
        let kinds = kinds(sets).filter(|_| sets.len() > 1);
        let Some(Gathered { text, gives }) =
            kinds.and_then(|kinds| gathered(&translated(sql), &kinds))
        else {
            return Ok(None);
        };
        let statement = match self.link.statements.get(text.as_str()) {
            Some(known) => known.clone(),
            None => self.prepare(Cow::Owned(text.clone()), &text)?,
        };
        let Link {
            client, hearing, ..
        } = &mut *self.link;
        let mut all: Vec<Vec<Row>> = Vec::new();
        all.resize_with(sets.len(), Vec::new);
        for (sets, all) in sets.chunks(FLIGHT).zip(all.chunks_mut(FLIGHT)) {
            let columns = columns(sets);
            let columns: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|c| &**c as _).collect();
            let rows = hearing.wait(self.runtime, client.query(&statement, &columns))?;
            for given in rows.iter().filter(|_| gives) {
                let mut row = row(given)?;
                let place = match row.0.pop() {
                    Some(Value::Int(place)) => usize::try_from(place - 1).ok(),
                    _ => None,
                };
                place
                    .and_then(|place| all.get_mut(place))
                    .ok_or_else(|| Trouble::broken("a row is nobody's".to_owned()))?
                    .push(row);
            }
        }
        Ok(Some(all))
    }
}

fn row(given: &tokio_postgres::Row) -> Result<Row, Trouble> {
    (0..given.len())
        .map(|column| given.try_get(column))
        .collect::<Result<_, tokio_postgres::Error>>()
        .map(Row)
        .map_err(|e| Trouble::broken(words(&e)))
}

/// A rule's text, which is written in SQLite's words.
fn translated(sql: &str) -> String {
    sql.replace('?', "$")
        .replace("/*pg ", "")
        .replace(" pg*/", "")
        .replace("instr(", "strpos(")
        .replace("char(10)", "chr(10)")
}

async fn once(
    client: &Client,
    statement: &Statement,
    set: &[Value],
) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
    let parameters: Vec<&(dyn ToSql + Sync)> =
        set.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
    client.query(statement, &parameters).await
}

impl Sql for Open<'_> {
    fn now(&self) -> i64 {
        self.now
    }

    fn each(&mut self, sql: &'static str, sets: &[Vec<Value>]) -> Result<Vec<Vec<Row>>, Trouble> {
        if let Some(all) = self.together(sql, sets)? {
            return Ok(all);
        }
        let mut all: Vec<Vec<Row>> = Vec::with_capacity(sets.len());
        let statement = self.statement(sql)?;
        let Link {
            client, hearing, ..
        } = &mut *self.link;
        let client = &*client;
        for flight in sets.chunks(FLIGHT) {
            let flight = flight.iter().map(|set| once(client, &statement, set));
            let answers = hearing.wait(self.runtime, try_join_all(flight))?;
            for rows in answers {
                all.push(rows.iter().map(row).collect::<Result<_, Trouble>>()?);
            }
        }
        Ok(all)
    }

    /// Few keys are locked each for itself; many, by holding off all who lock any.
    fn lock_keys(&mut self, keys: &[String]) -> Result<(), Trouble> {
        let locks: BTreeSet<i64> = keys.iter().map(|key| lock_of(key)).collect();
        if locks.is_empty() {
            return Ok(());
        }
        let sql = if locks.len() > MOST_LOCKS {
            format!("SELECT pg_advisory_xact_lock({KEYS})")
        } else {
            // In their order, so that two that want the same ones wait in turn.
            let each = locks.iter().map(|l| format!("pg_advisory_xact_lock({l})"));
            let each: Vec<String> = each.collect();
            let each = each.join(", ");
            format!("SELECT pg_advisory_xact_lock_shared({KEYS}), {each}")
        };
        self.link.batch(self.runtime, &sql)
    }
}

/// The number that stands for a key among the advisory locks; never one of our own.
fn lock_of(key: &str) -> i64 {
    let digest = Sha256::digest(key);
    let octets = digest.iter().take(8);
    octets.fold(i64::MIN, |lock, octet| (lock << 8) | i64::from(*octet)) | i64::MIN
}

type Unfit = Box<dyn StdError + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *kind == Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
            Self::Int(value) => value.to_sql(kind, out),
            // PostgreSQL's text holds no NUL; hostile input may.
            Self::Text(value) if value.contains('\0') => {
                value.replace('\0', "\u{fffd}").to_sql(kind, out)
            }
            Self::Text(value) => value.to_sql(kind, out),
            Self::Octets(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Unfit> {
        match *kind {
            Type::INT4 => Ok(Self::Int(i64::from(i32::from_sql(kind, raw)?))),
            Type::INT8 => Ok(Self::Int(i64::from_sql(kind, raw)?)),
            Type::BYTEA => Ok(Self::Octets(raw.to_vec())),
            _ => Ok(Self::Text(String::from_sql(kind, raw)?)),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Unfit> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::TEXT | Type::BYTEA)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_rule_is_translated() {
        let rule = "SELECT instr(a || char(10), ?1) FROM t WHERE b = ?2 /*pg FOR UPDATE pg*/";
        assert_eq!(
            super::translated(rule),
            "SELECT strpos(a || chr(10), $1) FROM t WHERE b = $2 FOR UPDATE"
        );
    }
}
