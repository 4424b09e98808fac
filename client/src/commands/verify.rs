use indicatif::ProgressBar;
use std::collections::HashSet;
use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_core::Manifest;
use tongguan_messages::Limits;
use tongguan_verifier::{
    Finding, Layer, Options, Page, Report, Severity, Totals, Verifier, comparison_ids, rules,
    sources,
};

use crate::cli::{Global, Verify};
use crate::exit::Exit;
use crate::input::trust;
use crate::output::{BAD, GOOD, HEAD, OPEN, Output, paint};
use crate::trouble::{Trouble, While};

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
    let verifier = Verifier::new(options).map_err(|e| {
        Failure::misconfigured("verify", "switch a rule off", e)
            .remedy("see the rules: tongguan verify --rules")
    })?;
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
    let mut told = Told {
        out,
        strict: args.strict,
        every: files.len() <= LISTED,
        totals: Totals::default(),
        page: args.html.as_ref().map(|_| Page::new()),
        good: true,
        failed: None,
    };
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

/// The rules that the command line and the manifest, where there is one, switch off.
fn off(args: &Verify, manifest: &Path) -> Result<HashSet<String>, Trouble> {
    let mut off: HashSet<String> = args.off.iter().cloned().collect();
    if manifest.exists() {
        off.extend(Manifest::load(manifest)?.verify.off);
    }
    Ok(off)
}

/// What has been said so far.
struct Told<'o> {
    out: &'o mut Output,
    strict: bool,
    /// Files with nothing to say of are listed too.
    every: bool,
    totals: Totals,
    page: Option<Page>,
    good: bool,
    failed: Option<std::io::Error>,
}

impl Told<'_> {
    fn tell(&mut self, report: &Report) {
        self.totals.count(report);
        self.good &= report.valid && (report.warnings.is_empty() || !self.strict);
        if let Some(page) = &mut self.page {
            page.add(report);
        }
        if self.failed.is_none() {
            self.failed = self.print(report).err();
        }
    }

    fn print(&mut self, report: &Report) -> std::io::Result<()> {
        self.out.object(report)?;
        let silent = report.valid && report.warnings.is_empty();
        if silent && !self.every {
            return Ok(());
        }
        let verdict = match report.valid {
            true => paint(GOOD, "valid  "),
            false => paint(BAD, "INVALID"),
        };
        let within = match report.envelope.as_str() {
            "" => String::new(),
            envelope => format!("{envelope} with "),
        };
        let signed = report.signature.as_ref().map(|s| format!(", signed: {s}"));
        self.out.line(format!(
            "{verdict} {}: {within}{}{}",
            report.file,
            report.message,
            signed.unwrap_or_default()
        ))?;
        for finding in report.errors.iter().chain(&report.warnings) {
            self.finding(finding)?;
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) -> std::io::Result<()> {
        match finding.severity {
            Severity::Error => self.out.line(format!("  {finding}"))?,
            Severity::Warning => {
                let warning = paint(OPEN, "warning");
                self.out.line(format!("  {warning} {finding}"))?;
            }
        }
        let chinese = [&finding.text_zh, &finding.remedy_zh];
        let chinese: Vec<&str> = chinese.into_iter().map(String::as_str).collect();
        self.out.line(format!("      {}", chinese.join("；")))
    }

    fn end(self, html: Option<&Path>, layers: &[Layer]) -> Result<(), Trouble> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let t = self.totals;
        if t.files > 1 {
            self.out.line(format!(
                "{} files: {}, {}; {} errors, {} warnings",
                t.files,
                paint(GOOD, format!("{} valid", t.valid)),
                paint(
                    if t.valid == t.files { GOOD } else { BAD },
                    format!("{} invalid", t.files - t.valid)
                ),
                t.errors,
                t.warnings
            ))?;
        }
        if let (Some(page), Some(path)) = (self.page, html) {
            let made = format!("tongguan {}", env!("CARGO_PKG_VERSION"));
            std::fs::write(path, page.finish(layers, &made))
                .doing(|| format!("write {}", path.display()))?;
        }
        match self.good {
            true => Ok(()),
            false => Err(Trouble::AlreadySaid(Exit::Refused)),
        }
    }
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
