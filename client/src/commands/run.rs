use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use tongguan_contracts::Failure;
use tongguan_core::{Client, State, Until};

use super::status::REJECTED;
use super::{block_on, open, stop_signal};
use crate::cli::{Global, Run};
use crate::exit::Exit;
use crate::http;
use crate::output::Output;
use crate::traces::Exporter;
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Ended {
    accepted: u64,
    rejected: u64,
    open: u64,
    /// Of those, the ones that wait for others.
    waiting: u64,
    dead: u64,
    void: u64,
    /// Ended badly, and others took their places: they count as nothing else.
    replaced: u64,
}

/// Signs, sends, takes back receipts.
pub fn run(args: &Run, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let client = Arc::new(open(global)?);
    let until = if args.until_final {
        Until::AllFinal
    } else {
        Until::Stopped
    };
    let within = args.within.map(Duration::from_secs);
    let (before, ended) = block_on(async {
        let before = count(&client).await?;
        let stop = stop_signal()?;
        if let Some(http) = &client.manifest().http {
            let listener = http::listen(http.listen).await?;
            tracing::info!(listen = %http.listen, "serving /metrics, /healthz, /readyz");
            tokio::spawn(http::serve(listener, Arc::clone(&client)));
        }
        let exporter = Exporter::of(&client)?;
        let (end, ended) = watch::channel(false);
        let exporting = exporter.map(|exporter| tokio::spawn(exporter.run(ended)));
        let driven = drive(&client, stop, until, within).await;
        let _ = end.send(true);
        if let Some(exporting) = exporting {
            // It has bounds of its own.
            let _ = exporting.await;
        }
        Ok((before, driven?))
    })?;
    out.object(&ended)?;
    let Ended {
        accepted,
        rejected,
        open,
        waiting,
        dead,
        void,
        replaced,
    } = ended;
    out.line(format!(
        "stopped: {accepted} accepted, {rejected} rejected, {open} still open, \
         {dead} dead letters, {void} void, {replaced} replaced"
    ))?;
    if rejected > 0 {
        out.line(REJECTED)?;
    }
    if waiting > 0 {
        out.line(format!(
            "{waiting} of the open ones wait for others: tongguan status --state waiting, and \
             tongguan show says for which"
        ))?;
    }
    if dead > 0 {
        out.line("dead letters wait for you: tongguan status, then tongguan retry or void")?;
    }
    if args.until_final && open > 0 {
        return Err(Trouble::AlreadySaid(Exit::Unavailable));
    }
    // What was refused in an earlier run is no news.
    if args.until_final && rejected.saturating_sub(before.rejected) + dead > 0 {
        return Err(Trouble::AlreadySaid(Exit::Refused));
    }
    Ok(())
}

/// Runs the client, with a progress bar on a terminal while it has an end to reach.
async fn drive(
    client: &Client,
    stop: watch::Receiver<bool>,
    until: Until,
    within: Option<Duration>,
) -> Result<Ended, Trouble> {
    let bar = match until {
        Until::AllFinal => ProgressBar::new(0),
        Until::Stopped => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} final {elapsed}") {
        bar.set_style(style);
    }
    let watching = async {
        loop {
            let ended = count(client).await?;
            let done = ended.accepted + ended.rejected + ended.dead + ended.void;
            bar.set_length(done + ended.open);
            bar.set_position(done);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        #[allow(
            unreachable_code,
            reason = "names the error type of a loop without an end"
        )]
        Ok::<(), Failure>(())
    };
    let (halt, halted) = watch::channel(false);
    let mut outside = stop.clone();
    let stopping = async {
        let limit = async {
            match within {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = outside.wait_for(|stop| *stop) => {}
            () = limit => {}
        }
        let _ = halt.send(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = client.run(halted, until) => result?,
        result = watching, if until == Until::AllFinal => result?,
        () = stopping => {}
    }
    bar.finish_and_clear();
    Ok(count(client).await?)
}

async fn count(client: &Client) -> Result<Ended, Failure> {
    let mut ended = Ended {
        accepted: 0,
        rejected: 0,
        open: 0,
        waiting: 0,
        dead: 0,
        void: 0,
        replaced: 0,
    };
    for (_, state, count) in client.store().counts().await? {
        match state {
            State::Accepted => ended.accepted += count,
            State::Rejected => ended.rejected += count,
            State::Dead => ended.dead += count,
            State::Void => ended.void += count,
            open => {
                ended.open += count;
                ended.waiting += if open == State::Waiting { count } else { 0 };
            }
        }
    }
    for (_, state, count) in client.store().replaced().await? {
        let counted = match state {
            State::Rejected => &mut ended.rejected,
            State::Dead => &mut ended.dead,
            State::Void => &mut ended.void,
            _ => continue,
        };
        *counted = counted.saturating_sub(count);
        ended.replaced += count;
    }
    Ok(ended)
}
