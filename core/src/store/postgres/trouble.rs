//! What PostgreSQL's errors mean. Codes: its documentation, appendix A.

use std::error::Error as _;
use tokio_postgres::Error;

use tongguan_contracts::FailureClass;

use crate::store::sql::Trouble;

/// An error on an open connection.
pub(super) fn trouble(error: &Error) -> Trouble {
    let Some(told) = error.as_db_error() else {
        return Trouble::Again(format!("the connection was lost: {}", words(error)));
    };
    // Not its detail: that repeats values, which may be personal data.
    let reason = told.message().to_owned();
    let database = |class, remedy| Trouble::Database {
        class,
        reason: reason.clone(),
        remedy,
    };
    match told.code().code() {
        // Serialization, deadlock, a row that another just wrote, a lock not had in time, and
        // connections that the server ends.
        "40001" | "40P01" | "23505" | "55P03" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => {
            Trouble::Again(reason)
        }
        "28P01" | "28000" => database(
            FailureClass::Misconfigured,
            "check the user in [store] url, the password that is referred to, and pg_hba.conf",
        ),
        "3D000" => database(
            FailureClass::Misconfigured,
            "make the database (createdb -O USER NAME), or mend [store] url",
        ),
        "42501" => database(
            FailureClass::Misconfigured,
            "grant the user its rights: GRANT CREATE, USAGE ON SCHEMA public TO the user, who is \
             to own the tables",
        ),
        "25006" => database(
            FailureClass::Transient,
            "this server only reads, it is a standby: [store] url is to name the primary",
        ),
        code if code.starts_with("53") => database(
            FailureClass::Transient,
            "the server lacks something: disk, memory, or connections (max_connections)",
        ),
        code if code.starts_with("42") => database(
            FailureClass::Misconfigured,
            "the tables are not as this program made them; restore them from a backup",
        ),
        code if code.starts_with("22") => database(
            FailureClass::Rejected,
            "the database cannot hold this value",
        ),
        _ => database(FailureClass::Transient, "see the server's log"),
    }
}

/// An error while connecting.
pub(super) fn no_connection(error: &Error) -> Trouble {
    match trouble(error) {
        Trouble::Again(_) => away(words(error)),
        other => other,
    }
}

/// No answer while connecting.
pub(super) fn no_answer() -> Trouble {
    away("no answer in time".to_owned())
}

fn away(reason: String) -> Trouble {
    Trouble::Database {
        class: FailureClass::Transient,
        reason,
        remedy: "check [store] url and tls, the network, and that PostgreSQL runs",
    }
}

/// An error and what is behind it.
pub(super) fn words(error: &Error) -> String {
    let mut text = match error.as_db_error() {
        Some(told) => return told.message().to_owned(),
        None => error.to_string(),
    };
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
