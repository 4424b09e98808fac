//! Prints what was found.

use std::fmt::Write as _;
use std::io;

use tongguan_verifier::{Severity, Told};

use super::look::{Answer, Catalogue, Code, Explained, Field, Range, Standing};
use crate::output::{BAD, HEAD, OPEN, Output, paint};
use crate::trouble::Trouble;

/// More fields than this have a line each.
const IN_FULL: usize = 3;

/// Tells all of them.
pub fn all(found: &[Explained], out: &mut Output) -> Result<(), Trouble> {
    let fields = found
        .iter()
        .filter(|f| matches!(f, Explained::Field(_)))
        .count();
    let mut latest = "";
    for one in found {
        out.object(one)?;
        match one {
            Explained::ErrorCode(code) => error_code(code, out)?,
            Explained::ErrorRange(range) => error_range(range, out)?,
            Explained::Status(status) => out.line(answer(status))?,
            Explained::State(state) => standing(state, out)?,
            Explained::Message(message) => catalogue(message, out)?,
            Explained::Rule(told) if told.id == latest => both(told, out)?,
            Explained::Rule(told) => {
                rule(told, out)?;
                latest = told.id;
            }
            Explained::Field(field) if fields > IN_FULL => out.line(line(field))?,
            Explained::Field(field) => in_full(field, out)?,
        }
    }
    if fields > IN_FULL {
        out.line(format!(
            "{fields} places; all about one: tongguan explain PATH"
        ))?;
    }
    Ok(())
}

fn error_code(code: &Code, out: &mut Output) -> io::Result<()> {
    out.line(format!("{} {}", paint(HEAD, code.code), code.en))?;
    out.line(format!("  {}", code.zh))?;
    if !code.remedy.is_empty() {
        out.line(format!("  what to do: {}", code.remedy))?;
        out.line(format!("  处理办法：{}", code.remedy_zh))?;
    }
    about(&code.range, out)
}

fn standing(state: &Standing, out: &mut Output) -> io::Result<()> {
    out.line(format!("{} {}", paint(HEAD, state.state), state.en))?;
    out.line(format!("  {}", state.zh))?;
    out.line(format!("  what to do: {}", state.remedy))?;
    out.line(format!("  处理办法：{}", state.remedy_zh))?;
    out.line("  a state of a declaration here; all of them: docs/states.md")
}

fn error_range(range: &Range, out: &mut Output) -> io::Result<()> {
    out.line("The standard does not explain this code, only its range")?;
    about(range, out)
}

fn about(range: &Range, out: &mut Output) -> io::Result<()> {
    let Range {
        first,
        last,
        en,
        zh,
        messages,
    } = range;
    let messages = match messages {
        [] => String::new(),
        messages => format!(": {}", messages.join(", ")),
    };
    out.line(format!(
        "  chapter 7, {first} to {last} {zh} {en}{messages}"
    ))
}

fn answer(status: &Answer) -> String {
    format!(
        "{} {} {}: {}",
        paint(HEAD, format!("{} {}", status.message, status.code)),
        status.zh,
        status.en,
        status.outcome
    )
}

fn catalogue(message: &Catalogue, out: &mut Output) -> io::Result<()> {
    out.line(format!(
        "{} {} {}",
        paint(HEAD, message.name),
        message.zh,
        message.en
    ))?;
    out.line(format!(
        "  {}, {}; section {}",
        message.direction, message.what, message.section
    ))?;
    for (what, values, between) in [
        ("sent by", message.senders, ", "),
        ("answered by", message.answered_by, ", "),
        ("answers", message.answers, ", "),
        ("business key", message.business_key, " + "),
    ] {
        if !values.is_empty() {
            out.line(format!("  {what} {}", values.join(between)))?;
        }
    }
    for status in &message.statuses {
        out.line(format!(
            "  {:>4} {} {}: {}",
            status.code, status.zh, status.en, status.outcome
        ))?;
    }
    out.line(format!("  more: tongguan standard docs {}", message.name))
}

fn rule(told: &Told, out: &mut Output) -> io::Result<()> {
    let severity = match told.severity {
        Severity::Error => paint(BAD, "error"),
        Severity::Warning => paint(OPEN, "warning"),
    };
    let layer = told.layer.map_or("reading".to_owned(), |layer| {
        format!("layer {} {}", layer.name(), layer.chinese())
    });
    out.line(format!("{} {severity}, {layer}", paint(HEAD, told.id)))?;
    if !told.section.is_empty() {
        out.line(format!("  source: {}", told.section))?;
    }
    if !told.messages.is_empty() {
        out.line(format!("  looks at {}", told.messages.join(", ")))?;
    }
    out.line(format!("  what to do: {}", told.remedy))?;
    out.line(format!("  处理办法：{}", told.remedy_zh))?;
    both(told, out)
}

/// What a rule says, in both languages.
fn both(told: &Told, out: &mut Output) -> io::Result<()> {
    for text in [&told.text, &told.text_zh] {
        // A finding names the values.
        let text = text.replace("{value}", "…").replace("{expected}", "…");
        out.line(format!("  {text}"))?;
    }
    Ok(())
}

fn line(field: &Field) -> String {
    format!(
        "{} {} {}: {}, {}",
        paint(HEAD, &field.path),
        field.zh,
        field.en,
        field.kind,
        field.occurs
    )
}

fn in_full(field: &Field, out: &mut Output) -> io::Result<()> {
    out.line(line(field))?;
    let said = [field.meaning_zh, field.meaning];
    for meaning in said.iter().filter(|m| !m.is_empty()) {
        out.line(format!("  {meaning}"))?;
    }
    for code in &field.codes {
        out.line(format!("  {:>4} {} {}", code.code, code.zh, code.en))?;
    }
    let mut facts = String::new();
    if let Some(fixed) = field.fixed {
        let _ = write!(facts, "always {fixed}; ");
    }
    if field.personal {
        facts.push_str("personal data; ");
    }
    match (field.section, field.table) {
        (Some(section), Some(table)) => {
            let _ = write!(facts, "section {section}, table {table}");
        }
        _ => facts.push_str("in the schema only"),
    }
    out.line(format!("  {facts}"))?;
    if let Some(example) = &field.example {
        out.line(format!("  for example {example}"))?;
    }
    Ok(())
}
