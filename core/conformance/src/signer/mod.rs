//! Signers: what [`tongguan_contracts::Signer`] says, tried with the device.

mod device;
mod nonce;
mod refusals;
mod values;
mod work;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tongguan_contracts::{Failure, Signer};

use crate::Report;
use crate::check::{Rule, Run, broken, shown};

/// What a signer stands on while it is tried.
pub trait Stand: Sync {
    /// Builds the signer; may be called again.
    ///
    /// # Errors
    /// As its builder's.
    fn build(&self) -> Result<Arc<dyn Signer>, Failure>;

    /// Builds it with an option besides that no signer has.
    fn build_misspelt(&self) -> Option<Result<Arc<dyn Signer>, Failure>> {
        None
    }

    /// Builds it with a wrong PIN. `None` unless somebody asked for that: it costs an attempt.
    fn build_with_wrong_pin(&self) -> Option<Result<Arc<dyn Signer>, Failure>> {
        None
    }

    /// Whether the device counts wrong PINs and locks itself; a key in a file does not.
    fn counts_attempts(&self) -> bool {
        true
    }

    /// Who pulls the device out and puts it back; `None` where nobody can.
    fn hand(&self) -> Option<&dyn Hand> {
        None
    }

    /// How much memory the process holds that the signer runs in, in KiB; `None` where that is not
    /// known.
    fn held_kib(&self) -> Option<u64> {
        None
    }

    /// How often its process was started again by itself, and why; `None` where it has none.
    fn restarts(&self) -> Option<(u64, String)> {
        None
    }
}

/// Pulls the device out and puts it back.
pub trait Hand: Sync {
    /// Returns once the device is gone.
    fn pull_out(&self);
    /// Returns once it is there again.
    fn put_back(&self);
}

/// How long and how hard to try.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How many signatures the search for leaks makes.
    pub rounds: NonZeroU32,
    /// How long the signer is left alone before it must sign again.
    pub idle: Duration,
    /// How long a device that was put back may take to work again.
    pub patience: Duration,
}

const STARTS: Rule = Rule {
    id: "signer.starts",
    says: "With its options, it finds its device and is ready.",
};

/// Tries everything. `part` and `what` head the report.
pub fn conformance(part: &str, what: &str, stand: &dyn Stand, effort: Effort) -> Report {
    let mut run = Run::default();
    let mut built = None;
    run.check(STARTS, || match stand.build() {
        Ok(signer) => {
            let told = format!("KeyName {}", signer.identity().key_name);
            built = Some(signer);
            Ok(told)
        }
        Err(failure) => broken(shown(&failure)),
    });
    if let Some(signer) = built {
        let all = signer.as_ref();
        run.check(values::KEY, || values::key(all));
        run.check(values::FORM, || values::form(all));
        run.check(values::TEXTS, || values::texts(all));
        run.check(values::FRESH, || values::fresh(all));
        run.check(refusals::OTHER, || refusals::other(all));
        run.check(work::AT_ONCE, || work::at_once(all));
        run.check(work::IDLE, || work::idle(all, effort.idle));
        run.check(work::LEAKS, || work::leaks(all, stand, effort.rounds));
        run.check(work::LIVES, || work::lives(stand));
        // What follows kills the process of some.
        run.check(device::UNPLUGGED, || {
            device::unplugged(all, stand.hand(), effort.patience)
        });
        drop(signer);
        run.check(work::AGAIN, || work::again(stand));
    }
    run.check(refusals::UNKNOWN_OPTION, || refusals::unknown_option(stand));
    run.check(refusals::WRONG_PIN, || refusals::wrong_pin(stand));
    Report::new(part, what, run.finish())
}

/// Signs with what the signer prefers, and verifies with our own cryptography.
fn signed(signer: &dyn Signer, text: &[u8]) -> Result<Vec<u8>, String> {
    let algorithm = signer.algorithms().first().copied();
    let algorithm = algorithm.ok_or("it signs with nothing")?;
    let value = signer
        .sign(algorithm, text)
        .map_err(|failure| shown(&failure))?;
    let certificate = tongguan_crypto::provider()
        .certificate(&signer.identity().certificate)
        .map_err(|e| format!("its certificate is none: {e}"))?;
    match certificate.key.verify(text, &value) {
        Ok(()) => Ok(value),
        Err(error) => Err(format!(
            "{} octets that are no signature by its certificate's key: {error}",
            value.len()
        )),
    }
}
