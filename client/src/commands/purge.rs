use tongguan_contracts::Failure;
use tongguan_core::purge;
use tongguan_core::store::Purge as Rule;

use super::{block_on, open};
use crate::cli::{Global, Purge};
use crate::output::Output;
use crate::trouble::Trouble;

/// Removes the personal data whose time is over.
pub fn run(args: &Purge, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let client = open(global)?;
    let rule = match (&args.before, client.manifest().retention.days) {
        (Some(date), _) => Rule::before(date)?,
        (None, Some(days)) => Rule::older_than(days.get()),
        (None, None) => {
            return Err(Failure::misconfigured(
                "purge",
                "find the rule",
                "there is no --before, and the manifest has no [retention] days",
            )
            .remedy("say until when: --before 2026-01-01")
            .into());
        }
    };
    let purged = block_on(async {
        Ok(if args.dry_run {
            client.store().purgeable(&rule).await?
        } else {
            purge(client.store(), &rule).await?
        })
    })?;
    out.object(&purged)?;
    let done = if args.dry_run {
        "would purge"
    } else {
        "purged"
    };
    out.line(format!(
        "{done} {} declaration(s), {} envelope(s), {} thing(s) that came in: {}",
        purged.declarations, purged.envelopes, purged.receipts, rule.rule
    ))?;
    if purged.held > 0 {
        out.line(format!(
            "{} more share an envelope with declarations that are not over yet: they wait",
            purged.held
        ))?;
    }
    Ok(())
}
