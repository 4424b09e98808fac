//! Plugins: what is there, whether it is one, whether it keeps the contract, a start for a new one.

mod check;
mod config;
mod create;
mod list;
mod serve;
mod test;

use tongguan_contracts::{Stage, Standing};

use crate::cli::{Global, Plugin};
use crate::output::{BAD, GOOD, OPEN, Output, paint};
use crate::trouble::Trouble;

pub use serve::relay;

/// Runs the subcommand.
pub fn run(what: &Plugin, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    match what {
        Plugin::List => list::run(global, out),
        Plugin::Check(args) => check::run(args, out),
        Plugin::Test(args) => test::run(args, global, out),
        Plugin::Serve(args) => serve::run(args, global),
        Plugin::New(args) => create::run(args, out),
    }
}

/// Where a plugin stands, on a line, and what is to be done.
pub fn tell(plugin: &Standing, out: &mut Output) -> Result<(), Trouble> {
    let style = match plugin.stage {
        Stage::Started => GOOD,
        Stage::Failed => BAD,
        _ => OPEN,
    };
    let (part, title) = (&plugin.part, &plugin.plugin);
    let stage = paint(style, plugin.stage.name());
    let why = match plugin.why.as_str() {
        "" => String::new(),
        why => format!(": {why}"),
    };
    let title = match title.as_str() {
        "" => &plugin.library,
        _ => title,
    };
    out.line(format!("plugin {part} {title} {stage}{why}"))?;
    if !plugin.remedy.is_empty() {
        out.line(format!("     what to do: {}", plugin.remedy))?;
    }
    Ok(())
}
