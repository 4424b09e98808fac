//! How many declarations a second go from submission to the broker's confirm, on real parts, beside
//! the bare limits of the same run: signatures, commits, confirms.
//!
//!     lifecycle [sqlite | postgres [1 | 100]]
//!
//! It asks for a broker (`TONGGUAN_TEST_AMQP`), for PostgreSQL `TONGGUAN_TEST_POSTGRES`; benches/run
//! starts them. All of it shares the machine: our client, the stand-in that answers, broker, store.
#![allow(clippy::print_stdout, reason = "it prints its figures")]
#![allow(missing_docs, reason = "a program")]

mod bare;
mod limits;
mod parts;

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

use parts::Stage;
use tongguan_benches::Outcome;
use tongguan_contracts::{Document, Failure};
use tongguan_core::{Client, State, Submission, Until};

fn main() -> Outcome<()> {
    let chosen = std::env::args().nth(1);
    let batch = std::env::args().nth(2).map(|n| n.parse()).transpose()?;
    let runtime = tokio::runtime::Runtime::new()?;
    for kind in ["sqlite", "postgres"] {
        if chosen.as_ref().is_none_or(|c| c == kind) {
            runtime.block_on(measure(kind, batch))?;
        }
    }
    Ok(())
}

async fn measure(kind: &str, only: Option<usize>) -> Outcome<()> {
    // One a document, many at once: as a shop's front declares. Then a hundred a document.
    for (batch, submitters, documents) in [(1, 64, 6_000), (100, 8, 600)] {
        if only.is_some_and(|only| only != batch) {
            continue;
        }
        let Some(stage) = Stage::new(kind, batch)? else {
            println!("{kind}: skipped, not at hand (benches/run lifecycle starts it)");
            return Ok(());
        };
        let client = Arc::new(stage.client()?);
        let mut limits = limits::measure(&stage, batch).await?;
        let together = bare::measure(&stage, batch, documents).await?;
        limits.push(("all of them together, bare", together));
        let other_side = stage.other_side()?;
        let (stop, stopped) = watch::channel(false);
        let runs = {
            let (client, stopped) = (Arc::clone(&client), stopped.clone());
            let here = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || here.block_on(client.run(stopped, Until::Stopped)))
        };
        let answers = other_side.answers(stopped);

        let begun = Instant::now();
        submit(&client, batch, submitters, documents).await?;
        let submitted = begun.elapsed();
        let all = (batch * documents) as u64;
        let confirmed = until(&client, begun, |state| left(state)).await?;
        let answered = until(&client, begun, State::is_final).await?;
        stop.send(true)?;
        runs.await??;
        answers
            .join()
            .map_err(|_| "the other side has panicked")??;

        let rate = |time: Duration| all as f64 / time.as_secs_f64();
        println!("\n{kind}, {batch} declaration(s) a message, {all} declarations");
        println!("  submitted, on disk             {:8.0}/s", rate(submitted));
        println!("  submitted to confirmed         {:8.0}/s", rate(confirmed));
        println!("  submitted to the final receipt {:8.0}/s", rate(answered));
        for (what, limit) in limits {
            let share = rate(confirmed) / limit;
            println!("  {what:30} {limit:8.0}/s   confirmed is {share:5.2} of it");
        }
    }
    Ok(())
}

/// The transport took it, or more was heard since.
fn left(state: State) -> bool {
    matches!(state, State::Sent | State::Pending) || state.is_final()
}

async fn submit(
    client: &Arc<Client>,
    batch: usize,
    submitters: usize,
    documents: usize,
) -> Outcome<()> {
    let (name, role) = client.role(None)?;
    let mut tasks: JoinSet<Result<(), Failure>> = JoinSet::new();
    for submitter in 0..submitters {
        let (client, role, name) = (Arc::clone(client), Arc::clone(&role), name.clone());
        tasks.spawn(async move {
            for n in (submitter..documents).step_by(submitters) {
                let octets = parts::orders(n * batch, batch);
                let document = Document {
                    name: "bench.json",
                    octets: &octets,
                    message: None,
                };
                match client.submit((&name, role.as_ref()), document).await? {
                    Submission::Taken(_) => {}
                    Submission::Refused(refused) => {
                        return Err(Failure::rejected("bench", "submit", format!("{refused:?}")));
                    }
                }
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Waits until every declaration has come so far; says how long that took since `begun`.
async fn until(client: &Client, begun: Instant, far: impl Fn(State) -> bool) -> Outcome<Duration> {
    loop {
        let counts = client.store().counts().await?;
        if counts.iter().all(|(_, state, _)| far(*state)) {
            return Ok(begun.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
