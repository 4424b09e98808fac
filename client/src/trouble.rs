use serde::Serialize;
use std::io::Write;
use tongguan_contracts::{DocumentRefused, Failure, FailureClass, Problem};

use crate::cli::Global;
use crate::exit::Exit;

/// Why a command ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A part, the store or the manifest failed.
    #[error(transparent)]
    Part(#[from] Failure),
    /// A document was refused.
    #[error(transparent)]
    Document(#[from] DocumentRefused),
    /// The answer is no, and has been printed.
    #[error("refused")]
    AlreadySaid(Exit),
    /// Reading or writing failed.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Says what was being done when the system refused.
pub trait While<T> {
    /// `doing` is an infinitive with the path in it: "read orders.json".
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Trouble>;
}

impl<T> While<T> for std::io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Trouble> {
        self.map_err(|source| Trouble::Io {
            doing: doing(),
            source,
        })
    }
}

impl From<std::io::Error> for Trouble {
    fn from(source: std::io::Error) -> Self {
        Self::Io {
            doing: "print the answer".to_owned(),
            source,
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<FailureClass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [Problem],
}

impl Trouble {
    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Document(_) => Exit::Refused,
            Self::AlreadySaid(exit) => *exit,
            Self::Io { .. } => Exit::Misconfigured,
            Self::Part(failure) => match failure.class() {
                FailureClass::Transient | FailureClass::DeviceGone => Exit::Unavailable,
                FailureClass::Rejected => Exit::Refused,
                _ => Exit::Misconfigured,
            },
        }
    }

    /// Tells the user on standard error: what, and what to do.
    pub fn tell(&self, global: &Global) {
        let (remedy, class, problems): (_, _, &[Problem]) = match self {
            Self::AlreadySaid(_) => return,
            Self::Part(failure) => (failure.how_to_mend(), Some(failure.class()), &[]),
            Self::Document(refused) => (None, None, &refused.problems),
            Self::Io { .. } => (None, None, &[]),
        };
        let mut err = anstream::stderr().lock();
        // Nothing more can be done if standard error itself is gone.
        let _ = if global.json {
            let report = Report {
                error: self.to_string(),
                class,
                remedy,
                problems,
            };
            serde_json::to_writer(&mut err, &report)
                .map_err(Into::into)
                .and_then(|()| writeln!(err))
        } else if let Self::Document(refused) = self {
            tell_refused(&mut err, refused)
        } else {
            writeln!(err, "tongguan: {self}").and_then(|()| match remedy {
                Some(remedy) => writeln!(err, "  what to do: {remedy}"),
                None => Ok(()),
            })
        };
    }
}

fn tell_refused(err: &mut impl Write, refused: &DocumentRefused) -> std::io::Result<()> {
    for problem in &refused.problems {
        writeln!(err, "{problem}")?;
    }
    writeln!(
        err,
        "tongguan: {} refused, {} problem(s); nothing of it was declared",
        refused.document,
        refused.problems.len()
    )
}
