use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Client;

/// How long the store may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a run can do its work now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether it can.
    pub ready: bool,
    /// What is not as it should be.
    pub problems: Vec<String>,
}

impl Client {
    /// Whether this client runs, its store answers, at least one route has a transport in
    /// reach, every route has a signer that can sign, and what is loaded at run time works.
    pub async fn readiness(&self) -> Readiness {
        let mut problems = Vec::new();
        if !self.running.load(Ordering::Relaxed) {
            problems.push("its tasks do not run: it starts, or stops".to_owned());
        }
        match tokio::time::timeout(PATIENCE, self.store.clock()).await {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) => problems.push(failure.to_string()),
            Err(_) => problems.push("store: no answer in time".to_owned()),
        }
        let routes = &self.manifest.routes;
        let broken = |route: &crate::Route| {
            let mut all = route.transports.iter();
            all.all(|transport| self.breakers.is_open(transport))
        };
        let gone = routes.iter().filter(|route| broken(route)).count();
        if gone > 0 && gone == routes.len() {
            let all: Vec<&str> = self.manifest.transports().collect();
            let all = all.join(", ");
            problems.push(format!("every route's transports are out of reach: {all}"));
        }
        if let Some(signers) = self.signers.get() {
            let named: BTreeSet<&[String]> = routes
                .iter()
                .filter(|route| !signers.can(route))
                .map(|route| route.signers.as_slice())
                .collect();
            for names in named {
                problems.push(format!("nobody can sign now: {}", names.join(", ")));
            }
        }
        let standings = self.registry.stand();
        for standing in standings.iter().filter(|one| !one.stage.works()) {
            let (stage, why) = (standing.stage.name(), &standing.why);
            problems.push(format!("{} is {stage}: {why}", standing.part));
        }
        Readiness {
            ready: problems.is_empty(),
            problems,
        }
    }
}
