//! What a person decides.

use tongguan_contracts::FailureClass;
use tongguan_core::State;
use tongguan_core::store::{Decision, Fence, Store};
use tongguan_messages::Outcome;

use super::Place;
use super::things::*;

async fn decided(store: &dyn Store, n: usize, decision: Decision) -> Result<State, String> {
    match store.decide(&format!("ORDER-{n}"), decision).await {
        Ok((_, state)) => Ok(state),
        Err(failure) => {
            assert_eq!(failure.class(), FailureClass::Rejected, "{failure}");
            assert!(failure.how_to_mend().is_some(), "{failure}");
            Err(failure.to_string())
        }
    }
}

pub async fn a_dead_letter_waits_for_a_person(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    carried(store, &[1, 2]).await;
    tried(store, 1, refused(false)).await;
    assert_eq!(state(store, 1).await, State::Dead);
    assert!(
        due(store, &node("a")).await.is_none(),
        "nothing happens by itself"
    );
    let reason = store.find("ORDER-1").await.unwrap().unwrap();
    assert!(reason.history.last().unwrap().text.contains("too large"));
    let there = store.submit("main", vec![declaration(1, "a")]).await;
    assert!(there.unwrap()[0].already_there, "its number is not free");
    // The envelope goes again, with all that is in it.
    assert_eq!(decided(store, 1, Decision::Retry).await, Ok(State::Signed));
    assert_eq!(state(store, 2).await, State::Signed);
    let claim = due(store, &node("a")).await.unwrap();
    assert_eq!(claim.work[0].cop_msg_id, "COP-1");
    let _ = store
        .tried(&claim.lease, "COP-1", refused(true))
        .await
        .unwrap();
    // Once it may have left, a retry is a repeat.
    assert_eq!(decided(store, 2, Decision::Retry).await, Ok(State::Unknown));
    tried(store, 1, taken()).await;
    assert_eq!(state(store, 1).await, State::Sent);
    // An answer counts for a dead letter too.
    carried(store, &[3]).await;
    tried(store, 3, refused(true)).await;
    let late = inbound("late", vec![answer(3, "120", "1", Outcome::Accepted)]);
    store.receive(late).await.unwrap();
    assert_eq!(state(store, 3).await, State::Accepted);
}

pub async fn unsigned_dead_letters_go_back_to_the_queue(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    submitted(store, [1, 2]).await;
    let claim = claimed(store, &node("a"), 2).await;
    store
        .give_up(&claim.lease, ids(&claim), "the card refuses")
        .await
        .unwrap();
    assert_eq!(state(store, 1).await, State::Dead);
    assert!(store.waiting(100).await.unwrap().is_empty());
    assert_eq!(
        decided(store, 1, Decision::Retry).await,
        Ok(State::Submitted)
    );
    assert_eq!(store.waiting(100).await.unwrap()[0].count, 1);
    assert_eq!(decided(store, 2, Decision::Void).await, Ok(State::Void));
}

pub async fn void_only_before_anything_left(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    submitted(store, [1]).await;
    assert_eq!(decided(store, 1, Decision::Void).await, Ok(State::Void));
    assert!(store.waiting(100).await.unwrap().is_empty());
    assert!(decided(store, 1, Decision::Void).await.is_err());
    assert!(decided(store, 1, Decision::Retry).await.is_err());
    let anew = store
        .submit("main", vec![declaration(1, "b")])
        .await
        .unwrap();
    assert!(!anew[0].already_there, "its number is free");
    assert_eq!(decided(store, 1, Decision::Void).await, Ok(State::Void));

    // Tried, and nothing left.
    carried(store, &[2]).await;
    tried(store, 2, again(false)).await;
    assert_eq!(decided(store, 2, Decision::Void).await, Ok(State::Void));
    assert!(due(store, &node("a")).await.is_none());
    // Under way at this moment.
    carried(store, &[3]).await;
    let claim = due(store, &node("a")).await.unwrap();
    let told = decided(store, 3, Decision::Void).await.unwrap_err();
    assert!(told.contains("at this moment"), "{told}");
    let _ = store
        .tried(&claim.lease, "COP-3", again(true))
        .await
        .unwrap();
    assert!(decided(store, 3, Decision::Void).await.is_err());
    tried(store, 3, refused(false)).await;
    assert_eq!(state(store, 3).await, State::Dead);
    let told = decided(store, 3, Decision::Void).await.unwrap_err();
    assert!(told.contains("may have left"), "{told}");
    assert!(store.decide("NOTHING", Decision::Void).await.is_err());
}

pub async fn void_takes_a_declaration_out_of_its_message(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let all = carried(store, &[1, 2, 3]).await;
    assert_eq!(decided(store, 2, Decision::Void).await, Ok(State::Void));
    assert!(
        due(store, &node("a")).await.is_none(),
        "that envelope never leaves"
    );
    assert_eq!(state(store, 1).await, State::Submitted);
    let claim = claimed(store, &node("a"), 10).await;
    assert_eq!(ids(&claim), [all[0].clone(), all[2].clone()]);
    let fence = store.carry(&claim.lease, carrier(9), ids(&claim)).await;
    assert_eq!(fence.unwrap(), Fence::Held);
    tried(store, 9, taken()).await;
    assert_eq!(state(store, 3).await, State::Sent);
    // What was signed, and is void, is still there to see.
    let void = store.find("ORDER-2").await.unwrap().unwrap();
    assert_eq!(void.carrier.unwrap().cop_msg_id, "COP-1");
}

pub async fn void_fences_who_is_signing(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    submitted(store, [1, 2]).await;
    let claim = claimed(store, &node("a"), 2).await;
    assert_eq!(decided(store, 1, Decision::Void).await, Ok(State::Void));
    let fence = store.carry(&claim.lease, carrier(1), ids(&claim)).await;
    assert_eq!(fence.unwrap(), Fence::Lost);
    assert_eq!(state(store, 1).await, State::Void);
    let claim = claimed(store, &node("a"), 2).await;
    assert_eq!(claim.work.len(), 1, "the other one is free at once");
}

pub async fn rejected_is_never_retried(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    carried(store, &[1]).await;
    tried(store, 1, taken()).await;
    let no = inbound("no", vec![answer(1, "-1", "1", Outcome::Rejected)]);
    store.receive(no).await.unwrap();
    let told = decided(store, 1, Decision::Retry).await.unwrap_err();
    assert!(told.contains("rejected"), "{told}");
    assert!(due(store, &node("a")).await.is_none());
}

pub async fn sent_without_an_answer_may_be_repeated(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    carried(store, &[1, 2]).await;
    tried(store, 1, taken()).await;
    let one = inbound("one", vec![answer(2, "120", "1", Outcome::Accepted)]);
    store.receive(one).await.unwrap();
    assert_eq!(decided(store, 1, Decision::Retry).await, Ok(State::Unknown));
    tried(store, 1, taken()).await;
    assert_eq!(state(store, 1).await, State::Sent);
    assert_eq!(
        state(store, 2).await,
        State::Accepted,
        "its neighbour stays"
    );
}
