//! Taking, carrying, sending.

use std::time::Duration;
use tongguan_contracts::FailureClass;
use tongguan_core::State;
use tongguan_core::store::{Fence, Tried};

use super::Place;
use super::things::*;

pub async fn all_or_none_and_never_twice(place: &dyn Place) {
    let store = place.open();
    let all = vec![declaration(1, "a"), declaration(2, "a")];
    let taken = store.submit("main", all).await.unwrap();
    assert!(taken.iter().all(|t| !t.already_there));
    // A repetition is the same one.
    let again = store
        .submit("main", vec![declaration(1, "a")])
        .await
        .unwrap();
    assert_eq!(
        (again[0].id.as_str(), again[0].already_there),
        (taken[0].id.as_str(), true)
    );
    // Twice in one document, too.
    let twice = vec![declaration(9, "a"), declaration(9, "a")];
    let twice = store.submit("main", twice).await.unwrap();
    assert_eq!(
        (twice[0].id.as_str(), twice[1].already_there),
        (twice[1].id.as_str(), true)
    );
    // A conflict is refused whole.
    let other = vec![declaration(3, "a"), declaration(1, "b")];
    let refused = store.submit("main", other).await.unwrap_err();
    assert_eq!(refused.class(), FailureClass::Rejected);
    assert!(refused.to_string().contains("ORDER-1") && refused.to_string().contains(&taken[0].id));
    assert!(
        store.find("ORDER-3").await.unwrap().is_none(),
        "nothing of it is there"
    );
    let mut same_guid = declaration(4, "a");
    same_guid.guid = declaration(1, "a").guid;
    let refused = store.submit("main", vec![same_guid]).await.unwrap_err();
    assert!(refused.to_string().contains("guid"), "{refused}");
    let mut change = declaration(1, "b");
    change.amends = true;
    assert!(!store.submit("main", vec![change]).await.unwrap()[0].already_there);
}

pub async fn carried_once_sent_until_taken(place: &dyn Place) {
    let store = place.open();
    submitted(store.as_ref(), 1..=3).await;
    let waiting = store.waiting(100).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].count), (1, 3));
    let claim = claimed(store.as_ref(), &node("a"), 2).await;
    assert_eq!(claim.work.len(), 2);
    assert_eq!(claim.work[0].fragment, b"<ceb:Order>1</ceb:Order>");
    assert_eq!(
        store.waiting(100).await.unwrap()[0].count,
        1,
        "two are in hand"
    );
    let fence = store
        .carry(&claim.lease, carrier(100), ids(&claim))
        .await
        .unwrap();
    assert_eq!(fence, Fence::Held);
    let again = store
        .carry(&claim.lease, carrier(101), ids(&claim))
        .await
        .unwrap();
    assert_eq!(again, Fence::Lost, "they are in a message already");

    // Tried, lost, tried again with the same octets, taken.
    let first = due(store.as_ref(), &node("a")).await.unwrap();
    assert_eq!((first.work.len(), first.work[0].attempts), (1, 0));
    assert_eq!(first.work[0].cop_msg_id, "COP-100");
    let later = Tried::Again {
        after: Duration::from_millis(300),
        error: "gone".into(),
        left: true,
    };
    let fence = store.tried(&first.lease, "COP-100", later).await.unwrap();
    assert_eq!(fence, Fence::Held);
    assert_eq!(state(store.as_ref(), 2).await, State::Unknown);
    assert!(due(store.as_ref(), &node("a")).await.is_none(), "not yet");
    tokio::time::sleep(Duration::from_millis(350)).await;
    let second = due(store.as_ref(), &node("a")).await.unwrap();
    assert_eq!(
        (second.work[0].attempts, second.work[0].envelope.as_slice()),
        (1, &b"<dxp/>"[..])
    );
    let fence = store
        .tried(&second.lease, "COP-100", taken())
        .await
        .unwrap();
    assert_eq!(fence, Fence::Held);
    assert_eq!(state(store.as_ref(), 2).await, State::Sent);
    assert!(due(store.as_ref(), &node("a")).await.is_none());
    let details = store.find("ORDER-2").await.unwrap().unwrap();
    assert_eq!(details.carrier.unwrap().evidence.as_deref(), Some("tag 1"));
    let told: Vec<&str> = details.history.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(
        told,
        [
            "submitted",
            "signed, in envelope COP-100",
            "no answer: gone",
            "taken: tag 1"
        ]
    );
}

pub async fn what_never_left_is_not_of_unknown_outcome(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[1]).await;
    for _ in 0..3 {
        tried(store.as_ref(), 1, again(false)).await;
        assert_eq!(state(store.as_ref(), 1).await, State::Signed);
    }
    let details = store.find("ORDER-1").await.unwrap().unwrap();
    let same = details.history.iter().filter(|s| s.text.contains("gone"));
    assert_eq!(same.count(), 1, "the same trouble is one line");
    assert_eq!(details.carrier.unwrap().attempts, 3);
    // Once it may have left, it stays so, whatever later tries come to.
    tried(store.as_ref(), 1, again(true)).await;
    tried(store.as_ref(), 1, again(false)).await;
    assert_eq!(state(store.as_ref(), 1).await, State::Unknown);
}

pub async fn what_is_there_stays_there(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[1, 2]).await;
    submitted(store.as_ref(), [3]).await;
    let before = store.counts().await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.counts().await.unwrap(), before);
    assert_eq!(before.len(), 2);
}

pub async fn the_same_number_at_once_makes_one_declaration(place: &dyn Place) {
    let nodes = [place.open(), place.open()];
    for round in 0..20 {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..8 {
            let store = nodes[n % 2].clone();
            // Half of them say the same thing, half something else of the same number.
            let print = if n < 4 { "a" } else { "b" };
            let mut one = declaration(round, print);
            one.guid = format!("GUID-{round}-{n}");
            tasks.spawn(async move { store.submit("main", vec![one]).await });
        }
        let mut ids = std::collections::BTreeSet::new();
        let (mut new, mut refused) = (0, 0);
        while let Some(done) = tasks.join_next().await {
            match done.unwrap() {
                Ok(taken) => {
                    new += usize::from(!taken[0].already_there);
                    ids.insert(taken[0].id.clone());
                }
                Err(failure) => {
                    assert_eq!(failure.class(), FailureClass::Rejected, "{failure}");
                    refused += 1;
                }
            }
        }
        assert_eq!((ids.len(), new, refused), (1, 1, 4));
    }
}

pub async fn many_submit_at_once(place: &dyn Place) {
    let nodes = [place.open(), place.open()];
    let mut tasks = tokio::task::JoinSet::new();
    for from in [0, 50] {
        let store = nodes[from / 50].clone();
        tasks.spawn(async move {
            for n in from..from + 100 {
                submitted(store.as_ref(), [n]).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let counts = nodes[0].counts().await.unwrap();
    assert_eq!(counts, [(MESSAGE.to_owned(), State::Submitted, 150)]);
}
