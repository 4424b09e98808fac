use std::io;

use tongguan_contracts::Failure;
use tongguan_core::audit::{Anchor, BadAnchor, Entry, audit};
use tongguan_core::{Client, Store};

use super::{block_on, open};
use crate::cli::{Audit, AuditVerify, Global};
use crate::exit::Exit;
use crate::output::{BAD, GOOD, Output, paint};
use crate::trouble::Trouble;

/// How many entries are asked for at once.
const PAGE: usize = 5000;

/// The audit log.
pub fn run(args: &Audit, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let client = open(global)?;
    match args {
        Audit::Verify(args) => verify(args, &client, out),
        Audit::Export => block_on(export(client.store(), out)),
    }
}

fn verify(args: &AuditVerify, client: &Client, out: &mut Output) -> Result<(), Trouble> {
    let anchors = anchors(&args.anchor)?;
    let audited = block_on(async { Ok(audit(client.store(), &anchors).await?) })?;
    out.object(&audited)?;
    for broken in &audited.broken {
        out.line(format!(
            "{} {}:{} {}",
            paint(BAD, "broken"),
            broken.strand,
            broken.number,
            broken.reason
        ))?;
    }
    if !audited.broken.is_empty() {
        return Err(Trouble::AlreadySaid(Exit::Refused));
    }
    out.line(format!(
        "{} {} entries in {} strand(s), each follows from the one before it; {} joint(s) and {} \
         anchor(s) agree",
        paint(GOOD, "holds"),
        audited.entries,
        audited.anchors.len(),
        audited.joined,
        anchors.len()
    ))?;
    if !audited.anchors.is_empty() {
        out.line(
            "the newest entries; noted elsewhere, they prove later that none was taken away:",
        )?;
    }
    for anchor in &audited.anchors {
        out.line(format!("  {anchor}"))?;
    }
    Ok(())
}

/// Entries that were noted elsewhere.
pub fn anchors(texts: &[String]) -> Result<Vec<Anchor>, Failure> {
    let all: Result<_, BadAnchor> = texts.iter().map(|text| text.parse()).collect();
    all.map_err(|e| Failure::misconfigured("--anchor", "use it", e))
}

/// Prints the log, a JSON object a line, strand by strand.
async fn export(store: &dyn Store, out: &mut Output) -> Result<(), Trouble> {
    for head in store.strands().await? {
        let mut after = 0;
        loop {
            let page = store.entries(head.strand, after, PAGE).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.number;
            for entry in &page {
                out.raw(&line(entry)?)?;
            }
        }
    }
    Ok(())
}

/// An entry with its body as it is hashed: a text, and not an object that a reader may write
/// differently.
fn line(entry: &Entry) -> io::Result<String> {
    serde_json::to_string(entry).map_err(io::Error::other)
}
