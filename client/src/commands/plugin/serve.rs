use std::process::ExitCode;
use tokio::net::TcpListener;
use tongguan_contracts::Failure;
use tongguan_core::{LIBRARY, Manifest};
use tongguan_plugin_host::remote::{self, Certificates, Device, Served, serve_remote};

use super::config::read;
use crate::cli::{Global, PluginRelay, PluginServe};
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
pub fn run(args: &PluginServe, global: &Global) -> Result<(), Trouble> {
    let certificates = Certificates {
        certificate: args.certificate.clone(),
        key: args.key.clone(),
        ca: args.ca.clone(),
    };
    let device = device(args, global)?;
    block_on(async {
        let listener = TcpListener::bind(args.listen).await.map_err(|error| {
            let doing = format!("listen on {}", args.listen);
            Failure::misconfigured("plugin serve", doing, error)
                .remedy("choose an address of this machine and a free port")
        })?;
        let mut stop = stop_signal()?;
        tracing::info!(listen = %args.listen, "serving a device");
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

/// What is served: a library, or a signer of the manifest here.
fn device(args: &PluginServe, global: &Global) -> Result<Device, Trouble> {
    if let Some(name) = &args.signer {
        let manifest = Manifest::load(&global.manifest)?;
        let (kind, options) = manifest.signer(name)?;
        if kind == LIBRARY {
            let failure = Failure::misconfigured(&options.part, "serve it", "it is a plugin");
            return Err(failure
                .remedy("serve its library: tongguan plugin serve FILE --config OPTIONS")
                .into());
        }
        return Ok(Device {
            what: Served::Signer(kind),
            config: options.options,
            base: std::path::absolute(&options.base)?,
        });
    }
    let (Some(library), Some(config)) = (&args.library, &args.config) else {
        // clap wants one or the other.
        return Err(Failure::misconfigured("plugin serve", "serve", "nothing is named").into());
    };
    Ok(Device {
        what: Served::Library {
            library: library.clone(),
            sha256: args.sha256.clone(),
        },
        config: read(config)?,
        base: std::env::current_dir()?,
    })
}
