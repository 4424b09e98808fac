//! Several nodes on one store.

use std::collections::BTreeMap;
use std::time::Duration;
use tongguan_core::State;
use tongguan_core::store::{Fence, Owner};

use super::Place;
use super::things::*;

const NODES: usize = 6;

pub async fn claimers_never_get_the_same_declaration(place: &dyn Place) {
    const ALL: usize = 300;
    let store = place.open();
    submitted(store.as_ref(), 0..ALL).await;
    let mut tasks = tokio::task::JoinSet::new();
    for name in 0..NODES {
        let store = place.open();
        tasks.spawn(async move {
            let owner = node(&format!("node {name}"));
            let mut mine = Vec::new();
            while let Some(claim) = store.claim(&owner, MESSAGE, 7).await.unwrap() {
                mine.extend(ids(&claim));
            }
            mine
        });
    }
    let mut seen = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        for id in done.unwrap() {
            *seen.entry(id).or_insert(0) += 1;
        }
    }
    assert!(
        seen.values().all(|n| *n == 1),
        "one declaration, one claimer"
    );
    // A claimer may find that others were quicker with all that it saw; nothing stays behind.
    while let Some(claim) = store.claim(&node("last"), MESSAGE, 50).await.unwrap() {
        seen.extend(ids(&claim).into_iter().map(|id| (id, 1)));
    }
    assert_eq!(seen.len(), ALL);
}

pub async fn senders_never_get_the_same_envelope(place: &dyn Place) {
    const ALL: usize = 120;
    let store = place.open();
    for n in 0..ALL {
        carried(store.as_ref(), &[n]).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for name in 0..NODES {
        let store = place.open();
        tasks.spawn(async move {
            let owner = node(&format!("node {name}"));
            let mut mine = Vec::new();
            while let Some(claim) = store.due(&owner, "main", 5).await.unwrap() {
                for carrier in &claim.work {
                    mine.push(carrier.cop_msg_id.clone());
                    let fence = store
                        .tried(&claim.lease, &carrier.cop_msg_id, taken())
                        .await;
                    assert_eq!(fence.unwrap(), Fence::Held);
                }
            }
            mine
        });
    }
    let mut seen = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        for id in done.unwrap() {
            *seen.entry(id).or_insert(0) += 1;
        }
    }
    assert!(seen.values().all(|n| *n == 1), "one envelope, one sender");
    while let Some(claim) = due(store.as_ref(), &node("last")).await {
        for carrier in claim.work {
            seen.insert(carrier.cop_msg_id, 1);
        }
    }
    assert_eq!(seen.len(), ALL);
}

pub async fn an_expired_lease_is_taken_over_and_fences_the_first(place: &dyn Place) {
    let (one, two) = (place.open(), place.open());
    submitted(one.as_ref(), [1, 2]).await;
    let first = claimed(one.as_ref(), &dying("one"), 2).await;
    assert!(!first.lease.holds(), "its holder knows");
    let second = claimed(two.as_ref(), &node("two"), 2).await;
    assert_eq!(ids(&first), ids(&second));
    assert!(
        second.lease.token() > first.lease.token(),
        "tokens only grow"
    );
    let fence = one.renew(&first.lease).await.unwrap();
    assert_eq!(fence, Fence::Lost);
    let late = one.carry(&first.lease, carrier(1), ids(&first)).await;
    assert_eq!(late.unwrap(), Fence::Lost, "what it signed is thrown away");
    one.give_up(&first.lease, ids(&first), "late")
        .await
        .unwrap();
    one.release(&first.lease).await.unwrap();
    assert_eq!(state(one.as_ref(), 1).await, State::Submitted);
    let details = one.find("ORDER-1").await.unwrap().unwrap();
    assert!(details.carrier.is_none());
    let fence = two.carry(&second.lease, carrier(2), ids(&second)).await;
    assert_eq!(fence.unwrap(), Fence::Held);

    // The same for sending.
    let first = due(one.as_ref(), &dying("one")).await.unwrap();
    let second = due(two.as_ref(), &node("two")).await.unwrap();
    assert_eq!(second.work[0].cop_msg_id, "COP-2");
    let late = one.tried(&first.lease, "COP-2", refused(true)).await;
    assert_eq!(late.unwrap(), Fence::Lost);
    one.release(&first.lease).await.unwrap();
    assert_eq!(state(one.as_ref(), 1).await, State::Unknown);
    let fence = two.tried(&second.lease, "COP-2", taken()).await.unwrap();
    assert_eq!(fence, Fence::Held);
    assert_eq!(state(one.as_ref(), 1).await, State::Sent);
    let late = one.tried(&first.lease, "COP-2", again(true)).await;
    assert_eq!(late.unwrap(), Fence::Lost);
    assert_eq!(state(one.as_ref(), 1).await, State::Sent);
}

pub async fn a_senders_death_leaves_an_unknown_outcome(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[1]).await;
    drop(due(store.as_ref(), &dying("one")).await.unwrap());
    // Nobody has noticed yet; still nobody may act as if it had not left.
    let refused = store.decide("ORDER-1", tongguan_core::store::Decision::Void);
    assert!(refused.await.is_err());
    let claim = due(store.as_ref(), &node("two")).await.unwrap();
    assert_eq!(claim.work[0].attempts, 1);
    assert_eq!(state(store.as_ref(), 1).await, State::Unknown);
    let details = store.find("ORDER-1").await.unwrap().unwrap();
    assert!(
        details
            .history
            .last()
            .unwrap()
            .text
            .contains("without word")
    );
}

pub async fn a_renewed_lease_lasts(place: &dyn Place) {
    let store = place.open();
    submitted(store.as_ref(), [1]).await;
    let short = Owner {
        name: "one".into(),
        term: Duration::from_millis(600),
    };
    let claim = claimed(store.as_ref(), &short, 1).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(store.renew(&claim.lease).await.unwrap(), Fence::Held);
        assert!(claim.lease.holds());
        assert!(
            store
                .claim(&node("two"), MESSAGE, 1)
                .await
                .unwrap()
                .is_none()
        );
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!claim.lease.holds());
    assert!(
        store
            .claim(&node("two"), MESSAGE, 1)
            .await
            .unwrap()
            .is_some()
    );
}

pub async fn what_is_released_is_free_and_untouched(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[1]).await;
    let claim = due(store.as_ref(), &node("one")).await.unwrap();
    store.release(&claim.lease).await.unwrap();
    let claim = due(store.as_ref(), &node("two")).await.unwrap();
    assert_eq!(claim.work[0].attempts, 0, "a claim without a try is none");
    store.release(&claim.lease).await.unwrap();
    assert_eq!(state(store.as_ref(), 1).await, State::Signed);
    submitted(store.as_ref(), [2]).await;
    let claim = claimed(store.as_ref(), &node("one"), 1).await;
    store.release(&claim.lease).await.unwrap();
    assert_eq!(claimed(store.as_ref(), &node("two"), 1).await.work.len(), 1);
}

pub async fn a_node_that_starts_ends_its_former_lifes_leases(place: &dyn Place) {
    let store = place.open();
    submitted(store.as_ref(), [1]).await;
    let former = claimed(store.as_ref(), &node("one"), 1).await;
    store.take_over(&node("two")).await.unwrap();
    assert!(
        store
            .claim(&node("two"), MESSAGE, 1)
            .await
            .unwrap()
            .is_none()
    );
    store.take_over(&node("one")).await.unwrap();
    let claim = claimed(store.as_ref(), &node("one"), 1).await;
    let fence = store.carry(&former.lease, carrier(1), ids(&former)).await;
    assert_eq!(fence.unwrap(), Fence::Lost);
    let fence = store.carry(&claim.lease, carrier(2), ids(&claim)).await;
    assert_eq!(fence.unwrap(), Fence::Held);
}
