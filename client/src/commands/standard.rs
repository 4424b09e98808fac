use serde::Serialize;
use std::fs;
use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_messages::docs::{self, Language};
use tongguan_messages::{
    Extent, Message, example, example_json, find_message, json_schema, messages, nearest_names,
    schemas, unsigned_example, xsd,
};

use crate::cli::{Docs, Example, OfMessage, PageLanguage, Standard, Xsd};
use crate::output::{HEAD, Output, paint};
use crate::trouble::{Trouble, While};

/// A file that derives from the standard's tables.
struct File {
    name: String,
    text: String,
}

#[derive(Serialize)]
struct Text<'f> {
    file: &'f str,
    text: &'f str,
}

#[derive(Serialize)]
struct Wrote<'f> {
    wrote: &'f str,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    section: &'static str,
    direction: &'static str,
    kind: &'static str,
    senders: &'static [&'static str],
    business_key: &'static [&'static str],
    answered_by: &'static [&'static str],
    answers: &'static [&'static str],
}

/// Lists the standard's messages, or writes what derives from them.
pub fn run(what: &Standard, out: &mut Output) -> Result<(), Trouble> {
    match what {
        Standard::List => list(out),
        Standard::Xsd(args) => schema(args, out),
        Standard::JsonSchema(args) => json_schemas(args, out),
        Standard::Docs(args) => pages(args, out),
        Standard::Example(args) => examples(args, out),
    }
}

fn list(out: &mut Output) -> Result<(), Trouble> {
    for message in messages() {
        out.object(&Entry {
            name: message.name,
            en: message.en,
            zh: message.zh,
            section: message.section,
            direction: message.direction.told(Language::English),
            kind: message.kind.told(Language::English),
            senders: message.senders,
            business_key: message.business_key,
            answered_by: message.answered_by,
            answers: message.answers,
        })?;
        let answered = match message.answered_by {
            [] => String::new(),
            by => format!(", answered by {}", by.join(", ")),
        };
        out.line(format!(
            "{} {} {}: {}, {}{answered}",
            paint(HEAD, format!("{:14}", message.name)),
            message.zh,
            message.en,
            message.direction.told(Language::English),
            message.kind.told(Language::English),
        ))?;
    }
    Ok(())
}

fn schema(args: &Xsd, out: &mut Output) -> Result<(), Trouble> {
    let file = |schema: &str| {
        xsd(schema).map(|text| File {
            // As the others refer to it.
            name: format!("{schema}.xsd"),
            text,
        })
    };
    match (&args.out, &args.schema) {
        (Some(dir), _) => write(dir, schemas().filter_map(file).collect(), out),
        (None, schema) => match schema.as_deref().and_then(file) {
            Some(file) => print(&file, out),
            // The command line takes the known ones only, and one of the two.
            None => Ok(()),
        },
    }
}

fn json_schemas(args: &OfMessage, out: &mut Output) -> Result<(), Trouble> {
    let file = |message: &Message| {
        Some(File {
            name: format!("{}.schema.json", message.name),
            text: json_schema(message)?,
        })
    };
    match &args.out {
        Some(dir) => {
            let all = messages().iter().filter_map(|m| file(m));
            write(dir, all.collect(), out)
        }
        None => {
            let message = known(args)?;
            let file = file(message).ok_or_else(|| not_declared(message))?;
            print(&file, out)
        }
    }
}

fn pages(args: &Docs, out: &mut Output) -> Result<(), Trouble> {
    if let Some(dir) = &args.of.out {
        let pages = docs::pages().into_iter().map(|page| File {
            name: page.path,
            text: page.text,
        });
        return write(dir, pages.collect(), out);
    }
    let message = known(&args.of)?;
    let language = match args.language {
        PageLanguage::En => Language::English,
        PageLanguage::Zh => Language::Chinese,
    };
    let file = File {
        name: format!("{}/{}.md", language.code(), message.name),
        text: docs::page(message, language),
    };
    print(&file, out)
}

fn examples(args: &Example, out: &mut Output) -> Result<(), Trouble> {
    if let Some(dir) = &args.of.out {
        return write(dir, all_examples(), out);
    }
    let message = known(&args.of)?;
    let extent = if args.full {
        Extent::Full
    } else {
        Extent::Minimal
    };
    let file = if args.json_form {
        let text = example_json(message, extent).ok_or_else(|| not_declared(message))?;
        let name = format!("{}.json", message.name);
        File { name, text }
    } else {
        let text = match args.unsigned {
            true => unsigned_example(message, extent),
            false => example(message, extent),
        };
        let name = format!("{}.xml", message.name);
        File { name, text }
    };
    print(&file, out)
}

fn all_examples() -> Vec<File> {
    let mut files = Vec::new();
    for message in messages() {
        for (extent, called) in [(Extent::Minimal, "minimal"), (Extent::Full, "full")] {
            let stem = format!("{}.{called}", message.name);
            files.push(File {
                name: format!("{stem}.xml"),
                text: example(message, extent),
            });
            files.extend(example_json(message, extent).map(|text| File {
                name: format!("{stem}.json"),
                text,
            }));
        }
    }
    files
}

/// The message that was asked for.
fn known(args: &OfMessage) -> Result<&'static Message, Trouble> {
    let name = args.message.as_deref().unwrap_or_default();
    find_message(name).ok_or_else(|| {
        let near = nearest_names(name);
        let near = near.iter().find(|n| find_message(n).is_some());
        let remedy = match near {
            Some(near) => format!("did you mean {near}? All of them: tongguan standard list"),
            None => "see all of them: tongguan standard list".to_owned(),
        };
        let reason = "the standard has no message of that name";
        Failure::rejected("standard", format!("find {name:?}"), reason)
            .remedy(remedy)
            .into()
    })
}

fn not_declared(message: &Message) -> Trouble {
    let doing = format!("write {} in JSON", message.name);
    Failure::rejected("standard", doing, "no enterprise declares it")
        .remedy("the JSON form is for declarations: tongguan standard list")
        .into()
}

fn print(file: &File, out: &mut Output) -> Result<(), Trouble> {
    out.object(&Text {
        file: &file.name,
        text: &file.text,
    })?;
    Ok(out.line(file.text.trim_end())?)
}

fn write(dir: &Path, files: Vec<File>, out: &mut Output) -> Result<(), Trouble> {
    for file in files {
        let path = dir.join(file.name);
        let folder = path.parent().unwrap_or(dir);
        fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))?;
        fs::write(&path, file.text).doing(|| format!("write {}", path.display()))?;
        let path = path.display().to_string();
        out.object(&Wrote { wrote: &path })?;
        out.line(format!("wrote {path}"))?;
    }
    Ok(())
}
