//! What happens to many messages at the same time, and is done in one transaction where it can be.

use futures::future::join_all;
use std::collections::BTreeSet;
use tongguan_core::State;
use tongguan_core::store::Fence;
use tongguan_messages::Outcome;

use super::Place;
use super::things::*;

const ALL: usize = 60;

pub async fn each_is_told_its_own(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    submitted(store, 0..ALL).await;
    // Of one half, another node has taken over.
    let lost = claimed(store, &dying("one"), ALL / 2).await;
    let held = claimed(store, &node("two"), ALL).await;
    assert_eq!(held.work.len(), ALL);
    let mine = ids(&held);
    let fences = join_all((0..ALL).map(|n| {
        let lease = if n % 2 == 0 { &held.lease } else { &lost.lease };
        store.carry(lease, carrier(n), vec![mine[n].clone()])
    }))
    .await;
    for (n, fence) in fences.into_iter().enumerate() {
        let (expected, state_then) = match n % 2 {
            0 => (Fence::Held, State::Signed),
            _ => (Fence::Lost, State::Submitted),
        };
        assert_eq!(fence.unwrap(), expected, "{n}");
        assert_eq!(state(store, n).await, state_then, "{n}");
        let details = store.find(&format!("ORDER-{n}")).await.unwrap().unwrap();
        assert_eq!(details.carrier.is_some(), n % 2 == 0, "{n}");
    }

    let claim = due(store, &node("sender")).await.unwrap();
    assert_eq!(claim.work.len(), ALL / 2);
    let ends = [
        taken(),
        again(true),
        again(false),
        refused(true),
        refused(false),
    ];
    let ended = join_all((0..ALL).step_by(2).map(|n| {
        let end = ends[n % ends.len()].clone();
        let store = &store;
        let lease = &claim.lease;
        async move { store.tried(lease, &format!("COP-{n}"), end).await }
    }))
    .await;
    assert!(ended.into_iter().all(|fence| fence.unwrap() == Fence::Held));
    let states = [
        State::Sent,
        State::Unknown,
        State::Signed,
        State::Dead,
        State::Dead,
    ];
    for n in (0..ALL).step_by(2) {
        assert_eq!(state(store, n).await, states[n % states.len()], "{n}");
        let details = store.find(&format!("ORDER-{n}")).await.unwrap().unwrap();
        let tries = details.history.iter().filter(|s| s.level == "transport");
        assert_eq!(tries.count(), 1, "{n}");
    }
}

pub async fn one_that_fails_fails_alone(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    submitted(store, 0..ALL).await;
    let claim = claimed(store, &node("one"), ALL).await;
    let mine = ids(&claim);
    // Two messages under one guid: the database takes one of them.
    let mut carriers: Vec<_> = (0..ALL).map(carrier).collect();
    carriers[40].guid = carriers[20].guid.clone();
    let kept = carriers.into_iter().enumerate().map(|(n, carrier)| {
        let id = mine[n].clone();
        store.carry(&claim.lease, carrier, vec![id])
    });
    let failed: BTreeSet<usize> = join_all(kept)
        .await
        .into_iter()
        .enumerate()
        .filter_map(|(n, kept)| match kept {
            Ok(fence) => (fence != Fence::Held).then_some(n),
            Err(_) => Some(n),
        })
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed.contains(&20) || failed.contains(&40), "{failed:?}");
}

pub async fn receipts_of_one_declaration_stay_apart(place: &dyn Place) {
    let stores = [place.open(), place.open()];
    let store = stores[0].as_ref();
    for n in 0..ALL {
        carried(store, &[n]).await;
        tried(store, n, taken()).await;
    }
    // Each comes to both nodes, and one of them twice.
    let receipts = (0..ALL).flat_map(|n| {
        let early = inbound(
            &format!("2 {n}"),
            vec![answer(n, "2", "1", Outcome::Pending)],
        );
        let last = inbound(
            &format!("120 {n}"),
            vec![answer(n, "120", "2", Outcome::Accepted)],
        );
        [early.clone(), last.clone(), early, last]
    });
    let kept = receipts.enumerate().map(|(place, inbound)| {
        let store = &stores[usize::from(place % 4 > 2)];
        store.receive(inbound)
    });
    for notices in join_all(kept).await {
        assert_eq!(notices.unwrap().len(), 1);
    }
    for n in 0..ALL {
        assert_eq!(state(store, n).await, State::Accepted, "{n}");
        let details = store.find(&format!("ORDER-{n}")).await.unwrap().unwrap();
        let mut said: Vec<&str> = details
            .history
            .iter()
            .filter(|s| s.level == "clearance")
            .map(|s| s.code.as_str())
            .collect();
        said.sort_unstable();
        assert_eq!(said, ["120", "2"], "{n}");
    }
    // The log tells each of them with the state that it led to.
    let mut states: Vec<String> = Vec::new();
    for anchor in store.strands().await.unwrap() {
        let entries = store.entries(anchor.strand, 0, 10_000).await.unwrap();
        states.extend(entries.into_iter().map(|entry| entry.body));
    }
    let told = |event: &str| states.iter().filter(|body| body.contains(event)).count();
    assert_eq!(told("\"receipt\""), 2 * ALL);
}
