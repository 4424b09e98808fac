use std::sync::Arc;
use tokio::task::JoinSet;

use tongguan_contracts::Failure;
use tongguan_core::Manifest;
use tongguan_simulator::{Options, Simulator};

use super::{block_on, stop_signal};
use crate::cli::{Global, Simulate};
use crate::input::certificates;
use crate::output::Output;
use crate::registry::other_side;
use crate::trouble::Trouble;

/// Stands in for the other side of the manifest's transports.
pub fn run(args: &Simulate, global: &Global, out: &mut Output) -> Result<(), Trouble> {
    let manifest = Manifest::load(&global.manifest)?;
    let names: Vec<String> = match &args.transport {
        Some(name) => vec![name.clone()],
        None => manifest.transports().map(str::to_owned).collect(),
    };
    let simulator = Arc::new(Simulator::new(Options {
        trust: certificates(&args.trust)?,
        journal: args.journal.clone(),
        keep: args.keep.clone(),
    })?);
    out.line(format!(
        "standing in for the other side of {}; stop with Ctrl-C",
        names.join(", ")
    ))?;
    block_on(async {
        let stop = stop_signal()?;
        let mut sides = JoinSet::new();
        for name in &names {
            let transport = other_side(&manifest, name, args.http)?;
            let (simulator, stop) = (Arc::clone(&simulator), stop.clone());
            sides.spawn(async move { simulator.run(transport, stop).await });
        }
        while let Some(ended) = sides.join_next().await {
            ended.map_err(|e| Failure::transient("simulator", "go on", e))??;
        }
        Ok(())
    })
}
