//! What the parts can do together where nothing of ours is between them: the same machine, the same
//! servers, the same flushes, and no more work than a declaration must cost whoever carries it.

use futures::future::try_join_all;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tokio::sync::{oneshot, watch};

use tongguan_benches::Outcome;
use tongguan_contracts::{Delivery, Failure, Outgoing, Transport};
use tongguan_crypto::provider;

use crate::parts::{Stage, idly, orders};

/// So many messages are under way at once: each step of them shares its flush with the others'.
const UNDER_WAY: usize = 64;
/// So many waiting steps share a flush at most.
const GROUP: usize = 256;
/// The stand-in says of each declaration that it is in the system (2) and stored (120).
const ANSWERS: usize = 2;
/// About what an answer to one declaration becomes, in octets.
const ANSWER: usize = 2_000;

/// How many declarations a second go through: kept; signed; the envelope kept; taken by the broker;
/// that kept; and two answers of the other side, each kept before it is acknowledged.
pub async fn measure(stage: &Stage, batch: usize, messages: usize) -> Outcome<f64> {
    let pem = std::fs::read(stage.folder.path().join("key.pem"))?;
    let key = Arc::new(provider().key_file(&pem, None)?.key);
    let keeper = Keeper::open(stage)?;
    let ours = stage.transport("bare-declared", "bare-answered")?;
    let theirs = stage.transport("bare-answered", "bare-declared")?;
    let (stop, stopped) = watch::channel(false);
    let other_side = idly(answer(Arc::clone(&theirs), batch, stopped));

    let envelope = orders(0, batch).len() * 3;
    let begun = Instant::now();
    let sending = try_join_all((0..UNDER_WAY).map(|worker| {
        let (ours, keeper, key) = (Arc::clone(&ours), keeper.clone(), Arc::clone(&key));
        async move {
            for _ in (worker..messages).step_by(UNDER_WAY) {
                keeper.keep(vec![envelope / batch / 3; batch]).await?;
                let key = Arc::clone(&key);
                let sign = move || key.sign(b"<ds:SignedInfo></ds:SignedInfo>").map(drop);
                tokio::task::spawn_blocking(sign).await??;
                keeper.keep(vec![envelope]).await?;
                send(ours.as_ref(), envelope).await?;
                keeper.keep(vec![100]).await?;
            }
            Outcome::Ok(())
        }
    }));
    let answered = try_join_all((0..UNDER_WAY).map(|worker| {
        let (ours, keeper) = (Arc::clone(&ours), keeper.clone());
        async move {
            for _ in (worker..messages * ANSWERS).step_by(UNDER_WAY) {
                let delivery = ours.receive().await?;
                keeper.keep(vec![delivery.octets.len()]).await?;
                delivery.settle.acknowledge().await?;
            }
            Outcome::Ok(())
        }
    }));
    let (sent, answered) = tokio::join!(sending, answered);
    let took = begun.elapsed();
    (sent?, answered?);
    stop.send(true)?;
    other_side
        .join()
        .map_err(|_| "the other side has panicked")??;
    ours.close().await;
    Ok((batch * messages) as f64 / took.as_secs_f64())
}

async fn send(transport: &dyn Transport, octets: usize) -> Result<(), Failure> {
    let envelope = vec![b'x'; octets];
    let outgoing = Outgoing {
        cop_msg_id: "4CDE1CFD-EDED-46B1-946C-B8022E42FC94",
        message: "CEB311Message",
        envelope: &envelope,
    };
    transport.send(outgoing).await.map(drop)
}

/// Answers everything, and looks at nothing.
async fn answer(
    transport: Arc<dyn Transport>,
    batch: usize,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let all = try_join_all((0..UNDER_WAY).map(|_| async {
        loop {
            let Delivery { settle, .. } = transport.receive().await?;
            for _ in 0..ANSWERS {
                send(transport.as_ref(), ANSWER * batch).await?;
            }
            settle.acknowledge().await?;
        }
    }));
    let ended: Result<Vec<()>, Failure> = tokio::select! {
        ended = all => ended,
        _ = stop.wait_for(|stop| *stop) => Ok(Vec::new()),
    };
    transport.close().await;
    ended.map(drop)
}

/// Rows to keep, by their octets, and whom to tell.
type Step = (Vec<usize>, oneshot::Sender<()>);

/// The thread that writes: all steps that wait share a transaction.
#[derive(Clone)]
struct Keeper(mpsc::Sender<Step>);

impl Keeper {
    fn open(stage: &Stage) -> Outcome<Self> {
        let (steps, queue) = mpsc::channel::<Step>();
        let mut database = Database::open(stage.folder.path(), stage.database.as_deref())?;
        std::thread::spawn(move || {
            while let Ok(first) = queue.recv() {
                let group: Vec<Step> = std::iter::once(first)
                    .chain(queue.try_iter().take(GROUP - 1))
                    .collect();
                // Whoever waits is told by the sender's end.
                if let Err(error) = database.keep(group.iter().flat_map(|step| &step.0)) {
                    println!("the bare store fails: {error}");
                    return;
                }
                for (_, told) in group {
                    let _ = told.send(());
                }
            }
        });
        Ok(Self(steps))
    }

    async fn keep(&self, rows: Vec<usize>) -> Outcome<()> {
        let (told, kept) = oneshot::channel();
        self.0.send((rows, told))?;
        Ok(kept.await?)
    }
}

enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(tokio::runtime::Runtime, tokio_postgres::Client),
}

impl Database {
    fn open(folder: &Path, url: Option<&str>) -> Outcome<Self> {
        let Some(url) = url else {
            let db = rusqlite::Connection::open(folder.join("together.db"))?;
            db.pragma_update(None, "journal_mode", "wal")?;
            db.pragma_update(None, "synchronous", "full")?;
            db.execute_batch("CREATE TABLE together (octets BLOB) STRICT")?;
            return Ok(Self::Sqlite(db));
        };
        let url = url.replace("//tongguan@", "//tongguan:tongguan@");
        // A thread apart from those of the runtime that measures opens it.
        let open = std::thread::spawn(move || -> Result<Self, tokio_postgres::Error> {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build();
            #[allow(
                clippy::expect_used,
                reason = "a bench: it ends where it has no threads"
            )]
            let runtime = runtime.expect("a thread for the database");
            let client = runtime.block_on(async {
                let (client, connection) =
                    tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                client
                    .batch_execute("CREATE TABLE together (octets BYTEA)")
                    .await?;
                Ok::<_, tokio_postgres::Error>(client)
            })?;
            Ok(Self::Postgres(runtime, client))
        });
        Ok(open.join().map_err(|_| "the bare store has panicked")??)
    }

    fn keep<'a>(&mut self, rows: impl Iterator<Item = &'a usize>) -> Outcome<()> {
        match self {
            Self::Sqlite(db) => {
                let whole = db.transaction()?;
                for octets in rows {
                    whole
                        .prepare_cached("INSERT INTO together VALUES (zeroblob(?1))")?
                        .execute([i64::try_from(*octets)?])?;
                }
                Ok(whole.commit()?)
            }
            Self::Postgres(runtime, client) => runtime.block_on(async {
                let rows: Vec<Vec<u8>> = rows.map(|octets| vec![0; *octets]).collect();
                let whole = client.transaction().await?;
                whole
                    .execute("INSERT INTO together SELECT unnest($1::bytea[])", &[&rows])
                    .await?;
                Ok(whole.commit().await?)
            }),
        }
    }
}
