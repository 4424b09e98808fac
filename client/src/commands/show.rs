use std::fs;
use std::path::Path;

use tongguan_core::store::Details;
use tongguan_messages::Limits;
use tongguan_messages::envelope::{Opened, open as open_envelope};

use super::{block_on, open, shown_time};
use crate::cli::{Global, Show};
use crate::output::{HEAD, Output, paint};
use crate::trouble::{Trouble, While};

/// All that is known of one declaration.
pub fn run(args: &Show, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let client = open(global)?;
    let found = block_on(async { Ok(client.store().find(&args.id).await?) })?;
    let Some(details) = found else {
        let stray = block_on(async { Ok(client.store().came_in(&args.id).await?) })?;
        if let Some((kept, octets)) = stray {
            out.object(&kept)?;
            out.line(super::status::stray(&kept))?;
            if let Some(dir) = &args.export {
                for file in export_answer(&kept.digest, &octets, dir)? {
                    out.line(format!("wrote {file}"))?;
                }
            }
            return Ok(());
        }
        return Err(super::nothing(&args.id).into());
    };
    out.object(&details)?;
    let one = &details.summary;
    out.line(format!("{} {}", paint(HEAD, &one.message), one.key))?;
    out.line(format!("  id        {}", one.id))?;
    out.line(format!("  guid      {}", one.guid))?;
    out.line(format!(
        "  state     {}: {}",
        one.state,
        one.state.meaning()
    ))?;
    out.line(format!("  from      {}:{}", one.document, one.line))?;
    if let Some(gone) = &details.purged {
        let at = shown_time(gone.at);
        out.line(format!("  purged    {at}, by the rule: {}", gone.rule))?;
    }
    if let Some(carrier) = &details.carrier {
        out.line(format!("  envelope  CopMsgId {}", carrier.cop_msg_id))?;
        out.line(format!(
            "  message   guid {}, signed {}",
            carrier.guid, carrier.profile
        ))?;
        out.line(format!(
            "  signed by certificate SHA-256 {}",
            carrier.certificate
        ))?;
        let sent = carrier.sent_at.map_or("not yet".to_owned(), shown_time);
        out.line(format!(
            "  sent      {sent}, by {} ({} tries)",
            carrier.transport, carrier.attempts
        ))?;
    }
    out.line("  history")?;
    for status in &details.history {
        out.line(format!(
            "    {} {:9} {:>7} {}",
            shown_time(status.at),
            status.level,
            status.code,
            status.text
        ))?;
    }
    if let (Some(dir), None) = (&args.export, &details.purged) {
        for file in export(&details, dir)? {
            out.line(format!("wrote {file}"))?;
        }
    }
    Ok(())
}

/// Writes the declaration, its message and envelope, and what came back, as files.
fn export(details: &Details, dir: &Path) -> Result<Vec<String>, Trouble> {
    fs::create_dir_all(dir).doing(|| format!("make the folder {}", dir.display()))?;
    let id = &details.summary.id;
    let mut files = vec![(format!("{id}.declaration.xml"), details.fragment.clone())];
    if let Some(envelope) = &details.envelope {
        files.push((format!("{id}.envelope.xml"), envelope.clone()));
        if let Ok(Opened::Envelope(opened)) = open_envelope(envelope, &Limits::default()) {
            files.push((format!("{id}.message.xml"), opened.data));
        }
    }
    for (index, (_, octets)) in details.inbound.iter().enumerate() {
        files.extend(answer(&format!("{id}.answer-{}", index + 1), octets));
    }
    write(files, dir)
}

/// Writes something that came in as files.
fn export_answer(name: &str, octets: &[u8], dir: &Path) -> Result<Vec<String>, Trouble> {
    fs::create_dir_all(dir).doing(|| format!("make the folder {}", dir.display()))?;
    write(answer(name, octets), dir)
}

/// Something that came in, and what is in its envelope.
fn answer(name: &str, octets: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![(format!("{name}.envelope.xml"), octets.to_vec())];
    if let Ok(Opened::Envelope(opened)) = open_envelope(octets, &Limits::default()) {
        files.push((format!("{name}.receipt.xml"), opened.data));
    }
    files
}

fn write(files: Vec<(String, Vec<u8>)>, dir: &Path) -> Result<Vec<String>, Trouble> {
    let mut written = Vec::new();
    for (name, octets) in files {
        let path = dir.join(name);
        fs::write(&path, octets).doing(|| format!("write {}", path.display()))?;
        written.push(path.display().to_string());
    }
    Ok(written)
}
