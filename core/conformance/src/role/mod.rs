//! Roles: what [`tongguan_contracts::Role`] says, tried with samples.

mod garbage;
mod reading;

use std::sync::Arc;
use tongguan_contracts::{Document, Failure, Role};

use crate::Report;
use crate::check::{Rule, Run, broken, shown};

/// What a role stands on while it is tried.
pub trait Stand: Sync {
    /// Builds the role.
    ///
    /// # Errors
    /// As its builder's.
    fn build(&self) -> Result<Arc<dyn Role>, Failure>;

    /// Builds it with an option besides that no role has.
    fn build_misspelt(&self) -> Option<Result<Arc<dyn Role>, Failure>> {
        None
    }

    /// Documents that it must read.
    fn samples(&self) -> &[Sample] {
        &[]
    }

    /// Whether receipts may be told to it: what hears them may act on them.
    fn tells(&self) -> bool {
        true
    }
}

/// A document that a role must read.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its name, for messages.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
    /// The message to read it as, where the document itself may not tell.
    pub message: Option<String>,
}

impl Sample {
    fn document<'a>(&'a self, octets: &'a [u8]) -> Document<'a> {
        Document {
            name: &self.name,
            octets,
            message: self.message.as_deref(),
        }
    }
}

const STARTS: Rule = Rule {
    id: "role.starts",
    says: "With its options, it is ready.",
};

/// Tries everything. `part` and `what` head the report.
pub fn conformance(part: &str, what: &str, stand: &dyn Stand) -> Report {
    let mut run = Run::default();
    let mut built = None;
    run.check(STARTS, || match stand.build() {
        Ok(role) => {
            built = Some(role);
            Ok(String::new())
        }
        Err(failure) => broken(shown(&failure)),
    });
    if let Some(role) = built {
        let role = role.as_ref();
        let samples = stand.samples();
        run.check(reading::DECLARES, || reading::declares(role));
        run.check(reading::SAMPLES, || reading::samples(role, samples));
        run.check(reading::AGAIN, || reading::again(role, samples));
        run.check(reading::OTHERS, || reading::others(role));
        run.check(reading::RECEIPTS, || {
            reading::receipts(role, samples, stand.tells())
        });
        run.check(garbage::GARBAGE, || garbage::garbage(role, samples));
        run.check(garbage::NAMED, || garbage::named(role, samples));
    }
    run.check(reading::UNKNOWN_OPTION, || {
        reading::unknown_option(stand.build_misspelt())
    });
    Report::new(part, what, run.finish())
}
