//! What comes back.

use sha2::Digest as _;
use tongguan_core::State;
use tongguan_core::store::{About, Answer, Filter, Inbound, Level};
use tongguan_messages::Outcome;

use super::Place;
use super::things::*;

pub async fn any_order_and_twice(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[2]).await;
    tried(store.as_ref(), 2, taken()).await;
    let last = inbound("r2", vec![answer(2, "120", "2", Outcome::Accepted)]);
    let notices = store.receive(last.clone()).await.unwrap();
    assert_eq!((notices.len(), notices[0].role.as_str()), (1, "main"));
    assert_eq!(state(store.as_ref(), 2).await, State::Accepted);
    let early = inbound("r1", vec![answer(2, "2", "1", Outcome::Pending)]);
    store.receive(early).await.unwrap();
    let error = inbound("r0", vec![answer(2, "-1", "0", Outcome::Rejected)]);
    store.receive(error).await.unwrap();
    assert_eq!(
        state(store.as_ref(), 2).await,
        State::Accepted,
        "an older answer undoes nothing"
    );
    // The same octets change nothing; whoever died after the commit told nobody.
    let again = store.receive(last).await.unwrap();
    assert_eq!(again, notices);
    let details = store.find("ORDER-2").await.unwrap().unwrap();
    let said = details.history.iter().filter(|s| s.level == "clearance");
    let codes: Vec<&str> = said.map(|s| s.code.as_str()).collect();
    assert_eq!(codes, ["-1", "2", "120"], "by the time that customs said");
    assert_eq!(details.summary.latest.unwrap().code, "120");
    assert_eq!(details.inbound.len(), 3);
    // Customs may refuse later what it had accepted.
    let later = inbound("r3", vec![answer(2, "-2", "3", Outcome::Rejected)]);
    store.receive(later).await.unwrap();
    assert_eq!(state(store.as_ref(), 2).await, State::Rejected);
    // What was rejected may be declared anew.
    let anew = store.submit("main", vec![declaration(2, "c")]).await;
    assert!(!anew.unwrap()[0].already_there);
}

pub async fn a_late_decision_still_decides(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[1]).await;
    tried(store.as_ref(), 1, taken()).await;
    let newer = inbound("newer", vec![answer(1, "26", "7", Outcome::Pending)]);
    store.receive(newer).await.unwrap();
    let older = inbound("older", vec![answer(1, "800", "5", Outcome::Accepted)]);
    store.receive(older).await.unwrap();
    assert_eq!(state(store.as_ref(), 1).await, State::Accepted);
    let oldest = inbound("oldest", vec![answer(1, "-1", "4", Outcome::Rejected)]);
    store.receive(oldest).await.unwrap();
    assert_eq!(state(store.as_ref(), 1).await, State::Accepted);
}

pub async fn at_once_from_several_nodes(place: &dyn Place) {
    let nodes = [place.open(), place.open(), place.open()];
    let numbers: Vec<usize> = (1..=20).collect();
    carried(nodes[0].as_ref(), &numbers).await;
    tried(nodes[0].as_ref(), 1, taken()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for step in 0..24 {
        let store = nodes[step % 3].clone();
        // Each receipt answers all twenty, in another order; every one comes three times.
        let kind = step / 3;
        let outcome = if kind == 5 {
            Outcome::Accepted
        } else {
            Outcome::Pending
        };
        let mut answers: Vec<Answer> = numbers
            .iter()
            .map(|n| answer(*n, &format!("{kind}"), &format!("{kind}"), outcome))
            .collect();
        answers.rotate_left(kind);
        tasks.spawn(async move {
            let one = inbound(&format!("receipt {kind}"), answers);
            store.receive(one).await.unwrap().len()
        });
    }
    let mut told = 0;
    while let Some(done) = tasks.join_next().await {
        told += done.unwrap();
    }
    assert_eq!(told, 24 * 20, "whoever it reaches hears all of it");
    for n in numbers {
        assert_eq!(state(nodes[0].as_ref(), n).await, State::Accepted);
        let details = nodes[0].find(&format!("ORDER-{n}")).await.unwrap().unwrap();
        let said = details.history.iter().filter(|s| s.level == "clearance");
        assert_eq!(said.count(), 8, "each receipt counts once");
        assert_eq!(details.summary.latest.unwrap().code, "7");
    }
}

pub async fn before_our_own_confirm(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[1, 2]).await;
    let claim = due(store.as_ref(), &node("one")).await.unwrap();
    let quick = inbound("quick", vec![answer(1, "120", "1", Outcome::Accepted)]);
    store.receive(quick).await.unwrap();
    assert_eq!(state(store.as_ref(), 1).await, State::Accepted);
    let _ = store.tried(&claim.lease, "COP-1", taken()).await.unwrap();
    assert_eq!(state(store.as_ref(), 1).await, State::Accepted);
    assert_eq!(state(store.as_ref(), 2).await, State::Sent);
    let details = store.find("ORDER-1").await.unwrap().unwrap();
    assert!(
        details.history.last().unwrap().text.contains("tag 1"),
        "kept all the same"
    );
    assert!(details.carrier.unwrap().sent_at.is_some());
}

pub async fn already_declared_answers_a_repeat_only(place: &dyn Place) {
    let store = place.open();
    let there = |n| {
        inbound(
            &format!("r{n}"),
            vec![answer(n, "-301010", "1", Outcome::Rejected)],
        )
    };
    // It may have left twice: the first one arrived.
    carried(store.as_ref(), &[50]).await;
    tried(store.as_ref(), 50, again(true)).await;
    tried(store.as_ref(), 50, taken()).await;
    store.receive(there(50)).await.unwrap();
    assert_eq!(state(store.as_ref(), 50).await, State::Accepted);
    // It left once; that another try did not leave makes no repeat of it.
    carried(store.as_ref(), &[51]).await;
    tried(store.as_ref(), 51, again(false)).await;
    tried(store.as_ref(), 51, taken()).await;
    store.receive(there(51)).await.unwrap();
    assert_eq!(state(store.as_ref(), 51).await, State::Rejected);
    // A node died while it sent it.
    carried(store.as_ref(), &[52]).await;
    drop(due(store.as_ref(), &dying("one")).await.unwrap());
    tried(store.as_ref(), 52, taken()).await;
    store.receive(there(52)).await.unwrap();
    assert_eq!(state(store.as_ref(), 52).await, State::Accepted);
}

pub async fn about_nothing_here_are_kept_and_shown(place: &dyn Place) {
    let store = place.open();
    let strange = inbound("strange", vec![answer(999, "120", "1", Outcome::Accepted)]);
    assert!(store.receive(strange.clone()).await.unwrap().is_empty());
    store.receive(strange).await.unwrap();
    let unreadable = Inbound {
        kind: String::new(),
        problem: Some("no XML: \0".into()),
        ..inbound("garbage", Vec::new())
    };
    store.receive(unreadable).await.unwrap();
    let unmatched = store.unmatched(1).await.unwrap();
    assert_eq!((unmatched.count, unmatched.newest.len()), (2, 1));
    let newest = &unmatched.newest[0];
    assert!(newest.problem.as_deref().unwrap().starts_with("no XML"));
    let (kept, octets) = store.came_in(&newest.digest).await.unwrap().unwrap();
    assert_eq!(
        (octets.as_slice(), kept.origin.as_str()),
        (&b"garbage"[..], "test")
    );
    assert!(store.came_in("00").await.unwrap().is_none());
    // What is about something here is not among them.
    carried(store.as_ref(), &[1]).await;
    let known = inbound("known", vec![answer(1, "2", "1", Outcome::Pending)]);
    store.receive(known).await.unwrap();
    assert_eq!(store.unmatched(0).await.unwrap().count, 2);
}

pub async fn a_refused_envelope_refuses_all_in_it(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[60, 61]).await;
    tried(store.as_ref(), 60, taken()).await;
    let whole = Answer {
        about: About::Envelope("COP-60".into()),
        level: Level::Platform,
        ..answer(60, "0002", "", Outcome::Rejected)
    };
    let notices = store.receive(inbound("r60", vec![whole])).await.unwrap();
    assert_eq!(notices.len(), 2);
    let rejected = Filter {
        state: Some(State::Rejected),
        limit: 10,
        ..Filter::default()
    };
    assert_eq!(store.list(rejected).await.unwrap().len(), 2);
}

pub async fn what_a_role_did_not_hear_is_kept_until_it_has(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    let all = carried(store, &[1, 2]).await;
    tried(store, 1, taken()).await;
    let both = [1, 2].map(|n| answer(n, "120", "1", Outcome::Accepted));
    let notices = store.receive(inbound("both", both.to_vec())).await.unwrap();
    assert!(store.to_tell(10).await.unwrap().is_empty());
    let digest = hex::encode(sha2::Sha256::digest("both"));
    for _ in 0..2 {
        store.unheard(&digest, &notices[1].guid).await.unwrap();
    }
    let kept = store.to_tell(10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0], &kept[0].digest), (&notices[1], &digest));
    assert_eq!(kept[0].receipt, "CEB312Message");
    let told = store.symptoms(&Default::default()).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].subject.as_str(), &told[0].example),
        ("main", &all[1])
    );
    let history = store.find("ORDER-2").await.unwrap().unwrap().history;
    let lines = history
        .iter()
        .filter(|s| s.text.contains("its role failed"));
    assert_eq!(lines.count(), 1);
    store.heard(&digest, &notices[0].guid).await.unwrap();
    assert_eq!(store.to_tell(10).await.unwrap(), kept);
    store.heard(&digest, &notices[1].guid).await.unwrap();
    assert!(store.to_tell(10).await.unwrap().is_empty());
    assert!(
        store
            .symptoms(&Default::default())
            .await
            .unwrap()
            .is_empty()
    );
}

/// What a notice says of the declaration that customs gave the number to.
fn bill(octets: &str, number: &str) -> Inbound {
    let mut one = answer(0, "1", "9", Outcome::Pending);
    one.about = About::Given {
        messages: &["CEB311Message"],
        number: number.into(),
    };
    let mut inbound = inbound(octets, vec![one]);
    inbound.kind = "CEB816Message".into();
    inbound
}

/// A receipt that gives a number.
fn giving(octets: &str, n: usize, number: &str) -> Inbound {
    let mut one = answer(n, "800", "5", Outcome::Accepted);
    one.given = Some(number.into());
    inbound(octets, vec![one])
}

pub async fn notices_find_their_declaration_by_the_number_that_customs_gave(place: &dyn Place) {
    let store = place.open();
    carried(store.as_ref(), &[1, 2]).await;
    tried(store.as_ref(), 1, taken()).await;
    store.receive(giving("r1", 1, "I1")).await.unwrap();
    let told = store.receive(bill("b1", "I1")).await.unwrap();
    assert_eq!((told.len(), told[0].receipt.as_str()), (1, "CEB816Message"));
    assert!(told[0].guid.starts_with("GUID-1-"));
    // One that comes before the number is given waits for it, and its role hears of it then.
    assert!(store.receive(bill("b2", "I2")).await.unwrap().is_empty());
    assert_eq!(store.unmatched(9).await.unwrap().count, 1);
    let told = store.receive(giving("r2", 2, "I2")).await.unwrap();
    let of: Vec<&str> = told.iter().map(|n| n.receipt.as_str()).collect();
    assert_eq!(of, ["CEB312Message", "CEB816Message"]);
    assert_eq!(store.unmatched(9).await.unwrap().count, 0);
    // Until it has: after a crash, the next start tells it.
    let owed = store.to_tell(9).await.unwrap();
    assert_eq!(owed, told[1..]);
    store.heard(&owed[0].digest, &owed[0].guid).await.unwrap();
    assert!(store.to_tell(9).await.unwrap().is_empty());
    // It decides nothing, whatever its time: customs may say something else that is older.
    let late = inbound("r3", vec![answer(1, "-2", "6", Outcome::Rejected)]);
    store.receive(late).await.unwrap();
    assert_eq!(state(store.as_ref(), 1).await, State::Rejected);
    assert_eq!(state(store.as_ref(), 2).await, State::Accepted);
    for n in [1, 2] {
        let details = store.find(&format!("ORDER-{n}")).await.unwrap().unwrap();
        assert_eq!(details.summary.latest.unwrap().code, "1");
    }
    super::audit::holds(store.as_ref()).await;
}

/// Whichever of the two comes first, and on whichever node.
pub async fn notices_and_numbers_at_once(place: &dyn Place) {
    let nodes = [place.open(), place.open()];
    let numbers: Vec<usize> = (1..=20).collect();
    carried(nodes[0].as_ref(), &numbers).await;
    tried(nodes[0].as_ref(), 1, taken()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in &numbers {
        let of = [
            giving(&format!("r{n}"), *n, &format!("I{n}")),
            bill(&format!("b{n}"), &format!("I{n}")),
        ];
        for (node, one) in nodes.iter().zip(of) {
            let store = node.clone();
            tasks.spawn(async move { store.receive(one).await.unwrap().len() });
        }
    }
    let mut told = 0;
    while let Some(done) = tasks.join_next().await {
        told += done.unwrap();
    }
    assert_eq!(told, 2 * numbers.len());
    assert_eq!(nodes[0].unmatched(9).await.unwrap().count, 0);
}
