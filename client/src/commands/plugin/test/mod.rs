//! The conformance kit, run on a library or on parts of the manifest.

mod part;
mod role;
mod signer;
mod transport;

use serde::Serialize;
use std::fs;
use tongguan_conformance::{Outcome, Report};

use crate::cli::{Global, PluginTest};
use crate::commands::shown_time;
use crate::exit::Exit;
use crate::output::{BAD, GOOD, HEAD, OPEN, Output, paint};
use crate::trouble::{Trouble, While};
use part::{Kind, Part};

#[derive(Serialize)]
struct Reports<'a> {
    ok: bool,
    reports: &'a [Report],
}

/// Tries everything, and reports.
pub fn run(args: &PluginTest, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let mut reports = Vec::new();
    for part in part::chosen(args, global)? {
        let report = match part.kind {
            Kind::Signer => signer::run(&part, args)?,
            Kind::Transport => transport::run(&part, args)?,
            Kind::Role => role::run(&part, args)?,
        };
        tell(&report, out)?;
        reports.push(report);
    }
    let ok = reports.iter().all(|report| report.ok);
    out.object(&Reports {
        ok,
        reports: &reports,
    })?;
    if let Some(path) = &args.report {
        let made = format!(
            "tongguan {}, kit {}, {}",
            env!("CARGO_PKG_VERSION"),
            tongguan_conformance::VERSION,
            shown_time(time::OffsetDateTime::now_utc().unix_timestamp() * 1000)
        );
        fs::write(path, Report::html(&reports, &made))
            .doing(|| format!("write {}", path.display()))?;
        out.line(format!("the report is in {}", path.display()))?;
    }
    if ok {
        Ok(())
    } else {
        Err(Trouble::AlreadySaid(Exit::Refused))
    }
}

fn tell(report: &Report, out: &mut Output) -> Result<(), Trouble> {
    out.line(paint(HEAD, format!("{}: {}", report.part, report.what)))?;
    for check in &report.checks {
        let word = match check.outcome {
            Outcome::Passed(_) => paint(GOOD, "ok  "),
            Outcome::Failed(_) => paint(BAD, "FAIL"),
            Outcome::DoesNotApply(_) => paint(OPEN, "-   "),
        };
        // Where nothing is to be told, the contract's own words tell what was tried.
        let told = match check.outcome.told() {
            "" => check.says,
            told => told,
        };
        out.line(format!("{word} {}: {told}", check.id))?;
        if check.outcome.failed() {
            out.line(format!("     the contract says: {}", check.says))?;
        }
    }
    let t = report.totals;
    out.line(format!(
        "{} passed, {} failed, {} do not apply",
        t.passed, t.failed, t.does_not_apply
    ))?;
    Ok(())
}
