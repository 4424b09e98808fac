//! Purging personal data: what is over goes, what is not stays, and the log holds.

use tongguan_core::State;
use tongguan_core::Store;
use tongguan_core::store::{Decision, Purge, Purged};
use tongguan_messages::Outcome;

use super::Place;
use super::audit::{entries, holds};
use super::things::*;

fn all() -> Purge {
    Purge {
        before: i64::MAX,
        rule: "a test".into(),
    }
}

/// Purges everything that may be, which must be what was foretold.
async fn purged(store: &dyn Store) -> Purged {
    let foretold = store.purgeable(&all()).await.unwrap();
    let done = tongguan_core::purge(store, &all()).await.unwrap();
    assert_eq!(foretold, done);
    assert_eq!(store.purge(&all()).await.unwrap(), Purged::default());
    done
}

fn counts(declarations: u64, envelopes: u64, receipts: u64, held: u64) -> Purged {
    Purged {
        declarations,
        envelopes,
        receipts,
        held,
    }
}

pub async fn what_is_over_goes_and_the_log_holds(place: &dyn Place) {
    let store = place.open();
    let ids = carried(store.as_ref(), &[1, 2]).await;
    tried(store.as_ref(), 1, taken()).await;
    let both = |code: &str, time: &str| {
        [1, 2]
            .map(|n| answer(n, code, time, Outcome::Accepted))
            .to_vec()
    };
    store.receive(inbound("r", both("120", "1"))).await.unwrap();
    let past = Purge { before: 1, ..all() };
    assert_eq!(store.purge(&past).await.unwrap(), Purged::default());
    let before = store.find("ORDER-1").await.unwrap().unwrap();
    assert!(before.purged.is_none() && before.history.iter().any(|s| s.text == "回执"));

    assert_eq!(purged(store.as_ref()).await, counts(2, 1, 1, 0));
    let after = store.find("ORDER-1").await.unwrap().unwrap();
    assert_eq!(after.purged.unwrap().rule, "a test");
    assert_eq!(after.summary.state, State::Accepted);
    assert_eq!(after.summary.key, before.summary.key);
    assert!(after.fragment.is_empty() && after.envelope.unwrap().is_empty());
    assert!(after.inbound.iter().all(|(_, octets)| octets.is_empty()));
    assert!(after.history.iter().all(|s| s.text != "回执"));
    assert!(after.history.iter().any(|s| s.code == "120"));
    assert_eq!(after.carrier.unwrap().cop_msg_id, "COP-1");
    holds(store.as_ref()).await;
    let log = entries(store.as_ref()).await;
    let told = |id: &str| {
        let purged = log
            .iter()
            .filter(|e| e.body.contains("\"event\":\"purged\""));
        purged.filter(|e| e.body.contains(id)).count()
    };
    assert_eq!((told(&ids[0]), told(&ids[1])), (1, 1));

    // There is no evidence without octets, and the number stays taken.
    let refused = store.evidence("ORDER-1", &[]).await.unwrap_err();
    assert!(refused.to_string().contains("a test"), "{refused}");
    assert!(
        store
            .submit("main", vec![declaration(1, "a")])
            .await
            .is_err()
    );
    // What comes in later is kept, and goes by the next purge.
    let late = vec![answer(1, "399", "2", Outcome::Rejected)];
    store.receive(inbound("late", late)).await.unwrap();
    assert_eq!(state(store.as_ref(), 1).await, State::Rejected);
    assert_eq!(purged(store.as_ref()).await, counts(0, 0, 1, 0));
    let after = store.find("ORDER-1").await.unwrap().unwrap();
    assert!(after.history.iter().all(|s| s.text != "回执"));
    holds(store.as_ref()).await;
}

pub async fn what_is_not_over_stays(place: &dyn Place) {
    let store = place.open();
    // One of two in an envelope is final.
    carried(store.as_ref(), &[1, 2]).await;
    tried(store.as_ref(), 1, taken()).await;
    let one = vec![answer(1, "120", "1", Outcome::Accepted)];
    store.receive(inbound("r", one)).await.unwrap();
    // One was answered before the transport's own word: its envelope may go again.
    carried(store.as_ref(), &[3]).await;
    let one = vec![answer(3, "120", "1", Outcome::Accepted)];
    store.receive(inbound("quick", one)).await.unwrap();
    // One waits, one is void, and something is about nothing here.
    submitted(store.as_ref(), [4, 5]).await;
    store.decide("ORDER-5", Decision::Void).await.unwrap();
    store.receive(inbound("strange", Vec::new())).await.unwrap();

    assert_eq!(purged(store.as_ref()).await, counts(1, 0, 1, 2));
    for n in [1, 2, 3, 4] {
        let found = store.find(&format!("ORDER-{n}")).await.unwrap().unwrap();
        assert!(found.purged.is_none() && !found.fragment.is_empty(), "{n}");
        assert!(
            found.inbound.iter().all(|(_, octets)| !octets.is_empty()),
            "{n}"
        );
    }
    let newest = &store.unmatched(1).await.unwrap().newest[0];
    let (kept, octets) = store.came_in(&newest.digest).await.unwrap().unwrap();
    assert!(kept.purged_at.is_some() && octets.is_empty());
    let log = entries(store.as_ref()).await;
    let told = log.iter().filter(|e| e.body.contains(&kept.digest));
    assert_eq!(
        told.count(),
        1,
        "it is told of what no declaration's entry tells of"
    );
    holds(store.as_ref()).await;
    // The work goes on.
    tried(store.as_ref(), 3, taken()).await;
    assert_eq!(purged(store.as_ref()).await, counts(1, 1, 1, 1));
}

pub async fn several_nodes_purge_at_once(place: &dyn Place) {
    let nodes = [place.open(), place.open(), place.open()];
    for n in 1..=60 {
        carried(nodes[0].as_ref(), &[n]).await;
        tried(nodes[0].as_ref(), n, taken()).await;
        let one = vec![answer(n, "120", "1", Outcome::Accepted)];
        nodes[0]
            .receive(inbound(&format!("r{n}"), one))
            .await
            .unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for store in nodes.clone() {
        tasks.spawn(async move { tongguan_core::purge(store.as_ref(), &all()).await.unwrap() });
    }
    let mut sum = Purged::default();
    while let Some(done) = tasks.join_next().await {
        let done = done.unwrap();
        sum.declarations += done.declarations;
        sum.envelopes += done.envelopes;
        sum.receipts += done.receipts;
    }
    // What another was at while a node looked may have been left by both.
    let rest = tongguan_core::purge(nodes[0].as_ref(), &all())
        .await
        .unwrap();
    assert_eq!(sum.declarations + rest.declarations, 60);
    assert_eq!(sum.envelopes + rest.envelopes, 60);
    assert_eq!(sum.receipts + rest.receipts, 60);
    holds(nodes[0].as_ref()).await;
}
