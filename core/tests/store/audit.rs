//! The audit log: every event is in it, nothing in it can be changed unseen.

use std::collections::BTreeMap;
use tongguan_core::Store;
use tongguan_core::audit::{Audited, Entry, audit};
use tongguan_core::store::Decision;
use tongguan_messages::Outcome;

use super::Place;
use super::things::*;

/// The log, which must hold.
pub async fn holds(store: &dyn Store) -> Audited {
    let audited = audit(store, &[]).await.unwrap();
    assert_eq!(audited.broken, []);
    audited
}

/// All entries, strand by strand.
pub async fn entries(store: &dyn Store) -> Vec<Entry> {
    let mut all = Vec::new();
    for head in store.strands().await.unwrap() {
        all.extend(store.entries(head.strand, 0, 100_000).await.unwrap());
    }
    all
}

async fn events(store: &dyn Store) -> BTreeMap<String, usize> {
    let mut events = BTreeMap::new();
    for entry in entries(store).await {
        let body: serde_json::Value = serde_json::from_str(&entry.body).unwrap();
        let event = body["event"].as_str().unwrap().to_owned();
        *events.entry(event).or_default() += 1;
    }
    events
}

pub async fn every_event_has_an_entry(place: &dyn Place) {
    let store = place.open();
    assert_eq!(holds(store.as_ref()).await.entries, 0);
    let ids = carried(store.as_ref(), &[1, 2]).await;
    tried(store.as_ref(), 1, again(false)).await;
    tried(store.as_ref(), 1, taken()).await;
    let receipt = inbound("r", vec![answer(1, "120", "1", Outcome::Accepted)]);
    store.receive(receipt.clone()).await.unwrap();
    store.receive(receipt).await.unwrap();
    store.decide("ORDER-2", Decision::Retry).await.unwrap();
    // What comes to nothing is not told.
    assert!(store.decide("ORDER-1", Decision::Void).await.is_err());
    let other = vec![declaration(3, "a"), declaration(1, "b")];
    assert!(store.submit("main", other).await.is_err());
    let expected = [
        ("submitted", 2),
        ("signed", 2),
        ("not sent", 2),
        ("sent", 2),
        ("receipt", 1),
        // Its envelope carries only one that a retry moves: the other is final.
        ("decided", 1),
    ];
    let expected: BTreeMap<String, usize> = expected
        .iter()
        .map(|(e, n)| ((*e).to_owned(), *n))
        .collect();
    assert_eq!(events(store.as_ref()).await, expected);
    holds(store.as_ref()).await;

    let all = entries(store.as_ref()).await;
    let find = |event: &str| {
        let entry = all.iter().find(|e| {
            e.body.contains(&format!("\"event\":\"{event}\"")) && e.body.contains(&ids[0])
        });
        serde_json::from_str::<serde_json::Value>(&entry.unwrap().body).unwrap()
    };
    let signed = find("signed");
    assert_eq!(signed["cop_msg_id"], "COP-1");
    assert_eq!(signed["certificate"], "00");
    assert_eq!(signed["state"], "signed");
    assert_eq!(find("sent")["transport"], "main");
    assert_eq!(find("receipt")["code"], "120");
    assert_eq!(find("receipt")["state"], "accepted");
    // The octets are in no entry, nor their bare digests.
    let fragment = declaration(1, "a").fragment;
    let digest = hex(&fragment);
    let log: String = all.iter().map(|e| e.body.as_str()).collect();
    assert!(!log.contains("Order>") && !log.contains(&digest) && !log.contains("回执"));
}

fn hex(octets: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(octets))
}

pub async fn at_once_from_several_nodes_it_holds(place: &dyn Place) {
    let nodes = [place.open(), place.open(), place.open()];
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..12 {
        let store = nodes[worker % 3].clone();
        tasks.spawn(async move {
            for n in 0..60 {
                submitted(store.as_ref(), [worker * 1000 + n]).await;
            }
        });
    }
    // It can be read while it grows.
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
        holds(nodes[0].as_ref()).await;
    }
    let audited = holds(nodes[0].as_ref()).await;
    // Every other strand is in a joint entry of the first, which is the busiest.
    let strands = audited.anchors.len();
    println!("{} strands, {} joints", strands, audited.joined);
    assert!(strands == 1 || audited.joined > 0);
    let submitted = events(nodes[0].as_ref()).await["submitted"];
    assert_eq!(submitted, 720);
}

/// Where a log with 300 entries is broken after `sql`; the hash of its 200th entry was noted.
async fn broken_by(place: &dyn Place, sql: &str) -> Vec<(i64, String)> {
    let store = place.open();
    let anchors = store.strands().await.unwrap();
    drop(store);
    place.tamper(sql);
    let store = place.open();
    let audited = audit(store.as_ref(), &anchors).await.unwrap();
    audited
        .broken
        .into_iter()
        .map(|b| (b.number, b.reason))
        .collect()
}

pub async fn no_change_of_it_is_unseen(place: &dyn Place) {
    let store = place.open();
    for from in 0..3 {
        submitted(store.as_ref(), from * 100..from * 100 + 100).await;
    }
    holds(store.as_ref()).await;
    drop(store);
    let was = "CREATE TABLE was AS SELECT * FROM audit; CREATE TABLE ends AS SELECT * FROM strand";
    place.tamper(was);
    let changes = [
        (
            "UPDATE audit SET body = replace(body, 'GUID-77-a', 'GUID-78-a')",
            78,
        ),
        (
            "UPDATE audit SET hash = 'x' || substr(hash, 2) WHERE number = 150",
            150,
        ),
        ("DELETE FROM audit WHERE number = 201", 201),
        ("DELETE FROM audit WHERE number = 1", 1),
        // The end is cut off, and the strand's end set back to what is left: only who has noted
        // a later hash can tell.
        (
            "DELETE FROM audit WHERE number > 299; UPDATE strand SET number = 299,
             hash = (SELECT hash FROM audit a WHERE a.number = 299)",
            300,
        ),
        ("DELETE FROM audit WHERE number > 299", 300),
        ("DELETE FROM strand", 1),
    ];
    for (change, number) in changes {
        let broken = broken_by(place, change).await;
        assert!(broken.iter().any(|b| b.0 == number), "{change}: {broken:?}");
        assert!(
            broken.len() <= 2,
            "one break is told once: {change}: {broken:?}"
        );
        place.tamper(
            "DELETE FROM audit; INSERT INTO audit SELECT * FROM was;
             DELETE FROM strand; INSERT INTO strand SELECT * FROM ends",
        );
        holds(place.open().as_ref()).await;
    }
}
