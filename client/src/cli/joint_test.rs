use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `tongguan joint-test`
#[derive(Debug, Subcommand)]
pub enum JointTest {
    /// Write the cases that the manifest's roles call for, with their documents
    Plan(JointTestPlan),
    /// Run the plan's cases, and write the report
    Run(JointTestRun),
}

/// `tongguan joint-test plan`
#[derive(Debug, Args)]
pub struct JointTestPlan {
    /// Where to put the plan and its documents
    #[arg(long, value_name = "DIR", default_value = "joint-test")]
    pub dir: PathBuf,
}

/// `tongguan joint-test run`
#[derive(Debug, Args)]
pub struct JointTestRun {
    /// Where the plan is
    #[arg(long, value_name = "DIR", default_value = "joint-test")]
    pub dir: PathBuf,
    /// Stand in for the other side, too: a rehearsal without anybody
    #[arg(long)]
    pub simulate: bool,
    /// How long to wait for the last receipt, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub within: u64,
}
