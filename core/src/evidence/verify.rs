mod log;

use serde::Serialize;
use std::collections::BTreeMap;

use tongguan_messages::envelope::{Head, Opened, open};
use tongguan_messages::{business_key, fragment, read};
use tongguan_xmldsig::{Policy, Trust};

use super::bundle::{LIMITS, pem, sums};
use super::claims::{Claims, EnvelopeClaims, FORMAT};
use super::{names, zip};
use crate::audit::{Anchor, sha256};
use crate::lifecycle::{Understood, understand};
use crate::store::About;

/// One thing that was checked.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The member that it is about.
    pub member: String,
    /// Whether it holds.
    pub holds: bool,
    /// What, or why not.
    pub text: String,
}

/// A bundle that was checked.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Whether everything holds.
    pub holds: bool,
    /// What it claims, where that can be read.
    pub claims: Option<Claims>,
    /// The newest entries of the audit log in it.
    pub anchors: Vec<Anchor>,
    /// What was checked.
    pub checks: Vec<Check>,
}

/// Checks a bundle by itself: nothing else is read. `trust` says whose certificates are taken;
/// `anchors` are entries of the audit log that were noted elsewhere, all of which must be in it.
pub fn verify(archive: &[u8], trust: Trust, anchors: &[Anchor]) -> Checked {
    let mut bundle = Bundle::default();
    match zip::read(archive) {
        None => bundle.wrong("archive", "is no bundle as evidence export writes them"),
        Some((members, exact)) => {
            if !exact {
                let text = "is not as evidence export writes it: packed again by another program, \
                            or changed between its members";
                bundle.wrong("archive", text);
            }
            bundle.sums(&members);
            bundle.members = members.into_iter().collect();
            bundle.all(trust, anchors);
        }
    }
    Checked {
        holds: bundle.checks.iter().all(|c| c.holds),
        claims: bundle.claims,
        anchors: bundle.anchors,
        checks: bundle.checks,
    }
}

#[derive(Default)]
struct Bundle {
    members: BTreeMap<String, Vec<u8>>,
    claims: Option<Claims>,
    anchors: Vec<Anchor>,
    checks: Vec<Check>,
}

impl Bundle {
    fn wrong(&mut self, member: impl Into<String>, text: impl Into<String>) {
        self.check(member, false, text);
    }

    fn check(&mut self, member: impl Into<String>, holds: bool, text: impl Into<String>) {
        self.checks.push(Check {
            member: member.into(),
            holds,
            text: text.into(),
        });
    }

    /// A check that says the same whether it holds or not.
    fn is(&mut self, member: &str, holds: bool, good: &str, bad: &str) {
        self.check(member, holds, if holds { good } else { bad });
    }

    fn member(&self, name: &str) -> &[u8] {
        self.members.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every member has the hash that SHA256SUMS says, and there is none besides.
    fn sums(&mut self, members: &[(String, Vec<u8>)]) {
        let (listed, rest): (Vec<_>, Vec<_>) =
            members.iter().cloned().partition(|m| m.0 != names::SUMS);
        let expected = sums(&listed);
        let found = String::from_utf8_lossy(rest.first().map_or(&[], |m| &m.1)).into_owned();
        if found == expected && rest.len() == 1 {
            let text = format!("{} members are as they were", listed.len());
            return self.check(names::SUMS, true, text);
        }
        let found: BTreeMap<&str, &str> = found
            .lines()
            .filter_map(|line| line.split_once("  ").map(|(sum, name)| (name, sum)))
            .collect();
        let mut told = false;
        for line in expected.lines() {
            let Some((sum, name)) = line.split_once("  ") else {
                continue;
            };
            if found.get(name) != Some(&sum) {
                told = true;
                let text = format!("is not what {} says of it", names::SUMS);
                self.wrong(name, text);
            }
        }
        for name in found.keys() {
            if !listed.iter().any(|m| m.0 == *name) {
                told = true;
                self.wrong(
                    *name,
                    format!("is in {} and not in the archive", names::SUMS),
                );
            }
        }
        if !told {
            self.wrong(names::SUMS, "is not as evidence export writes it");
        }
    }

    fn all(&mut self, trust: Trust, anchors: &[Anchor]) {
        let claims: Claims = match serde_json::from_slice(self.member(names::CLAIMS)) {
            Ok(claims) => claims,
            Err(error) => return self.wrong(names::CLAIMS, format!("cannot be read: {error}")),
        };
        self.claims = Some(claims.clone());
        if claims.format != FORMAT {
            let text = format!(
                "is of the form {:?}; this program knows {FORMAT}",
                claims.format
            );
            return self.wrong(names::CLAIMS, text);
        }
        if let Some(envelope) = &claims.envelope {
            self.declaration(&claims);
            self.envelope(&claims, envelope);
            self.signature(envelope, trust);
        }
        for index in 0..claims.receipts.len() {
            self.receipt(&claims, index);
        }
        self.times(&claims);
        let said = self.chain(anchors);
        self.log(&claims, &said);
    }

    /// The declaration is in the signed message, with the guid and the business key.
    fn declaration(&mut self, claims: &Claims) {
        let parsed = match read(self.member(names::MESSAGE), &LIMITS) {
            Ok(parsed) => parsed,
            Err(problems) => {
                let first = problems.first().map(ToString::to_string);
                return self.wrong(names::MESSAGE, first.unwrap_or_default());
            }
        };
        let unit = parsed.message.unit;
        // As the tables read it: what stands in a comment is in no signature.
        let found = parsed.root.children().iter().find(|node| {
            unit.is_some_and(|u| u.name == node.element.name)
                && fragment(node) == self.member(names::DECLARATION)
        });
        let right = claims.message == parsed.message.name;
        let key = found.and_then(|node| business_key(parsed.message, node));
        let guid = found.is_some_and(|node| {
            let paths = node.element.fields();
            let guid = paths.iter().find(|(path, _)| path.ends_with("guid"));
            guid.and_then(|(path, _)| node.text(path)) == Some(claims.guid.as_str())
        });
        let found = found.is_some();
        self.is(
            names::DECLARATION,
            found,
            "is in the signed message",
            "is not in the signed message",
        );
        self.is(
            names::CLAIMS,
            right && guid && key == Some(claims.business_key.join("\n")),
            "names the declaration's message, guid and business key",
            "names another message, guid or business key than the declaration has",
        );
    }

    /// The envelope carries the message.
    fn envelope(&mut self, claims: &Claims, envelope: &EnvelopeClaims) {
        let Ok(Opened::Envelope(opened)) = open(self.member(names::ENVELOPE), &LIMITS) else {
            return self.wrong(names::ENVELOPE, "is no envelope");
        };
        let Head {
            cop_msg_id,
            msg_type,
            ..
        } = &opened.head;
        let carries = opened.data == self.member(names::MESSAGE) && *msg_type == claims.message;
        self.is(
            names::ENVELOPE,
            carries,
            "carries the signed message",
            "does not carry the message that is here",
        );
        self.is(
            names::ENVELOPE,
            *cop_msg_id == envelope.cop_msg_id,
            "has the CopMsgId",
            "has another CopMsgId",
        );
        let guid = read(&opened.data, &LIMITS)
            .ok()
            .and_then(|parsed| parsed.root.attribute("guid").map(str::to_owned));
        self.is(
            names::MESSAGE,
            guid.as_ref() == Some(&envelope.guid),
            "has the guid",
            "has another guid",
        );
    }

    /// The signature over the message, and whose it is.
    fn signature(&mut self, envelope: &EnvelopeClaims, trust: Trust) {
        let policy = Policy {
            max_octets: LIMITS.octets,
            trust,
            at: seconds(&envelope.signed_at),
        };
        let verified = match tongguan_xmldsig::verify(self.member(names::MESSAGE), &policy) {
            Ok(verified) => verified,
            Err(error) => return self.wrong(names::MESSAGE, error.to_string()),
        };
        let der = &verified.certificate.der;
        let fits = verified.profile.name() == envelope.profile;
        let text = format!(
            "the signature holds ({}), by {}, serial number {}, of {}; valid when it was made",
            verified.profile,
            verified.certificate.subject,
            verified.certificate.serial,
            verified.certificate.issuer
        );
        self.is(
            names::MESSAGE,
            fits && policy.at.is_some(),
            &text,
            "is signed by another profile, or at a time that cannot be read",
        );
        let same = pem(der).as_bytes() == self.member(names::CERTIFICATE)
            && sha256(der) == envelope.certificate;
        self.is(
            names::CERTIFICATE,
            same,
            &format!("is the signer's; its SHA-256 is {}", envelope.certificate),
            "is not the signer's, or has another SHA-256",
        );
    }

    /// A receipt answers the declaration.
    fn receipt(&mut self, claims: &Claims, index: usize) {
        let name = names::receipt(index + 1);
        let octets = self.member(&name).to_vec();
        let Understood { kind, result, .. } = understand(&octets, &LIMITS);
        let answers = match result {
            Ok(answers) => answers,
            Err(problem) => return self.wrong(name, problem),
        };
        let key = claims.business_key.join("\n");
        let envelope = claims.envelope.as_ref().map(|e| e.cop_msg_id.as_str());
        let message = claims.message.as_str();
        let codes: Vec<String> = answers
            .into_iter()
            .filter(|answer| match &answer.about {
                About::Envelope(id) => Some(id.as_str()) == envelope,
                About::Declaration {
                    messages, key: one, ..
                } => messages.contains(&message) && one.as_ref() == Some(&key),
                About::Given { messages, number } => {
                    messages.contains(&message) && self.gave(claims, &key, number)
                }
            })
            .map(|answer| answer.code)
            .collect();
        let right = claims.receipts.get(index).is_some_and(|r| r.kind == kind);
        self.is(
            &name,
            right && !codes.is_empty(),
            &format!("answers the declaration: {kind} {}", codes.join(", ")),
            "does not answer the declaration, or is of another kind",
        );
        let carried = names::carried(index + 1);
        let data = match open(&octets, &LIMITS) {
            Ok(Opened::Envelope(envelope)) => Some(envelope.data),
            _ => None,
        };
        if data.as_ref() != self.members.get(&carried) {
            self.wrong(carried, format!("is not what {name} carries"));
        }
    }

    /// Whether a receipt in the bundle gave that number to the declaration.
    fn gave(&self, claims: &Claims, key: &str, number: &str) -> bool {
        let receipts = (1..=claims.receipts.len()).map(names::receipt);
        let answers = receipts.flat_map(|name| {
            let octets = self.members.get(&name).map_or(&[][..], |octets| octets);
            understand(octets, &LIMITS).result.unwrap_or_default()
        });
        let mut given = answers.filter_map(|answer| match answer.about {
            About::Declaration { messages, key, .. } => Some((messages, key?, answer.given?)),
            _ => None,
        });
        given.any(|(messages, of, given)| {
            messages.contains(&claims.message.as_str()) && of == key && given == number
        })
    }

    fn times(&mut self, claims: &Claims) {
        let mut pairs = Vec::new();
        if let Some(envelope) = &claims.envelope {
            pairs.push((&claims.submitted_at, &envelope.signed_at));
            pairs.extend(envelope.sent_at.iter().map(|t| (&envelope.signed_at, t)));
            let received = claims.receipts.iter().map(|r| &r.received_at);
            pairs.extend(received.map(|t| (&envelope.signed_at, t)));
        }
        self.is(
            names::CLAIMS,
            pairs.iter().all(|(before, after)| before <= after),
            "its times follow one another: taken, signed, sent and answered",
            "its times do not follow one another: taken, signed, sent and answered",
        );
    }
}

/// Unix time of what the claims show.
fn seconds(text: &str) -> Option<i64> {
    use time::format_description::well_known::Rfc3339;
    let time = time::OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(time.unix_timestamp())
}
