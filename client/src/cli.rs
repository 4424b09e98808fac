mod declarations;
mod evidence;
mod joint_test;
mod map;
mod plugin;
mod promote;
mod simulate;
mod standard;
mod verify;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

pub use declarations::{Decide, Purge, Resubmit, Run, Show, Status, Submit};
pub use evidence::{Audit, AuditVerify, Evidence, EvidenceExport, EvidenceVerify};
pub use joint_test::{JOINT_TEST, JointTest, JointTestPlan, JointTestRun};
pub use map::{Map, MapTry, Sample};
pub use plugin::{
    Plugin, PluginKind, PluginLanguage, PluginLibrary, PluginNew, PluginRelay, PluginServe,
    PluginTest,
};
pub use promote::Promote;
pub use simulate::{Closely, Simulate};
pub use standard::{Docs, Example, OfMessage, PageLanguage, Standard, Xsd};
pub use verify::Verify;

/// Exchange messages with China's cross-border e-commerce customs.
///
/// Declares orders, payments, waybills and inventories (清单) to the customs clearance service
/// and shows what became of each.
#[derive(Debug, Parser)]
#[command(
    name = "tongguan",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes:
  0  done as asked
  1  the answer is no: a document refused, a message invalid, a declaration rejected
  2  the command line is wrong
  3  something must be put right first: manifest, file, key, password, rights
  4  it may work later: broker down, device busy, disk full

Examples:
  tongguan demo                      see the whole way of a message, on embedded defaults
  tongguan init                      write a commented tongguan.toml and test certificates
  tongguan submit orders.json        declare what is in a document
  tongguan run                       sign, send, take back receipts, until stopped
  tongguan status                    what became of everything"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// The manifest, unless another is named.
pub const MANIFEST: &str = "tongguan.toml";

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// The manifest
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        default_value = MANIFEST,
        env = "TONGGUAN_MANIFEST"
    )]
    pub manifest: PathBuf,

    /// Print JSON instead of text: one object, or one a line where there are many
    #[arg(long, global = true)]
    pub json: bool,

    /// When to colour text (NO_COLOR is respected)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// What to log to standard error: error, warn, info, debug, trace, or a filter such as
    /// `tongguan_core=debug` (default: TONGGUAN_LOG, else warn; info for run and simulate)
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

/// When to colour text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented tongguan.toml with test certificates, ready to run
    #[command(after_help = "\
Examples:
  tongguan init                  in this folder, a first manifest on embedded defaults
  tongguan init --scheme rsa d/  in folder d/, with RSA certificates

What it writes runs as it is: SQLite, folders as transport, a certificate of a test CA.
Then put in your enterprise's codes, your certificate, and your way to the platform.
Nothing that exists is overwritten.")]
    Init(Init),

    /// Read the manifest, open every part, and say what is wrong
    #[command(after_help = "\
Examples:
  tongguan check              the manifest, certificates, store, and a try of every transport
  tongguan check --offline    all but the transports")]
    Check(Check),

    /// The joint test: a plan by your roles, a run of it, and a report to sign
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  tongguan joint-test plan             joint-test/plan.toml, and a document for each case
  tongguan joint-test plan --anew      the same, where one is there: it is moved aside
  tongguan joint-test run --simulate   the rehearsal: nobody else is needed
  tongguan joint-test run              by the manifest's transports, with the test environment

Both write report.html and report.json to joint-test/runs/RUN, and to joint-test unless a better one is
there: one that passed, or was with the test environment. What is declared goes into a store of the
test's own, under numbers of its own. A manifest whose [node] environment is not \"test\" is refused."
    )]
    JointTest(JointTest),

    /// From the test environment to production: the gates, what differs, and the first declaration
    #[command(after_help = "\
Examples:
  tongguan promote --from test.toml -m production.toml
                        whether production may begin, and what its manifest says differently
  tongguan promote --from test.toml -m production.toml --canary order.json
                        where all gates are passed: one declaration, and its end waited for

Gates: both manifests say what they are for; stores apart; no certificate of a test CA; the joint test
passed, with the test environment, by this enterprise, for every message that its roles declare; and
all that tongguan doctor looks at.")]
    Promote(Promote),

    /// Look at everything on the way, one thing after another, and say what to do about each
    #[command(after_help = "\
Examples:
  tongguan doctor          rights, disk, store, clock; driver, device, certificate, profile and a
                           signature of each signer; name, port, login and rights of each transport
  tongguan doctor --json   one object, for a ticket

Devices are opened, which tries their PIN; each signs a text of no meaning. Nothing is sent.")]
    Doctor,

    /// Say how much the manifest can carry, and what would carry more
    #[command(after_help = "\
Examples:
  tongguan capacity                      try each signer, and the store's disk
  tongguan capacity --per-minute 20000   and say whether that is enough, and what to buy

Signers sign texts of no meaning, and a trial store is made beside the real one and removed.
Devices are opened, which tries their PIN. A client that runs meanwhile has the devices less to
itself, and these figures are too low by that. What this machine needs to read documents and to
write messages, and what the way to the platform takes, is not in them.")]
    Capacity(Capacity),

    /// Verify messages: well-formed, envelope, schema, signature, business rules, comparison
    #[command(after_help = "\
Examples:
  tongguan verify message.xml
  tongguan verify outbox/                    every .xml file in it and below, on all cores
  tongguan verify --json outbox/ > day.jsonl one object a file: file, message, valid, errors
  tongguan verify --html report.html outbox/ one page to forward
  tongguan verify --layer schema message.xml
  tongguan verify --off single-limit orders/
  cat message.xml | tongguan verify -

Layers, each on what the ones before it let through:
  well-formed  XML in UTF-8, no document type, within the limits
  envelope     DxpMsg, DxpMsgSv: what is in it is verified too
  schema       the standard's schema
  signature    as the standard asks; by whom is told, --trust says who may
  rules        what the standard's text says and its schema cannot (--rules lists them)
  across       order, payment, waybill and inventory of one order agree

Rules are switched off by --off, or in the manifest: [verify] off = [\"single-limit\"]")]
    Verify(Verify),

    /// Declare what is in documents: JSON, CSV or unsigned CEB XML
    #[command(after_help = "\
Examples:
  tongguan submit orders.json payments.csv
  tongguan submit --as CEB511Message waybills.csv
  generate-orders | tongguan submit --json -
  tongguan submit --key 2026-11-26/17 waybills.csv

A document is taken whole or refused whole. Once an id is printed, the declaration is safe on
disk; `tongguan run` sends it. Submitting the same document again declares nothing twice:
it is known by its numbers, and by the key that you give it. The same key with another document is
refused.")]
    Submit(Submit),

    /// Sign and send what is submitted, take back receipts, until stopped
    #[command(after_help = "\
Examples:
  tongguan run                  until SIGTERM or Ctrl-C, then end in good order
  tongguan run --until-final    until every declaration has its final status

With --until-final it ends, too, where nothing more happens by itself: all that is open waits for
others, or no certificate that could sign it is valid (exit code 3).")]
    Run(Run),

    /// What needs a person, since when and why, and what became of the declarations
    #[command(after_help = "\
Examples:
  tongguan status                       what is stuck, why, what to do; then counts
  tongguan status --check               likewise; exit code 1 where a person is needed
  tongguan status --list                every declaration, newest first
  tongguan status --state rejected --json
  tongguan status --unmatched           what came in about no declaration here

States: submitted, signed (in a message, nothing has left), unknown (may have left; is sent
again), sent, pending, accepted, rejected, dead (waits for a person: retry or void), void.")]
    Status(Status),

    /// One declaration: what was declared, signed, sent, and answered
    #[command(after_help = "\
Examples:
  tongguan show 01K5...              by the id that submit printed
  tongguan show ORDER-2026-0001      by guid or business key (order number, waybill number)
  tongguan show ID --personal        with the personal data, which is masked otherwise
  tongguan show ID --export folder/  its message, envelope and receipts as files
  tongguan show DIGEST               something that came in, as status --unmatched lists it")]
    Show(Show),

    /// Try dead letters again, or what waits, now
    #[command(after_help = "\
Examples:
  tongguan retry ORDER-2026-0001     after the reason that show gives is mended

A dead letter goes on where it stopped; what waits for its next try is tried at once; what was
sent and never answered is sent again. Always the same octets, guid and CopMsgId. What customs
rejected is not retried: mend the document, and resubmit it.")]
    Retry(Decide),

    /// Decide that declarations are not to be sent; only while nothing of them can have left
    #[command(after_help = "\
Examples:
  tongguan void ORDER-2026-0001 ORDER-2026-0002

Others in the same signed message go into a new one. The number is free again.")]
    Void(Decide),

    /// Declare a mended document in the place of a declaration that ended badly
    #[command(after_help = "\
Examples:
  tongguan show ORDER-2026-0001 --document > order.json     and mend that, or your own document
  tongguan resubmit ORDER-2026-0001 order.json

For what was rejected or is void, and for dead letters of which nothing can have left. The document
holds that one declaration, in any form that submit reads, and may keep its number; it gets a guid
of its own (leave guid out). What customs refused as new (appType 1) is declared as new again. The
old one and the new one name each other in show, in evidence and in the audit log; the old one is
never sent again. The same document again declares nothing twice.")]
    Resubmit(Resubmit),

    /// Your own JSON or CSV to the standard's messages: try a mapping, begin one
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  tongguan map new shop orders.csv --as CEB311Message    a first mapping, for the manifest
  tongguan map try shop orders.csv                       what it makes, field by field

A mapping stands in the manifest: [roles.shop.map.CEB311Message]. docs/mapping.md tells how one is
written."
    )]
    Map(Map),

    /// What an error code, a field, a status, a state, a message or a rule means
    #[command(after_help = "\
Examples:
  tongguan explain -621005               an error code, and what to do
  tongguan explain CEB622Message 800     a status of a receipt
  tongguan explain CEB621Message.emsNo   a field: type, occurrence, meaning, codes
  tongguan explain emsNo                 every place where it stands
  tongguan explain 订单编号              likewise, by its Chinese name
  tongguan explain CEB311Message         a message: who sends it, who answers
  tongguan explain single-limit          a rule that tongguan verify names
  tongguan explain dead                  a state that tongguan status shows, and what to do")]
    Explain(Explain),

    /// The standard: its messages, schemas, documentation and examples
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  tongguan standard list                              all messages
  tongguan standard example CEB311Message             a minimal example in XML
  tongguan standard example CEB621Message --json-form a document to submit, in JSON
  tongguan standard xsd --out schemas/                XML Schemas
  tongguan standard json-schema CEB311Message         the schema of the JSON form
  tongguan standard docs --out docs/messages          a page a message, in two languages"
    )]
    Standard(Standard),

    /// Put what proves a declaration into one file; check such a file
    #[command(
        subcommand,
        after_help = "\
Examples:
  tongguan evidence export ORDER-2026-0001          what was declared, signed, sent, answered
  tongguan evidence verify ORDER-2026-0001.evidence.zip
  tongguan evidence verify --trust ca.pem --anchor 1:1204:5f3c… FILE

The file is a ZIP archive; docs/evidence.md tells how to check it without this program."
    )]
    Evidence(Evidence),

    /// The log of all that happened, in which nothing can be changed unseen
    #[command(
        subcommand,
        after_help = "\
Examples:
  tongguan audit verify                       does it hold? and its newest hashes, to be noted
  tongguan audit verify --anchor 1:1204:5f3c… and does it still have an entry noted before?
  tongguan audit export > log.jsonl           all of it, one JSON object a line

docs/evidence.md tells how the log is made, and how to check it without this program."
    )]
    Audit(Audit),

    /// Remove the octets and personal data of declarations that ended long ago
    #[command(after_help = "\
Examples:
  tongguan purge --before 2026-01-01 --dry-run    how much that would be
  tongguan purge --before 2026-01-01
  tongguan purge                                  by the manifest: [retention] days = 1095

Only what is final (accepted, rejected, void), with all that shares its envelope. Numbers, times,
states and the audit log stay; `audit verify` holds as before, `show` says what was purged, when,
and by which rule.")]
    Purge(Purge),

    /// Stand in for the exchange platform and the clearance service
    #[command(after_help = "\
Examples:
  tongguan simulate                     the other side of tongguan.toml's transports
  tongguan simulate --journal day.jsonl what was declared, one line an event
  tongguan simulate --checks whole      as strict as customs
  tongguan simulate --scenario bad.toml answers late, lost, doubled, or any code
  tongguan simulate --scenario bad.toml --broker-proxy 127.0.0.1:5673=127.0.0.1:5672
                                        and a bad network before the broker

docs/simulator.md tells what it looks at, and what may be in a scenario.")]
    Simulate(Simulate),

    /// Plugins: signers, transports and roles that are loaded from libraries
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  tongguan plugin list                            those of the manifest, and how far each comes
  tongguan plugin check vendor.so                 what it is, without using its device
  tongguan plugin test vendor.so --config c.json  whether it keeps the contract, with its device
  tongguan plugin test --part transports.main     the same of a part of the manifest
  tongguan plugin new my-signer --language c      a folder to start from

docs/plugins.md leads from nothing to a tested plugin."
    )]
    Plugin(Plugin),

    /// The process that a plugin runs in; started by this program itself
    #[command(hide = true)]
    PluginHost,

    /// The process that stands in the place of a plugin on another machine
    #[command(hide = true)]
    PluginRelay(PluginRelay),

    /// See the whole way of a message: declare examples to an in-process stand-in
    #[command(after_help = "\
Examples:
  tongguan demo                        everything goes to ./tongguan-demo
  tongguan demo --scheme rsa --dir /tmp/demo")]
    Demo(Demo),
}

/// Which kind of test certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scheme {
    /// SM2 with SM3, the standard's preferred one.
    Sm2,
    /// RSA with SHA-1, for older certificates.
    Rsa,
}

/// `tongguan init`
#[derive(Debug, Args)]
pub struct Init {
    /// The folder to write into
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The kind of the test certificates
    #[arg(long, default_value = "sm2")]
    pub scheme: Scheme,
}

/// `tongguan check`
#[derive(Debug, Args)]
pub struct Check {
    /// Don't try the transports
    #[arg(long)]
    pub offline: bool,
}

/// `tongguan capacity`
#[derive(Debug, Args)]
pub struct Capacity {
    /// Declarations a minute that are to be carried
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub per_minute: Option<u64>,

    /// How long to try each part, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
}

/// `tongguan explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// A code, a path or name of a field, a message, a state, a rule; or a receipt and a status of it
    #[arg(
        required = true,
        num_args = 1..=2,
        value_name = "WHAT",
        allow_negative_numbers = true
    )]
    pub what: Vec<String>,
}

/// `tongguan demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to put everything
    #[arg(long, default_value = "tongguan-demo")]
    pub dir: PathBuf,
    /// The kind of the test certificates
    #[arg(long, default_value = "sm2")]
    pub scheme: Scheme,
    /// Documents to declare instead of the built-in examples
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}
