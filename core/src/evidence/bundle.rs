use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use tongguan_contracts::Failure;
use tongguan_messages::Limits;
use tongguan_messages::envelope::{Opened, open};
use tongguan_xmldsig::Policy;

use super::claims::{Claims, EnvelopeClaims, FORMAT, ReceiptClaims, shown};
use super::{names, zip};
use crate::audit::{Link, Salt, sha256};
use crate::store::{Details, Kept};

/// What a store holds of a declaration, read in one transaction.
#[derive(Debug)]
pub struct Grounds {
    /// All that is known of it, with the octets.
    pub details: Details,
    /// When its message was signed.
    pub made_at: Option<i64>,
    /// Its business key, field by field.
    pub key: Vec<String>,
    /// The salt of its seals.
    pub salt: Salt,
    /// How each of [`Details::inbound`] came in.
    pub receipts: Vec<Kept>,
    /// Its entries of the audit log, and the way from the newest ones to them: strand by strand,
    /// oldest first.
    pub chain: Vec<Linked>,
}

/// An entry on the way through the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// What its hash covers.
    #[serde(flatten)]
    pub link: Link,
    /// Its hash.
    pub hash: String,
    /// What it says, where it is of this declaration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// The bundle of a declaration.
///
/// # Errors
/// Misconfigured: the store holds what cannot be read.
pub fn bundle(grounds: &Grounds) -> Result<Vec<u8>, Failure> {
    let broken = |what: String| {
        Failure::misconfigured("evidence", "put it together", what)
            .remedy("another program has written into the store; restore it from a backup")
    };
    let details = &grounds.details;
    let mut members = vec![
        (
            names::README.to_owned(),
            include_bytes!("README.txt").to_vec(),
        ),
        (names::CLAIMS.to_owned(), json(&claims(grounds))?),
        (names::DECLARATION.to_owned(), details.fragment.clone()),
    ];
    if let Some(octets) = &details.envelope {
        let Ok(Opened::Envelope(envelope)) = open(octets, &LIMITS) else {
            return Err(broken("its envelope is none".to_owned()));
        };
        let verified = tongguan_xmldsig::verify(&envelope.data, &Policy::default())
            .map_err(|e| broken(format!("its signature: {e}")))?;
        members.push((names::MESSAGE.to_owned(), envelope.data));
        let certificate = pem(&verified.certificate.der);
        members.push((names::CERTIFICATE.to_owned(), certificate.into_bytes()));
        members.push((names::ENVELOPE.to_owned(), octets.clone()));
    }
    for (index, (_, octets)) in details.inbound.iter().enumerate() {
        members.push((names::receipt(index + 1), octets.clone()));
        if let Ok(Opened::Envelope(envelope)) = open(octets, &LIMITS) {
            members.push((names::carried(index + 1), envelope.data));
        }
    }
    let mut lines = Vec::new();
    for linked in &grounds.chain {
        let line = serde_json::to_vec(linked);
        lines.extend(line.map_err(|e| broken(e.to_string()))?);
        lines.push(b'\n');
    }
    members.push((names::AUDIT.to_owned(), lines));
    members.push((names::SALT.to_owned(), grounds.salt.0.clone()));
    members.sort();
    let sums = sums(&members);
    members.push((names::SUMS.to_owned(), sums.into_bytes()));
    Ok(zip::write(&members))
}

pub(super) const LIMITS: Limits = Limits { octets: 64 << 20 };

/// As sha256sum writes and reads it.
pub(super) fn sums(members: &[(String, Vec<u8>)]) -> String {
    members
        .iter()
        .map(|(name, octets)| format!("{}  {name}\n", sha256(octets)))
        .collect()
}

/// A certificate in PEM.
pub(super) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out + "-----END CERTIFICATE-----\n"
}

fn json(claims: &Claims) -> Result<Vec<u8>, Failure> {
    let mut octets = serde_json::to_vec_pretty(claims)
        .map_err(|e| Failure::misconfigured("evidence", "write its claims", e))?;
    octets.push(b'\n');
    Ok(octets)
}

fn claims(grounds: &Grounds) -> Claims {
    let summary = &grounds.details.summary;
    let envelope = grounds
        .details
        .carrier
        .as_ref()
        .map(|carrier| EnvelopeClaims {
            cop_msg_id: carrier.cop_msg_id.clone(),
            guid: carrier.guid.clone(),
            profile: carrier.profile.clone(),
            certificate: carrier.certificate.clone(),
            signed_at: grounds.made_at.map(shown).unwrap_or_default(),
            transport: carrier.transport.clone(),
            sent_at: carrier.sent_at.map(shown),
            evidence: carrier.evidence.clone(),
        });
    let receipts = grounds.receipts.iter().map(|kept| ReceiptClaims {
        kind: kept.kind.clone(),
        received_at: shown(kept.received_at),
    });
    Claims {
        format: FORMAT.to_owned(),
        id: summary.id.clone(),
        message: summary.message.clone(),
        guid: summary.guid.clone(),
        business_key: grounds.key.clone(),
        state: summary.state.name().to_owned(),
        submitted_at: shown(summary.submitted_at),
        replaces: summary.replaces.clone(),
        replaced_by: summary.replaced_by.clone(),
        envelope,
        receipts: receipts.collect(),
    }
}
