//! The store, and whether its clock and ours agree.

use super::Examined;
use crate::clock::now_ms;
use crate::diagnosis::clocks;
use crate::manifest::Manifest;
use crate::store::Store as _;

pub(super) async fn examined(manifest: &Manifest) -> Vec<Examined> {
    let store = match manifest.open_store() {
        Ok(store) => store,
        Err(failure) => return vec![Examined::ill("store.opens", "", &failure)],
    };
    let place = store.place().to_owned();
    let asked = now_ms();
    let theirs = match store.clock().await {
        Ok(theirs) => theirs,
        Err(failure) => return vec![Examined::ill("store.answers", &place, &failure)],
    };
    let heard = now_ms();
    let mut all = vec![Examined::well(
        "store.answers",
        &place,
        format!("answers, in {} ms", heard - asked),
    )];
    let off = match theirs {
        _ if theirs < asked => theirs - asked,
        _ if theirs > heard => theirs - heard,
        _ => 0,
    };
    let allowed = i64::try_from(manifest.alerts.clock_seconds).unwrap_or(i64::MAX);
    all.push(if off.abs() / 1000 > allowed {
        Examined::concern(
            "clock.store",
            &place,
            format!("its clock is {}", clocks::told(off)),
            "set both by NTP: times are evidence, and a certificate is valid by the clock",
        )
    } else {
        Examined::well("clock.store", &place, "its clock is this machine's")
    });
    all
}
