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
