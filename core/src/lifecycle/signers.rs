//! The signers of the routes, and which of them signs next.
//!
//! A route may name several. In order (the default), the first that can sign does: its certificate
//! is valid now, and it has not just failed. So the next certificate stands beside the present one
//! until that ends, and a second device takes over from one that is gone. With `share`, all that
//! can sign do so side by side, each as much as it is fast.
//!
//! Where no certificate is valid, declarations wait. Signers that could not be built, and may be
//! later, are built anew now and then, and all of a route are where none is valid: their files may
//! have been replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tongguan_contracts::{Failure, FailureClass, Signer, Stage, Standing};

use super::assemble::try_out;
use super::member::{InHand, Member};
use crate::clock::now_ms;
use crate::diagnosis::certificates::Validity;
use crate::manifest::{Manifest, Route};
use crate::registry::Registry;

/// How often signers are built anew.
const AGAIN: Duration = Duration::from_secs(60);

pub(crate) struct Signers {
    manifest: Manifest,
    registry: Registry,
    known: Mutex<Known>,
}

struct Known {
    members: BTreeMap<String, Arc<Member>>,
    /// Why others could not be built.
    absent: BTreeMap<String, Failure>,
    looked: Instant,
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

/// Whether what fails so may work later by itself.
fn passes(failure: &Failure) -> bool {
    matches!(
        failure.class(),
        FailureClass::Transient | FailureClass::DeviceGone
    )
}

impl Signers {
    /// Builds all that the routes name.
    ///
    /// # Errors
    /// One that a run needs cannot be built: its table says so, or a route has no other.
    pub(super) fn new(manifest: &Manifest, registry: &Registry) -> Result<Self, Failure> {
        let mut known = Known {
            members: BTreeMap::new(),
            absent: BTreeMap::new(),
            looked: Instant::now(),
        };
        let names = manifest.routes.iter().flat_map(|route| &route.signers);
        for name in names.collect::<BTreeSet<_>>() {
            if let Err(failure) = known.put(name, build(manifest, registry, name)) {
                // One that is away for now, and a device that is not as it should be, are missed
                // where their routes have others.
                let kind = manifest.signer(name).map(|(kind, _)| kind);
                let device = kind.is_ok_and(|kind| registry.is_device(&kind));
                let needed = manifest.requires_signer(name) && !passes(&failure) && !device;
                if needed || manifest.insists_on_signer(name) {
                    return Err(failure);
                }
                let remedy = failure.how_to_mend().unwrap_or_default();
                tracing::error!(%failure, remedy, "started without a signer");
            }
        }
        for route in &manifest.routes {
            let away = |name: &String| {
                let failure = known.absent.get(name)?;
                manifest.requires_signer(name).then_some(failure)
            };
            if known.of(route).next().is_none()
                && let Some(failure) = route.signers.iter().find_map(away)
            {
                return Err(failure.again());
            }
        }
        Ok(Self {
            manifest: manifest.clone(),
            registry: registry.clone(),
            known: Mutex::new(known),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who signs the next message of a route; nobody while none can.
    pub(super) fn next(&self, route: &Route) -> Option<InHand> {
        let known = self.known();
        let mut ready = known.valid(route).filter_map(|member| {
            let ready_in = member.ready_in()?;
            Some((member, ready_in))
        });
        let (member, _) = match route.share {
            true => ready.min_by_key(|(_, ready_in)| *ready_in),
            false => ready.next(),
        }?;
        Some(member.hand())
    }

    /// How many messages of a route can be signed within a time; at least one, where somebody
    /// signs at all.
    pub(super) fn within(&self, route: &Route, time: Duration) -> Option<usize> {
        let known = self.known();
        let mut each = known
            .valid(route)
            .filter(|member| member.ready_in().is_some())
            .map(|member| member.within(time));
        match route.share {
            true => each.reduce(usize::saturating_add),
            false => each.next(),
        }
    }

    /// Whether somebody can sign for a route now.
    pub(super) fn can(&self, route: &Route) -> bool {
        let known = self.known();
        known.valid(route).any(|member| member.trouble().is_none())
    }

    /// Whether none of a route's signers will sign before a person acts.
    pub(super) fn all_out(&self, route: &Route) -> bool {
        let known = self.known();
        let may_come = |name: &String| known.absent.get(name).is_some_and(passes);
        let mut members = known.of(route).peekable();
        // What was never there is told at the start, and ends no run.
        members.peek().is_some()
            && members.all(|member| member.is_out())
            && !route.signers.iter().any(may_come)
    }

    /// Tries those of a route again that failed, and builds those anew that may be there now;
    /// beside the work, since a device may take long to answer.
    pub(super) fn look_for(self: &Arc<Self>, route: &Route) {
        let mut known = self.known();
        for member in known.of(route).filter(|member| member.to_be_tried()) {
            let member = Arc::clone(member);
            tokio::task::spawn_blocking(move || match try_out(member.signer.as_ref()) {
                Ok(_) => {
                    member.back();
                    tracing::info!(signer = member.name, "signs again");
                }
                Err(failure) => member.left_alone(&failure),
            });
        }
        let none_valid = known.valid(route).next().is_none();
        let wanted = |name: &&String| none_valid || known.absent.get(*name).is_some_and(passes);
        let names: Vec<String> = route.signers.iter().filter(wanted).cloned().collect();
        if names.is_empty() || known.looked.elapsed() < AGAIN {
            return;
        }
        known.looked = Instant::now();
        let signers = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            for name in names {
                let built = build(&signers.manifest, &signers.registry, &name);
                if let Err(failure) = signers.known().put(&name, built) {
                    tracing::warn!(%failure, "a signer cannot be built anew");
                }
            }
        });
    }

    /// Why nobody signs for a route, now and until a person acts; nothing where somebody does, or
    /// may by itself.
    pub(super) fn trouble(&self, route: &Route) -> Option<Failure> {
        let known = self.known();
        if known.valid(route).next().is_some() {
            return None;
        }
        let first = route.signers.first()?;
        let Some(member) = known.members.get(first) else {
            let absent = known.absent.get(first).map(Failure::again);
            drop(known);
            return self.not_working().remove(first).or(absent);
        };
        let part = format!("signer {:?}", route.signers.join(", "));
        Some(member.validity.failure(&part, now_ms() / 1000))
    }

    /// Those that do not work now, and why.
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
        let known = self.known();
        let names = self.manifest.signers();
        names
            .filter_map(|name| Some((name.to_owned(), broken(name).or_else(|| known.why(name))?)))
            .collect()
    }

    /// How long each certificate is valid.
    pub(crate) fn validities(&self) -> BTreeMap<String, Validity> {
        let known = self.known();
        let all = known.members.iter();
        all.map(|(name, member)| (name.clone(), member.validity.clone()))
            .collect()
    }
}

impl Known {
    /// Takes what was built, or why it was not; what was there before stays then.
    fn put(
        &mut self,
        name: &str,
        built: Result<(Arc<dyn Signer>, Validity), Failure>,
    ) -> Result<(), Failure> {
        match built {
            Ok((signer, validity)) => {
                self.absent.remove(name);
                let member = Member::new(name, signer, validity);
                self.members.insert(name.to_owned(), Arc::new(member));
                Ok(())
            }
            Err(failure) => {
                if !self.members.contains_key(name) {
                    self.absent.insert(name.to_owned(), failure.again());
                }
                Err(failure)
            }
        }
    }

    fn of<'a>(&'a self, route: &'a Route) -> impl Iterator<Item = &'a Arc<Member>> {
        let members = route.signers.iter();
        members.filter_map(|name| self.members.get(name))
    }

    /// Those whose certificate is valid now.
    fn valid<'a>(&'a self, route: &'a Route) -> impl Iterator<Item = &'a Arc<Member>> {
        self.of(route).filter(|member| member.holds())
    }

    /// Why that one does not sign.
    fn why(&self, name: &str) -> Option<Failure> {
        match self.members.get(name) {
            Some(member) => member.trouble(),
            None => self.absent.get(name).map(Failure::again),
        }
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

    fn manifest(dir: &Path, tables: &str, route: &str) -> Manifest {
        let text = format!(
            "[enterprise]\ncop_code = \"3301960T01\"\ncop_name = \"示例\"\n\
             dxp_id = \"DXPENT0000012345\"\n[node]\n{tables}\n[transports.t]\nkind = \"x\"\n\
             [[routes]]\ntransport = \"t\"\n{route}\n"
        );
        Manifest::parse(&text, dir, "t.toml").unwrap()
    }

    /// Two signers on a route.
    fn pair(dir: &Path, share: bool) -> (Manifest, Signers) {
        put(dir, -1);
        let tables = "[signers.a]\nkind = \"file\"\n[signers.b]\nkind = \"file\"";
        let route = format!("signers = [\"a\", \"b\"]\nshare = {share}");
        let manifest = manifest(dir, tables, &route);
        let mut registry = Registry::default();
        registry.signer("file", from_file);
        let signers = Signers::new(&manifest, &registry).unwrap();
        (manifest, signers)
    }

    fn gone() -> Failure {
        Failure::new(FailureClass::DeviceGone, "signer", "sign", "unplugged")
    }

    #[test]
    fn those_that_share_get_as_much_as_they_are_fast() {
        let dir = tempfile::tempdir().unwrap();
        let (manifest, signers) = pair(dir.path(), true);
        let route = &manifest.routes[0];
        let next = || signers.next(route).unwrap();
        // Each shows its pace first.
        assert_eq!(signers.within(route, Duration::from_millis(500)), Some(2));
        let (first, second) = (next(), next());
        assert_ne!(first.name, second.name);
        for member in [first, second] {
            let fast = member.name == "a";
            member.signed(Duration::from_millis(if fast { 50 } else { 200 }));
        }
        assert_eq!(signers.within(route, Duration::from_millis(500)), Some(12));
        let given: Vec<InHand> = (0..10).map(|_| next()).collect();
        assert_eq!(given.iter().filter(|m| m.name == "a").count(), 8);
        drop(given);
        // A few of them are not worth the slow one's time.
        let given: Vec<InHand> = (0..3).map(|_| next()).collect();
        assert!(given.iter().all(|m| m.name == "a"));
        // One is gone: the other does all.
        given[0].failed(&gone());
        drop(given);
        assert_eq!(next().name, "b");
        assert_eq!(signers.within(route, Duration::from_millis(500)), Some(2));
    }

    #[tokio::test]
    async fn one_that_is_gone_is_followed_by_the_next_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let (manifest, signers) = pair(dir.path(), false);
        let signers = Arc::new(signers);
        let route = &manifest.routes[0];
        let next = || signers.next(route);
        let first = next().unwrap();
        assert_eq!(first.name, "a");
        assert_eq!(next().unwrap().name, "a", "in order, however much it has");
        // The wait is random, and may be short.
        let wait = first.failed(&gone()).unwrap();
        drop(first);
        if wait > Duration::from_millis(50) {
            assert_eq!(next().unwrap().name, "b");
        }
        assert!(signers.not_working()["a"].to_string().contains("unplugged"));
        assert!(signers.can(route) && !signers.all_out(route));
        // It is tried beside the work, when it is time.
        std::thread::sleep(wait);
        signers.look_for(route);
        let back = async {
            while next().unwrap().name != "a" {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let patience = Duration::from_secs(10);
        tokio::time::timeout(patience, back).await.unwrap();
        assert!(signers.not_working().is_empty());
        // What a person must mend is not tried again.
        let wrong = Failure::misconfigured("signer", "log in", "wrong PIN");
        for name in ["a", "b"] {
            assert!(!signers.all_out(route));
            let member = next().unwrap();
            assert_eq!((member.name.as_str(), member.failed(&wrong)), (name, None));
        }
        assert!(next().is_none() && signers.all_out(route) && !signers.can(route));
    }

    #[test]
    fn a_run_begins_without_what_is_away_where_others_are_there() {
        fn away(_: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
            Err(gone())
        }
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), -1);
        let mut registry = Registry::default();
        registry.signer("file", from_file);
        registry.signer("away", away);
        let built = |required: &str, route: &str| {
            let tables =
                format!("[signers.a]\nkind = \"away\"\n{required}\n[signers.b]\nkind = \"file\"");
            Signers::new(&manifest(dir.path(), &tables, route), &registry)
        };
        let both = "signers = [\"a\", \"b\"]";
        let signers = built("", both).unwrap();
        assert!(signers.not_working()["a"].to_string().contains("unplugged"));
        assert!(built("", "signer = \"a\"").is_err());
        assert!(built("required = true", both).is_err());
        assert!(built("required = false", "signer = \"a\"").is_ok());
    }

    #[tokio::test]
    async fn files_that_were_replaced_are_taken_within_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let table = "[signers.main]\nkind = \"file\"";
        let manifest = manifest(dir.path(), table, "signer = \"main\"");
        let mut registry = Registry::default();
        registry.signer("file", from_file);
        put(dir.path(), -30);
        let signers = Arc::new(Signers::new(&manifest, &registry).unwrap());
        let route = &manifest.routes[0];
        let look = || {
            signers.look_for(route);
            std::thread::sleep(Duration::from_millis(100));
            signers.next(route).is_some()
        };
        assert!(!look());
        put(dir.path(), -1);
        assert!(!look(), "not at every look");
        signers.known().looked -= AGAIN;
        assert!(look());
        // What cannot be built anew does no harm.
        std::fs::remove_file(dir.path().join("a.pem")).unwrap();
        signers.known().looked -= AGAIN;
        assert!(look());
    }
}
