use std::io;
use tracing_subscriber::EnvFilter;

use crate::cli::{Command, Global, Plugin};

/// Libraries that write what they carry into the log, personal data and all; what goes wrong in them
/// we tell ourselves.
const TALKATIVE: &[&str] = &["lapin", "fe2o3_amqp", "suppaftp", "tokio_postgres"];

/// Sends logs to standard error, as the options, TONGGUAN_LOG, or the command's own default say.
pub fn start(global: &Global, command: &Command) {
    let standard = match command {
        Command::Run(_) | Command::Simulate(_) | Command::Plugin(Plugin::Serve(_)) => "info",
        _ => "warn",
    };
    let asked = global
        .log
        .clone()
        .or_else(|| std::env::var("TONGGUAN_LOG").ok());
    let filter = EnvFilter::try_new(asked.as_deref().unwrap_or(standard))
        .unwrap_or_else(|_| EnvFilter::new(standard));
    let filter = TALKATIVE
        .iter()
        .filter_map(|name| format!("{name}=off").parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    if global.json {
        logs.json().init();
    } else {
        logs.with_ansi(colours_on_stderr(global))
            .with_target(false)
            .init();
    }
}

fn colours_on_stderr(global: &Global) -> bool {
    match global.color {
        crate::cli::Color::Always => true,
        crate::cli::Color::Never => false,
        crate::cli::Color::Auto => {
            anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
        }
    }
}
