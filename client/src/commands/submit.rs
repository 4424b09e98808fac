use indicatif::ProgressBar;
use serde::Serialize;
use std::path::Path;

use tongguan_contracts::{Document, DocumentRefused, Failure, Problem};
use tongguan_core::{Client, Submission};

use super::foresee::foreseeing;
use super::{block_on, export_spans, open};
use crate::cli::{Global, Submit};
use crate::exit::Exit;
use crate::input::take;
use crate::output::{GOOD, OPEN, Output, paint};
use crate::traces::Exporter;
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Taken<'a> {
    file: &'a str,
    ids: Vec<&'a str>,
    already_there: usize,
}

#[derive(Serialize)]
struct Refused<'a> {
    file: &'a str,
    error: String,
    problems: &'a [Problem],
}

/// Declares what is in documents. The first refusal does not keep the others back.
pub fn run(args: &Submit, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    if args.key.is_some() && args.files.len() > 1 {
        let several = format!("{} documents are given", args.files.len());
        return Err(Failure::misconfigured("--key", "use it", several)
            .remedy("a key is for one document: submit each by itself, with a key of its own")
            .into());
    }
    let client = open(global)?;
    let mut exporter = Exporter::of(&client)?;
    let (role_name, role) = client.role(args.role.as_deref())?;
    let role = foreseeing(&client, role, args.unchecked)?;
    let bar = progress(args.files.len());
    let mut worst: Option<Trouble> = None;
    for file in &args.files {
        let name = file.display().to_string();
        let octets = match read(file, &name, &client)? {
            Ok(octets) => octets,
            Err(refused) => {
                worst = Some(refuse(out, global, refused)?);
                continue;
            }
        };
        let document = Document {
            name: &name,
            octets: &octets,
            message: args.message.as_deref(),
        };
        if args.dry_run {
            match role.read(document) {
                Ok(declarations) => {
                    out.line(format!(
                        "{} {name}: {} declaration(s), valid; nothing was declared",
                        paint(GOOD, "ok"),
                        declarations.len()
                    ))?;
                    out.object(&Taken {
                        file: &name,
                        ids: Vec::new(),
                        already_there: 0,
                    })?;
                }
                Err(refused) => worst = Some(refuse(out, global, refused)?),
            }
            continue;
        }
        let submission = block_on(async {
            let role = (role_name.as_str(), role.as_ref());
            Ok(match &args.key {
                Some(key) => client.submit_once(role, document, key).await?,
                None => client.submit(role, document).await?,
            })
        });
        match submission {
            Ok(Submission::Taken(taken)) => {
                let there = taken.iter().filter(|t| t.already_there).count();
                out.object(&Taken {
                    file: &name,
                    ids: taken.iter().map(|t| t.id.as_str()).collect(),
                    already_there: there,
                })?;
                for one in &taken {
                    let mark = if one.already_there {
                        paint(OPEN, "there already")
                    } else {
                        paint(GOOD, "taken")
                    };
                    out.line(format!("{} {mark}", one.id))?;
                }
                out.line(format!(
                    "{name}: {} declaration(s) safe on disk, {there} of them there already",
                    taken.len()
                ))?;
            }
            Ok(Submission::Refused(refused)) => worst = Some(refuse(out, global, refused)?),
            Err(trouble) => {
                trouble.tell(global);
                worst = Some(Trouble::AlreadySaid(trouble.exit()));
            }
        }
        export_spans(&mut exporter)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    worst.map_or(Ok(()), Err)
}

/// A document's octets; refused where it has more than the manifest lets.
pub fn read(
    file: &Path,
    name: &str,
    client: &Client,
) -> Result<Result<Vec<u8>, DocumentRefused>, Trouble> {
    let most = client.manifest().limits.document_octets;
    Ok(take(file, most)?.ok_or_else(|| {
        let problem = Problem::document(
            "too-large",
            format!("has more than the {most} octets that are taken"),
            "split it, or raise document_octets in the manifest ([limits])",
        );
        DocumentRefused {
            document: name.to_owned(),
            problems: vec![problem.in_file(name)],
        }
    }))
}

/// Tells what is wrong with a document.
pub fn refuse(
    out: &mut Output,
    global: &Global,
    refused: DocumentRefused,
) -> Result<Trouble, Failure> {
    let failed = |e| Failure::transient("client", "print the answer", e);
    out.object(&Refused {
        file: &refused.document,
        error: format!(
            "{} problem(s); nothing of it was declared",
            refused.problems.len()
        ),
        problems: &refused.problems,
    })
    .map_err(failed)?;
    if !out.is_json() {
        Trouble::Document(refused).tell(global);
    }
    Ok(Trouble::AlreadySaid(Exit::Refused))
}

/// A bar for long work, on a terminal only.
fn progress(files: usize) -> ProgressBar {
    if files > 10 {
        ProgressBar::new(files as u64)
    } else {
        ProgressBar::hidden()
    }
}
