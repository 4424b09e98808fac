use clap::Args;
use std::path::PathBuf;
use tongguan_verifier::Layer;

/// `tongguan verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// Files, folders; `-` reads standard input
    #[arg(required_unless_present = "rules", value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// Only these layers, separated by commas
    #[arg(long, value_name = "LAYER", value_delimiter = ',', value_parser = layer)]
    pub layer: Vec<ChosenLayer>,
    /// Switch a rule or a comparison off
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub off: Vec<String>,
    /// Show each finding, also where many are alike
    #[arg(long)]
    pub all: bool,
    /// Warnings count as errors
    #[arg(long)]
    pub strict: bool,
    /// Write the report as one self-contained HTML page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Trust only signatures by certificates that this CA (PEM) issued
    #[arg(long, value_name = "PEM")]
    pub trust: Vec<PathBuf>,
    /// Largest file to hold in memory, in MiB; of a larger one the signature is not verified
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    pub max_size: usize,
    /// Files to look at at once (default: one a core)
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// List the business rules, and stop
    #[arg(long, conflicts_with_all = ["files", "html"])]
    pub rules: bool,
}

/// A layer to verify.
#[derive(Debug, Clone, Copy)]
pub struct ChosenLayer(pub Layer);

fn layer(name: &str) -> Result<ChosenLayer, String> {
    let known = Layer::ALL.into_iter().find(|l| l.name() == name);
    known.map(ChosenLayer).ok_or_else(|| {
        let names: Vec<&str> = Layer::ALL.iter().map(|l| l.name()).collect();
        format!("the layers are {}", names.join(", "))
    })
}
