use serde::{Deserialize, Serialize};
use time::macros::{format_description, offset};

/// The form of a bundle that this program writes and reads.
pub(super) const FORMAT: &str = "tongguan-evidence/1";

/// `evidence.json`: what a bundle claims. Every one of these is proved by another member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// `tongguan-evidence/1`
    pub format: String,
    /// The declaration's id.
    pub id: String,
    /// Its message: `CEB311Message`.
    pub message: String,
    /// Its guid.
    pub guid: String,
    /// Its business key, field by field.
    pub business_key: Vec<String>,
    /// Where it stands.
    pub state: String,
    /// When it was taken.
    pub submitted_at: String,
    /// The id of the declaration in whose place it was submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The id of the declaration that was submitted in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// The envelope that carries it.
    pub envelope: Option<EnvelopeClaims>,
    /// What came back, in order: the n-th is receipts/n.xml.
    pub receipts: Vec<ReceiptClaims>,
}

/// How it was carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeClaims {
    /// `CopMsgId`
    pub cop_msg_id: String,
    /// The guid of the message in it.
    pub guid: String,
    /// The signature profile.
    pub profile: String,
    /// SHA-256 of the signing certificate, hexadecimal.
    pub certificate: String,
    /// When it was signed.
    pub signed_at: String,
    /// By which transport.
    pub transport: String,
    /// When the transport took it.
    pub sent_at: Option<String>,
    /// The transport's own word for that.
    pub evidence: Option<String>,
}

/// How something came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptClaims {
    /// What it is: `CEB312Message`, `DxpRep`.
    pub kind: String,
    /// When it came in.
    pub received_at: String,
}

/// A time of the store: `2026-11-24T16:10:00.123+08:00`, China Standard Time. In this form, the
/// order of times is the order of texts.
pub(super) fn shown(ms: i64) -> String {
    let form = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+08:00"
    );
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|t| t.to_offset(offset!(+8)).format(form).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_chinas() {
        assert_eq!(super::shown(0), "1970-01-01T08:00:00.000+08:00");
    }
}
