//! What `tongguan verify` says of files.

use std::path::Path;

use tongguan_verifier::{Finding, Layer, Page, Report, Severity, Totals};

use crate::cli::Verify;
use crate::exit::Exit;
use crate::output::{BAD, GOOD, HEAD, OPEN, Output, paint};
use crate::trouble::{Trouble, While};

/// So many lines are named of findings that are told as one.
const LINES: usize = 8;

/// What has been said so far.
pub struct Told<'o> {
    out: &'o mut Output,
    strict: bool,
    /// Findings that are alike are told one by one.
    all: bool,
    /// Files with nothing to say of are listed too.
    every: bool,
    totals: Totals,
    page: Option<Page>,
    good: bool,
    failed: Option<std::io::Error>,
}

/// Findings of one rule about one field, in whatever declaration.
struct Alike<'r> {
    first: &'r Finding,
    more: Vec<&'r Finding>,
}

impl<'o> Told<'o> {
    pub fn new(out: &'o mut Output, args: &Verify, every: bool) -> Self {
        Self {
            out,
            strict: args.strict,
            all: args.all,
            every,
            totals: Totals::default(),
            page: args.html.as_ref().map(|_| Page::new()),
            good: true,
            failed: None,
        }
    }

    pub fn tell(&mut self, report: &Report) {
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
        for alike in self.alike(report.errors.iter().chain(&report.warnings)) {
            self.findings(&alike)?;
        }
        Ok(())
    }

    fn alike<'r>(&self, findings: impl Iterator<Item = &'r Finding>) -> Vec<Alike<'r>> {
        let mut groups: Vec<Alike<'r>> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for finding in findings {
            let key = (finding.code, without_numbers(&finding.path));
            let group = match self.all {
                true => groups.len(),
                false => *known.entry(key).or_insert(groups.len()),
            };
            match groups.get_mut(group) {
                Some(group) => group.more.push(finding),
                None => groups.push(Alike {
                    first: finding,
                    more: Vec::new(),
                }),
            }
        }
        groups
    }

    fn findings(&mut self, alike: &Alike<'_>) -> std::io::Result<()> {
        let first = alike.first;
        let mut head = Vec::new();
        if first.line > 0 {
            head.push(format!("{}:{}", first.line, first.column));
        }
        if first.severity == Severity::Warning {
            head.push(paint(OPEN, "warning"));
        }
        if !first.field_en.is_empty() {
            head.push(paint(
                HEAD,
                format!("{} {}", first.field_zh, first.field_en),
            ));
        }
        if !first.path.is_empty() {
            head.push(first.path.clone());
        }
        head.push(format!("[{}]", first.code));
        self.out.line(format!("  {}", head.join("  ")))?;
        self.sentence(&first.text, &first.remedy, "; ")?;
        self.sentence(&first.text_zh, &first.remedy_zh, "；")?;
        if alike.more.is_empty() {
            return Ok(());
        }
        let mut lines: Vec<String> = alike.more.iter().map(|f| f.line.to_string()).collect();
        lines.dedup();
        if lines.len() > LINES {
            lines.truncate(LINES);
            lines.push("…".to_owned());
        }
        self.out.line(format!(
            "      {} more like it: line {} (--all shows each)",
            alike.more.len(),
            lines.join(", ")
        ))
    }

    fn sentence(&mut self, text: &str, remedy: &str, between: &str) -> std::io::Result<()> {
        let parts: Vec<&str> = [text, remedy]
            .into_iter()
            .filter(|p| !p.is_empty())
            .collect();
        self.out.line(format!("      {}", parts.join(between)))
    }

    pub fn end(self, html: Option<&Path>, layers: &[Layer]) -> Result<(), Trouble> {
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

/// A path without the numbers in it: what it is about in every declaration alike.
fn without_numbers(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|c| {
            inside |= *c == '[';
            let keep = !inside;
            inside &= *c != ']';
            keep
        })
        .collect()
}
