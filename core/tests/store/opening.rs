//! Several processes open one file at once.

use std::time::Duration;
use tongguan_core::store::SqlStore;

/// As when two processes meet a file that was just made: the one that comes second has to wait
/// until the first lets go, and SQLite's own patience does not hold for the step to WAL.
#[test]
fn sqlite_waits_for_who_holds_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE other (a); BEGIN IMMEDIATE; INSERT INTO other VALUES (1)")
        .unwrap();
    let opened = std::thread::spawn(move || SqlStore::sqlite(&path).map(drop));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!opened.is_finished(), "{:?}", opened.join());
    other.execute_batch("COMMIT").unwrap();
    opened.join().unwrap().unwrap();
}
