use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Where a joint test is, unless another folder is named.
pub const JOINT_TEST: &str = "joint-test";

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
    #[arg(long, value_name = "DIR", default_value = JOINT_TEST)]
    pub dir: PathBuf,
    /// Move the plan and the documents that are there aside, to DIR/plans
    #[arg(long)]
    pub anew: bool,
}

/// `tongguan joint-test run`
#[derive(Debug, Args)]
pub struct JointTestRun {
    /// Where the plan is
    #[arg(long, value_name = "DIR", default_value = JOINT_TEST)]
    pub dir: PathBuf,
    /// Stand in for the other side, too: a rehearsal without anybody
    #[arg(long)]
    pub simulate: bool,
    /// How long to wait for the last receipt, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub within: u64,
}
