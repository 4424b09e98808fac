use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use tongguan_contracts::Failure;
use tongguan_core::evidence::{Checked, bundle, verify as check};

use super::audit::anchors;
use super::{block_on, open};
use crate::cli::{Evidence, EvidenceExport, EvidenceVerify, Global};
use crate::input::trust;
use crate::output::{BAD, GOOD, Output, paint};
use crate::trouble::{Trouble, While};

/// A declaration's evidence.
pub fn run(args: &Evidence, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    match args {
        Evidence::Export(args) => export(args, global, out),
        Evidence::Verify(args) => verify(args, out),
    }
}

#[derive(Serialize)]
struct Written {
    id: String,
    file: PathBuf,
}

fn export(args: &EvidenceExport, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let anchors = anchors(&args.anchor)?;
    let client = open(global)?;
    let grounds = block_on(async { Ok(client.store().evidence(&args.id, &anchors).await?) })?;
    let Some(grounds) = grounds else {
        return Err(super::nothing(&args.id).into());
    };
    let octets = bundle(&grounds)?;
    let id = grounds.details.summary.id;
    let file = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{id}.evidence.zip")));
    // It may be another declaration's, or what an auditor was given.
    if file.exists() {
        let doing = format!("write {}", file.display());
        return Err(
            Failure::misconfigured("--out", doing, "it is there already")
                .remedy("move it away, or name another file: --out FILE")
                .into(),
        );
    }
    fs::write(&file, octets).doing(|| format!("write {}", file.display()))?;
    out.line(format!("wrote {}", file.display()))?;
    out.line("it holds personal data, as it was declared; that it was written is logged")?;
    out.object(&Written { id, file })?;
    Ok(())
}

#[derive(Serialize)]
struct Report<'a> {
    file: &'a PathBuf,
    #[serde(flatten)]
    checked: Checked,
}

fn verify(args: &EvidenceVerify, out: &mut Output) -> Result<(), Trouble> {
    let file = &args.file;
    let octets = fs::read(file).doing(|| format!("read {}", file.display()))?;
    let checked = check(&octets, trust(&args.trust)?, &anchors(&args.anchor)?);
    for one in &checked.checks {
        let mark = if one.holds {
            paint(GOOD, "ok    ")
        } else {
            paint(BAD, "broken")
        };
        out.line(format!("{mark} {} {}", one.member, one.text))?;
    }
    if let (true, Some(claims)) = (checked.holds, &checked.claims) {
        out.line(format!(
            "{} {} {}: {}",
            paint(GOOD, "holds"),
            claims.message,
            claims.business_key.join(" / "),
            claims.state
        ))?;
        out.line("the log entries that it leads to; compare them with what was noted elsewhere:")?;
        for anchor in &checked.anchors {
            out.line(format!("  {anchor}"))?;
        }
        if args.trust.is_empty() {
            out.line("any certificate was taken: --trust says whose are")?;
        }
    }
    let holds = checked.holds;
    out.object(&Report { file, checked })?;
    if holds {
        Ok(())
    } else {
        Err(Failure::rejected(
            file.display().to_string(),
            "take it as evidence",
            "something in it is not what it was",
        )
        .remedy("ask for the file again, or export it again")
        .into())
    }
}
