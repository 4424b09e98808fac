//! The `tongguan` command.

mod cli;
mod commands;
mod exit;
mod http;
mod input;
mod logging;
mod output;
mod registry;
mod traces;
mod trouble;

use clap::Parser;
use std::process::ExitCode;
use tongguan_core::store::Decision;

use cli::{Cli, Command};
use exit::Exit;
use output::Output;

fn main() -> ExitCode {
    let Cli { command, global } = Cli::parse();
    // What a plugin's process says is said to the client that started it.
    match command {
        Command::PluginHost => return tongguan_plugin_host::serve(registry::signer),
        Command::PluginRelay(args) => return commands::plugin::relay(args),
        _ => {}
    }
    logging::start(&global, &command);
    let mut out = Output::new(&global);
    let result = match command {
        Command::Init(args) => commands::init::run(&args, &mut out),
        Command::JointTest(what) => commands::joint_test::run(&what, &global, &mut out),
        Command::Promote(args) => commands::promote::run(&args, &global, &mut out),
        Command::Doctor => commands::doctor::run(&global, &mut out),
        Command::Capacity(args) => commands::capacity::run(&args, &global, &mut out),
        Command::Check(args) => commands::check::run(&args, &global, &mut out),
        Command::Verify(args) => commands::verify::run(&args, &global, &mut out),
        Command::Submit(args) => commands::submit::run(&args, &global, &mut out),
        Command::Run(args) => commands::run::run(&args, &global, &mut out),
        Command::Status(args) => commands::status::run(&args, &global, &mut out),
        Command::Retry(args) => commands::decide::run(&args, Decision::Retry, &global, &mut out),
        Command::Void(args) => commands::decide::run(&args, Decision::Void, &global, &mut out),
        Command::Resubmit(args) => commands::resubmit::run(&args, &global, &mut out),
        Command::Show(args) => commands::show::run(&args, &global, &mut out),
        Command::Map(what) => commands::map::run(&what, &global, &mut out),
        Command::Explain(args) => commands::explain::run(&args, &mut out),
        Command::Standard(what) => commands::standard::run(&what, &mut out),
        Command::Audit(args) => commands::audit::run(&args, &global, &mut out),
        Command::Evidence(args) => commands::evidence::run(&args, &global, &mut out),
        Command::Purge(args) => commands::purge::run(&args, &global, &mut out),
        Command::Simulate(args) => commands::simulate::run(&args, &global, &mut out),
        Command::Plugin(what) => commands::plugin::run(&what, &global, &mut out),
        // It is done already.
        Command::PluginHost | Command::PluginRelay(_) => Ok(()),
        Command::Demo(args) => commands::demo::run(&args, &mut out),
    };
    match result {
        Ok(()) => Exit::Ok.into(),
        Err(trouble) => {
            trouble.tell(&global);
            trouble.exit().into()
        }
    }
}
