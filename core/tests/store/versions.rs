//! Databases of every released version are brought up to this one, with what is in them.

use tongguan_core::State;
use tongguan_core::store::{Decision, SqlStore, Store};
use tongguan_messages::Outcome;

use super::things::*;

/// What a program of version 1 had left: two declarations in an envelope of unknown outcome, one
/// in an envelope that was never tried, one that waited, and a receipt about nothing.
pub const ROWS: &str = "
INSERT INTO carrier (seq, message, guid, cop_msg_id, transport, profile, certificate, envelope,
 made_at, open, attempts, next_at, error) VALUES
 (1, 'CEB311Message', 'MESSAGE-1', 'COP-1', 'main', 'sm2-sm3', '00', '<one/>', 1, 1, 2, 0, 'gone'),
 (2, 'CEB311Message', 'MESSAGE-2', 'COP-2', 'main', 'sm2-sm3', '00', '<two/>', 1, 1, 0, 0, NULL);
INSERT INTO declaration (seq, id, role, message, guid, business_key, fingerprint, fragment,
 document, line, state, submitted_at, carrier, position) VALUES
 (1, 'id1', 'main', 'CEB311Message', 'G1', 'P{lf}E{lf}ORDER-1', 'a', '<o1/>', 'd', 1, 'unknown', 1, 1, 0),
 (2, 'id2', 'main', 'CEB311Message', 'G2', 'P{lf}E{lf}ORDER-2', 'a', '<o2/>', 'd', 2, 'unknown', 1, 1, 1),
 (3, 'id3', 'main', 'CEB311Message', 'G3', 'P{lf}E{lf}ORDER-3', 'a', '<o3/>', 'd', 3, 'signed', 1, 2, 0),
 (4, 'id4', 'main', 'CEB311Message', 'G4', 'P{lf}E{lf}ORDER-4', 'a', '<o4/>', 'd', 4, 'submitted', 1, NULL, NULL);
INSERT INTO status (declaration, at, level, code, text) VALUES (1, 1, 'local', '', 'submitted');
INSERT INTO inbound (digest, octets, transport, origin, received_at, kind, matched)
 VALUES ('d1', '<r/>', 'main', 'q', 1, 'CEB312Message', 0);
";

/// What the program of each version added to the tables, in SQLite's words.
const STEPS: &[&str] = &[
    include_str!("version-1.sql"),
    include_str!("version-2.sql"),
    include_str!("version-3.sql"),
    include_str!("version-4.sql"),
    include_str!("version-5.sql"),
];

/// Version 5 put what [`ROWS`] holds into tables of its own.
const ROWS_FIT: usize = 4;

/// The tables as the program of that version made them, as far as [`ROWS`] fits them.
pub fn tables(version: usize) -> String {
    STEPS[..version.min(ROWS_FIT)].concat()
}

/// What that version did to the rows of those before it.
pub fn moves(version: usize) -> String {
    STEPS[..version].iter().skip(ROWS_FIT).copied().collect()
}

/// The rows as the program of that version left them.
pub fn rows(version: usize) -> String {
    let departures = match version {
        1 => "",
        _ => "UPDATE carrier SET departures = attempts;",
    };
    format!("{ROWS}{departures}")
}

/// The rows are well, and the work goes on.
pub async fn well(store: &dyn Store) {
    assert_eq!(state(store, 1).await, State::Unknown);
    let one = store.find("ORDER-1").await.unwrap().unwrap();
    assert_eq!(
        (one.fragment.as_slice(), one.history.len()),
        (&b"<o1/>"[..], 1)
    );
    assert_eq!(one.envelope.as_deref(), Some(&b"<one/>"[..]));
    assert_eq!(one.carrier.unwrap().attempts, 2);
    assert_eq!(store.unmatched(1).await.unwrap().newest[0].digest, "d1");
    let (_, octets) = store.came_in("d1").await.unwrap().unwrap();
    assert_eq!(octets, b"<r/>");
    // What was tried may have left; what was not cannot have.
    assert!(store.decide("ORDER-1", Decision::Void).await.is_err());
    store.decide("ORDER-3", Decision::Void).await.unwrap();
    tried(store, 1, taken()).await;
    let there = inbound("r", vec![answer(1, "-301010", "1", Outcome::Rejected)]);
    store.receive(there).await.unwrap();
    assert_eq!(
        state(store, 1).await,
        State::Accepted,
        "it was sent more than once"
    );
    let claim = claimed(store, &node("a"), 10).await;
    assert_eq!(ids(&claim), ["id4"]);
    let fence = store.carry(&claim.lease, carrier(4), ids(&claim)).await;
    assert_eq!(fence.unwrap(), tongguan_core::store::Fence::Held);
    tried(store, 4, taken()).await;
    submitted(store, [5]).await;
    // What happened before there was a log is not in it; what happens now is.
    super::audit::holds(store).await;
    let entries = super::audit::entries(store).await;
    let of = |id: &str| entries.iter().filter(|e| e.body.contains(id)).count();
    assert_eq!((of("\"id1\""), of("\"id3\""), of("\"id4\"")), (2, 1, 2));
}

#[tokio::test]
async fn sqlite_files_of_older_versions_go_on() {
    for version in 1..=STEPS.len() {
        goes_on(version).await;
    }
}

async fn goes_on(version: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(&tables(version)).unwrap();
    let rows = rows(version)
        .replace("{lf}", "' || char(10) || '")
        .replace("'<", "x'<");
    // Octets as SQLite writes them: x'hex'.
    let mut parts = rows.split("x'");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (octets, rest) = part.split_once('\'').unwrap();
        text.push_str(&format!("x'{}'{rest}", hex::encode(octets)));
    }
    db.execute_batch(&text).unwrap();
    db.execute_batch(&moves(version)).unwrap();
    db.pragma_update(None, "user_version", version as i64)
        .unwrap();
    drop(db);
    let store = SqlStore::sqlite(&path).unwrap();
    well(&store).await;
    drop(store);
    well_again(&path).await;
}

/// Opened once more, nothing is done twice.
async fn well_again(path: &std::path::Path) {
    let store = SqlStore::sqlite(path).unwrap();
    assert_eq!(state(&store, 4).await, State::Sent);
}
