//! How long it takes to see what is stuck, with 1,000,000 open declarations in an SQLite file.
//!
//!     cargo run --release -p tongguan-core --example measure_status -- FILE.db
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example")]

use std::path::Path;
use std::time::Instant;
use tongguan_contracts::Failure;
use tongguan_core::Alerts;
use tongguan_core::store::{SqlStore, Store};

/// A quarter each: submitted, signed, sent, pending; all of them an hour to a week old, a hundred
/// in an envelope.
const ROWS: &str = "
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 7499)
INSERT INTO carrier (seq, message, guid, cop_msg_id, transport, profile, certificate, envelope,
 made_at, open, attempts, sent_at, error)
SELECT i + 1, 'CEB311Message', 'M' || i, 'C' || i, 'main', 'sm2-sm3', '00', zeroblob(200000),
 ?1 + i * 80000, CASE WHEN i < 2500 THEN 1 ELSE 0 END, 1,
 CASE WHEN i < 2500 THEN NULL ELSE ?1 + i * 80000 END, CASE WHEN i < 2500 THEN 'gone' END FROM n;";
const DECLARATIONS: &str = "
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)
INSERT INTO declaration (seq, id, role, message, guid, business_key, fingerprint, fragment,
 document, line, state, submitted_at, carrier, position)
SELECT i + 1, 'id' || i, 'main', CASE WHEN i % 2 = 0 THEN 'CEB311Message' ELSE 'CEB621Message' END,
 'G' || i, 'P' || char(10) || i, 'a', zeroblob(1500), 'd', 1,
 CASE WHEN i < 250000 THEN 'signed' WHEN i < 500000 THEN 'sent' WHEN i < 750000 THEN 'pending'
      ELSE 'submitted' END,
 ?1 + i * 600, CASE WHEN i < 750000 THEN i / 100 + 1 END, i % 100 FROM n;";
const STATUSES: &str = "
INSERT INTO status (declaration, at, level, code, text)
 SELECT seq, submitted_at, 'local', '', 'submitted' FROM declaration;";
const STRAYS: &str = "
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
INSERT INTO inbound (digest, octets, transport, origin, received_at, kind, matched)
SELECT 'd' || i, zeroblob(3000), 'main', 'q', ?1 + i * 6000, 'CEB312Message', 0 FROM n;";

fn main() -> Result<(), Failure> {
    let file = std::env::args().nth(1);
    let path = file.unwrap_or_else(|| "measure.db".to_owned());
    let store = SqlStore::sqlite(Path::new(&path))?;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let week_ago = runtime.block_on(store.clock())? - 7 * 24 * 60 * 60 * 1000;
    let db = rusqlite::Connection::open(&path).unwrap();
    let there: i64 = db
        .query_row("SELECT COUNT(*) FROM declaration", [], |row| row.get(0))
        .unwrap();
    if there == 0 {
        for sql in [ROWS, DECLARATIONS, STRAYS] {
            db.execute(sql, [week_ago]).unwrap();
        }
        db.execute(STATUSES, []).unwrap();
    }
    runtime.block_on(async {
        for _ in 0..3 {
            let begun = Instant::now();
            let found = store.symptoms(&Alerts::default()).await?;
            println!("symptoms: {:?}, {} of them", begun.elapsed(), found.len());
            let begun = Instant::now();
            store.counts().await?;
            println!("counts:   {:?}", begun.elapsed());
        }
        for symptom in store.symptoms(&Alerts::default()).await? {
            println!("{symptom:?}");
        }
        Ok(())
    })
}
