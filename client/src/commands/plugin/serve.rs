use std::process::ExitCode;
use tokio::net::TcpListener;
use tongguan_contracts::Failure;
use tongguan_plugin_host::remote::{self, Certificates, Device, serve_remote};

use super::config::read;
use crate::cli::{PluginRelay, PluginServe};
use crate::commands::{block_on, stop_signal};
use crate::trouble::Trouble;

/// Stands in the place of a plugin on another machine.
pub fn relay(args: PluginRelay) -> ExitCode {
    let certificates = Certificates {
        certificate: args.certificate,
        key: args.key,
        ca: args.ca,
    };
    remote::relay(&args.address, &certificates)
}

/// Serves a plugin to a client on another machine, until stopped.
pub fn run(args: &PluginServe) -> Result<(), Trouble> {
    let certificates = Certificates {
        certificate: args.certificate.clone(),
        key: args.key.clone(),
        ca: args.ca.clone(),
    };
    let device = Device {
        library: args.library.clone(),
        sha256: args.sha256.clone(),
        config: read(&args.config)?,
        base: std::env::current_dir()?,
    };
    block_on(async {
        let listener = TcpListener::bind(args.listen).await.map_err(|error| {
            let doing = format!("listen on {}", args.listen);
            Failure::misconfigured("plugin serve", doing, error)
                .remedy("choose an address of this machine and a free port")
        })?;
        let mut stop = stop_signal()?;
        tracing::info!(listen = %args.listen, "serving a plugin");
        let serving = serve_remote(listener, &certificates, device);
        tokio::select! {
            ended = serving => ended.map_err(|error| {
                Failure::misconfigured("plugin serve", "use its certificates", error)
                    .remedy("--certificate, --key and --ca name PEM files")
            })?,
            _ = stop.wait_for(|stop| *stop) => {}
        }
        Ok(())
    })
}
