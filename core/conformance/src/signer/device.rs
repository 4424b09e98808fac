//! A device that is pulled out and put back.

use std::time::Duration;
use tongguan_contracts::Signer;

use super::Hand;
use super::refusals::{comes_back, waits};
use crate::check::{Found, Rule, broken, not_here};

pub(super) const UNPLUGGED: Rule = Rule {
    id: "signer.unplugged",
    says: "While its device is gone it says so (device gone, or transient) and does not hang; once \
           the device is back, it signs again by itself.",
};

pub(super) fn unplugged(signer: &dyn Signer, hand: Option<&dyn Hand>, patience: Duration) -> Found {
    let Some(hand) = hand else {
        return not_here("only on demand: somebody has to pull the device out");
    };
    hand.pull_out();
    let told = match waits(signer) {
        Ok(Some(told)) => Ok(told),
        Ok(None) => broken("it signs though its device is gone"),
        Err(not) => Err(not),
    };
    hand.put_back();
    let told = told?;
    let back = comes_back(signer, patience)?;
    Ok(format!("{told}; it signs again {back}"))
}
