mod plugin;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use tongguan_verifier::Layer;

pub use plugin::{
    Plugin, PluginKind, PluginLanguage, PluginLibrary, PluginNew, PluginRelay, PluginServe,
    PluginTest,
};

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

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// The manifest
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        default_value = "tongguan.toml",
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

    /// What an error code, a field, a status, a message or a rule means
    #[command(after_help = "\
Examples:
  tongguan explain -621005               an error code, and what to do
  tongguan explain CEB622Message 800     a status of a receipt
  tongguan explain CEB621Message.emsNo   a field: type, occurrence, meaning, codes
  tongguan explain emsNo                 every place where it stands
  tongguan explain 订单编号              likewise, by its Chinese name
  tongguan explain CEB311Message         a message: who sends it, who answers
  tongguan explain single-limit          a rule that tongguan verify names")]
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
  tongguan simulate --journal day.jsonl what was declared, one line an event")]
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

/// `tongguan submit`
#[derive(Debug, Args)]
pub struct Submit {
    /// Documents; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The message to read them as, where a document itself does not tell (CSV)
    #[arg(long = "as", value_name = "MESSAGE")]
    pub message: Option<String>,
    /// The role that reads them, where the manifest has several
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
    /// A key of your own for the document (an idempotency key): the same document with the same
    /// key is the same submission
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub key: Option<String>,
    /// Read and validate only; declare nothing
    #[arg(long, conflicts_with = "key")]
    pub dry_run: bool,
}

/// So long may a key be: it is kept, and shown in errors.
const KEY: usize = 200;

fn key(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > KEY || text.chars().any(char::is_control) {
        return Err(format!(
            "a key has 1 to {KEY} octets, and no control characters"
        ));
    }
    Ok(text.to_owned())
}

/// `tongguan run`
#[derive(Debug, Args)]
pub struct Run {
    /// Stop once every declaration has its final status
    #[arg(long)]
    pub until_final: bool,
    /// With --until-final: give up after this many seconds (exit code 4)
    #[arg(long, value_name = "SECONDS", requires = "until_final")]
    pub within: Option<u64>,
}

/// `tongguan status`
#[derive(Debug, Args)]
pub struct Status {
    /// End with exit code 1 where something needs a person (URGENT or WARNING)
    #[arg(long, conflicts_with_all = ["list", "state", "message", "unmatched"])]
    pub check: bool,
    /// List the declarations, newest first
    #[arg(long)]
    pub list: bool,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Only those of this message
    #[arg(long, value_name = "MESSAGE")]
    pub message: Option<String>,
    /// List what came in and is about no declaration here, or could not be read
    #[arg(long, conflicts_with_all = ["list", "state", "message"])]
    pub unmatched: bool,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
}

/// `tongguan retry`, `tongguan void`
#[derive(Debug, Args)]
pub struct Decide {
    /// Ids, guids, or business keys
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
}

/// `tongguan resubmit`
#[derive(Debug, Args)]
pub struct Resubmit {
    /// The declaration that ended badly: its id, guid, or business key (then the newest)
    #[arg(value_name = "ID")]
    pub id: String,
    /// The mended document; `-` reads standard input
    #[arg(value_name = "DOCUMENT")]
    pub document: PathBuf,
    /// The message to read it as, where the document itself does not tell (CSV)
    #[arg(long = "as", value_name = "MESSAGE")]
    pub message: Option<String>,
    /// The role that reads it, where the manifest has several
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
}

/// `tongguan purge`
#[derive(Debug, Args)]
pub struct Purge {
    /// What ended before this day (China Standard Time)
    #[arg(long, value_name = "DATE")]
    pub before: Option<String>,
    /// Only say how much it would be
    #[arg(long)]
    pub dry_run: bool,
}

/// `tongguan evidence`
#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// Write the evidence of one declaration
    Export(EvidenceExport),
    /// Check such a file by itself: no manifest, no store, no network
    Verify(EvidenceVerify),
}

/// `tongguan evidence export`
#[derive(Debug, Args)]
pub struct EvidenceExport {
    /// An id, a guid or a business key
    pub id: String,
    /// Where to; ID.evidence.zip unless given
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Lead from the audit log's newest entry to the declaration's by this one
    #[arg(long, value_name = "STRAND:NUMBER:HASH")]
    pub anchor: Vec<String>,
}

/// `tongguan evidence verify`
#[derive(Debug, Args)]
pub struct EvidenceVerify {
    /// What evidence export wrote
    pub file: PathBuf,
    /// Trust only certificates that this CA (PEM) issued
    #[arg(long, value_name = "PEM")]
    pub trust: Vec<PathBuf>,
    /// An entry of the audit log that was noted elsewhere: the file must lead to it
    #[arg(long, value_name = "STRAND:NUMBER:HASH")]
    pub anchor: Vec<String>,
}

/// `tongguan audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Read the log from its beginning, and say whether it holds
    Verify(AuditVerify),
    /// Print the log, one JSON object a line
    Export,
}

/// `tongguan audit verify`
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// An entry that was noted before, as `audit verify` prints it: it must still be there
    #[arg(long, value_name = "STRAND:NUMBER:HASH")]
    pub anchor: Vec<String>,
}

/// `tongguan show`
#[derive(Debug, Args)]
pub struct Show {
    /// An id, a guid, a business key, or the digest of something that came in
    pub id: String,
    /// Show names, telephones, addresses and identity numbers, and the receipts' own words; that
    /// you saw them is logged
    #[arg(long)]
    pub personal: bool,
    /// Write the message, the envelope and the receipts into this folder; that is logged
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// Print the declaration as a document in JSON, to be mended and resubmitted; that is logged
    #[arg(long, conflicts_with_all = ["personal", "export"])]
    pub document: bool,
}

/// `tongguan explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// A code, a path or name of a field, a message, a rule; or a receipt and a status of it
    #[arg(
        required = true,
        num_args = 1..=2,
        value_name = "WHAT",
        allow_negative_numbers = true
    )]
    pub what: Vec<String>,
}

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

/// `tongguan standard`
#[derive(Debug, Subcommand)]
pub enum Standard {
    /// List the messages
    #[command(after_help = "\
Examples:
  tongguan standard list
  tongguan standard list --json | jq .name")]
    List,

    /// The XML Schemas, file by file as the standard has them
    #[command(after_help = "\
Examples:
  tongguan standard xsd ceb-import > ceb-import.xsd    it imports xmldsig-core-schema.xsd
  tongguan standard xsd --out schemas/    all of them")]
    Xsd(Xsd),

    /// The JSON Schema of a document to submit
    #[command(after_help = "\
Examples:
  tongguan standard json-schema CEB311Message > order.schema.json
  tongguan standard json-schema --out schemas/    one for each declaration")]
    JsonSchema(OfMessage),

    /// The reference page of a message, in Markdown
    #[command(after_help = "\
Examples:
  tongguan standard docs CEB311Message
  tongguan standard docs CEB311Message --language zh
  tongguan standard docs --out docs/messages      every page, index and error codes, in both")]
    Docs(Docs),

    /// An example of a message
    #[command(after_help = "\
Examples:
  tongguan standard example CEB311Message                 what must be there
  tongguan standard example CEB311Message --full          every field
  tongguan standard example CEB621Message --unsigned | tongguan submit -
  tongguan standard example CEB621Message --json-form | tongguan submit -
  tongguan standard example --out examples/               of every message, minimal and full

Nothing in an example is real, and nobody can sign it: where a signature must be, one stands that
keeps the schema and verifies nothing. `tongguan submit` takes documents without (--unsigned, or
the JSON form), and `tongguan run` signs them.")]
    Example(Example),
}

/// `tongguan standard xsd`
#[derive(Debug, Args)]
pub struct Xsd {
    /// Which of the standard's schema files
    #[arg(value_name = "SCHEMA", value_parser = clap::builder::PossibleValuesParser::new(tongguan_messages::schemas()), required_unless_present = "out")]
    pub schema: Option<String>,
    /// Write all of them into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "schema")]
    pub out: Option<PathBuf>,
}

/// `tongguan standard json-schema`
#[derive(Debug, Args)]
pub struct OfMessage {
    /// The message
    #[arg(value_name = "MESSAGE", required_unless_present = "out")]
    pub message: Option<String>,
    /// Write all of them into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "message")]
    pub out: Option<PathBuf>,
}

/// `tongguan standard docs`
#[derive(Debug, Args)]
pub struct Docs {
    /// Which page
    #[command(flatten)]
    pub of: OfMessage,
    /// The language of the page
    #[arg(
        long,
        value_name = "LANGUAGE",
        default_value = "en",
        conflicts_with = "out"
    )]
    pub language: PageLanguage,
}

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageLanguage {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// `tongguan standard example`
#[derive(Debug, Args)]
pub struct Example {
    /// Of which message
    #[command(flatten)]
    pub of: OfMessage,
    /// Every field, and twice what may stand twice
    #[arg(long, conflicts_with = "out")]
    pub full: bool,
    /// Without a signature anywhere: a document to submit
    #[arg(long, conflicts_with = "out")]
    pub unsigned: bool,
    /// As a document in JSON, where an enterprise declares the message
    #[arg(long, conflicts_with_all = ["out", "unsigned"])]
    pub json_form: bool,
}

/// `tongguan simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// Stand behind this transport of the manifest (default: all of them)
    #[arg(long, value_name = "NAME")]
    pub transport: Option<String>,
    /// Keep a journal of what was declared, one JSON line an event
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Keep every envelope, message and receipt in this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Accept only certificates that this CA (PEM) issued
    #[arg(long, value_name = "PEM")]
    pub trust: Vec<PathBuf>,
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
