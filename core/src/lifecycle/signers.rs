//! The signers of the routes, and which of them signs now.
//!
//! A route may name several: the first whose certificate is valid now signs. So the next
//! certificate stands beside the present one until that ends. Where none is valid, declarations
//! wait, and the signers are built anew now and then: their files may have been replaced.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tongguan_contracts::{Failure, Signer, Stage, Standing};

use crate::clock::now_ms;
use crate::diagnosis::certificates::Validity;
use crate::manifest::{Manifest, Route};
use crate::registry::Registry;

/// How often signers are built anew while none of them can sign.
const AGAIN: Duration = Duration::from_secs(60);

pub(crate) struct Signers {
    manifest: Manifest,
    registry: Registry,
    built: Mutex<Built>,
}

struct Built {
    signers: BTreeMap<String, (Arc<dyn Signer>, Validity)>,
    at: Instant,
}

/// Builds a signer of the manifest.
pub(crate) fn build(
    manifest: &Manifest,
    registry: &Registry,
    name: &str,
) -> Result<(Arc<dyn Signer>, Validity), Failure> {
    let (kind, options) = manifest.signer(name)?;
    let part = options.part.clone();
    let signer = registry.find_signer(&part, &kind)?(options)?;
    let validity = Validity::of(&part, signer.as_ref())?;
    Ok((signer, validity))
}

impl Signers {
    /// Builds all that the routes name.
    pub(super) fn new(manifest: &Manifest, registry: &Registry) -> Result<Self, Failure> {
        let mut signers = BTreeMap::new();
        for name in manifest.routes.iter().flat_map(|route| &route.signers) {
            if signers.contains_key(name) {
                continue;
            }
            match build(manifest, registry, name) {
                Ok(built) => {
                    signers.insert(name.clone(), built);
                }
                Err(failure) if manifest.requires_signer(name) => return Err(failure),
                Err(failure) => {
                    let remedy = failure.how_to_mend().unwrap_or_default();
                    tracing::error!(%failure, remedy, "started without a signer");
                }
            }
        }
        Ok(Self {
            manifest: manifest.clone(),
            registry: registry.clone(),
            built: Mutex::new(Built {
                signers,
                at: Instant::now(),
            }),
        })
    }

    /// Who signs for a route now; nobody while no certificate is valid.
    pub(super) fn of(&self, route: &Route) -> Option<Arc<dyn Signer>> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = built.valid(route) {
            return Some(signer);
        }
        if built.at.elapsed() < AGAIN {
            return None;
        }
        built.at = Instant::now();
        for name in &route.signers {
            match build(&self.manifest, &self.registry, name) {
                Ok(anew) => {
                    built.signers.insert(name.clone(), anew);
                }
                Err(failure) => tracing::warn!(%failure, "a signer cannot be built anew"),
            }
        }
        built.valid(route)
    }

    /// Why nobody signs for a route now; nothing where somebody does.
    pub(super) fn trouble(&self, route: &Route) -> Option<Failure> {
        if self.of(route).is_some() {
            return None;
        }
        let built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let first = route.signers.first()?;
        let Some((_, validity)) = built.signers.get(first) else {
            return self.not_working().remove(first);
        };
        let part = format!("signer {:?}", route.signers.join(", "));
        Some(validity.failure(&part, now_ms() / 1000))
    }

    /// The loaded ones that do not work now, and why.
    pub(crate) fn not_working(&self) -> BTreeMap<String, Failure> {
        let standings = self.registry.stand();
        let broken = |name: &str| {
            let part = format!("signer {name:?}");
            let of = |one: &&Standing| one.part == part && !one.stage.works();
            let standing = standings.iter().find(of)?;
            let failure = match standing.stage {
                Stage::Failed => Failure::misconfigured(part, "sign", &standing.why),
                _ => Failure::transient(part, "sign", &standing.why),
            };
            Some(match standing.remedy.as_str() {
                "" => {
                    failure.remedy("nothing, if it comes back by itself; tongguan check tries it")
                }
                remedy => failure.remedy(remedy),
            })
        };
        let names = self.manifest.signers();
        names
            .filter_map(|name| Some((name.to_owned(), broken(name)?)))
            .collect()
    }

    /// How long each certificate is valid.
    pub(crate) fn validities(&self) -> BTreeMap<String, Validity> {
        let built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let all = built.signers.iter();
        all.map(|(name, (_, validity))| (name.clone(), validity.clone()))
            .collect()
    }
}

impl Built {
    fn valid(&self, route: &Route) -> Option<Arc<dyn Signer>> {
        let now = now_ms() / 1000;
        route
            .signers
            .iter()
            .filter_map(|name| self.signers.get(name))
            .find(|(_, validity)| validity.holds(now))
            .map(|(signer, _)| Arc::clone(signer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;
    use std::path::Path;
    use tongguan_contracts::{Algorithm, Identity, PartOptions};
    use tongguan_crypto::{Scheme, TestSubject, provider};

    struct FromFile(Identity);

    impl Signer for FromFile {
        fn identity(&self) -> &Identity {
            &self.0
        }
        fn algorithms(&self) -> &[Algorithm] {
            &[Algorithm::Sm2Sm3]
        }
        fn concurrency(&self) -> NonZeroUsize {
            NonZeroUsize::MIN
        }
        fn sign(&self, _: Algorithm, _: &[u8]) -> Result<Vec<u8>, Failure> {
            Ok(Vec::new())
        }
    }

    fn from_file(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
        let octets = std::fs::read(options.base.join("a.pem"))
            .map_err(|e| Failure::misconfigured("signer", "read", e))?;
        Ok(Arc::new(FromFile(Identity {
            key_name: String::new(),
            certificate: provider().certificate(&octets).unwrap().der,
        })))
    }

    fn put(dir: &Path, from_days: i64) {
        let subject = TestSubject {
            common_name: "a".into(),
            from_days,
            days: 10,
        };
        let issued = provider().issue_for_tests(Scheme::Sm2Sm3, &subject, None, None);
        std::fs::write(dir.join("a.pem"), issued.unwrap().certificate_pem).unwrap();
    }

    #[test]
    fn files_that_were_replaced_are_taken_within_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let text = "[enterprise]\ncop_code = \"3301960T01\"\ncop_name = \"示例\"\n\
                    dxp_id = \"DXPENT0000012345\"\n[node]\n[signers.main]\nkind = \"file\"\n\
                    [transports.t]\nkind = \"x\"\n[[routes]]\ntransport = \"t\"\n\
                    signer = \"main\"\n";
        let manifest = Manifest::parse(text, dir.path(), "t.toml").unwrap();
        let mut registry = Registry::default();
        registry.signer("file", from_file);
        put(dir.path(), -30);
        let signers = Signers::new(&manifest, &registry).unwrap();
        let route = &manifest.routes[0];
        assert!(signers.of(route).is_none());
        put(dir.path(), -1);
        assert!(signers.of(route).is_none(), "not at every look");
        signers.built.lock().unwrap().at -= AGAIN;
        assert!(signers.of(route).is_some());
        // What cannot be built anew does no harm.
        std::fs::remove_file(dir.path().join("a.pem")).unwrap();
        assert!(signers.of(route).is_some());
    }
}
