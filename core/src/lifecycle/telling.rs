//! Tells roles of receipts.
//!
//! A role is a plugin: it may panic. That must neither end the client, which would hear the same
//! receipt again at its next start, and end again, nor lose the receipt. So it is told a few times;
//! then the store keeps that it did not hear, `status` says so, and the next start tells it again.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tongguan_contracts::{Failure, ReceiptNotice, Role};

use super::backoff::insist;
use crate::store::{Notice, Store};

/// How long a role that panicked is left alone before it is told again; then it is given up.
const PAUSES: &[Duration] = &[Duration::from_millis(100), Duration::from_secs(1)];
/// So many answers are told again at a start, at most.
const MOST: usize = 10_000;

/// The roles, by their names in the manifest.
pub(super) type Roles = BTreeMap<String, Arc<dyn Role>>;

/// Tells a role of an answer; says whether it has heard.
pub(super) async fn tell(roles: &Roles, notice: &Notice) -> bool {
    let Some(role) = roles.get(&notice.role) else {
        return true;
    };
    let guid = notice.guid.as_str();
    let told = || {
        role.on_receipt(ReceiptNotice {
            message: &notice.message,
            guid,
            receipt: &notice.receipt,
            code: &notice.code,
            text: &notice.text,
        })
    };
    let mut pauses = PAUSES.iter();
    loop {
        // What a role leaves half done in itself is its own; nothing of ours is in its hands.
        match catch_unwind(AssertUnwindSafe(told)) {
            Ok(Ok(())) => return true,
            Ok(Err(failure)) => {
                tracing::warn!(%failure, guid, "the role could not hear a receipt");
                return true;
            }
            Err(_) => {}
        }
        let Some(pause) = pauses.next() else {
            let role = notice.role.as_str();
            tracing::error!(
                role,
                guid,
                "the role panics at this receipt: given up until the next start"
            );
            return false;
        };
        tokio::time::sleep(*pause).await;
    }
}

/// Tells what was given up in a former life.
pub(super) async fn tell_again(store: Arc<dyn Store>, roles: Arc<Roles>) -> Result<(), Failure> {
    let all = insist(|| store.to_tell(MOST)).await?;
    let mut deaf = std::collections::BTreeSet::new();
    for one in all {
        // One that fails at one answer is given a rest.
        if deaf.contains(&one.role) {
            continue;
        }
        if tell(&roles, &one).await {
            insist(|| store.heard(&one.digest, &one.guid)).await?;
        } else {
            deaf.insert(one.role);
        }
    }
    Ok(())
}
