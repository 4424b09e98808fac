//! One check: what the contract says, and how it came out.

use futures::FutureExt as _;
use serde::Serialize;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use tongguan_contracts::{Failure, FailureClass};

/// No check takes longer; what does hangs.
const LONGEST: Duration = Duration::from_secs(180);

/// A sentence of the contract that a check holds a part to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub id: &'static str,
    pub says: &'static str,
}

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "told", rename_all = "snake_case")]
pub enum Outcome {
    /// The part keeps it; what was seen.
    Passed(String),
    /// It does not; why.
    Failed(String),
    /// Nothing was tried; why.
    DoesNotApply(String),
}

impl Outcome {
    /// What was seen, or why.
    pub fn told(&self) -> &str {
        match self {
            Self::Passed(told) | Self::Failed(told) | Self::DoesNotApply(told) => told,
        }
    }

    /// Whether the part breaks the contract here.
    pub fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// One thing that was tried.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Its name, which stays: `signer.key`.
    pub id: &'static str,
    /// What the contract says.
    pub says: &'static str,
    /// How it came out.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Not {
    Kept(String),
    Here(String),
}

impl From<String> for Not {
    fn from(why: String) -> Self {
        Self::Kept(why)
    }
}

/// What a check finds: what it saw, or why it did not pass.
pub(crate) type Found = Result<String, Not>;

/// It breaks the contract.
pub(crate) fn broken<T>(why: impl Into<String>) -> Result<T, Not> {
    Err(Not::Kept(why.into()))
}

/// It cannot be tried on this stand.
pub(crate) fn not_here<T>(why: impl Into<String>) -> Result<T, Not> {
    Err(Not::Here(why.into()))
}

/// A failure with its class and what to do.
pub(crate) fn shown(failure: &Failure) -> String {
    let class = match failure.class() {
        FailureClass::Transient => "transient",
        FailureClass::Rejected => "rejected",
        FailureClass::Misconfigured => "misconfigured",
        FailureClass::DeviceGone => "device gone",
        _ => "of an unknown class",
    };
    match failure.how_to_mend() {
        Some(remedy) => format!("{failure} ({class}; {remedy})"),
        None => format!("{failure} ({class})"),
    }
}

/// The checks of one run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    checks: Vec<Check>,
}

impl Run {
    /// Notes how a rule came out.
    pub(crate) fn note(&mut self, rule: Rule, found: Found, took: Duration) {
        self.checks.push(Check {
            id: rule.id,
            says: rule.says,
            outcome: match found {
                Ok(told) => Outcome::Passed(told),
                Err(Not::Kept(why)) => Outcome::Failed(why),
                Err(Not::Here(why)) => Outcome::DoesNotApply(why),
            },
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
    }

    /// Tries a rule. A part that panics breaks it.
    pub(crate) fn check(&mut self, rule: Rule, try_: impl FnOnce() -> Found) {
        let begun = Instant::now();
        let found = catch_unwind(AssertUnwindSafe(try_)).unwrap_or_else(|panic| panicked(&*panic));
        self.note(rule, found, begun.elapsed());
    }

    /// The same, of what waits. A part that hangs breaks it.
    pub(crate) async fn wait(&mut self, rule: Rule, try_: impl Future<Output = Found>) {
        let begun = Instant::now();
        let found = bounded(try_).await;
        self.note(rule, found, begun.elapsed());
    }

    pub(crate) fn finish(self) -> Vec<Check> {
        self.checks
    }
}

/// Ends what panics or hangs.
pub(crate) async fn bounded<T>(try_: impl Future<Output = Result<T, Not>>) -> Result<T, Not> {
    let caught = AssertUnwindSafe(try_).catch_unwind();
    match tokio::time::timeout(LONGEST, caught).await {
        Ok(Ok(found)) => found,
        Ok(Err(panic)) => panicked(&*panic),
        Err(_) => broken(format!("it hangs: no end in {} s", LONGEST.as_secs())),
    }
}

/// What a panic says.
pub(crate) fn panicked<T>(panic: &(dyn Any + Send)) -> Result<T, Not> {
    let said = panic
        .downcast_ref::<&str>()
        .map(|said| (*said).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    broken(format!("it panics: {}", said.unwrap_or_default()))
}
