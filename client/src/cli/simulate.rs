use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `tongguan simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// Stand behind this transport of the manifest (default: all of them)
    #[arg(long, value_name = "NAME")]
    pub transport: Option<String>,
    /// Keep a journal of what was declared, one JSON line an event; a restart goes on from it
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Keep every envelope, message and receipt in this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Accept only certificates that this CA (PEM) issued
    #[arg(long, value_name = "PEM")]
    pub trust: Vec<PathBuf>,
    /// Where a platform that is reached by HTTP listens (default: where the transport's url says)
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<std::net::SocketAddr>,
    /// The certificate (PEM) that such a platform shows, for https://
    #[arg(long, value_name = "PEM", requires = "http_key")]
    pub http_certificate: Option<PathBuf>,
    /// Its key (PEM, not encrypted)
    #[arg(long, value_name = "PEM", requires = "http_certificate")]
    pub http_key: Option<PathBuf>,
    /// Stand on the way to a server, too: what connects to LISTEN gets to TARGET as the scenario's
    /// [network] says. May be given several times
    #[arg(long, value_name = "LISTEN=TARGET", value_parser = way)]
    pub broker_proxy: Vec<(std::net::SocketAddr, String)>,
    /// How closely to look at declarations that keep their schema
    #[arg(long, value_name = "HOW", default_value = "business")]
    pub checks: Closely,
    /// What is to go otherwise than well: a TOML file (docs/simulator.md)
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
}

/// How closely the stand-in looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Closely {
    /// The signature, and whether it was declared before.
    Form,
    /// The business rules too, and whether order, payment, waybill and inventory agree as far as they
    /// were declared.
    Business,
    /// And what an inventory, a cancellation or a return stands on must have been declared.
    Whole,
}

/// `127.0.0.1:5673=broker:5672`
fn way(text: &str) -> Result<(std::net::SocketAddr, String), String> {
    let wrong = || "write LISTEN=TARGET, as 127.0.0.1:5673=broker.example:5672".to_owned();
    let (listen, target) = text.split_once('=').ok_or_else(wrong)?;
    let port = target
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse::<u16>().ok());
    match (listen.parse(), port) {
        (Ok(listen), Some(_)) => Ok((listen, target.to_owned())),
        _ => Err(wrong()),
    }
}
