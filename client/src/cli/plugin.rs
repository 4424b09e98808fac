use clap::{Args, Subcommand, ValueEnum};
use std::num::NonZeroU32;
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

    /// Find out whether signers, transports and roles keep their contracts, and report: a library, or
    /// parts of the manifest, built in, loaded or remote
    #[command(after_help = "\
Examples:
  tongguan plugin test vendor.so --config config.json
  tongguan plugin test vendor.so --config config.json --rounds 10000 --report report.html
  tongguan plugin test vendor.so --config config.json --wrong-pin wrong.json
  tongguan plugin test                              every part of the manifest
  tongguan plugin test --part signers.main --unplug
  tongguan plugin test --part transports.main --other-side stand-in
  tongguan plugin test --part roles.main --sample orders.json --receipts

config.json holds what stands in the manifest beside library: {\"key\": \"…\", \"pin\": \"file:pin\"}.
Paths in it start at the present folder. --wrong-pin costs one of the device's attempts.

Without --other-side, nothing is carried: a transport is built and checked. With it, the kit sends
and takes back envelopes that are none: never towards the real platform.")]
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
    /// The library; without one, parts of the manifest
    #[arg(value_name = "FILE", requires = "config", conflicts_with = "part")]
    pub library: Option<PathBuf>,
    /// Its options, JSON
    #[arg(long, value_name = "FILE", requires = "library")]
    pub config: Option<PathBuf>,
    /// A part of the manifest: signers.main; all of them, where none is named
    #[arg(long, value_name = "TABLE")]
    pub part: Vec<String>,
    /// Signers: options with a wrong PIN or password, JSON; it is tried once, and must be refused for
    /// good
    #[arg(long, value_name = "FILE")]
    pub wrong_pin: Option<PathBuf>,
    /// Signers: ask that the device be pulled out and put back
    #[arg(long)]
    pub unplug: bool,
    /// Signers: how many signatures the search for leaks makes
    #[arg(long, value_name = "N", default_value = "1000")]
    pub rounds: NonZeroU32,
    /// Signers: how long to leave it alone before it must sign again
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub idle: u64,
    /// Transports: who is at the other side. For a part of the manifest, another transport there, or
    /// stand-in for the one that tongguan simulate takes; for a library, its options there, JSON
    #[arg(long, value_name = "NAME")]
    pub other_side: Option<String>,
    /// Roles: a document that it must read
    #[arg(long, value_name = "FILE")]
    pub sample: Vec<PathBuf>,
    /// Roles: the message to read the samples as
    #[arg(long, value_name = "MESSAGE")]
    pub message: Option<String>,
    /// Roles: tell it of receipts, too; it may act on them
    #[arg(long)]
    pub receipts: bool,
    /// Write the report as a page to hand on, too
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
}

/// `tongguan plugin serve`
#[derive(Debug, Args)]
pub struct PluginServe {
    /// The library; or a signer of the manifest: --signer
    #[arg(
        value_name = "FILE",
        requires = "config",
        required_unless_present = "signer"
    )]
    pub library: Option<PathBuf>,
    /// Its options, JSON
    #[arg(long, value_name = "FILE", requires = "library")]
    pub config: Option<PathBuf>,
    /// A signer of this machine's manifest: a KEY by skf, a card by eport or pkcs11 …
    #[arg(long, value_name = "NAME", conflicts_with = "library")]
    pub signer: Option<String>,
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
    /// Rust, or C (signers and transports)
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
