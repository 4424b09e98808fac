//! Bugs on purpose, to see that the tests of faults see them. Never in a program that is used:
//! the feature is off by default, and does not build where a release is made.

#[cfg(not(debug_assertions))]
compile_error!("the feature sabotage is for tests, and never for a release");

use async_trait::async_trait;
use std::time::Duration;

use tongguan_contracts::{Declaration, Failure, Settle};

/// A bug.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// `submit` answers every other document before its commit.
    Submit,
    /// A receipt is acknowledged before its commit.
    Receipt,
    /// The same document again is taken as something new.
    Repeat,
}

impl Bug {
    /// Whether `TONGGUAN_SABOTAGE` asks for it.
    pub(crate) fn is_wanted(self) -> bool {
        let name = match self {
            Self::Submit => "submit",
            Self::Receipt => "receipt",
            Self::Repeat => "repeat",
        };
        std::env::var("TONGGUAN_SABOTAGE").is_ok_and(|wanted| wanted == name)
    }
}

/// Every other document of the tests, by its first declaration: a judge is to find the few.
pub(crate) fn is_one_of_two(declarations: &[Declaration]) -> bool {
    let key = declarations.first().map_or("", |first| &first.business_key);
    key.bytes().map(u32::from).sum::<u32>() % 2 == 0
}

/// How long a slow disk may take: the time in which such a bug does harm.
pub(crate) const SLOW: Duration = Duration::from_millis(400);

/// [`Bug::Receipt`]: acknowledges at once, and leaves nothing to be settled later.
pub(crate) async fn settle_early(settle: Box<dyn Settle>) -> Box<dyn Settle> {
    if !Bug::Receipt.is_wanted() {
        return settle;
    }
    let _ = settle.acknowledge().await;
    tokio::time::sleep(SLOW).await;
    Box::new(Settled)
}

struct Settled;

#[async_trait]
impl Settle for Settled {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        Ok(())
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        Ok(())
    }
}
