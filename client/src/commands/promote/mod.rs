//! From the test environment to production: what must hold before, and the first declaration.

mod canary;
mod difference;
mod gates;

use serde::Serialize;

use tongguan_core::Manifest;
use tongguan_core::doctor::{State, examine};

use super::block_on;
use crate::cli::{Global, Promote};
use crate::exit::Exit;
use crate::output::{BAD, GOOD, HEAD, Output, paint};
use crate::registry::built_in;
use crate::trouble::Trouble;
use difference::Difference;
use gates::{Gate, Named};

#[derive(Serialize)]
struct Report<'a> {
    open: bool,
    gates: &'a [Gate],
    differences: &'a [Difference],
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<&'a canary::Canary>,
}

/// Looks at the gates, shows what differs, and sends the canary where that is asked for.
pub fn run(args: &Promote, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let test = Manifest::load(&args.from)?;
    let production = Manifest::load(&global.manifest)?;
    let differences = difference::between(&args.from, &global.manifest)?;
    let named = |file, manifest| Named { file, manifest };
    let mut gates = gates::of(
        &named(&args.from, &test),
        &named(&global.manifest, &production),
        &args.report,
    )?;
    let examined = block_on(async { Ok(examine(&production, &built_in()).await) })?;
    gates.extend(
        examined
            .into_iter()
            .filter(|one| one.state == State::Ill)
            .map(|one| Gate {
                id: one.id,
                open: false,
                says: one.says,
                remedy: one.remedy.unwrap_or_default(),
            }),
    );
    out.line(paint(HEAD, "Gates, all of which have to be passed"))?;
    for gate in &gates {
        let mark = match gate.open {
            true => paint(GOOD, "passed    "),
            false => paint(BAD, "NOT PASSED"),
        };
        out.line(format!("{mark} {:24} {}", gate.id, gate.says))?;
        if !gate.open {
            out.line(format!("           what to do: {}", gate.remedy))?;
        }
    }
    let from = args.from.display();
    out.line(format!("\n{} {from}", paint(HEAD, "What differs from")))?;
    for difference in &differences {
        difference.tell(out)?;
    }
    let closed = gates.iter().filter(|gate| !gate.open).count();
    let open = closed == 0;
    match open {
        true => out.line("\nAll gates are passed: production may begin.")?,
        false => out.line(format!(
            "\n{closed} of {} gates are not passed: production has to wait.",
            gates.len()
        ))?,
    }
    let canary = match (&args.canary, open) {
        (Some(file), true) => Some(canary::sent(args, file, production, out)?),
        (Some(_), false) => {
            out.line("\nThe canary stays here: a gate is not passed.")?;
            None
        }
        (None, _) => None,
    };
    out.object(&Report {
        open,
        gates: &gates,
        differences: &differences,
        canary: canary.as_ref(),
    })?;
    match open && canary.is_none_or(|canary| canary.accepted) {
        true => Ok(()),
        false => Err(Trouble::AlreadySaid(Exit::Refused)),
    }
}
