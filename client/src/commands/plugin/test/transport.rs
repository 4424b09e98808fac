use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tongguan_conformance::Report;
use tongguan_conformance::transport::{OtherSide, Peer, Stand, conformance};
use tongguan_contracts::{Failure, Transport, TransportBuilder};

use super::Part;
use crate::cli::PluginTest;
use crate::commands::block_on;
use crate::commands::plugin::config::read;
use crate::registry::{At, built_in, other_side};
use crate::trouble::Trouble;

/// How long the other side may take to see what is there: it looks by itself, every few seconds.
const SEES_WITHIN: Duration = Duration::from_secs(6);
/// The same for what must not come.
const QUIET: Duration = Duration::from_secs(3);
/// The other side, for those of its own that the manifest does not name.
const STAND_IN: &str = "stand-in";

struct OnStand<'a> {
    part: &'a Part,
    build: TransportBuilder,
    other_side: Option<OtherSide>,
}

/// Tries a transport.
pub fn run(part: &Part, args: &PluginTest) -> Result<Report, Trouble> {
    let build = built_in().find_transport(&part.options.part, &part.built_by)?;
    block_on(async {
        let beyond = match &args.other_side {
            Some(name) => Some(beyond(part, build, name)?),
            None => None,
        };
        let stand = OnStand {
            part,
            build,
            other_side: beyond
                .clone()
                .map(|transport| OtherSide::new(transport, SEES_WITHIN)),
        };
        let report = conformance(&part.options.part, &part.what, &stand).await;
        if let Some(transport) = beyond {
            transport.close().await;
        }
        Ok(report)
    })
}

/// Who stands at the other side.
fn beyond(part: &Part, build: TransportBuilder, name: &str) -> Result<Arc<dyn Transport>, Trouble> {
    let Some((manifest, own)) = &part.from else {
        let mut options = part.changed("at the other side", &json!({}));
        options.options = read(Path::new(name))?;
        options.options["library"] = part.options.options["library"].clone();
        return Ok(build(options)?);
    };
    if name == STAND_IN {
        return Ok(other_side(manifest, own, &At::default())?);
    }
    let (kind, options) = manifest.transport(name)?;
    let build = built_in().find_transport(&options.part, &kind)?;
    Ok(build(options)?)
}

impl Stand for OnStand<'_> {
    fn build(&self) -> Result<Arc<dyn Transport>, Failure> {
        (self.build)(self.part.options.clone())
    }

    fn build_misspelt(&self) -> Option<Result<Arc<dyn Transport>, Failure>> {
        Some((self.build)(self.part.misspelt()))
    }

    fn peer(&self) -> Option<&dyn Peer> {
        self.other_side.as_ref().map(|side| side as &dyn Peer)
    }

    fn quiet(&self) -> Duration {
        QUIET
    }
}
