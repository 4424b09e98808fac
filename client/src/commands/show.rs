use serde::Serialize;
use std::fs;
use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_core::State;
use tongguan_core::store::Details;
use tongguan_core::traces::trace_of;
use tongguan_messages::envelope::{Opened, open as open_envelope};
use tongguan_messages::{Limits, Personal, answers, mask, personal, read};

use super::{block_on, open, shown_time};
use crate::cli::{Global, Show};
use crate::output::{HEAD, Output, paint};
use crate::trouble::{Trouble, While};

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    details: &'a Details,
    personal: &'a [Field],
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
}

/// A field with personal data.
#[derive(Serialize)]
struct Field {
    path: String,
    zh: &'static str,
    value: String,
}

/// How personal data is asked for, if it is.
fn how(args: &Show) -> Option<&'static str> {
    match args {
        Show { personal: true, .. } => Some("show --personal"),
        Show { document: true, .. } => Some("show --document"),
        _ => args.export.as_ref().map(|_| "show --export"),
    }
}

/// The declaration's personal data, masked unless it is asked for.
fn fields(details: &Details, whole: bool) -> Vec<Field> {
    let message = tongguan_messages::message(&details.summary.message);
    let found = message.map(|m| personal(m, &details.fragment));
    let field = |one: Personal| Field {
        path: one.path,
        zh: one.element.zh,
        value: if whole { one.value } else { mask(&one.value) },
    };
    found.into_iter().flatten().map(field).collect()
}

/// What came in about it, in the sender's own words; the history masks personal data in them.
fn words(details: &Details) -> Vec<String> {
    let limits = Limits::default();
    let mut words = Vec::new();
    for (_, octets) in &details.inbound {
        let message = match open_envelope(octets, &limits) {
            Ok(Opened::Envelope(envelope)) => read(&envelope.data, &limits).ok(),
            Ok(Opened::Message(parsed)) => Some(*parsed),
            _ => None,
        };
        let answers = message.iter().flat_map(answers);
        // A receipt may answer others too, whom this is nothing of.
        let own = answers.filter(|answer| {
            let key = answer.key.as_ref().map(|key| key.replace('\n', " / "));
            key.is_none_or(|key| key == details.summary.key)
        });
        words.extend(own.map(|answer| format!("{} {}", answer.code, answer.text)));
    }
    words
}

/// All that is known of one declaration.
pub fn run(args: &Show, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let client = open(global)?;
    let found = block_on(async { Ok(client.store().find(&args.id).await?) })?;
    let Some(details) = found else {
        let stray = block_on(async { Ok(client.store().came_in(&args.id).await?) })?;
        if let Some((kept, octets)) = stray {
            if let Some(how) = how(args) {
                block_on(async { Ok(client.store().disclosed(&kept.digest, how).await?) })?;
            }
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
    let one = &details.summary;
    if let Some(how) = how(args) {
        block_on(async { Ok(client.store().disclosed(&one.id, how).await?) })?;
    }
    if args.document {
        return document(&details, out);
    }
    let personal = fields(&details, args.personal);
    let traced = client.manifest().traces.is_some();
    let trace = traced.then(|| crate::traces::hex(&trace_of(&one.guid)));
    out.object(&Shown {
        details: &details,
        personal: &personal,
        trace: trace.clone(),
        words: if args.personal {
            words(&details)
        } else {
            Vec::new()
        },
    })?;
    out.line(format!("{} {}", paint(HEAD, &one.message), one.key))?;
    out.line(format!("  id        {}", one.id))?;
    out.line(format!("  guid      {}", one.guid))?;
    out.line(format!(
        "  state     {}: {}",
        one.state,
        one.state.meaning()
    ))?;
    if one.state == State::Rejected && one.replaced_by.is_none() {
        let code = one.latest.as_ref().map_or("CODE", |latest| &latest.code);
        out.line(format!(
            "  to do     tongguan explain {code}; mend the document (tongguan show {} --document \
             gives it), then: tongguan resubmit {} FILE",
            one.id, one.id
        ))?;
    }
    out.line(format!("  from      {}:{}", one.document, one.line))?;
    if let Some(trace) = &trace {
        out.line(format!("  trace     {trace}"))?;
    }
    for (word, other) in [
        ("replaces ", &one.replaces),
        ("replaced by", &one.replaced_by),
    ] {
        if let Some(other) = other {
            out.line(format!("  {word} {other}"))?;
        }
    }
    for awaited in &details.waits_for {
        let there = match (&awaited.state, &awaited.id) {
            (Some(state), Some(id)) => format!("{state}, {id}"),
            _ => "not here: submit it, or let this go without it: tongguan retry".to_owned(),
        };
        out.line(format!(
            "  waits for {} {}: {there}",
            awaited.message, awaited.key
        ))?;
    }
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
            "  sent      {sent}, by {} ({} {})",
            carrier.transport,
            carrier.attempts,
            if carrier.attempts == 1 {
                "try"
            } else {
                "tries"
            }
        ))?;
    }
    for field in &personal {
        out.line(format!("  {} {}: {}", field.path, field.zh, field.value))?;
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
    if args.personal {
        for word in words(&details) {
            out.line(format!("  in its own words: {word}"))?;
        }
    }
    if let (Some(dir), None) = (&args.export, &details.purged) {
        for file in export(&details, dir)? {
            out.line(format!("wrote {file}"))?;
        }
    }
    Ok(())
}

/// Prints the declaration as a document.
fn document(details: &Details, out: &mut Output) -> Result<(), Trouble> {
    let one = &details.summary;
    let message = tongguan_messages::message(&one.message);
    let text = message.and_then(|m| tongguan_messages::document(m, &details.fragment));
    let text = text.ok_or_else(|| {
        let gone = details.purged.as_ref();
        let reason = gone.map_or("its octets are none of the standard's".to_owned(), |gone| {
            format!("its octets were purged: {}", gone.rule)
        });
        Failure::rejected("store", format!("write {} as a document", one.id), reason)
            .remedy("take the document that it was declared from")
    })?;
    Ok(out.raw(text.trim_end())?)
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
