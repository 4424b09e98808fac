//! What a store tells of what is stuck.

use std::time::Duration;
use tongguan_core::Alerts;
use tongguan_core::diagnosis::{Ailment, Symptom};
use tongguan_core::store::{Decision, Inbound, Store};
use tongguan_messages::Outcome;

use super::Place;
use super::things::*;

/// Nothing may take any time.
fn impatient() -> Alerts {
    Alerts {
        assemble_seconds: 0,
        send_seconds: 0,
        answer_seconds: 0,
        final_hours: 0,
        ..Alerts::default()
    }
}

async fn told(store: &dyn Store, alerts: &Alerts) -> Vec<Symptom> {
    store.symptoms(alerts).await.unwrap()
}

async fn ailments(store: &dyn Store, alerts: &Alerts) -> Vec<(Ailment, String, u64)> {
    let all = told(store, alerts).await;
    all.into_iter()
        .map(|s| (s.ailment, s.subject, s.count))
        .collect()
}

pub async fn what_is_stuck_is_told_in_every_state(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let patient = Alerts::default();
    assert_eq!(ailments(store, &impatient()).await, []);

    let begun = store.clock().await.unwrap();
    let all = submitted(store, 1..=3).await;
    let waiting = told(store, &impatient()).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let one = &waiting[0];
    assert_eq!((one.ailment, one.count), (Ailment::Unassembled, 3));
    assert_eq!((one.subject.as_str(), &one.example), (MESSAGE, &all[0]));
    let now = store.clock().await.unwrap();
    assert!((begun..=now).contains(&one.since), "{one:?} {begun} {now}");
    assert_eq!(ailments(store, &patient).await, [], "it has time");
    assert_eq!(store.oldest_open().await.unwrap(), Some(one.since));

    // Signed, and no transport takes it.
    let claim = claimed(store, &node("a"), 3).await;
    let carried = store.carry(&claim.lease, carrier(1), ids(&claim)).await;
    assert_eq!(carried.unwrap(), tongguan_core::store::Fence::Held);
    let unsent = vec![(Ailment::Unsent, "main".to_owned(), 1)];
    assert_eq!(ailments(store, &impatient()).await, unsent);
    assert_eq!(ailments(store, &patient).await, []);
    tried(store, 1, again(false)).await;
    let failed = told(store, &patient).await;
    assert_eq!(failed.len(), 1, "a failure is told at once: {failed:?}");
    assert_eq!((failed[0].said.as_str(), failed[0].tries), ("gone", 1));
    assert_eq!(failed[0].example, all[0]);

    // Nobody knows whether it arrived.
    tried(store, 1, again(true)).await;
    let expected = vec![
        (Ailment::Unknown, MESSAGE.to_owned(), 3),
        (Ailment::Unsent, "main".to_owned(), 1),
    ];
    assert_eq!(ailments(store, &impatient()).await, expected);

    // Taken, and no receipt.
    tried(store, 1, taken()).await;
    let unanswered = told(store, &impatient()).await;
    assert_eq!(unanswered.len(), 1, "{unanswered:?}");
    assert_eq!(unanswered[0].ailment, Ailment::Unanswered);
    assert_eq!((unanswered[0].count, unanswered[0].tries), (3, 3));
    assert!(unanswered[0].said.contains("main"));
    assert_eq!(ailments(store, &patient).await, []);

    // One is answered, and not to its end; one is done.
    let under_way = answer(1, "2", "", Outcome::Pending);
    let good = answer(2, "120", "", Outcome::Accepted);
    store
        .receive(inbound("a", vec![under_way, good]))
        .await
        .unwrap();
    let expected = vec![
        (Ailment::Unfinished, MESSAGE.to_owned(), 1),
        (Ailment::Unanswered, MESSAGE.to_owned(), 1),
    ];
    assert_eq!(ailments(store, &impatient()).await, expected);
    let unfinished = &told(store, &impatient()).await[0];
    assert!(unfinished.said.contains("回执"), "{unfinished:?}");

    // A person sends it again: it is on its way like the first time.
    store.decide("ORDER-3", Decision::Retry).await.unwrap();
    let again = ailments(store, &impatient()).await;
    assert!(
        again.contains(&(Ailment::Unknown, MESSAGE.to_owned(), 1)),
        "{again:?}"
    );
}

pub async fn dead_letters_and_strays_are_told_at_once(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let patient = Alerts::default();
    let all = carried(store, &[1, 2]).await;
    tried(store, 1, refused(false)).await;
    let dead = told(store, &patient).await;
    assert_eq!((dead[0].ailment, dead[0].count), (Ailment::Dead, 2));
    assert!(dead[0].said.contains("too large"), "{dead:?}");
    assert_eq!(dead[0].example, all[0]);
    store.decide("ORDER-1", Decision::Void).await.unwrap();
    store.decide("ORDER-2", Decision::Void).await.unwrap();
    assert_eq!(ailments(store, &patient).await, []);
    assert_eq!(store.oldest_open().await.unwrap(), None);
    assert_eq!(store.failures(), 0);

    let stranger = vec![answer(9, "120", "", Outcome::Accepted)];
    store
        .receive(inbound("about nothing here", stranger))
        .await
        .unwrap();
    for text in ["1", "2"] {
        let mut broken = inbound(text, Vec::new());
        (broken.kind, broken.problem) = (String::new(), Some("no XML".to_owned()));
        store.receive(broken).await.unwrap();
    }
    // A notice is about no declaration, and that is as it should be.
    let mut notice = inbound("notice", Vec::new());
    notice.kind = "CEB816Message".to_owned();
    store.receive(notice).await.unwrap();
    let expected = vec![
        (Ailment::Unreadable, String::new(), 2),
        (Ailment::Unmatched, "CEB312Message".to_owned(), 1),
    ];
    assert_eq!(ailments(store, &patient).await, expected);
    let unreadable = &told(store, &patient).await[0];
    assert_eq!(unreadable.said, "no XML");
    assert!(store.came_in(&unreadable.example).await.unwrap().is_some());
    place.tamper("UPDATE inbound SET received_at = received_at - 2 * 86400000");
    assert_eq!(ailments(store, &patient).await, [], "told for a day");
}

pub async fn a_node_that_ended_is_told_until_another_takes_over(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    submitted(store, [1]).await;
    let claim = claimed(store, &node("lost"), 1).await;
    assert_eq!(ailments(store, &Alerts::default()).await, []);
    place.tamper("UPDATE lease SET until = until - 3600000");
    let expected = vec![(Ailment::LostNode, "lost".to_owned(), 1)];
    assert_eq!(ailments(store, &Alerts::default()).await, expected);
    store.waiting(100).await.unwrap();
    assert_eq!(ailments(store, &Alerts::default()).await, []);
    drop(claim);
}

pub async fn clocks_that_disagree_are_told(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let patient = Alerts::default();
    carried(store, &[1]).await;
    tried(store, 1, taken()).await;
    let time = |off: Duration, ahead: bool| {
        let now = time::OffsetDateTime::now_utc().to_offset(time::macros::offset!(+8));
        let at = if ahead { now + off } else { now - off };
        let form = time::macros::format_description!(
            "[year][month][day][hour][minute][second][subsecond digits:3]"
        );
        at.format(form).unwrap()
    };
    let said = |n: &str, time: &str| inbound(n, vec![answer(1, "2", time, Outcome::Pending)]);
    store.receive(said("no time", "")).await.unwrap();
    store.receive(said("odd", "20269924")).await.unwrap();
    let near = time(Duration::from_secs(200), true);
    store.receive(said("near", &near)).await.unwrap();
    assert_eq!(ailments(store, &patient).await, []);
    let ahead = time(Duration::from_secs(1000), true);
    store.receive(said("ahead", &ahead)).await.unwrap();
    let clock = told(store, &patient).await;
    assert_eq!(clock.len(), 1, "{clock:?}");
    assert_eq!((clock[0].ailment, clock[0].count), (Ailment::Clock, 1));
    assert!(clock[0].said.starts_with("16 min ahead"), "{clock:?}");
    // From before it was signed.
    let behind = time(Duration::from_secs(3 * 3600 + 600), false);
    store.receive(said("behind", &behind)).await.unwrap();
    let clock = told(store, &patient).await;
    assert_eq!(clock[0].count, 2);
    assert!(clock[0].said.starts_with("3 h behind"), "{clock:?}");
    place.tamper("UPDATE status SET at = at - 2 * 86400000");
    assert_eq!(ailments(store, &patient).await, []);
    // An envelope's own time; one that is merely late, or gives none, proves nothing.
    let now = store.clock().await.unwrap();
    for (n, made_at) in [
        ("late", Some(now - 86_400_000)),
        ("no time at all", None),
        ("soon", Some(now + 200_000)),
        ("later", Some(now + 4_000_000)),
        ("last", Some(now + 900_000)),
    ] {
        let one = Inbound {
            made_at,
            ..inbound(n, vec![answer(1, "2", "", Outcome::Pending)])
        };
        store.receive(one).await.unwrap();
    }
    let clock = told(store, &patient).await;
    assert_eq!(clock.len(), 1, "{clock:?}");
    assert_eq!((clock[0].subject.as_str(), clock[0].count), ("platform", 2));
    assert!(clock[0].said.starts_with("66 min ahead"), "{clock:?}");
    place.tamper("UPDATE inbound SET received_at = received_at - 2 * 86400000");
    assert_eq!(ailments(store, &patient).await, [], "told for a day");
}
