use clap::Args;
use std::path::PathBuf;

/// `tongguan promote`
#[derive(Debug, Args)]
pub struct Promote {
    /// The manifest of the test environment
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The report of the joint test
    #[arg(long, value_name = "FILE", default_value = "joint-test/report.json")]
    pub report: PathBuf,
    /// A document with the first declaration of production: it is declared, and its end waited for
    #[arg(long, value_name = "FILE")]
    pub canary: Option<PathBuf>,
    /// Which role declares the canary (default: the only one)
    #[arg(long, value_name = "NAME", requires = "canary")]
    pub role: Option<String>,
    /// How long to wait for the canary's last receipt, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub within: u64,
}
