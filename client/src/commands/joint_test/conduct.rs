//! Carries a plan out: in a store of its own, by the manifest's own ways.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::macros::{format_description, offset};
use tokio::sync::watch;
use tokio::task::JoinSet;

use tongguan_contracts::Document;
use tongguan_core::audit::sha256;
use tongguan_core::store::Details;
use tongguan_core::{Client, Environment, Manifest, Submission, Until};
use tongguan_messages::envelope::{Opened, open};
use tongguan_messages::{Limits, read};
use tongguan_simulator::{Options, Simulator, gave};

use super::cases::{Case, INVENTORY, RUN};
use super::plan::Plan;
use super::report::{Declared, Enterprise, Outcome, Report, judged};
use super::{failed, folder_of_now};
use crate::cli::{Global, JointTestRun};
use crate::commands::{block_on, stop_signal};
use crate::exit::Exit;
use crate::output::{BAD, GOOD, Output, paint};
use crate::registry::{At, built_in, other_side};
use crate::trouble::Trouble;

/// How often it is looked at what has come.
const LOOK: Duration = Duration::from_millis(200);
/// When it is first told what is waited for, and how often after that.
const FIRST_TOLD: Duration = Duration::from_secs(3);
const TOLD: Duration = Duration::from_secs(30);
/// How many cases are named then.
const SHOWN: usize = 3;

/// Runs the plan, and writes the report.
pub fn run(
    manifest: &Manifest,
    args: &JointTestRun,
    global: &Global,
    out: &mut Output,
) -> Result<(), Trouble> {
    let plan = Plan::read(&args.dir, manifest, global)?;
    let began = now();
    // It makes this run's numbers its own, and stays as long as its store does.
    let run = folder_of_now(&args.dir.join("runs"))?;
    let client = Client::open(own(global, &args.dir, &run)?, built_in())?;
    let within = Duration::from_secs(args.within.saturating_mul(60));
    let conducted = block_on(async {
        let conducting = Conduct::new(&client, &args.dir, &run, plan.cases);
        conducting.drive(args, within, out).await
    })?;
    let cases = conducted.cases;
    let passed = cases.iter().all(|case| case.passed) && !cases.is_empty();
    let report = Report {
        passed,
        run,
        interrupted: conducted.interrupted,
        began,
        ended: now(),
        enterprise: Enterprise::of(client.manifest()),
        environment: Environment::Test,
        simulated: args.simulate || conducted.stand_in,
        version: env!("CARGO_PKG_VERSION"),
        edition: "202205",
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        cases,
    };
    let better = report.write(&args.dir)?;
    for case in &report.cases {
        let mark = match case.passed {
            true => paint(GOOD, "passed"),
            false => paint(BAD, "FAILED"),
        };
        out.line(format!(
            "{mark} {:28} {} {}",
            case.case.id, case.case.zh, case.case.en
        ))?;
        if !case.why.is_empty() {
            out.line(format!("       {}", case.why))?;
        }
    }
    out.object(&report)?;
    if conducted.interrupted {
        out.line("\nThe run was interrupted: what had not ended did not pass.")?;
    }
    if conducted.stand_in && !args.simulate {
        out.line(
            "\nThe other side was a stand-in, tongguan simulate, by the CopMsgId of what it answered: this \
             is a rehearsal, not the joint test.",
        )?;
    }
    let of_run = args.dir.join("runs").join(&report.run).join("report.html");
    let file = args.dir.join("report.html");
    match better {
        None => out.line(format!(
            "\nreport: {}, and kept as {}",
            file.display(),
            of_run.display()
        ))?,
        Some(earlier) => out.line(format!(
            "\nreport: {}\n{} stays that of run {}, which shows more: {}",
            of_run.display(),
            file.display(),
            earlier.run,
            earlier.shows()
        ))?,
    }
    if let Some(why) = conducted.stopped {
        return Err(why);
    }
    match passed {
        true => Ok(()),
        false => Err(Trouble::AlreadySaid(Exit::Refused)),
    }
}

/// The time in China, as the report tells it.
fn now() -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+08:00");
    let now = OffsetDateTime::now_utc().to_offset(offset!(+8));
    now.format(form).unwrap_or_default()
}

/// The manifest, with a store of the test's own, and nothing that waits for others.
fn own(global: &Global, dir: &Path, run: &str) -> Result<Manifest, Trouble> {
    let path = &global.manifest;
    let text = fs::read_to_string(path).map_err(|e| failed("read", path, e))?;
    let mut table: toml::Table = toml::from_str(&text).map_err(|e| failed("read", path, e))?;
    let file = dir.join("runs").join(run).join("store.db");
    // The folder is named from here, and the manifest's paths from where it is.
    let file = std::path::absolute(&file).map_err(|e| failed("find", &file, e))?;
    let mut store = toml::Table::new();
    store.insert("path".to_owned(), file.display().to_string().into());
    table.insert("store".to_owned(), store.into());
    for other in ["waits", "http", "traces", "retention"] {
        table.remove(other);
    }
    let text = toml::to_string(&table).map_err(|e| failed("read", path, e))?;
    let base = path.parent().filter(|p| !p.as_os_str().is_empty());
    let base = base.unwrap_or(Path::new("."));
    Ok(Manifest::parse(&text, base, &path.display().to_string())?)
}

/// A case under way.
enum Stage {
    Waiting,
    /// Its declarations, by id.
    Declared(Vec<String>),
    Ended,
}

/// How it went.
struct Conducted {
    cases: Vec<Outcome>,
    /// It was ended by a person, or by what stopped it.
    interrupted: bool,
    /// What came in was a simulator's.
    stand_in: bool,
    /// What stopped it early.
    stopped: Option<Trouble>,
}

struct Conduct<'c> {
    client: &'c Client,
    dir: &'c Path,
    run: &'c str,
    cases: Vec<(Outcome, Stage)>,
    /// The numbers that customs gave to inventories, by case.
    inventories: BTreeMap<String, String>,
    stand_in: bool,
}

impl<'c> Conduct<'c> {
    fn new(client: &'c Client, dir: &'c Path, run: &'c str, cases: Vec<Case>) -> Self {
        let outcome = |case| Outcome {
            case,
            passed: false,
            why: String::new(),
            document_sha256: String::new(),
            declarations: Vec::new(),
        };
        Self {
            client,
            dir,
            run,
            cases: cases
                .into_iter()
                .map(|c| (outcome(c), Stage::Waiting))
                .collect(),
            inventories: BTreeMap::new(),
            stand_in: false,
        }
    }

    /// Runs the client beside the cases.
    async fn drive(
        mut self,
        args: &JointTestRun,
        within: Duration,
        out: &mut Output,
    ) -> Result<Conducted, Trouble> {
        let mut asked = stop_signal()?;
        let (stop, stopped) = watch::channel(false);
        let mut sides = JoinSet::new();
        if args.simulate {
            let folder = self.dir.join("runs").join(self.run);
            let simulator = Arc::new(Simulator::new(Options {
                journal: Some(folder.join("declared.jsonl")),
                keep: Some(folder.join("customs")),
                ..Options::default()
            })?);
            let manifest = self.client.manifest();
            for name in manifest.transports() {
                let side = other_side(manifest, name, &At::default())?;
                let (simulator, stopped) = (Arc::clone(&simulator), stopped.clone());
                sides.spawn(async move { simulator.run(side, stopped).await });
            }
        }
        let begun = Instant::now();
        let client = self.client;
        let mut running = Box::pin(client.run(stopped, Until::Stopped));
        let mut tell = FIRST_TOLD;
        let mut interrupted = false;
        let stopped = loop {
            let all = self.step().await?;
            if all {
                break None;
            }
            tokio::select! {
                ended = &mut running => break ended.err().map(Trouble::from),
                _ = asked.wait_for(|asked| *asked) => {
                    interrupted = true;
                    break None;
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            if begun.elapsed() > within {
                break None;
            }
            if begun.elapsed() > tell {
                tell = begun.elapsed() + TOLD;
                out.line(self.awaited(begun.elapsed(), within))?;
            }
        };
        let _ = stop.send(true);
        if stopped.is_none() {
            running.await?;
        }
        while sides.join_next().await.is_some() {}
        let interrupted = interrupted || stopped.is_some();
        for at in 0..self.cases.len() {
            let never = self.never(at);
            let (outcome, stage) = &mut self.cases[at];
            let why = match stage {
                Stage::Ended => continue,
                Stage::Waiting if interrupted && !never => "not declared: the run was interrupted",
                Stage::Waiting => "not declared: the case that goes before it did not end well",
                Stage::Declared(_) if interrupted => {
                    "the run was interrupted before a final receipt came"
                }
                Stage::Declared(_) => "no final receipt within the time",
            };
            if outcome.why.is_empty() {
                outcome.why = why.to_owned();
            }
        }
        Ok(Conducted {
            interrupted,
            stand_in: self.stand_in,
            stopped,
            cases: self.cases.into_iter().map(|(outcome, _)| outcome).collect(),
        })
    }

    /// What is waited for, for people.
    fn awaited(&self, since: Duration, within: Duration) -> String {
        let open = self.cases.iter();
        let open: Vec<&str> = open
            .filter(|(_, stage)| matches!(stage, Stage::Declared(_)))
            .map(|(outcome, _)| outcome.case.id.as_str())
            .collect();
        let more = match open.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let shown: Vec<&str> = open.iter().take(SHOWN).copied().collect();
        format!(
            "waiting for receipts of {} of {} cases, for {} s of {} min: {}{more}",
            open.len(),
            self.cases.len(),
            since.as_secs(),
            within.as_secs() / 60,
            shown.join(", ")
        )
    }

    /// Declares what can be, and looks at what has come; says whether all have ended.
    async fn step(&mut self) -> Result<bool, Trouble> {
        for at in 0..self.cases.len() {
            match &self.cases[at].1 {
                Stage::Ended => {}
                Stage::Waiting => {
                    if self.ready(at) {
                        self.declare(at).await?;
                    }
                }
                Stage::Declared(ids) => {
                    let ids = ids.clone();
                    self.look(at, &ids).await?;
                }
            }
        }
        let over = |at: usize| match &self.cases[at].1 {
            Stage::Ended => true,
            Stage::Waiting => self.never(at),
            Stage::Declared(_) => false,
        };
        Ok((0..self.cases.len()).all(over))
    }

    fn before(&self, at: usize) -> Option<&(Outcome, Stage)> {
        let after = self.cases[at].0.case.after.as_ref()?;
        self.cases
            .iter()
            .find(|(outcome, _)| outcome.case.id == *after)
    }

    fn ready(&self, at: usize) -> bool {
        match (&self.cases[at].0.case.after, self.before(at)) {
            (None, _) => true,
            (Some(_), Some((outcome, Stage::Ended))) => outcome.passed,
            _ => false,
        }
    }

    /// Whether what goes before it ended badly, or is not in the plan.
    fn never(&self, at: usize) -> bool {
        match (&self.cases[at].0.case.after, self.before(at)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(_), Some((outcome, Stage::Ended))) => !outcome.passed,
            (Some(_), Some((_, Stage::Waiting))) => {
                let before = self.cases.iter().position(|(outcome, _)| {
                    Some(&outcome.case.id) == self.cases[at].0.case.after.as_ref()
                });
                before.is_some_and(|before| before != at && self.never(before))
            }
            (Some(_), Some(_)) => false,
        }
    }

    async fn declare(&mut self, at: usize) -> Result<(), Trouble> {
        let case = self.cases[at].0.case.clone();
        let path = self.dir.join(&case.document);
        let mut text = fs::read_to_string(&path).map_err(|e| failed("read", &path, e))?;
        text = text.replace(RUN, self.run);
        for (case, number) in &self.inventories {
            text = text.replace(&format!("{INVENTORY}{case}"), number);
        }
        let name = path.display().to_string();
        let document = Document {
            name: &name,
            octets: text.as_bytes(),
            message: Some(&case.message),
        };
        let (role_name, role) = self.client.role(Some(&case.role))?;
        let taken = self
            .client
            .submit((&role_name, role.as_ref()), document)
            .await;
        let (outcome, stage) = &mut self.cases[at];
        outcome.document_sha256 = sha256(text.as_bytes());
        *stage = match taken {
            Ok(Submission::Taken(taken)) => {
                Stage::Declared(taken.into_iter().map(|one| one.id).collect())
            }
            Ok(Submission::Refused(refused)) => {
                outcome.why = refused.to_string();
                Stage::Ended
            }
            Err(failure) => {
                outcome.why = failure.to_string();
                Stage::Ended
            }
        };
        Ok(())
    }

    async fn look(&mut self, at: usize, ids: &[String]) -> Result<(), Trouble> {
        let mut all: Vec<Details> = Vec::new();
        for id in ids {
            all.extend(self.client.store().find(id).await?);
        }
        let mut came = all.iter().flat_map(|details| &details.inbound);
        self.stand_in = self.stand_in || came.any(|(_, octets)| is_stand_in(octets));
        let (outcome, stage) = &mut self.cases[at];
        outcome.declarations = all.iter().map(|d| Declared::of(d, sha256)).collect();
        if !all.iter().all(|details| details.summary.state.rests()) {
            return Ok(());
        }
        let states: Vec<&str> = all.iter().map(|d| d.summary.state.name()).collect();
        let judged = judged(outcome.case.expect, &states);
        outcome.passed = judged.is_ok();
        outcome.why = judged.err().unwrap_or_default();
        *stage = Stage::Ended;
        if let Some(number) = all.iter().find_map(inventory_number) {
            self.inventories.insert(outcome.case.id.clone(), number);
        }
        Ok(())
    }
}

/// Whether what came in is a simulator's, in this process or another.
fn is_stand_in(octets: &[u8]) -> bool {
    match open(octets, &Limits::default()) {
        Ok(Opened::Envelope(envelope)) => gave(&envelope.head.cop_msg_id),
        Ok(Opened::Message(message)) => message.root.attribute("guid").is_some_and(gave),
        _ => false,
    }
}

/// The number that customs gave to an inventory, from its receipts.
fn inventory_number(details: &Details) -> Option<String> {
    details.inbound.iter().rev().find_map(|(_, octets)| {
        let Ok(Opened::Envelope(envelope)) = open(octets, &Limits::default()) else {
            return None;
        };
        let parsed = read(&envelope.data, &Limits::default()).ok()?;
        let unit = parsed.message.unit?.name;
        let units = parsed.root.children().iter();
        units
            .filter(|child| child.element.name == unit)
            .filter(|child| {
                child.text("guid") == Some(details.summary.guid.as_str())
                    || child
                        .text("copNo")
                        .is_some_and(|copy| details.summary.key.contains(copy))
            })
            .find_map(|child| child.text("invtNo").filter(|number| !number.is_empty()))
            .map(str::to_owned)
    })
}
