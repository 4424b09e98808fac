use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `tongguan map`
#[derive(Debug, Subcommand)]
pub enum Map {
    /// Show what a role's mapping makes of a sample, field by field
    #[command(after_help = "\
Examples:
  tongguan map try shop orders.csv
  tongguan map try shop orders.json --declaration 3    the third of them
  tongguan map try shop orders.csv --personal          with the personal data, masked otherwise

Works with a mapping that still lacks fields, too, and says which. Nothing is declared. Exit code 1
where the sample would be refused.")]
    Try(MapTry),

    /// Begin a mapping: a table for the manifest, from the names in a sample
    #[command(after_help = "\
Examples:
  tongguan map new shop orders.csv --as CEB311Message >> tongguan.toml

What has a field's name (order_no, 订单编号 for orderNo) is put in; what is needed and not found
stands as a remark.")]
    New(Sample),
}

/// A role and a document of the enterprise's own.
#[derive(Debug, Args)]
pub struct Sample {
    /// The role's name in the manifest
    pub role: String,
    /// The document: JSON, or CSV with a header; `-` reads standard input
    #[arg(value_name = "SAMPLE")]
    pub file: PathBuf,
    /// The message to make, where the role has several
    #[arg(long = "as", alias = "message", value_name = "MESSAGE")]
    pub message: Option<String>,
}

/// `tongguan map try`
#[derive(Debug, Args)]
pub struct MapTry {
    /// Of whom, and what.
    #[command(flatten)]
    pub sample: Sample,
    /// Which declaration of the sample to show, from 1
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    pub declaration: u32,
    /// Show personal data whole
    #[arg(long)]
    pub personal: bool,
}
