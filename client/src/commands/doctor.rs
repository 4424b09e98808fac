use serde::Serialize;

use tongguan_core::Manifest;
use tongguan_core::doctor::{Examined, State, examine};

use super::block_on;
use crate::cli::Global;
use crate::exit::Exit;
use crate::output::{BAD, GOOD, HEAD, OPEN, Output, paint};
use crate::registry::built_in;
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    ok: bool,
    examined: &'a [Examined],
}

/// Looks at everything on the way.
pub fn run(global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let manifest = Manifest::load(&global.manifest)?;
    let all = block_on(async { Ok(examine(&manifest, &built_in()).await) })?;
    let worst = all.iter().map(|one| one.state).max();
    out.object(&Report {
        version: env!("CARGO_PKG_VERSION"),
        ok: worst != Some(State::Ill),
        examined: &all,
    })?;
    let mut of = None;
    for one in &all {
        if of != Some(&one.of) && !one.of.is_empty() {
            out.line(paint(HEAD, &one.of))?;
        }
        of = Some(&one.of);
        let mark = match one.state {
            State::Well => paint(GOOD, "ok  "),
            State::Concern => paint(OPEN, "look"),
            State::Ill => paint(BAD, "FAIL"),
        };
        out.line(format!("  {mark} {:20} {}", one.id, one.says))?;
        if let Some(remedy) = &one.remedy {
            out.line(format!("       what to do: {remedy}"))?;
        }
    }
    match worst {
        Some(State::Ill) => Err(Trouble::AlreadySaid(Exit::Misconfigured)),
        _ => Ok(()),
    }
}
