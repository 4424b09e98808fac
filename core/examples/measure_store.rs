//! How many declarations a second a store takes, one a submission, so many submitters at once.
//!
//!     cargo run --release -p tongguan-core --example measure_store -- FILE.db
//!     cargo run --release -p tongguan-core --example measure_store -- URL PASSWORD_FILE CONNECTIONS
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tongguan_contracts::{Declaration, Failure, Origin, SecretRef};
use tongguan_core::store::{Postgres, SqlStore, Store};

fn declaration(n: usize) -> Declaration {
    let id = format!("{}-{n}", std::process::id());
    Declaration {
        message: "CEB311Message".into(),
        guid: format!("GUID-{id}"),
        business_key: format!("P\nE\nORDER-{id}"),
        fragment: vec![b'x'; 1500],
        fingerprint: id,
        amends: false,
        origin: Origin::default(),
    }
}

fn open() -> Result<SqlStore, Failure> {
    let mut args = std::env::args().skip(1);
    let place = args.next().unwrap_or_else(|| "measure.db".to_owned());
    if !place.contains("://") {
        return SqlStore::sqlite(Path::new(&place));
    }
    let password = args.next().map(|file| SecretRef::File(file.into()));
    let connections = args.next().and_then(|n| n.parse().ok()).unwrap_or(4);
    let options = Postgres::new(&place, password.as_ref(), None, None, Path::new("."))?;
    SqlStore::postgres(options.connections(connections))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let store = Arc::new(open()?);
    let mut next = 0;
    for submitters in [1, 4, 16, 64] {
        let each = 3200 / submitters.max(4);
        let begun = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..submitters {
            let store = Arc::clone(&store);
            let from = next;
            next += each;
            tasks.spawn(async move {
                for n in from..from + each {
                    store.submit("main", vec![declaration(n)]).await?;
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap()?;
        }
        let rate = (submitters * each) as f64 / begun.elapsed().as_secs_f64();
        println!("{submitters:3} submitters: {rate:6.0} declarations/s");
    }
    let all: Vec<Declaration> = (next..next + 2000).map(declaration).collect();
    let begun = Instant::now();
    store.submit("main", all).await?;
    let rate = 2000.0 / begun.elapsed().as_secs_f64();
    println!("one document of 2000: {rate:.0} declarations/s");
    Ok(())
}
