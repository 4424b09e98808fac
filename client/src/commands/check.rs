use serde::Serialize;

use tongguan_contracts::{Stage, Standing};
use tongguan_core::PartCheck;

use super::{block_on, open, plugin};
use crate::cli::{Check, Global};
use crate::exit::Exit;
use crate::output::{BAD, GOOD, Output, paint};
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    parts: &'a [PartCheck],
    plugins: &'a [Standing],
}

/// Opens every part and says what is wrong.
pub fn run(args: &Check, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let client = open(global)?;
    let parts = block_on(async { Ok(client.check(args.offline).await) })?;
    let plugins = tongguan_plugin_host::standings();
    let started = plugins.iter().all(|p| p.stage.works());
    let ok = started && parts.iter().all(|p| p.ok);
    out.object(&Report {
        ok,
        parts: &parts,
        plugins: &plugins,
    })?;
    out.line(format!(
        "{} manifest {}",
        paint(GOOD, "ok  "),
        global.manifest.display()
    ))?;
    let store = client.store_place();
    out.line(format!("{} store {store}", paint(GOOD, "ok  ")))?;
    for part in &parts {
        if part.ok {
            out.line(format!("{} {}", paint(GOOD, "ok  "), part.part))?;
        } else {
            out.line(format!(
                "{} {}",
                paint(BAD, "FAIL"),
                part.error.as_deref().unwrap_or("")
            ))?;
            if let Some(remedy) = &part.remedy {
                out.line(format!("     what to do: {remedy}"))?;
            }
        }
    }
    for plugin in &plugins {
        plugin::tell(plugin, out)?;
    }
    if ok {
        return Ok(());
    }
    let lasting = parts.iter().any(|p| !p.ok && !p.transient)
        || plugins.iter().any(|p| p.stage == Stage::Failed);
    Err(Trouble::AlreadySaid(if lasting {
        Exit::Misconfigured
    } else {
        Exit::Unavailable
    }))
}
