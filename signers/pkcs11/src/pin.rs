//! A PIN that was refused is not tried again: a device counts the tries, and locks itself. Not by
//! this process, and not by the next one, which a supervisor may start at once: a file remembers.

use cryptoki::types::AuthPin;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tongguan_contracts::{Failure, SecretRef};

/// A device's PIN, and whether it may be tried.
pub(crate) struct Pin {
    part: String,
    value: AuthPin,
    refused: AtomicBool,
    mark: PathBuf,
}

impl Pin {
    /// The PIN of the token with that serial number. The mark of a refusal is a file beside the
    /// manifest.
    pub(crate) fn new(
        part: &str,
        given: &SecretRef,
        base: &Path,
        serial: &str,
    ) -> Result<Self, Failure> {
        let name: String = serial
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let value = given.resolve(part, base)?;
        Ok(Self {
            part: part.to_owned(),
            value: AuthPin::new(value.as_str().into()),
            refused: AtomicBool::new(false),
            mark: base.join(format!("pin-refused-{name}")),
        })
    }

    /// The PIN, where it may be tried.
    ///
    /// # Errors
    /// Misconfigured: it was refused before.
    pub(crate) fn to_try(&self) -> Result<&AuthPin, Failure> {
        if self.refused.load(Ordering::Relaxed) || self.mark.exists() {
            return Err(Failure::misconfigured(
                &self.part,
                "log in to the token",
                "its PIN was refused before, and is not tried again by itself",
            )
            .remedy(self.remedy()));
        }
        Ok(&self.value)
    }

    /// The token refused it: it is never tried again until a person has acted.
    pub(crate) fn refused(&self, why: &str) -> Failure {
        self.refused.store(true, Ordering::Relaxed);
        let told = "The token refused the PIN that the manifest refers to. tongguan does not try it \
                    again while this file is here.\n";
        if let Err(error) = fs::write(&self.mark, told) {
            tracing::error!(file = %self.mark.display(), %error, "a refused PIN cannot be marked");
        }
        tracing::error!(
            part = self.part,
            "the token refused the PIN: it is not tried again"
        );
        Failure::misconfigured(&self.part, "log in to the token", why).remedy(self.remedy())
    }

    fn remedy(&self) -> String {
        format!(
            "put the right PIN where pin refers to, see with the vendor's tool that the token is not \
             locked, then remove {}",
            self.mark.display()
        )
    }
}
