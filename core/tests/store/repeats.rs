//! Submissions under a key of the caller's own.

use tongguan_contracts::{Declaration, FailureClass};
use tongguan_core::State;
use tongguan_core::store::{Decision, Purge, Store};

use super::Place;
use super::things::*;

/// As a document whose numbers are filled in anew at every reading.
fn filled(n: usize, content: &str) -> Declaration {
    let mut one = declaration(n, content);
    one.guid = format!("GUID-{n}");
    one
}

async fn ids(store: &dyn Store, key: &str, all: Vec<Declaration>) -> Result<Vec<String>, String> {
    match store.submit_once(key, "main", all).await {
        Ok(taken) => Ok(taken.into_iter().map(|t| t.id).collect()),
        Err(failure) => {
            assert_eq!(failure.class(), FailureClass::Rejected, "{failure}");
            assert!(failure.how_to_mend().is_some());
            Err(failure.to_string())
        }
    }
}

pub async fn a_key_is_for_one_document(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let first = ids(store, "k1", vec![filled(1, "a"), filled(2, "b")]).await;
    let first = first.unwrap();
    assert_eq!(first.len(), 2);
    // The same content, with other numbers.
    let again = ids(store, "k1", vec![filled(3, "a"), filled(4, "b")]).await;
    assert_eq!(again.unwrap(), first);
    assert!(store.find("ORDER-3").await.unwrap().is_none());
    // Other content, more of it, another order, another role: not the same.
    for other in [
        vec![filled(1, "a")],
        vec![filled(1, "a"), filled(2, "c")],
        vec![filled(2, "b"), filled(1, "a")],
        vec![],
    ] {
        let told = ids(store, "k1", other).await.unwrap_err();
        assert!(told.contains("\"k1\"") && told.contains("another document"));
    }
    let all = vec![filled(1, "a"), filled(2, "b")];
    assert!(store.submit_once("k1", "other", all).await.is_err());
    // The business key goes on to tell repetitions, under another key and under none.
    let other = ids(store, "k2", vec![filled(1, "a")]).await.unwrap();
    assert_eq!(other, first[..1]);
    assert!(ids(store, "k3", vec![filled(1, "x")]).await.is_err());
    // A submission that was refused has not used its key.
    ids(store, "k3", vec![filled(5, "a")]).await.unwrap();
    // Whatever became of the first one.
    store.decide("ORDER-1", Decision::Void).await.unwrap();
    let again = ids(store, "k1", vec![filled(1, "a"), filled(2, "b")]).await;
    assert_eq!(again.unwrap(), first);
    assert_eq!(state(store, 1).await, State::Void);
}

pub async fn the_same_key_at_once_is_one_submission(place: &dyn Place) {
    let nodes = [place.open(), place.open()];
    for round in 0..10 {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..8 {
            let store = nodes[n % 2].clone();
            tasks.spawn(async move {
                // Each with numbers of its own: only the key tells that they are one.
                let mut all = vec![
                    filled(round * 100 + n, "a"),
                    filled(round * 100 + n + 50, "b"),
                ];
                if n % 3 == 0 {
                    all.reverse();
                }
                let key = format!("k{round}-{}", n % 3 == 0);
                ids(store.as_ref(), &key, all).await.unwrap()
            });
        }
        let mut seen = std::collections::BTreeSet::new();
        while let Some(done) = tasks.join_next().await {
            seen.insert(done.unwrap());
        }
        assert_eq!(seen.len(), 2, "one of each key");
    }
    let counts = nodes[0].counts().await.unwrap();
    assert_eq!(counts, [(MESSAGE.to_owned(), State::Submitted, 40)]);
}

pub async fn a_purge_leaves_no_fingerprint_under_a_key(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let all = || vec![filled(1, "a"), filled(2, "b")];
    let first = ids(store, "k", all()).await.unwrap();
    store.decide("ORDER-1", Decision::Void).await.unwrap();
    let purge = Purge {
        before: i64::MAX,
        rule: "all".to_owned(),
    };
    assert_eq!(store.purge(&purge).await.unwrap().declarations, 1);
    // The other one is still there.
    assert_eq!(ids(store, "k", all()).await.unwrap(), first);
    store.decide("ORDER-2", Decision::Void).await.unwrap();
    assert_eq!(store.purge(&purge).await.unwrap().declarations, 1);
    let told = ids(store, "k", all()).await.unwrap_err();
    assert!(told.contains("purged"), "{told}");
}
