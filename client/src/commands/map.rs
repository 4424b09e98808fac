use serde::Serialize;

use tongguan_contracts::{Document, Failure};
use tongguan_core::Manifest;
use tongguan_roles::{Needed, NotTried, Trial, Tried, Verdict, new_mapping, try_mapping};

use crate::cli::{Global, Map, MapTry, Sample};
use crate::exit::Exit;
use crate::input::take;
use crate::output::{BAD, GOOD, HEAD, OPEN, Output, paint};
use crate::trouble::Trouble;

/// Tries a mapping, or begins one.
pub fn run(what: &Map, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    match what {
        Map::Try(args) => attempt(args, global, out),
        Map::New(args) => begin(args, global, out),
    }
}

/// What the sample's role is, and the sample's octets.
fn opened(sample: &Sample, global: &Global) -> Result<Opened, Trouble> {
    let manifest = Manifest::load(&global.manifest)?;
    let (kind, options) = manifest.role(&sample.role)?;
    let most = manifest.limits.document_octets;
    let octets = take(&sample.file, most)?.ok_or_else(|| {
        Failure::rejected(
            sample.file.display().to_string(),
            "read the sample",
            format!("it has more than {most} octets"),
        )
        .remedy("a few declarations are enough")
    })?;
    Ok(Opened {
        kind,
        options,
        name: sample.file.display().to_string(),
        octets,
    })
}

struct Opened {
    kind: String,
    options: tongguan_contracts::PartOptions,
    name: String,
    octets: Vec<u8>,
}

impl Opened {
    fn document<'d>(&'d self, sample: &'d Sample) -> Document<'d> {
        Document {
            name: &self.name,
            octets: &self.octets,
            message: sample.message.as_deref(),
        }
    }
}

impl From<NotTried> for Trouble {
    fn from(why: NotTried) -> Self {
        match why {
            NotTried::Role(failure) => Self::Part(failure),
            NotTried::Sample(refused) => Self::Document(refused),
        }
    }
}

#[derive(Serialize)]
struct Begun<'a> {
    toml: &'a str,
}

fn begin(sample: &Sample, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let opened = opened(sample, global)?;
    let document = opened.document(sample);
    let toml = new_mapping(&opened.kind, &sample.role, opened.options.clone(), document)?;
    out.object(&Begun { toml: &toml })?;
    Ok(out.line(toml.trim_end())?)
}

fn attempt(args: &MapTry, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let opened = opened(&args.sample, global)?;
    let document = opened.document(&args.sample);
    let declaration = args.declaration as usize;
    let mut trial = try_mapping(&opened.kind, opened.options.clone(), document, declaration)?;
    if !args.personal {
        trial.mask();
    }
    out.object(&trial)?;
    tell(&trial, &opened.name, out)?;
    if trial.good() {
        Ok(())
    } else {
        Err(Trouble::AlreadySaid(Exit::Refused))
    }
}

fn tell(trial: &Trial, name: &str, out: &mut Output) -> Result<(), Trouble> {
    let Trial {
        message,
        zh,
        form,
        declaration,
        ..
    } = trial;
    let head = format!("{message} {zh}");
    out.line(format!(
        "{} from {name}, {form}: declaration {declaration}",
        paint(HEAD, head)
    ))?;
    if trial.fields.is_empty() {
        out.line("  the sample has no such declaration")?;
    }
    let mut before = "";
    for field in &trial.fields {
        let (entity, leaf) = field.path.rsplit_once('/').unwrap_or(("", &field.path));
        if entity != before {
            out.line(format!("  {}", paint(HEAD, entity)))?;
            before = entity;
        }
        one(field, leaf, out)?;
    }
    list(
        "filled in, as the standard or the clock says",
        &trial.filled_in,
        out,
    )?;
    list("needed, and not mapped", &trial.missing, out)?;
    if !trial.unused.is_empty() {
        out.line(format!(
            "  in the sample, and not used: {}",
            trial.unused.join(", ")
        ))?;
    }
    // Those of the fields that were shown stand beside them.
    let shown = |p: &&tongguan_contracts::Problem| !trial.fields.iter().any(|f| f.path == p.path);
    for problem in trial.problems.iter().filter(shown) {
        out.line(problem)?;
    }
    let told = match (trial.good(), trial.problems.len()) {
        (true, _) => format!(
            "{} {} declaration(s), valid; nothing was declared",
            paint(GOOD, "ok"),
            trial.declarations
        ),
        (false, 0) => format!(
            "{}: the mapping lacks what every declaration needs",
            paint(BAD, "no")
        ),
        (false, count) => format!(
            "{}: the sample would be refused, {count} problem(s)",
            paint(BAD, "no")
        ),
    };
    Ok(out.line(told)?)
}

/// One field on a line: name, where from, what was there, each step, what became of it.
fn one(field: &Tried, leaf: &str, out: &mut Output) -> Result<(), Trouble> {
    let mut line = format!("    {leaf} {}", field.zh);
    if field.source.is_empty() {
        line.push_str(" ← a constant");
    } else {
        line.push_str(&format!(" ← {}", field.source));
    }
    match &field.raw {
        Some(raw) => line.push_str(&format!(" {}:{} {raw:?}", field.line, field.column)),
        None if field.source.is_empty() => {}
        None => line.push_str(" (nothing there)"),
    }
    for (step, text) in &field.steps {
        line.push_str(&format!(" → {step} {text:?}"));
    }
    if let (Some(result), true) = (&field.result, field.steps.is_empty()) {
        line.push_str(&format!(" → {result:?}"));
    }
    let verdict = match field.verdict {
        Verdict::Good => paint(GOOD, "ok"),
        Verdict::LeftOut => paint(OPEN, "left out"),
        Verdict::Missing => paint(BAD, "missing"),
        Verdict::Wrong => paint(BAD, "wrong"),
    };
    out.line(format!("{line}  {verdict}"))?;
    if let Some(problem) = &field.problem {
        out.line(format!(
            "      [{}] {}; {}",
            problem.rule, problem.text, problem.remedy
        ))?;
    }
    Ok(())
}

fn list(what: &str, fields: &[Needed], out: &mut Output) -> Result<(), Trouble> {
    if fields.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = fields
        .iter()
        .map(|f| format!("{} {}", f.path, f.zh))
        .collect();
    Ok(out.line(format!("  {what}: {}", names.join(", ")))?)
}
