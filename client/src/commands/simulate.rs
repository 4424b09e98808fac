use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

use tongguan_contracts::Failure;
use tongguan_core::Manifest;
use tongguan_simulator::{Checks, Options, Scenario, Simulator, Way};

use super::{block_on, stop_signal};
use crate::cli::{Closely, Global, Simulate};
use crate::input::certificates;
use crate::output::Output;
use crate::registry::{At, other_side};
use crate::trouble::Trouble;

/// Stands in for the other side of the manifest's transports.
pub fn run(args: &Simulate, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let manifest = Manifest::load(&global.manifest)?;
    let names: Vec<String> = match &args.transport {
        Some(name) => vec![name.clone()],
        None => manifest.transports().map(str::to_owned).collect(),
    };
    let scenario = match &args.scenario {
        Some(path) => read(path)?,
        None => Scenario::default(),
    };
    let simulator = Arc::new(Simulator::new(Options {
        trust: certificates(&args.trust)?,
        journal: args.journal.clone(),
        keep: args.keep.clone(),
        users: users(&manifest),
        checks: match args.checks {
            Closely::Form => Checks::Form,
            Closely::Business => Checks::Business,
            Closely::Whole => Checks::Whole,
        },
        scenario: scenario.clone(),
    })?);
    out.line(format!(
        "standing in for the other side of {}; stop with Ctrl-C",
        names.join(", ")
    ))?;
    block_on(async {
        let stop = stop_signal()?;
        let mut sides = JoinSet::new();
        for (listen, server) in args.broker_proxy.clone() {
            let scenario = scenario.clone();
            let way = Way {
                listen,
                server,
                scenario,
            };
            sides.spawn(way.run(stop.clone()));
        }
        let at = At {
            address: args.http,
            tls: args.http_certificate.clone().zip(args.http_key.clone()),
        };
        for name in &names {
            let transport = other_side(&manifest, name, &at)?;
            let (simulator, stop) = (Arc::clone(&simulator), stop.clone());
            sides.spawn(async move { simulator.run(transport, stop).await });
        }
        while let Some(ended) = sides.join_next().await {
            ended.map_err(|e| Failure::transient("simulator", "go on", e))??;
        }
        Ok(())
    })
}

fn read(path: &Path) -> Result<Scenario, Trouble> {
    let wrong = |doing: &str, why: String| {
        let doing = format!("{doing} {}", path.display());
        Failure::misconfigured("simulator", doing, why)
    };
    let text = std::fs::read_to_string(path)
        .map_err(|e| wrong("read the scenario", e.to_string()).remedy("check the path"))?;
    let scenario = Scenario::parse(&text).map_err(|e| {
        wrong("use the scenario", e).remedy("docs/simulator.md tells what may be in it")
    })?;
    Ok(scenario)
}

/// Whom the platform knows: who uses it by these transports.
fn users(manifest: &Manifest) -> Vec<String> {
    let own = manifest.enterprise.dxp_id.as_str();
    vec![own.to_owned(), manifest.sender_id().to_owned()]
}
