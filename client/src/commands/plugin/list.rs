use serde::Serialize;
use tongguan_contracts::{Failure, PartOptions, Stage, Standing};
use tongguan_core::{LIBRARY, Manifest};

use crate::cli::Global;
use crate::exit::Exit;
use crate::output::Output;
use crate::trouble::Trouble;

#[derive(Serialize)]
struct Report {
    plugins: Vec<Standing>,
}

/// Starts each plugin of the manifest, and says how far it comes.
pub fn run(global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let manifest = Manifest::load(&global.manifest)?;
    let mut declared = Vec::new();
    let mut add = |found: Result<(String, PartOptions), Failure>, start: fn(PartOptions)| {
        if let Ok((kind, options)) = found
            && kind == LIBRARY
        {
            let library = options.options["library"].as_str().unwrap_or_default();
            declared.push((options.part.clone(), library.to_owned()));
            start(options);
        }
    };
    // How that ends stands on the board, too.
    for name in manifest.signers() {
        add(manifest.signer(name), |options| {
            drop(tongguan_plugin_host::signer(options));
        });
    }
    for name in manifest.transports() {
        add(manifest.transport(name), |options| {
            drop(tongguan_plugin_host::transport(options));
        });
    }
    for name in manifest.roles() {
        add(manifest.role(name), |options| {
            drop(tongguan_plugin_host::role(
                options,
                tongguan_roles::standard,
            ));
        });
    }
    let known = tongguan_plugin_host::standings();
    let plugins: Vec<Standing> = declared
        .into_iter()
        .map(|(part, library)| {
            let found = known.iter().find(|standing| standing.part == part);
            found.cloned().unwrap_or(Standing {
                part,
                library,
                stage: Stage::Declared,
                plugin: String::new(),
                why: "its table in the manifest is wrong: tongguan check says where".to_owned(),
                remedy: String::new(),
                restarts: 0,
                process: 0,
            })
        })
        .collect();
    for plugin in &plugins {
        super::tell(plugin, out)?;
    }
    if plugins.is_empty() {
        out.line("the manifest names no library")?;
    }
    let all_work = plugins.iter().all(|plugin| plugin.stage.works());
    out.object(&Report { plugins })?;
    if all_work {
        Ok(())
    } else {
        Err(Trouble::AlreadySaid(Exit::Misconfigured))
    }
}
