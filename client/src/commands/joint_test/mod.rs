//! The joint test that goes before production: what an enterprise shows the data centre.
//!
//! A plan follows from the manifest's roles: each message that they declare, in each way that it is
//! declared. A run carries it out by the manifest's own transports and signers, in a store of its
//! own, and the report tells what went, what came back, and by which certificate it was signed.

mod cases;
mod conduct;
mod page;
mod plan;
mod report;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::{format_description, offset};

use tongguan_contracts::Failure;
use tongguan_core::{Environment, Manifest};

use crate::cli::{Global, JOINT_TEST, JointTest, MANIFEST};
use crate::output::Output;
use crate::trouble::Trouble;

/// How soon a name that was taken is tried again.
const AGAIN: Duration = Duration::from_millis(100);

/// Plans, or runs.
pub fn run(what: &JointTest, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let manifest = Manifest::load(&global.manifest)?;
    // What is declared in production is legally binding, whatever it was meant as.
    if manifest.node.environment != Some(Environment::Test) {
        let failure = Failure::misconfigured(
            global.manifest.display().to_string(),
            "run a joint test",
            "its [node] environment is not \"test\"",
        );
        return Err(failure
            .remedy(
                "use the manifest of the test environment, with environment = \"test\" in [node]; \
                 never add it to one whose transports lead to production",
            )
            .into());
    }
    match what {
        JointTest::Plan(args) => plan::write(&manifest, args, global, out),
        JointTest::Run(args) => conduct::run(&manifest, args, global, out),
    }
}

/// Makes a new folder that is named by the time in China, as those of runs and of plans that were moved
/// aside are; gives its name.
fn folder_of_now(parent: &Path) -> Result<String, Failure> {
    let form = format_description!("[year repr:last_two][month][day][hour][minute][second]");
    fs::create_dir_all(parent).map_err(|e| failed("make", parent, e))?;
    loop {
        let now = OffsetDateTime::now_utc().to_offset(offset!(+8));
        let name = now.format(form).unwrap_or_default();
        let folder = parent.join(&name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(name),
            // Of this second: the next one is free.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => thread::sleep(AGAIN),
            Err(e) => return Err(failed("make", &folder, e)),
        }
    }
}

/// A command as it has to be typed: with the folder and the manifest that this one was given.
fn command(what: &str, dir: &Path, global: &Global) -> String {
    let mut line = format!("tongguan joint-test {what}");
    for (option, path, unless) in [
        ("--dir", dir, JOINT_TEST),
        ("-m", global.manifest.as_path(), MANIFEST),
    ] {
        if path != Path::new(unless) {
            let path = path.display().to_string();
            let path = match path.contains(char::is_whitespace) {
                true => format!("\"{path}\""),
                false => path,
            };
            line = format!("{line} {option} {path}");
        }
    }
    line
}

fn failed(doing: &str, path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::misconfigured("joint-test", format!("{doing} {}", path.display()), why)
}
