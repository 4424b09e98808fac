//! A signer, from its driver to a signature.

use std::sync::Arc;
use std::time::Instant;

use tongguan_contracts::{Failure, Signer};
use tongguan_crypto::provider;
use tongguan_xmldsig::Profile;

use super::Examined;
use crate::clock::now_ms;
use crate::diagnosis::certificates::{Validity, day};
use crate::lifecycle::assemble::{TRIAL, algorithm, profile_of, try_out};
use crate::lifecycle::signers::build;
use crate::manifest::Manifest;
use crate::registry::Registry;

const DAY: i64 = 86_400;

pub(super) async fn examined(
    manifest: &Manifest,
    registry: &Registry,
    name: &str,
) -> Vec<Examined> {
    let of = format!("signer {name:?}");
    let (manifest, registry, name) = (manifest.clone(), registry.clone(), name.to_owned());
    let part = of.clone();
    let work = tokio::task::spawn_blocking(move || all(&manifest, &registry, &name, &part));
    work.await.unwrap_or_else(|error| {
        let failure = Failure::transient(&of, "try it", error);
        vec![Examined::ill("signer.opens", &of, &failure)]
    })
}

fn all(manifest: &Manifest, registry: &Registry, name: &str, of: &str) -> Vec<Examined> {
    let mut all: Vec<Examined> = driver(manifest, name, of).into_iter().collect();
    if all.iter().any(|one| one.state == super::State::Ill) {
        return all;
    }
    let (signer, validity) = match build(manifest, registry, name) {
        Ok(built) => built,
        Err(failure) => {
            all.push(Examined::ill("signer.opens", of, &failure));
            return all;
        }
    };
    let key_name = &signer.identity().key_name;
    let opens = format!("opens; its key matches its certificate; KeyName {key_name}");
    all.push(Examined::well("signer.opens", of, opens));
    all.push(certificate(&validity, manifest, of));
    all.extend(profiles(signer.as_ref(), manifest, name, of));
    all.push(signs(&signer, of));
    all
}

/// The vendor's library, where there is one.
fn driver(manifest: &Manifest, name: &str, of: &str) -> Option<Examined> {
    let (_, options) = manifest.signer(name).ok()?;
    let table = &options.options;
    let named = table.get("module").or_else(|| table.get("library"))?;
    let named = named.as_str()?;
    // A bare name is looked for by the system.
    if !named.contains(['/', '\\']) && !manifest.base.join(named).exists() {
        return None;
    }
    let path = manifest.base.join(named);
    Some(match std::fs::metadata(&path) {
        Ok(found) => {
            let says = format!("{named} is there, {} KB", found.len() / 1024);
            Examined::well("signer.driver", of, says)
        }
        Err(error) => {
            let failure = Failure::misconfigured(of, format!("find {named}"), error)
                .remedy("install the vendor's driver for this system, and name its library");
            Examined::ill("signer.driver", of, &failure)
        }
    })
}

fn certificate(validity: &Validity, manifest: &Manifest, of: &str) -> Examined {
    const ID: &str = "signer.certificate";
    let now = now_ms() / 1000;
    if !validity.holds(now) {
        return Examined::ill(ID, of, &validity.failure(of, now));
    }
    let left = (validity.not_after - now) / DAY;
    let says = format!(
        "{}, valid until {}: {left} days",
        validity.subject,
        day(validity.not_after)
    );
    if left < i64::from(manifest.alerts.certificate_days) {
        let remedy = "ask the data sub-centre for the next one, and name it beside this one \
                      (docs/operations.md, Certificates)";
        Examined::concern(ID, of, says, remedy)
    } else {
        Examined::well(ID, of, says)
    }
}

/// The profile that its key goes with, by the routes that it signs for.
fn profiles(signer: &dyn Signer, manifest: &Manifest, name: &str, of: &str) -> Vec<Examined> {
    const ID: &str = "signer.profile";
    let own = match profile_of(signer) {
        Ok(own) => own,
        Err(failure) => return vec![Examined::ill(ID, of, &failure)],
    };
    let routes = manifest.routes.iter();
    let wrong = routes
        .filter(|route| route.signers.iter().any(|signer| signer == name))
        .filter_map(|route| route.profile.as_ref()?.parse::<Profile>().ok())
        .find(|profile| algorithm(*profile) != algorithm(own));
    vec![match wrong {
        None => Examined::well(ID, of, format!("signs by {}", own.name())),
        Some(profile) => {
            let doing = format!("sign by the route's profile {}", profile.name());
            let why = format!("its key is for {}", own.name());
            let failure = Failure::misconfigured(of, doing, why)
                .remedy("remove profile from the route: it follows from the certificate's key");
            Examined::ill(ID, of, &failure)
        }
    }]
}

fn signs(signer: &Arc<dyn Signer>, of: &str) -> Examined {
    const ID: &str = "signer.signs";
    let begun = Instant::now();
    let signed = try_out(signer.as_ref()).and_then(|value| {
        let certificate = provider()
            .certificate(&signer.identity().certificate)
            .map_err(|e| Failure::misconfigured(of, "read its certificate", e))?;
        certificate.key.verify(TRIAL, &value).map_err(|e| {
            Failure::misconfigured(of, "verify what it signed by its certificate", e)
                .remedy("the key is another one than the certificate's: name the right one")
        })
    });
    match signed {
        Ok(()) => {
            let took = begun.elapsed().as_secs_f64() * 1000.0;
            Examined::well(
                ID,
                of,
                format!("signs what its certificate verifies, in {took:.1} ms"),
            )
        }
        Err(failure) => Examined::ill(ID, of, &failure),
    }
}
