//! Until when the signers can sign.

use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::macros::format_description;

use tongguan_contracts::{Failure, Signer};
use tongguan_crypto::provider;

use super::{Ailment, Finding, Severity};
use crate::manifest::{Manifest, Route};

const DAY: i64 = 24 * 60 * 60;

/// From when to when a certificate is valid, in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validity {
    /// Whose it is.
    pub(crate) subject: String,
    pub not_before: i64,
    pub not_after: i64,
}

impl Validity {
    /// A signer's, as its certificate says.
    pub(crate) fn of(part: &str, signer: &dyn Signer) -> Result<Self, Failure> {
        let certificate = provider()
            .certificate(&signer.identity().certificate)
            .map_err(|error| {
                Failure::misconfigured(part, "read its certificate", error)
                    .remedy("it must be an X.509 certificate; openssl x509 -text shows one")
            })?;
        Ok(Self {
            subject: certificate.subject,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
        })
    }

    pub(crate) fn holds(&self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    /// Why it does not hold.
    pub(crate) fn failure(&self, part: &str, now: i64) -> Failure {
        let (reason, remedy) = if now > self.not_after {
            (
                format!("it expired on {}", day(self.not_after)),
                "ask the data sub-centre for a new certificate, and put it in this one's place: \
                 what waits is then signed by itself",
            )
        } else {
            (
                format!("it is valid only from {}", day(self.not_before)),
                "check this machine's clock, or wait",
            )
        };
        Failure::misconfigured(
            part,
            format!("use the certificate of {}", self.subject),
            reason,
        )
        .remedy(remedy)
    }
}

/// The day of a time, seconds since 1970.
pub(crate) fn day(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| at.format(format_description!("[year]-[month]-[day]")).ok())
        .unwrap_or_default()
}

/// What is wrong with the signers: those that cannot sign, and the routes whose signers'
/// certificates hold no longer, or not for long. One that follows another covers it, unless they
/// share the work.
pub(super) fn findings(
    manifest: &Manifest,
    signers: &BTreeMap<String, Result<Validity, Failure>>,
    now: i64,
) -> Vec<Finding> {
    let mut all: Vec<Finding> = signers
        .iter()
        .filter_map(|(name, built)| {
            let mut finding = broken(name, built.as_ref().err()?);
            if routes(manifest, name).all(|route| another(route, name, signers, now)) {
                finding.severity = Severity::Warning;
            }
            Some(finding)
        })
        .collect();
    let follow = manifest.routes.iter().flat_map(|route| match route.share {
        true => route.signers.chunks(1).collect(),
        false => vec![route.signers.as_slice()],
    });
    let mut seen: Vec<&[String]> = Vec::new();
    for names in follow {
        if seen.contains(&names) {
            continue;
        }
        seen.push(names);
        let able: Vec<(&str, &Validity)> = names
            .iter()
            .filter_map(|name| Some((name.as_str(), signers.get(name)?.as_ref().ok()?)))
            .collect();
        let mut until = now;
        while let Some(next) = able
            .iter()
            .filter(|(_, v)| v.not_before <= until + 1 && v.not_after > until)
            .map(|(_, v)| v.not_after)
            .max()
        {
            until = next;
        }
        let subject = names.join(", ");
        if until == now {
            // Where none can be built, that is told already.
            if let Some((name, validity)) = able.first() {
                let failure = validity.failure(&format!("signer {name:?}"), now);
                all.push(broken(&subject, &failure));
            }
        } else if until - now <= i64::from(manifest.alerts.certificate_days) * DAY {
            all.push(Finding {
                what: Ailment::Certificate,
                zh: Ailment::Certificate.zh(),
                severity: Severity::Warning,
                subject,
                count: 1,
                since: None,
                why: format!(
                    "it ends on {}, in {} day(s), and no other follows it",
                    day(until),
                    (until - now) / DAY
                ),
                remedy: "ask the data sub-centre for the next one, and name it beside this one: \
                         [signers.next], and signer = [\"main\", \"next\"] in the route; after \
                         that day nothing is signed, and declarations wait"
                    .to_owned(),
                example: String::new(),
            });
        }
    }
    all
}

fn routes<'a>(manifest: &'a Manifest, signer: &'a str) -> impl Iterator<Item = &'a Route> {
    let all = manifest.routes.iter();
    all.filter(move |route| route.signers.iter().any(|name| name == signer))
}

/// Whether a route goes on without that signer, by another.
fn another(
    route: &Route,
    without: &str,
    signers: &BTreeMap<String, Result<Validity, Failure>>,
    now: i64,
) -> bool {
    route
        .signers
        .iter()
        .filter(|name| *name != without)
        .any(|name| {
            let validity = signers.get(name).and_then(|built| built.as_ref().ok());
            validity.is_some_and(|validity| validity.holds(now))
        })
}

/// A signer that cannot sign.
fn broken(subject: &str, failure: &Failure) -> Finding {
    Finding {
        what: Ailment::Signer,
        zh: Ailment::Signer.zh(),
        severity: Severity::Urgent,
        subject: subject.to_owned(),
        count: 1,
        since: None,
        why: failure.to_string(),
        remedy: failure
            .how_to_mend()
            .unwrap_or("tongguan check tells more")
            .to_owned(),
        example: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn told(validities: &[(i64, i64)]) -> Vec<(Ailment, String)> {
        let names: Vec<String> = (0..validities.len()).map(|n| format!("s{n}")).collect();
        let tables: String = names
            .iter()
            .map(|name| format!("[signers.{name}]\nkind = \"x\"\n"))
            .collect();
        let text = format!(
            "[enterprise]\ncop_code = \"3301960T01\"\ncop_name = \"示例\"\n\
             dxp_id = \"DXPENT0000012345\"\n[node]\n{tables}[transports.t]\nkind = \"x\"\n\
             [[routes]]\ntransport = \"t\"\nsigner = {names:?}\n"
        );
        let manifest = Manifest::parse(&text, Path::new("."), "t.toml").unwrap();
        let signers = names.into_iter().zip(validities).map(|(name, days)| {
            let validity = Validity {
                subject: "CN=a".to_owned(),
                not_before: days.0 * DAY,
                not_after: days.1 * DAY,
            };
            (name, Ok(validity))
        });
        findings(&manifest, &signers.collect(), 0)
            .into_iter()
            .map(|finding| (finding.what, finding.why))
            .collect()
    }

    #[test]
    fn what_follows_covers_what_ends() {
        assert_eq!(told(&[(-100, 31)]), []);
        let ends = told(&[(-100, 29)]);
        assert_eq!(ends.len(), 1);
        assert_eq!(ends[0].0, Ailment::Certificate);
        assert!(ends[0].1.contains("1970-01-30, in 29 day(s)"), "{ends:?}");
        // Another follows in time; or leaves a gap.
        assert_eq!(told(&[(-100, 10), (5, 400)]), []);
        assert_eq!(told(&[(5, 400), (-100, 10)]), []);
        assert_eq!(told(&[(-100, 10), (11, 400)])[0].0, Ailment::Certificate);
        // None holds now.
        let expired = told(&[(-100, -1), (3, 400)]);
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].0, Ailment::Signer);
        assert!(
            expired[0].1.contains("expired on 1969-12-31"),
            "{expired:?}"
        );
    }
}
