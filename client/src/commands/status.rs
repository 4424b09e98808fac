//! What needs a person, and what became of the declarations.

use serde::Serialize;
use std::collections::BTreeMap;

use tongguan_contracts::Failure;
use tongguan_core::State;
use tongguan_core::diagnosis::{Finding, Severity};
use tongguan_core::store::{Filter, Kept, Summary};

use super::{block_on, open, shown_time};
use crate::cli::{Global, Status};
use crate::exit::Exit;
use crate::output::{BAD, GOOD, HEAD, OPEN, Output, paint};
use crate::trouble::Trouble;

/// What to do about rejected declarations.
pub const REJECTED: &str = "rejected ones: tongguan status --state rejected lists them, tongguan show ID says \
     why; mend the document, then: tongguan resubmit ID FILE";

#[derive(Serialize)]
struct Overview {
    findings: Vec<Finding>,
    counts: BTreeMap<String, BTreeMap<&'static str, u64>>,
    open: u64,
    dead: u64,
    /// Rejected, and nothing was declared in their places.
    rejected: u64,
    unmatched: u64,
}

/// What needs a person, and what became of the declarations.
pub fn run(args: &Status, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let state = match &args.state {
        None => None,
        Some(name) => Some(State::named(name).ok_or_else(|| {
            let all: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
            Failure::misconfigured("--state", format!("use {name:?}"), "there is no such state")
                .remedy(format!("choose one of {}", all.join(", ")))
        })?),
    };
    let client = open(global)?;
    if args.unmatched {
        let all = block_on(async { Ok(client.store().unmatched(args.limit).await?) })?;
        for one in &all.newest {
            out.object(one)?;
            out.line(stray(one))?;
        }
        return Ok(());
    }
    if args.list || state.is_some() || args.message.is_some() {
        let filter = Filter {
            state,
            message: args.message.clone(),
            limit: args.limit,
        };
        let all = block_on(async { Ok(client.store().list(filter).await?) })?;
        for one in &all {
            out.object(one)?;
            out.line(line(one))?;
        }
        return Ok(());
    }
    let (findings, counts, replaced, unmatched) = block_on(async {
        let store = client.store();
        let findings = client.diagnose().await?;
        Ok((
            findings,
            store.counts().await?,
            store.replaced().await?,
            store.unmatched(0).await?.count,
        ))
    })?;
    let mut overview = Overview {
        findings,
        counts: BTreeMap::new(),
        open: 0,
        dead: 0,
        rejected: 0,
        unmatched,
    };
    for (message, state, count) in counts {
        if state == State::Dead {
            overview.dead += count;
        } else if state == State::Rejected {
            overview.rejected += count;
        } else if !state.is_final() {
            overview.open += count;
        }
        overview
            .counts
            .entry(message)
            .or_default()
            .insert(state.name(), count);
    }
    let rejected = replaced.iter().filter(|(_, s, _)| *s == State::Rejected);
    let replaced: u64 = rejected.map(|(.., count)| count).sum();
    overview.rejected = overview.rejected.saturating_sub(replaced);
    out.object(&overview)?;
    for finding in &overview.findings {
        tell(finding, out)?;
    }
    if overview.rejected > 0 {
        let many = format!("to mend: {}", overview.rejected);
        out.line(format!(
            "{} (rejected, with nothing in their place)",
            paint(BAD, many)
        ))?;
        out.line(format!("        what to do: {REJECTED}"))?;
    } else if overview.findings.is_empty() {
        out.line(paint(GOOD, "nothing needs a person"))?;
    }
    if overview.counts.is_empty() {
        out.line("nothing is declared yet: tongguan submit FILE")?;
    }
    for (message, states) in &overview.counts {
        let zh = tongguan_messages::message(message).map_or("", |m| m.zh);
        let states: Vec<String> = State::ALL
            .iter()
            .filter_map(|s| Some(colour(*s, format!("{} {s}", states.get(s.name())?))))
            .collect();
        out.line(format!(
            "{} {zh}: {}",
            paint(HEAD, message),
            states.join(", ")
        ))?;
    }
    if unmatched > 0 {
        out.line(format!(
            "{unmatched} thing(s) came in that are about no declaration here: kept; \
             tongguan status --unmatched"
        ))?;
    }
    let worst = overview.findings.iter().map(|finding| finding.severity);
    if args.check && worst.max() >= Some(Severity::Warning) {
        return Err(Trouble::AlreadySaid(Exit::Refused));
    }
    Ok(())
}

/// A finding: what, since when, why, what to do.
fn tell(finding: &Finding, out: &mut Output) -> Result<(), Trouble> {
    let (style, word) = match finding.severity {
        Severity::Urgent => (BAD, "URGENT "),
        Severity::Warning => (OPEN, "WARNING"),
        Severity::Note => (HEAD, "note   "),
    };
    let count = match finding.count {
        0 | 1 => String::new(),
        many => format!(" ({many})"),
    };
    let since = finding
        .since
        .map_or(String::new(), |ms| format!(", since {}", shown_time(ms)));
    out.line(format!(
        "{} {}: {} {}{count}{since}",
        paint(style, word),
        paint(HEAD, &finding.subject),
        finding.what.en(),
        finding.zh
    ))?;
    out.line(format!("        why:        {}", finding.why))?;
    out.line(format!("        what to do: {}", finding.remedy))?;
    if !finding.example.is_empty() {
        out.line(format!(
            "        one of it:  tongguan show {}",
            finding.example
        ))?;
    }
    Ok(())
}

fn colour(state: State, text: String) -> String {
    let style = match state {
        State::Accepted => GOOD,
        State::Rejected | State::Dead => BAD,
        _ => OPEN,
    };
    paint(style, text)
}

/// Something that came in, on a line.
pub fn stray(one: &Kept) -> String {
    format!(
        "{} {} {} from {} {}",
        one.digest,
        shown_time(one.received_at),
        if one.kind.is_empty() {
            "unreadable"
        } else {
            &one.kind
        },
        one.origin,
        one.problem.as_deref().unwrap_or("")
    )
}

/// One declaration on a line.
pub fn line(one: &Summary) -> String {
    let latest = one.latest.as_ref();
    let said = latest.map_or(String::new(), |s| {
        let text: String = s.text.chars().take(70).collect();
        format!("{} {}", s.code, text)
    });
    let at = latest.map_or(one.submitted_at, |s| s.at);
    let replaced = one.replaced_by.as_ref();
    let replaced = replaced.map_or(String::new(), |id| format!(" (replaced by {id})"));
    format!(
        "{} {} {} {} {}{replaced} {}",
        one.id,
        shown_time(at),
        one.message,
        one.key,
        colour(one.state, one.state.to_string()),
        said.trim()
    )
}
