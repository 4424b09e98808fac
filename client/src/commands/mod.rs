//! One file a command.

pub mod audit;
pub mod capacity;
pub mod check;
pub mod decide;
pub mod demo;
pub mod doctor;
pub mod evidence;
pub mod explain;
mod foresee;
pub mod init;
pub mod joint_test;
pub mod map;
pub mod plugin;
pub mod promote;
pub mod purge;
pub mod resubmit;
pub mod run;
pub mod show;
pub mod simulate;
pub mod standard;
pub mod status;
pub mod submit;
pub mod verify;

use tokio::sync::watch;

use tongguan_contracts::Failure;
use tongguan_core::{Client, Manifest};

use crate::cli::Global;
use crate::registry::built_in;
use crate::traces::Exporter;
use crate::trouble::Trouble;

/// The client that the manifest describes.
fn open(global: &Global) -> Result<Client, Trouble> {
    Ok(Client::open(Manifest::load(&global.manifest)?, built_in())?)
}

/// Runs an async command to its end.
fn block_on<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::transient("client", "start its threads", e))?;
    runtime.block_on(work)
}

/// Hands the spans that are at hand to the collector, where the manifest names one; what it does
/// not take soon is told and forgotten, since what was asked for is done.
fn export_spans(exporter: &mut Option<Exporter>) -> Result<(), Trouble> {
    let Some(exporter) = exporter else {
        return Ok(());
    };
    block_on(async {
        exporter.flush().await;
        Ok(())
    })
}

/// Turns true at Ctrl-C or SIGTERM.
fn stop_signal() -> Result<watch::Receiver<bool>, Trouble> {
    let (stop, stopped) = watch::channel(false);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |e| Failure::transient("client", "listen for signals", e);
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            let _ = stop.send(true);
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        let _ = stop.send(true);
    });
    Ok(stopped)
}

/// There is no declaration of that id.
fn nothing(id: &str) -> Failure {
    Failure::rejected("store", format!("find {id}"), "nothing has that id")
        .remedy("give an id, a guid or a business number; see: tongguan status --list")
}

/// A time of the store for people: `2026-11-23 09:30:00`, China Standard Time.
fn shown_time(ms: i64) -> String {
    use time::macros::{format_description, offset};
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    time::OffsetDateTime::from_unix_timestamp(ms / 1000)
        .ok()
        .and_then(|t| t.to_offset(offset!(+8)).format(form).ok())
        .unwrap_or_default()
}
