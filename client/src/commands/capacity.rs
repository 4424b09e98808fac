use serde::Serialize;
use std::time::Duration;

use tongguan_core::Manifest;
use tongguan_core::capacity::{Capacity, Demand, Trial, Way, capacity};

use super::block_on;
use crate::cli::{self, Global};
use crate::exit::Exit;
use crate::output::{BAD, GOOD, HEAD, Output, paint};
use crate::registry::built_in;
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    capacity: &'a Capacity,
    /// In the order of the ways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    demands: Vec<Demand>,
}

/// Says what the manifest can carry.
pub fn run(args: &cli::Capacity, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let manifest = Manifest::load(&global.manifest)?;
    let time = Duration::from_secs(args.seconds);
    let all = block_on(async { Ok(capacity(&manifest, &built_in(), time).await?) })?;
    let demands: Vec<Demand> = match args.per_minute {
        Some(count) => all.ways.iter().map(|way| all.demand(way, count)).collect(),
        None => Vec::new(),
    };
    let enough = demands.iter().all(|d| d.signed && d.stored != Some(false));
    let signs = all.ways.iter().all(|way| way.signatures_a_minute > 0);
    for (name, trial) in &all.signers {
        tell_signer(name, trial, out)?;
    }
    out.line(match all.stored_a_minute {
        Some(count) => format!(
            "store: keeps {} declarations a minute, from submit to sent",
            grouped(count)
        ),
        None => "store: a server; it was not tried, so that no trial fills it".to_owned(),
    })?;
    let mut asked = demands.iter();
    for way in &all.ways {
        out.line("")?;
        tell_way(&all, way, out)?;
        if let Some(demand) = asked.next() {
            tell_demand(&all, way, demand, out)?;
        }
    }
    out.object(&Report {
        capacity: &all,
        demands,
    })?;
    match (signs, enough) {
        (false, _) => Err(Trouble::AlreadySaid(Exit::Misconfigured)),
        (true, false) => Err(Trouble::AlreadySaid(Exit::Refused)),
        (true, true) => Ok(()),
    }
}

fn tell_signer(name: &str, trial: &Trial, out: &mut Output) -> Result<(), Trouble> {
    match trial {
        Trial::Signs(pace) => {
            let at_once = match pace.at_once {
                1 => "one at a time".to_owned(),
                many => format!("{many} at once"),
            };
            let count = grouped(pace.a_minute);
            let each = pace.signature_ms;
            out.line(format!(
                "signer {name:?}: {count} signatures a minute, {at_once}, {each:.1} ms each"
            ))?;
        }
        Trial::Fails { error, remedy } => {
            out.line(format!("{} {error}", paint(BAD, "FAIL")))?;
            if let Some(remedy) = remedy {
                out.line(format!("     what to do: {remedy}"))?;
            }
        }
    }
    Ok(())
}

fn tell_way(all: &Capacity, way: &Way, out: &mut Output) -> Result<(), Trouble> {
    let messages = match way.messages.as_slice() {
        [] => "all other messages".to_owned(),
        some => some.join(", "),
    };
    let signers = way.signers.join(if way.share { " + " } else { ", else " });
    out.line(paint(HEAD, format!("{messages}: signed by {signers}")))?;
    let signatures = way.signatures_a_minute;
    if signatures == 0 {
        return Ok(out.line("  nothing: none of them signs")?);
    }
    let kept = all.stored_a_minute.unwrap_or(u64::MAX);
    let carried = |declarations: u64| match declarations > kept {
        true => format!("{} (what the store keeps)", grouped(kept)),
        false => grouped(declarations),
    };
    let batch = all.batch as u64;
    out.line(format!(
        "  {} declarations a minute while they come one by one, {} when {batch} come together",
        carried(signatures),
        carried(signatures.saturating_mul(batch))
    ))?;
    if let Some(wait) = way.lone_ms {
        out.line(format!(
            "  a lone one is signed {wait} ms after it was taken ([limits] batch_wait_ms is {})",
            all.batch_wait_ms
        ))?;
    }
    for others in &way.shares_signers_with {
        let others = others.join(", ");
        out.line(format!(
            "  less what goes by the route of {others}, which has signers of these"
        ))?;
    }
    Ok(())
}

fn tell_demand(
    all: &Capacity,
    way: &Way,
    demand: &Demand,
    out: &mut Output,
) -> Result<(), Trouble> {
    let (asked, needed) = (grouped(demand.a_minute), grouped(demand.signatures));
    let batch = all.batch;
    if demand.signed {
        let percent = demand.signatures * 100 / way.signatures_a_minute.max(1);
        out.line(format!(
            "  {} {asked} a minute: {needed} signatures of {batch} each, {percent} % of what it makes",
            paint(GOOD, "yes")
        ))?;
    } else {
        out.line(format!(
            "  {} {asked} a minute are {needed} signatures of {batch} each",
            paint(BAD, "no ")
        ))?;
        if let Some(more) = demand.more_devices {
            let share = if way.share { "" } else { " and share = true" };
            out.line(format!(
                "      what to do: {more} device(s) more like the fastest of these{share}; or one, as \
                 an HSM, that makes {needed} signatures a minute alone"
            ))?;
        }
        if batch < 100 {
            out.line("      what to do: raise [limits] batch: 100 may share a signature")?;
        }
    }
    if let (Some(false), Some(kept)) = (demand.stored, all.stored_a_minute) {
        out.line(format!(
            "  {} the store keeps {} a minute: put it on a faster disk",
            paint(BAD, "no "),
            grouped(kept)
        ))?;
    }
    Ok(())
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_told_apart() {
        let told = [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped);
        assert_eq!(told, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
