//! `tongguan verify`.

mod told;

use indicatif::ProgressBar;
use std::collections::HashSet;
use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_core::Manifest;
use tongguan_messages::Limits;
use tongguan_verifier::{Layer, Options, Severity, Verifier, comparison_ids, rules, sources};

use crate::cli::{Global, Verify};
use crate::input::trust;
use crate::output::{BAD, HEAD, OPEN, Output, paint};
use crate::trouble::{Trouble, While};
use told::Told;

/// With more files than this, those with nothing to say of are counted, not listed.
const LISTED: usize = 100;

/// Verifies files and folders.
pub fn run(args: &Verify, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    if args.rules {
        return list(out);
    }
    let options = Options {
        layers: layers(args),
        off: off(args, &global.manifest)?,
        trust: trust(&args.trust)?,
        at: None,
        limits: Limits {
            octets: args.max_size.saturating_mul(1 << 20),
        },
    };
    let chosen: Vec<Layer> = options.layers.iter().copied().collect();
    let verifier = verifier(options)?;
    let files = sources(&args.files)
        .map_err(|(path, error)| (path.display().to_string(), error))
        .or_else(|(path, error)| Err(error).doing(|| format!("read {path}")))?;
    if files.is_empty() {
        return Err(Failure::misconfigured(
            "verify",
            "find messages",
            "there is no .xml file in the folder",
        )
        .remedy("name a file, or a folder with .xml files in it")
        .into());
    }

    let bar = match files.len() > LISTED && !global.json {
        true => ProgressBar::new(files.len() as u64),
        false => ProgressBar::hidden(),
    };
    let mut told = Told::new(out, args, files.len() <= LISTED);
    let threads = args
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    // Compared documents are told of once all have been read.
    let across = chosen.contains(&Layer::Across);
    let mut held = Vec::new();
    verifier.verify_all(&files, threads, &mut |report| {
        bar.inc(1);
        if across {
            held.push(report);
        } else {
            told.tell(&report);
        }
    });
    bar.finish_and_clear();
    verifier.compare(&mut held);
    for report in &held {
        told.tell(report);
    }
    told.end(args.html.as_deref(), &chosen)
}

fn layers(args: &Verify) -> std::collections::BTreeSet<Layer> {
    match args.layer.as_slice() {
        [] => Layer::ALL.into(),
        some => some.iter().map(|l| l.0).collect(),
    }
}

/// A verifier, where the rules to be switched off are there.
pub fn verifier(options: Options) -> Result<Verifier, Failure> {
    Verifier::new(options).map_err(|e| {
        Failure::misconfigured("verify", "switch a rule off", e)
            .remedy("see the rules: tongguan verify --rules")
    })
}

/// The rules that the command line and the manifest, where there is one, switch off.
fn off(args: &Verify, manifest: &Path) -> Result<HashSet<String>, Trouble> {
    let mut off: HashSet<String> = args.off.iter().cloned().collect();
    if manifest.exists() {
        off.extend(Manifest::load(manifest)?.verify.off);
    }
    Ok(off)
}

/// Lists the business rules and comparisons.
fn list(out: &mut Output) -> Result<(), Trouble> {
    for rule in rules() {
        out.object(rule)?;
        let messages = rule.messages();
        let applies = match messages.len() {
            n if n > 6 => format!("{n} messages"),
            _ => messages.join(", "),
        };
        let severity = match rule.severity {
            Severity::Error => paint(BAD, "error  "),
            Severity::Warning => paint(OPEN, "warning"),
        };
        out.line(format!("{severity} {}  {applies}", paint(HEAD, &rule.id)))?;
        out.line(format!("        {}", rule.english()))?;
        out.line(format!("        {}", rule.chinese()))?;
    }
    out.line(format!("across documents: {}", comparison_ids().join(", ")))?;
    Ok(())
}
