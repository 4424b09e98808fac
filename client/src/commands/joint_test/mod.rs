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

use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_core::{Environment, Manifest};

use crate::cli::{Global, JointTest};
use crate::output::Output;
use crate::trouble::Trouble;

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
        JointTest::Plan(args) => plan::write(&manifest, &args.dir, out),
        JointTest::Run(args) => conduct::run(args, global, out),
    }
}

fn failed(doing: &str, path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::misconfigured("joint-test", format!("{doing} {}", path.display()), why)
}
