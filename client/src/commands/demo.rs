use serde::Serialize;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use tongguan_contracts::{Document, Failure};
use tongguan_core::store::{Filter, Summary};
use tongguan_core::{Client, Manifest, State, Submission, Until};
use tongguan_simulator::{Options, Simulator};

use super::{block_on, init};
use crate::cli::Demo;
use crate::exit::Exit;
use crate::input::{certificates, take};
use crate::output::{BAD, GOOD, HEAD, OPEN, Output, paint};
use crate::registry::{At, built_in, other_side};
use crate::trouble::{Trouble, While};

/// The documents of examples/quickstart.
const DOCUMENTS: [(&str, &str); 5] = [
    (
        "orders.json",
        include_str!("../../../examples/quickstart/orders.json"),
    ),
    (
        "payments.csv",
        include_str!("../../../examples/quickstart/payments.csv"),
    ),
    (
        "waybills.csv",
        include_str!("../../../examples/quickstart/waybills.csv"),
    ),
    (
        "waybill-status.csv",
        include_str!("../../../examples/quickstart/waybill-status.csv"),
    ),
    (
        "inventories.json",
        include_str!("../../../examples/quickstart/inventories.json"),
    ),
];

/// Marks a folder as a demo's own, which the next demo may clear.
const MARK: &str = ".tongguan-demo";

#[derive(Serialize)]
struct Report<'a> {
    folder: &'a Path,
    accepted: usize,
    declarations: &'a [Summary],
}

/// Declares examples to an in-process stand-in.
pub fn run(args: &Demo, out: &mut Output) -> Result<(), Trouble> {
    let dir = &args.dir;
    clear(dir)?;
    init::write(dir, args.scheme)?;
    fs::write(dir.join(MARK), "").doing(|| format!("write into {}", dir.display()))?;
    let mut documents = args.files.clone();
    if documents.is_empty() {
        let folder = dir.join("documents");
        fs::create_dir_all(&folder).doing(|| format!("make {}", folder.display()))?;
        for (name, text) in DOCUMENTS {
            let path = folder.join(name);
            fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
            documents.push(path);
        }
    }
    let client = Client::open(Manifest::load(&dir.join("tongguan.toml"))?, built_in())?;
    let all = block_on(async {
        let (name, role) = client.role(None)?;
        for path in &documents {
            let shown = path.display().to_string();
            let most = client.manifest().limits.document_octets;
            let Some(octets) = take(path, most)? else {
                let why = "it is larger than the manifest's document_octets";
                return Err(Failure::rejected("demo", format!("read {shown}"), why).into());
            };
            let document = Document {
                name: &shown,
                octets: &octets,
                message: None,
            };
            match client.submit((&name, role.as_ref()), document).await? {
                Submission::Taken(taken) => {
                    out.line(format!(
                        "{} {shown}: {}",
                        paint(GOOD, "submitted"),
                        taken.len()
                    ))?;
                }
                Submission::Refused(refused) => return Err(refused.into()),
            }
        }
        exchange(&client, dir).await?;
        Ok(client
            .store()
            .list(Filter {
                limit: 10_000,
                ..Filter::default()
            })
            .await?)
    })?;
    report(out, dir, &all)
}

/// Runs the client beside the stand-in until every declaration has its final status.
async fn exchange(client: &Client, dir: &Path) -> Result<(), Trouble> {
    let simulator = Arc::new(Simulator::new(Options {
        trust: certificates(&[dir.join("certificates/test-ca.pem")])?,
        journal: Some(dir.join("customs/declared.jsonl")).filter(|path| {
            path.parent()
                .is_some_and(|folder| fs::create_dir_all(folder).is_ok())
        }),
        keep: Some(dir.join("customs")),
        ..Options::default()
    })?);
    let (stop, stopped) = watch::channel(false);
    let transport = other_side(client.manifest(), "main", &At::default())?;
    let side = tokio::spawn({
        let stopped = stopped.clone();
        async move { simulator.run(transport, stopped).await }
    });
    let result = tokio::time::timeout(
        Duration::from_secs(60),
        client.run(stopped, Until::AllFinal),
    )
    .await;
    let _ = stop.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(5), side).await;
    match result {
        Ok(result) => Ok(result?),
        Err(_) => Err(Failure::transient(
            "demo",
            "bring every declaration to its end",
            "a minute was not enough",
        )
        .remedy(format!(
            "see tongguan status -m {}/tongguan.toml",
            dir.display()
        ))
        .into()),
    }
}

fn clear(dir: &Path) -> Result<(), Trouble> {
    if dir.join(MARK).is_file() {
        fs::remove_dir_all(dir).doing(|| format!("clear {}", dir.display()))?;
    } else if dir.exists() {
        return Err(Failure::misconfigured(
            "demo",
            format!("use the folder {}", dir.display()),
            "it exists, and no earlier demo made it",
        )
        .remedy("choose another with --dir")
        .into());
    }
    Ok(())
}

fn report(out: &mut Output, dir: &Path, all: &[Summary]) -> Result<(), Trouble> {
    let accepted = all.iter().filter(|d| d.state == State::Accepted).count();
    out.object(&Report {
        folder: dir,
        accepted,
        declarations: all,
    })?;
    out.line("")?;
    out.line(paint(HEAD, "What became of each:"))?;
    for one in all.iter().rev() {
        let (style, latest) = match one.state {
            State::Accepted => (GOOD, &one.latest),
            State::Rejected => (BAD, &one.latest),
            _ => (OPEN, &one.latest),
        };
        let zh = tongguan_messages::message(&one.message).map_or("", |m| m.zh);
        let said = latest
            .as_ref()
            .map_or(String::new(), |s| format!("{} {}", s.code, s.text));
        out.line(format!(
            "  {} {zh} {}: {} {}",
            one.message,
            one.key,
            paint(style, one.state),
            said.chars().take(60).collect::<String>()
        ))?;
    }
    out.line("")?;
    let show = dir.display();
    out.line(format!(
        "{accepted} of {} accepted. Look around:",
        all.len()
    ))?;
    out.line(format!("  {show}/documents          what was declared"))?;
    out.line(format!(
        "  {show}/exchange           the envelopes, as they went and came"
    ))?;
    out.line(format!(
        "  {show}/customs            the messages and receipts in them, readable"
    ))?;
    out.line(format!(
        "  tongguan show -m {show}/tongguan.toml TG202600010001"
    ))?;
    if accepted == all.len() {
        Ok(())
    } else {
        Err(Trouble::AlreadySaid(Exit::Refused))
    }
}
