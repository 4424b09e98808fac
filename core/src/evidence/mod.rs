//! Evidence: what was declared, signed, sent and answered, in one file that stands for itself.
//!
//! [`bundle`] makes a ZIP archive of what the store holds of a declaration; [`verify`] checks it
//! without the store. Both say in docs/evidence.md what each member is, and how to check it with
//! other programs.

mod bundle;
mod claims;
mod verify;
pub mod zip;

pub use bundle::{Grounds, Linked, bundle};
pub use claims::{Claims, EnvelopeClaims, ReceiptClaims};
pub use verify::{Check, Checked, verify};

/// The members' names.
mod names {
    pub(super) const README: &str = "README.txt";
    pub(super) const SUMS: &str = "SHA256SUMS";
    pub(super) const CLAIMS: &str = "evidence.json";
    pub(super) const DECLARATION: &str = "declaration.xml";
    pub(super) const MESSAGE: &str = "message.xml";
    pub(super) const ENVELOPE: &str = "envelope.xml";
    pub(super) const CERTIFICATE: &str = "certificate.pem";
    pub(super) const SALT: &str = "salt.bin";
    pub(super) const AUDIT: &str = "audit.jsonl";

    /// The n-th receipt, as it came in.
    pub(super) fn receipt(n: usize) -> String {
        format!("receipts/{n}.xml")
    }

    /// What its envelope carries.
    pub(super) fn carried(n: usize) -> String {
        format!("receipts/{n}.message.xml")
    }
}
