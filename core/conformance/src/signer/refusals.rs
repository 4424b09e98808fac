//! What it must refuse, and how.

use std::sync::Arc;
use std::time::Duration;
use tongguan_contracts::{Algorithm, Failure, FailureClass, Signer};

use super::{Stand, signed};
use crate::check::{Found, Not, Rule, broken, not_here, shown};

pub(super) const OTHER: Rule = Rule {
    id: "signer.other-algorithm",
    says: "It refuses the algorithm that its key is not for, as misconfigured.",
};

pub(super) fn other(signer: &dyn Signer) -> Found {
    let all = [Algorithm::RsaSha1, Algorithm::Sm2Sm3];
    let Some(other) = all.into_iter().find(|a| !signer.algorithms().contains(a)) else {
        return not_here("it signs with every algorithm");
    };
    match signer.sign(other, b"tongguan") {
        Ok(_) => broken(format!("it signs with {other:?}, which its key is not for")),
        Err(failure) => misconfigured(&failure),
    }
}

/// Only a person can mend it, and the failure says so.
fn misconfigured(failure: &Failure) -> Found {
    if failure.class() == FailureClass::Misconfigured {
        Ok(failure.to_string())
    } else {
        broken(format!("not as misconfigured: {}", shown(failure)))
    }
}

pub(super) const UNKNOWN_OPTION: Rule = Rule {
    id: "signer.unknown-option",
    says: "An option that it does not know is refused as misconfigured, so that a misspelt one is \
           noticed. (A vendor's plugin may be lenient.)",
};

pub(super) fn unknown_option(stand: &dyn Stand) -> Found {
    match stand.build_misspelt() {
        None => not_here("the stand cannot build it so"),
        Some(Err(failure)) => misconfigured(&failure),
        Some(Ok(_)) => Ok("no, it ignores it: a misspelt option goes unnoticed (allowed)".into()),
    }
}

pub(super) const WRONG_PIN: Rule = Rule {
    id: "signer.wrong-pin",
    says: "A wrong PIN is refused as misconfigured, and never tried again by itself: the device \
           would lock.",
};

pub(super) fn wrong_pin(stand: &dyn Stand) -> Found {
    let Some(first) = stand.build_with_wrong_pin() else {
        return not_here("only on demand: it costs one of the device's attempts");
    };
    let told = refused("the first try", first)?;
    std::thread::sleep(Duration::from_millis(300));
    let Some(second) = stand.build_with_wrong_pin() else {
        return not_here("only once");
    };
    let again = refused("the second try", second)?;
    // The words of PinGuard and of the plugin host.
    if !stand.counts_attempts() || again.contains("not tried again") {
        return Ok(told);
    }
    broken(format!(
        "it fails, but is not told as a refused PIN (TONGGUAN_PIN_REFUSED), so it would be tried \
         again, and lock the device: {again}"
    ))
}

fn refused(try_: &str, built: Result<Arc<dyn Signer>, Failure>) -> Result<String, Not> {
    let failure = match built {
        Err(failure) => failure,
        // Some log in at the first signature.
        Ok(signer) => {
            let algorithm = signer.algorithms().first().copied();
            let Some(algorithm) = algorithm else {
                return broken("it signs with nothing");
            };
            match signer.sign(algorithm, b"tongguan") {
                Err(failure) => failure,
                Ok(_) => return broken(format!("{try_}: it signs")),
            }
        }
    };
    misconfigured(&failure).map_err(|_| Not::Kept(format!("{try_}: {}", shown(&failure))))
}

/// It signs, or says why not in a way that lets the core wait.
pub(super) fn waits(signer: &dyn Signer) -> Result<Option<String>, Not> {
    let algorithm = signer.algorithms().first().copied();
    let Some(algorithm) = algorithm else {
        return broken("it signs with nothing");
    };
    match signer.sign(algorithm, b"tongguan") {
        Ok(_) => Ok(None),
        Err(failure) if is_for_later(&failure) => Ok(Some(failure.to_string())),
        Err(failure) => broken(format!(
            "not as a device that is gone, or transient: {}",
            shown(&failure)
        )),
    }
}

fn is_for_later(failure: &Failure) -> bool {
    matches!(
        failure.class(),
        FailureClass::DeviceGone | FailureClass::Transient
    )
}

/// It signs again within that time.
pub(super) fn comes_back(signer: &dyn Signer, patience: Duration) -> Found {
    let begun = std::time::Instant::now();
    loop {
        match signed(signer, b"tongguan") {
            Ok(_) => return Ok(format!("after {} ms", begun.elapsed().as_millis())),
            Err(why) if begun.elapsed() > patience => {
                return broken(format!(
                    "it does not sign {} s after the device was put back: {why}",
                    patience.as_secs()
                ));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
