use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

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
