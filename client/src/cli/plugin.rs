use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `tongguan plugin`
#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// Start the plugins of the manifest, and say how far each comes
    List,

    /// Load a library in a process of its own, and say what it is; nothing of its device is used
    #[command(after_help = "\
Examples:
  tongguan plugin check vendor.so     its kind, version, capabilities, and the lines for the manifest")]
    Check(PluginLibrary),

    /// Find out whether a signer keeps the contract, with its device, and report
    #[command(after_help = "\
Examples:
  tongguan plugin test vendor.so --config config.json
  tongguan plugin test vendor.so --config config.json --rounds 10000 --json > report.json
  tongguan plugin test vendor.so --config config.json --wrong-pin wrong.json

config.json holds what stands in the manifest beside library: {\"key\": \"…\", \"pin\": \"file:pin\"}.
Paths in it start at the present folder. --wrong-pin costs one of the device's attempts.")]
    Test(PluginTest),

    /// Serve a plugin to a client on another machine: run this where the device is
    #[command(after_help = "\
Examples:
  tongguan plugin serve vendor.so --config card.json --listen 0.0.0.0:7443 \\
    --certificate desktop.pem --key desktop.key --ca own-ca.pem

At the client: [signers.main] remote = \"desktop.example:7443\", certificate, key, ca. Either side
accepts only certificates of the CA that it names; let that be one of your own.")]
    Serve(PluginServe),

    /// Write a folder to start from
    #[command(after_help = "\
Examples:
  tongguan plugin new my-signer --language c
  tongguan plugin new my-role --kind role --sdk ../tongguan/plugins/sdk")]
    New(PluginNew),
}

/// `tongguan plugin check`
#[derive(Debug, Args)]
pub struct PluginLibrary {
    /// The library
    #[arg(value_name = "FILE")]
    pub library: PathBuf,
}

/// `tongguan plugin test`
#[derive(Debug, Args)]
pub struct PluginTest {
    /// The library
    #[arg(value_name = "FILE")]
    pub library: PathBuf,
    /// Its options, JSON
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The same with a wrong PIN or password: it is tried once, and must be refused for good
    #[arg(long, value_name = "FILE")]
    pub wrong_pin: Option<PathBuf>,
    /// How many signatures the search for leaks makes
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub rounds: u32,
}

/// `tongguan plugin serve`
#[derive(Debug, Args)]
pub struct PluginServe {
    /// The library
    #[arg(value_name = "FILE")]
    pub library: PathBuf,
    /// Its options, JSON
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The address and port to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub listen: std::net::SocketAddr,
    /// This machine's certificate, PEM
    #[arg(long, value_name = "PEM")]
    pub certificate: PathBuf,
    /// Its key, PEM
    #[arg(long, value_name = "PEM")]
    pub key: PathBuf,
    /// The CA that issued the client's certificate, PEM
    #[arg(long, value_name = "PEM")]
    pub ca: PathBuf,
    /// Load only the library of this SHA-256
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
}

/// `tongguan plugin-relay`
#[derive(Debug, Args)]
pub struct PluginRelay {
    /// Where to
    pub address: String,
    /// What this side shows
    pub certificate: PathBuf,
    /// Its key
    pub key: PathBuf,
    /// Who issued the other side's
    pub ca: PathBuf,
}

/// `tongguan plugin new`
#[derive(Debug, Args)]
pub struct PluginNew {
    /// Its name, and the folder's
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// What it is to be
    #[arg(long, default_value = "signer")]
    pub kind: PluginKind,
    /// Rust, or C (signers)
    #[arg(long, default_value = "rust")]
    pub language: PluginLanguage,
    /// For Rust: where plugins/sdk of Tongguan's source is
    #[arg(long, value_name = "DIR")]
    pub sdk: Option<PathBuf>,
}

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PluginKind {
    /// Signs.
    Signer,
    /// Carries envelopes.
    Transport,
    /// Knows an enterprise's documents.
    Role,
}

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PluginLanguage {
    /// Rust, with the SDK.
    Rust,
    /// C, with the header alone.
    C,
}
