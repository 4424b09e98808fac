use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tongguan_conformance::Report;
use tongguan_conformance::signer::{Effort, Hand, Stand, conformance};
use tongguan_contracts::{Failure, Signer, SignerBuilder};
use tongguan_core::LIBRARY;

use super::Part;
use crate::cli::PluginTest;
use crate::commands::plugin::config::read;
use crate::registry::built_in;
use crate::trouble::Trouble;

/// How long a device that was put back may take.
const PATIENCE: Duration = Duration::from_secs(90);

struct OnStand<'a> {
    part: &'a Part,
    build: SignerBuilder,
    wrong_pin: Option<Value>,
    person: Option<Person>,
}

/// Tries a signer.
pub fn run(part: &Part, args: &PluginTest) -> Result<Report, Trouble> {
    let registry = built_in();
    let stand = OnStand {
        build: registry.find_signer(&part.options.part, &part.built_by)?,
        part,
        wrong_pin: args.wrong_pin.as_deref().map(read).transpose()?,
        person: args.unplug.then_some(Person),
    };
    let effort = Effort {
        rounds: args.rounds,
        idle: Duration::from_secs(args.idle),
        patience: PATIENCE,
    };
    let before = marks(&part.options.base);
    let report = conformance(&part.options.part, &part.what, &stand, effort);
    // The kit is the person who acts: each run of it may try a wrong PIN once.
    for mark in marks(&part.options.base).difference(&before) {
        let _ = fs::remove_file(mark);
    }
    Ok(report)
}

/// The files that keep a refused PIN from being tried again.
fn marks(base: &Path) -> BTreeSet<PathBuf> {
    let base = match base.as_os_str().is_empty() {
        true => Path::new("."),
        false => base,
    };
    let all = fs::read_dir(base).into_iter().flatten().flatten();
    let is = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("pin-refused-");
    all.filter(|entry| is(&entry.file_name()))
        .map(|entry| entry.path())
        .collect()
}

impl Stand for OnStand<'_> {
    fn build(&self) -> Result<Arc<dyn Signer>, Failure> {
        (self.build)(self.part.options.clone())
    }

    fn build_misspelt(&self) -> Option<Result<Arc<dyn Signer>, Failure>> {
        Some((self.build)(self.part.misspelt()))
    }

    fn build_with_wrong_pin(&self) -> Option<Result<Arc<dyn Signer>, Failure>> {
        let wrong = self.wrong_pin.as_ref()?;
        Some((self.build)(self.part.changed("with a wrong PIN", wrong)))
    }

    fn counts_attempts(&self) -> bool {
        self.part.built_by != "software"
    }

    fn hand(&self) -> Option<&dyn Hand> {
        self.person.as_ref().map(|person| person as &dyn Hand)
    }

    fn held_kib(&self) -> Option<u64> {
        let process = match self.part.built_by.as_str() {
            LIBRARY if self.part.is_remote() => return None,
            LIBRARY => self.part.standing()?.process,
            _ => std::process::id(),
        };
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    fn restarts(&self) -> Option<(u64, String)> {
        let standing = self.part.standing()?;
        Some((standing.restarts, standing.why))
    }
}

/// Whoever sits before the screen.
struct Person;

impl Person {
    fn asked(&self, to: &str) {
        let mut err = anstream::stderr();
        let _ = writeln!(err, "{to}, then press Enter").and_then(|()| err.flush());
        let _ = std::io::stdin().read_line(&mut String::new());
    }
}

impl Hand for Person {
    fn pull_out(&self) {
        self.asked("Pull the device out");
    }

    fn put_back(&self) {
        self.asked("Put the device back");
    }
}
