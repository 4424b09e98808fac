//! What the parts can do at most, each alone: no lifecycle is faster than the slowest of them.

use futures::future::try_join_all;
use std::time::{Duration, Instant};

use tongguan_benches::Outcome;
use tongguan_contracts::Outgoing;
use tongguan_crypto::provider;

use crate::parts::{Stage, orders};

const FOR: Duration = Duration::from_secs(2);
/// So many envelopes are under way at once, as the client has them.
const UNDER_WAY: usize = 32;

/// Each limit in declarations a second, where a message has `batch` of them.
pub async fn measure(stage: &Stage, batch: usize) -> Outcome<Vec<(&'static str, f64)>> {
    let each = batch as f64;
    Ok(vec![
        ("signatures, one core", signatures(stage)? * each),
        ("commits, one after another", commits(stage).await? * each),
        (
            "confirms, 32 under way",
            confirms(stage, batch).await? * each,
        ),
    ])
}

fn signatures(stage: &Stage) -> Outcome<f64> {
    let pem = std::fs::read(stage.folder.path().join("key.pem"))?;
    let key = provider().key_file(&pem, None)?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < FOR {
        key.key.sign(b"<ds:SignedInfo></ds:SignedInfo>")?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

/// One row a transaction, flushed to the disk as the store's are.
async fn commits(stage: &Stage) -> Outcome<f64> {
    let mut count = 0_u32;
    let Some(url) = &stage.database else {
        let db = rusqlite::Connection::open(stage.folder.path().join("bare.db"))?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "full")?;
        db.execute_batch("CREATE TABLE bare (octets BLOB) STRICT")?;
        let begun = Instant::now();
        while begun.elapsed() < FOR {
            db.execute("INSERT INTO bare VALUES (zeroblob(2000))", [])?;
            count += 1;
        }
        return Ok(f64::from(count) / begun.elapsed().as_secs_f64());
    };
    let url = url.replace("//tongguan@", "//tongguan:tongguan@");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client
        .batch_execute("CREATE TABLE bare (octets BYTEA)")
        .await?;
    let insert = client.prepare("INSERT INTO bare VALUES ($1)").await?;
    let octets = vec![0_u8; 2000];
    let begun = Instant::now();
    while begun.elapsed() < FOR {
        client.execute(&insert, &[&octets]).await?;
        count += 1;
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    drop(client);
    connection.await??;
    Ok(rate)
}

/// Envelopes as large as the client's, persistent, to a queue that nobody reads.
async fn confirms(stage: &Stage, batch: usize) -> Outcome<f64> {
    let transport = stage.transport("bare", "bare-answers")?;
    // About what a declaration becomes: XML, then Base64.
    let envelope = vec![b'x'; orders(0, batch).len() * 3];
    let send = || {
        transport.send(Outgoing {
            cop_msg_id: "4CDE1CFD-EDED-46B1-946C-B8022E42FC94",
            message: "CEB311Message",
            envelope: &envelope,
        })
    };
    let reader = stage.transport("bare-answers", "bare")?;
    let (begun, mut count) = (Instant::now(), 0_usize);
    while begun.elapsed() < FOR {
        try_join_all((0..UNDER_WAY).map(|_| send())).await?;
        count += UNDER_WAY;
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    reader.close().await;
    transport.close().await;
    Ok(rate)
}
