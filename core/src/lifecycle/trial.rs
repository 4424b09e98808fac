//! Whether all parts work: each is built and tried.

use serde::Serialize;
use std::collections::BTreeMap;

use tongguan_contracts::{Failure, FailureClass};

use super::{Client, assemble, signers};
use crate::clock::now_ms;
use crate::diagnosis::certificates::Validity;

/// One part, tried.
#[derive(Debug, Clone, Serialize)]
pub struct PartCheck {
    /// As the manifest names it.
    pub part: String,
    /// Whether it works.
    pub ok: bool,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Whether it may work later.
    pub transient: bool,
}

impl PartCheck {
    fn of(part: String, result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self {
                part,
                ok: true,
                error: None,
                remedy: None,
                transient: false,
            },
            Err(failure) => Self {
                part,
                ok: false,
                error: Some(failure.to_string()),
                remedy: failure.how_to_mend().map(str::to_owned),
                transient: matches!(
                    failure.class(),
                    FailureClass::Transient | FailureClass::DeviceGone
                ),
            },
        }
    }
}

impl Client {
    /// Builds every part and, unless `offline`, tries every transport.
    pub async fn check(&self, offline: bool) -> Vec<PartCheck> {
        let mut checks = Vec::new();
        for name in self.manifest.roles() {
            let result = self.role(Some(name)).map(|_| ());
            checks.push(PartCheck::of(format!("role {name:?}"), result));
        }
        let mut validities = BTreeMap::new();
        for name in self.manifest.signers() {
            let result = signers::build(&self.manifest, &self.registry, name).and_then(
                |(signer, validity)| {
                    validities.insert(name, validity);
                    assemble::try_out(signer.as_ref()).map(drop)
                },
            );
            checks.push(PartCheck::of(format!("signer {name:?}"), result));
        }
        // Several signers may follow each other; where none can sign now, that is wrong.
        let now = now_ms() / 1000;
        for route in &self.manifest.routes {
            let built = route.signers.iter();
            let all: Vec<&Validity> = built.filter_map(|s| validities.get(s.as_str())).collect();
            if let (Some(first), true) = (all.first(), all.iter().all(|v| !v.holds(now))) {
                let part = format!("signer {:?}", route.signers.join(", "));
                let failure = first.failure(&part, now);
                checks.push(PartCheck::of(part, Err(failure)));
            }
        }
        for name in self.manifest.transports() {
            let result = match self.transport(name) {
                Ok(transport) if !offline => {
                    let result = transport.check().await;
                    transport.close().await;
                    result
                }
                Ok(_) => Ok(()),
                Err(failure) => Err(failure),
            };
            checks.push(PartCheck::of(format!("transport {name:?}"), result));
        }
        checks
    }
}
