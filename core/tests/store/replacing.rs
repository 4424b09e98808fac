//! A mended declaration in the place of one that ended badly.

use tongguan_contracts::{Declaration, FailureClass};
use tongguan_core::State;
use tongguan_core::store::{Decision, Store};
use tongguan_messages::Outcome;

use super::Place;
use super::things::*;

async fn replaced(store: &dyn Store, old: &str, new: Declaration) -> Result<String, String> {
    match store.replace(old, "main", new).await {
        Ok(taken) => Ok(taken.id),
        Err(failure) => {
            assert_eq!(failure.class(), FailureClass::Rejected, "{failure}");
            let remedy = failure.how_to_mend().unwrap();
            Err(format!("{failure}; {remedy}"))
        }
    }
}

/// Sends a declaration, which customs rejects.
async fn rejected(store: &dyn Store, n: usize) -> String {
    let id = carried(store, &[n]).await.remove(0);
    tried(store, n, taken()).await;
    let no = vec![answer(n, "-1", "1", Outcome::Rejected)];
    store
        .receive(inbound(&format!("no {n}"), no))
        .await
        .unwrap();
    assert_eq!(state(store, n).await, State::Rejected);
    id
}

pub async fn what_ended_badly_is_replaced_once(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let olds = [rejected(store, 2).await, rejected(store, 3).await];
    let old = rejected(store, 1).await;
    let mut other = declaration(1, "b");
    other.message = "CEB411Message".into();
    let told = replaced(store, &old, other).await.unwrap_err();
    assert!(told.contains("CEB411Message"), "{told}");
    let mut same_guid = declaration(1, "b");
    same_guid.guid = declaration(1, "a").guid;
    let told = replaced(store, &old, same_guid).await.unwrap_err();
    assert!(told.contains("leave guid out"), "{told}");

    // Under the same number.
    let new = replaced(store, &old, declaration(1, "b")).await.unwrap();
    assert_ne!(new, old);
    let of = |id: String| async move { store.find(&id).await.unwrap().unwrap().summary };
    let (first, second) = (of(old.clone()).await, of(new.clone()).await);
    assert_eq!(
        (first.state, second.state),
        (State::Rejected, State::Submitted)
    );
    assert_ne!(first.guid, second.guid);
    assert_eq!(first.replaced_by.as_deref(), Some(new.as_str()));
    assert_eq!(second.replaces.as_deref(), Some(old.as_str()));
    assert_eq!((&first.replaces, &second.replaced_by), (&None, &None));
    let entries = super::audit::entries(store).await;
    let says = |event: &str, id: &str, other: &str| {
        let event = format!("\"event\":\"{event}\"");
        let all = entries.iter().filter(|e| e.body.contains(&event));
        all.filter(|e| e.body.contains(&format!("\"declaration\":\"{id}\"")))
            .filter(|e| e.body.contains(other))
            .count()
    };
    assert_eq!(says("replaced", &old, &new), 1);
    assert_eq!(says("replaces", &new, &old), 1);
    super::audit::holds(store).await;

    // The same again is the same; another is refused; the old one is never sent again.
    assert_eq!(
        replaced(store, &old, declaration(1, "b")).await,
        Ok(new.clone())
    );
    let told = replaced(store, &old, declaration(1, "c"))
        .await
        .unwrap_err();
    assert!(told.contains(&new), "{told}");
    for decision in [Decision::Retry, Decision::Void] {
        let told = store.decide(&old, decision).await.unwrap_err().to_string();
        assert!(
            told.contains("replaced by") && told.contains(&new),
            "{told}"
        );
    }
    // The new one goes its own way; a number alone means it.
    store.decide("ORDER-1", Decision::Void).await.unwrap();
    let third = replaced(store, "ORDER-1", declaration(7, "c"))
        .await
        .unwrap();
    assert_eq!(of(third).await.replaces.as_deref(), Some(new.as_str()));
    assert_eq!(of(new).await.state, State::Void);

    // One that was submitted by itself before takes the place.
    let [old, older] = olds;
    let by_itself = store
        .submit("main", vec![declaration(2, "b")])
        .await
        .unwrap();
    let new = replaced(store, &old, declaration(2, "b")).await.unwrap();
    assert_eq!(by_itself[0].id, new);
    // But not two places.
    let told = replaced(store, &older, declaration(2, "b"))
        .await
        .unwrap_err();
    assert!(told.contains("declared already"), "{told}");
    assert!(of(older).await.replaced_by.is_none());
}

pub async fn what_may_still_count_is_not_replaced(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let refused = |n: usize, word: &'static str| async move {
        let told = replaced(store, &format!("ORDER-{n}"), declaration(n, "b")).await;
        let told = told.unwrap_err();
        assert!(told.contains(word), "{told}");
        let there = store.find(&format!("ORDER-{n}")).await.unwrap().unwrap();
        assert!(there.summary.replaced_by.is_none());
    };
    submitted(store, [1]).await;
    refused(1, "tongguan void").await;
    store.decide("ORDER-1", Decision::Void).await.unwrap();
    replaced(store, "ORDER-1", declaration(1, "b"))
        .await
        .unwrap();
    store.decide("ORDER-1", Decision::Void).await.unwrap();

    carried(store, &[2]).await;
    refused(2, "tongguan void").await;
    tried(store, 2, again(true)).await;
    refused(2, "wait for its answer").await;
    tried(store, 2, taken()).await;
    refused(2, "wait for its answer").await;
    let yes = vec![answer(2, "120", "1", Outcome::Accepted)];
    store.receive(inbound("yes", yes)).await.unwrap();
    refused(2, "appType 2").await;

    // A dead letter that may have left; one that cannot have, whose neighbour goes by itself.
    carried(store, &[3]).await;
    tried(store, 3, super::things::refused(true)).await;
    refused(3, "may have left").await;
    let all = carried(store, &[4, 5]).await;
    tried(store, 4, super::things::refused(false)).await;
    let new = replaced(store, &all[0], declaration(4, "b")).await.unwrap();
    let old = store.find(&all[0]).await.unwrap().unwrap();
    assert_eq!(old.summary.state, State::Void);
    assert_eq!(old.summary.replaced_by.as_deref(), Some(new.as_str()));
    assert!(store.decide(&all[0], Decision::Retry).await.is_err());
    assert!(due(store, &node("a")).await.is_none());
    assert!(
        replaced(store, "NOTHING", declaration(9, "b"))
            .await
            .is_err()
    );
}

pub async fn at_once_from_several_nodes_one_takes_the_place(place: &dyn Place) {
    let nodes = [place.open(), place.open()];
    let mut olds = Vec::new();
    for round in 0..10 {
        olds.push(rejected(nodes[0].as_ref(), round).await);
    }
    for (round, old) in olds.into_iter().enumerate() {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..6 {
            let (store, old) = (nodes[n % 2].clone(), old.clone());
            let mut new = declaration(round, if n < 3 { "b" } else { "c" });
            new.guid = format!("NEW-{round}-{n}");
            tasks.spawn(async move { replaced(store.as_ref(), &old, new).await });
        }
        let mut ids = std::collections::BTreeSet::new();
        let mut no = 0;
        while let Some(done) = tasks.join_next().await {
            match done.unwrap() {
                Ok(id) => drop(ids.insert(id)),
                Err(_) => no += 1,
            }
        }
        assert_eq!((ids.len(), no), (1, 3));
    }
}
