//! The first declaration of production, alone: more go when it came to a good end.

use serde::Serialize;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

use tongguan_contracts::{Document, Failure};
use tongguan_core::{Client, Manifest, Submission, Until};

use crate::cli::Promote;
use crate::commands::block_on;
use crate::input::take;
use crate::output::{BAD, GOOD, Output, paint};
use crate::registry::built_in;
use crate::trouble::Trouble;

/// What became of it.
#[derive(Debug, Serialize)]
pub struct Canary {
    pub id: String,
    pub state: String,
    pub accepted: bool,
    /// The last thing that was said of it.
    pub latest: String,
}

/// Declares it, and waits for its end.
pub fn sent(
    args: &Promote,
    file: &Path,
    production: Manifest,
    out: &mut Output,
) -> Result<Canary, Trouble> {
    let client = Client::open(production, built_in())?;
    let name = file.display().to_string();
    let most = client.manifest().limits.document_octets;
    let refused = |why: String| Failure::rejected("promote", format!("send {name}"), why);
    let Some(octets) = take(file, most)? else {
        return Err(refused("it is larger than [limits] document_octets".to_owned()).into());
    };
    let canary = block_on(async {
        let (role_name, role) = client.role(args.role.as_deref())?;
        let document = Document {
            name: &name,
            octets: &octets,
            message: None,
        };
        // One, so that what is wrong is wrong once.
        match role.read(document) {
            Ok(declarations) if declarations.len() != 1 => {
                let why = format!("it holds {} declarations", declarations.len());
                return Err(refused(why).remedy("give a document with one").into());
            }
            Ok(_) => {}
            Err(refused) => return Err(refused.into()),
        }
        let taken = match client.submit((&role_name, role.as_ref()), document).await? {
            Submission::Taken(taken) => taken,
            Submission::Refused(refused) => return Err(refused.into()),
        };
        let id = taken
            .into_iter()
            .map(|one| one.id)
            .next()
            .unwrap_or_default();
        let (stop, stopped) = watch::channel(false);
        let within = Duration::from_secs(args.within.saturating_mul(60));
        let run = client.run(stopped, Until::AllFinal);
        if let Ok(ended) = tokio::time::timeout(within, run).await {
            ended?;
        }
        drop(stop);
        let found = client.store().find(&id).await?;
        let details = found.ok_or_else(|| refused("it is not in the store".to_owned()))?;
        let latest = details.summary.latest.as_ref();
        Ok(Canary {
            id,
            state: details.summary.state.name().to_owned(),
            accepted: details.summary.state == tongguan_core::State::Accepted,
            latest: latest
                .map(|s| format!("{} {}", s.code, s.text))
                .unwrap_or_default(),
        })
    })?;
    let mark = match canary.accepted {
        true => paint(GOOD, "accepted"),
        false => paint(BAD, canary.state.clone()),
    };
    out.line(format!("\ncanary {}: {mark} {}", canary.id, canary.latest))?;
    if !canary.accepted {
        out.line(
            "what to do: tongguan show tells all of it; declare nothing more before it is mended",
        )?;
    }
    Ok(canary)
}
