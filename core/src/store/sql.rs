//! The seam under the SQL stores: what the rules need of a database, and no more.
//!
//! A rule's text is written once, in SQLite's words; a backend for another database translates
//! the few that differ. What stands between `/*pg` and `pg*/` only PostgreSQL sees: its locks on
//! rows, which SQLite, with one writer at a time, has no need of.

use std::fmt;

use tongguan_contracts::FailureClass;

/// What a column or a parameter holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Octets(Vec<u8>),
}

impl fmt::Debug for Value {
    /// Without what is in it: a database's library writes its parameters into the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "text of {}", value.len()),
            Self::Octets(value) => write!(f, "octets of {}", value.len()),
        }
    }
}

/// One transaction.
pub(super) trait Sql {
    /// Now, by the store's own clock, milliseconds since 1970. One clock for all nodes.
    fn now(&self) -> i64;

    /// Runs a statement once for every set of parameters, in order, and gives the rows of each.
    /// A database across a network gets all of them in one flight.
    fn each(&mut self, sql: &'static str, sets: &[Vec<Value>]) -> Result<Vec<Vec<Row>>, Trouble>;

    /// What this transaction overwrites must not be left lying in the database's files, as far as
    /// the database lets us.
    fn forget(&mut self) {}

    /// Holds others off these business keys until the transaction ends.
    fn lock_keys(&mut self, keys: &[String]) -> Result<(), Trouble>;
}

impl dyn Sql + '_ {
    /// The rows of one run.
    pub(super) fn all(&mut self, sql: &'static str, set: Vec<Value>) -> Result<Vec<Row>, Trouble> {
        Ok(self.each(sql, &[set])?.pop().unwrap_or_default())
    }

    /// The first row of one run.
    pub(super) fn first(
        &mut self,
        sql: &'static str,
        set: Vec<Value>,
    ) -> Result<Option<Row>, Trouble> {
        Ok(self.all(sql, set)?.into_iter().next())
    }
}

/// Why a transaction came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another transaction stood in the way, or the connection was lost: the same again may work.
    Again(String),
    /// The database refused or is away.
    Database {
        class: FailureClass,
        reason: String,
        remedy: &'static str,
    },
    /// What was asked for cannot be.
    Refused { reason: String, remedy: String },
}

impl Trouble {
    /// The database holds what this program never writes.
    pub(super) fn broken(reason: String) -> Self {
        Self::Database {
            class: FailureClass::Misconfigured,
            reason,
            remedy: "another program has written into the store; restore it from a backup",
        }
    }
}

/// One row of an answer.
#[derive(Debug)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    fn wrong<T>(&self, column: usize, wanted: &str) -> Result<T, Trouble> {
        // The value itself may be personal data.
        Err(Trouble::broken(format!(
            "column {column} holds no {wanted}"
        )))
    }

    pub(super) fn int(&self, column: usize) -> Result<i64, Trouble> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            _ => self.wrong(column, "number"),
        }
    }

    pub(super) fn maybe_int(&self, column: usize) -> Result<Option<i64>, Trouble> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    /// A number that counts.
    pub(super) fn count<T: TryFrom<i64> + Default>(&self, column: usize) -> Result<T, Trouble> {
        Ok(T::try_from(self.int(column)?).unwrap_or_default())
    }

    pub(super) fn text(&self, column: usize) -> Result<String, Trouble> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value.clone()),
            _ => self.wrong(column, "text"),
        }
    }

    pub(super) fn maybe_text(&self, column: usize) -> Result<Option<String>, Trouble> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// Octets where there are any, moved out of the row.
    pub(super) fn maybe_octets(&mut self, column: usize) -> Result<Option<Vec<u8>>, Trouble> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.octets(column).map(Some),
        }
    }

    /// Octets, moved out of the row.
    pub(super) fn octets(&mut self, column: usize) -> Result<Vec<u8>, Trouble> {
        match self.0.get_mut(column) {
            Some(Value::Octets(value)) => Ok(std::mem::take(value)),
            _ => self.wrong(column, "octets"),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Octets(value.to_vec())
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// The parameters of one run, whatever their types.
macro_rules! set {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Value::from($value)),*] };
}
pub(super) use set;
