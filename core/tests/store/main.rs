//! What every store must do. Written over `dyn Store`, so that others can join.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use tongguan_contracts::{Declaration, FailureClass, Origin};
use tongguan_core::State;
use tongguan_core::store::{About, Answer, Carrier, Filter, Inbound, Level, Sqlite, Store, Tried};
use tongguan_messages::Outcome;

fn declaration(n: usize, fingerprint: &str) -> Declaration {
    Declaration {
        message: "CEB311Message".into(),
        guid: format!("GUID-{n}-{fingerprint}"),
        business_key: format!("P\nE\nORDER-{n}"),
        fragment: format!("<ceb:Order>{n}</ceb:Order>").into_bytes(),
        fingerprint: fingerprint.into(),
        amends: false,
        origin: Origin {
            document: "orders.json".into(),
            line: 7,
        },
    }
}

fn carrier(n: usize) -> Carrier {
    Carrier {
        message: "CEB311Message".into(),
        guid: format!("MESSAGE-{n}"),
        cop_msg_id: format!("COP-{n}"),
        transport: "main".into(),
        profile: "sm2-sm3".into(),
        certificate: "00".into(),
        envelope: b"<dxp/>".to_vec(),
        attempts: 0,
    }
}

fn answer(n: usize, code: &str, time: &str, outcome: Outcome) -> Answer {
    Answer {
        about: About::Declaration {
            messages: &["CEB311Message"],
            key: Some(format!("P\nE\nORDER-{n}")),
            guid: "THEIRS".into(),
        },
        level: Level::Clearance,
        code: code.into(),
        text: "回执".into(),
        time: time.into(),
        outcome,
        already_declared: code == "-301010",
    }
}

fn inbound(octets: &str, answers: Vec<Answer>) -> Inbound {
    Inbound {
        octets: octets.as_bytes().to_vec(),
        transport: "main".into(),
        origin: "test".into(),
        kind: "CEB312Message".into(),
        problem: None,
        answers,
    }
}

async fn state(store: &dyn Store, n: usize) -> State {
    store
        .find(&format!("ORDER-{n}"))
        .await
        .unwrap()
        .unwrap()
        .summary
        .state
}

/// Takes declaration `n` and puts it into an envelope of its own.
async fn carried(store: &dyn Store, n: usize) {
    let taken = store
        .submit("main", vec![declaration(n, "a")])
        .await
        .unwrap();
    store
        .carry(carrier(n), vec![taken[0].id.clone()])
        .await
        .unwrap();
}

async fn contract(store: &dyn Store) {
    // All or none; a repetition is the same one; a conflict is refused whole.
    let taken = store
        .submit("main", vec![declaration(1, "a"), declaration(2, "a")])
        .await
        .unwrap();
    assert!(taken.iter().all(|t| !t.already_there));
    let again = store
        .submit("main", vec![declaration(1, "a")])
        .await
        .unwrap();
    assert_eq!(
        (again[0].id.as_str(), again[0].already_there),
        (taken[0].id.as_str(), true)
    );
    let refused = store
        .submit("main", vec![declaration(3, "a"), declaration(1, "b")])
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.class(), FailureClass::Rejected);
    assert!(refused.to_string().contains("ORDER-1") && refused.to_string().contains(&taken[0].id));
    assert!(
        store.find("ORDER-3").await.unwrap().is_none(),
        "nothing of it is there"
    );
    let mut change = declaration(1, "b");
    change.amends = true;
    store.submit("main", vec![change]).await.unwrap();

    // Carried once, whatever happens.
    let waiting = store.waiting().await.unwrap();
    assert_eq!((waiting.len(), waiting[0].count), (1, 3));
    let claimed = store.claim("CEB311Message", 2).await.unwrap();
    assert_eq!(claimed.len(), 2);
    assert_eq!(claimed[0].fragment, b"<ceb:Order>1</ceb:Order>");
    let ids: Vec<String> = claimed.into_iter().map(|c| c.id).collect();
    store.carry(carrier(100), ids.clone()).await.unwrap();
    assert!(
        store.carry(carrier(101), ids).await.is_err(),
        "they are in a message already"
    );
    assert!(
        store
            .due("main", i64::MAX, 10)
            .await
            .unwrap()
            .iter()
            .all(|c| c.cop_msg_id != "COP-101")
    );

    // Tried, lost, tried again with the same octets, taken.
    let due = store.due("main", i64::MAX, 10).await.unwrap();
    assert_eq!(
        (due.len(), due[0].cop_msg_id.as_str(), due[0].attempts),
        (1, "COP-100", 0)
    );
    store
        .tried(
            "COP-100",
            Tried::Again {
                at: 5000,
                error: "gone".into(),
            },
        )
        .await
        .unwrap();
    assert_eq!(state(store, 2).await, State::Unknown);
    assert!(
        store.due("main", 4999, 10).await.unwrap().is_empty(),
        "not yet"
    );
    let due = store.due("main", 5000, 10).await.unwrap();
    assert_eq!(
        (due[0].attempts, due[0].envelope.as_slice()),
        (1, &b"<dxp/>"[..])
    );
    store
        .tried(
            "COP-100",
            Tried::Accepted {
                evidence: "tag 1".into(),
            },
        )
        .await
        .unwrap();
    assert_eq!(state(store, 2).await, State::Sent);
    assert!(store.due("main", i64::MAX, 10).await.unwrap().is_empty());

    // Receipts: in any order, twice, for what is not ours.
    let last = inbound("r2", vec![answer(2, "120", "2", Outcome::Accepted)]);
    assert_eq!(store.receive(last.clone()).await.unwrap().len(), 1);
    assert_eq!(state(store, 2).await, State::Accepted);
    let early = inbound("r1", vec![answer(2, "2", "1", Outcome::Pending)]);
    store.receive(early).await.unwrap();
    assert_eq!(
        state(store, 2).await,
        State::Accepted,
        "an older answer undoes nothing"
    );
    assert!(
        store.receive(last).await.unwrap().is_empty(),
        "the same octets change nothing"
    );
    let details = store.find("ORDER-2").await.unwrap().unwrap();
    assert_eq!(
        details
            .history
            .iter()
            .filter(|s| s.level == "clearance")
            .count(),
        2
    );
    assert_eq!(details.summary.latest.unwrap().code, "120");
    store
        .receive(inbound(
            "r3",
            vec![answer(999, "120", "1", Outcome::Accepted)],
        ))
        .await
        .unwrap();
    assert_eq!(
        store.unmatched().await.unwrap(),
        1,
        "kept, though it is about nothing here"
    );

    // "Already declared" is a success for what was sent twice, and an error for what was not.
    carried(store, 50).await;
    store
        .tried(
            "COP-50",
            Tried::Again {
                at: 0,
                error: "gone".into(),
            },
        )
        .await
        .unwrap();
    store
        .tried(
            "COP-50",
            Tried::Accepted {
                evidence: "tag 2".into(),
            },
        )
        .await
        .unwrap();
    store
        .receive(inbound(
            "r50",
            vec![answer(50, "-301010", "1", Outcome::Rejected)],
        ))
        .await
        .unwrap();
    assert_eq!(state(store, 50).await, State::Accepted);
    carried(store, 51).await;
    store
        .tried(
            "COP-51",
            Tried::Accepted {
                evidence: "tag 3".into(),
            },
        )
        .await
        .unwrap();
    store
        .receive(inbound(
            "r51",
            vec![answer(51, "-301010", "1", Outcome::Rejected)],
        ))
        .await
        .unwrap();
    assert_eq!(state(store, 51).await, State::Rejected);
    // What was rejected may be declared anew.
    assert!(
        !store
            .submit("main", vec![declaration(51, "c")])
            .await
            .unwrap()[0]
            .already_there
    );

    // The platform refuses a whole envelope; a transport refuses for good.
    carried(store, 60).await;
    let whole = Answer {
        about: About::Envelope("COP-60".into()),
        level: Level::Platform,
        ..answer(60, "0002", "", Outcome::Rejected)
    };
    store.receive(inbound("r60", vec![whole])).await.unwrap();
    assert_eq!(state(store, 60).await, State::Rejected);
    carried(store, 61).await;
    store
        .tried(
            "COP-61",
            Tried::Refused {
                error: "too large".into(),
            },
        )
        .await
        .unwrap();
    assert_eq!(state(store, 61).await, State::Rejected);

    let rejected = Filter {
        state: Some(State::Rejected),
        message: None,
        limit: 10,
    };
    assert_eq!(store.list(rejected).await.unwrap().len(), 3);
}

#[tokio::test]
async fn sqlite_keeps_the_contract_and_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let store = Sqlite::open(&path).unwrap();
    contract(&store).await;
    let before = store.counts().await.unwrap();
    drop(store);
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(
        store.counts().await.unwrap(),
        before,
        "opened again, it is all there"
    );
}

#[tokio::test]
async fn two_processes_share_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let (one, two) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
    let submit = |store: &'static Sqlite, from: usize| async move {
        for n in from..from + 100 {
            store
                .submit("main", vec![declaration(n, "a")])
                .await
                .unwrap();
        }
    };
    let (one, two): (&'static Sqlite, &'static Sqlite) =
        (Box::leak(Box::new(one)), Box::leak(Box::new(two)));
    let (first, second) = tokio::join!(tokio::spawn(submit(one, 0)), tokio::spawn(submit(two, 50)));
    first.unwrap();
    second.unwrap();
    let counts = two.counts().await.unwrap();
    assert_eq!(
        counts,
        [("CEB311Message".to_owned(), State::Submitted, 150)]
    );
}

#[test]
fn what_is_no_store_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let Err(failure) = Sqlite::open(&dir.path().join("none/t.db")) else {
        panic!("opened")
    };
    assert!(failure.to_string().contains("none/t.db"));
    drop(Sqlite::open(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let Err(failure) = Sqlite::open(&path) else {
        panic!("opened")
    };
    assert!(failure.to_string().contains("newer tongguan"), "{failure}");
}
