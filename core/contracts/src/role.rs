use std::sync::Arc;

use crate::{Declaration, Failure, PartOptions, Problem};

/// A business document as an enterprise hands it over.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// A name for messages: the file's path, `-` for standard input.
    pub name: &'a str,
    /// Its octets. Hostile until shown otherwise.
    pub octets: &'a [u8],
    /// The message to read it as (`CEB311Message`), where the document itself may not tell.
    pub message: Option<&'a str>,
}

/// A document that is refused whole: nothing of it was taken.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{document}: {} problem(s); the first: {}", problems.len(), problems.first().map(ToString::to_string).unwrap_or_default())]
pub struct DocumentRefused {
    /// The document's name.
    pub document: String,
    /// Everything that is wrong, in the document's order; never empty.
    pub problems: Vec<Problem>,
}

/// A receipt for one declaration, told to the role that declared it.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptNotice<'a> {
    /// The declaration's message, `CEB311Message`.
    pub message: &'a str,
    /// The declaration's guid.
    pub guid: &'a str,
    /// The receipt's message, `CEB312Message`.
    pub receipt: &'a str,
    /// `returnStatus`.
    pub code: &'a str,
    /// `returnInfo`, without the declaration's personal data.
    pub text: &'a str,
}

/// Knows what an enterprise of one kind declares and how its documents look.
pub trait Role: Send + Sync {
    /// The messages that it may declare: `["CEB311Message", …]`.
    fn declares(&self) -> &[String];

    /// Turns a document into declarations: every one valid, or the whole document refused.
    ///
    /// Fills in what the enterprise may leave out (guid, times, fixed values).
    ///
    /// # Errors
    /// All problems found, each with its place, field, rule and remedy.
    fn read(&self, document: Document<'_>) -> Result<Vec<Declaration>, DocumentRefused>;

    /// Hears of a receipt: after it is committed, and before it is acknowledged to the other side.
    /// So a crash makes it come again: no receipt is missed, and the same one may be told twice.
    /// Receipts that come close together may be told in another order than they came in.
    ///
    /// A role that panics is told twice more; then the receipt is acknowledged, `status` tells that it
    /// was not heard, and the next start tells it again.
    ///
    /// # Errors
    /// Logged, and not told again: what others must hear is for the role to keep. The receipt is
    /// safe in the store.
    fn on_receipt(&self, notice: ReceiptNotice<'_>) -> Result<(), Failure> {
        let _ = notice;
        Ok(())
    }
}

/// Builds a role from its table of the manifest.
pub type RoleBuilder = fn(PartOptions) -> Result<Arc<dyn Role>, Failure>;
