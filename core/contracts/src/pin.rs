use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Failure;

/// Keeps a PIN that a device refused from being tried again: devices count the tries, and lock
/// themselves. Not by this process, and not by the next one, which a supervisor may start at once:
/// a file beside the manifest remembers, until a person removes it.
#[derive(Debug)]
pub struct PinGuard {
    part: String,
    refused: AtomicBool,
    mark: PathBuf,
}

impl PinGuard {
    /// For the PIN of a device, by a name that is its own (its serial number); the mark goes into
    /// the folder `base`.
    pub fn new(part: &str, base: &Path, device: &str) -> Self {
        let name: String = device
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        Self {
            part: part.to_owned(),
            refused: AtomicBool::new(false),
            mark: base.join(format!("pin-refused-{name}")),
        }
    }

    /// Whether the PIN may be tried.
    ///
    /// # Errors
    /// Misconfigured: it was refused before.
    pub fn may_try(&self) -> Result<(), Failure> {
        if self.refused.load(Ordering::Relaxed) || self.mark.exists() {
            return Err(
                self.failure("its PIN was refused before, and is not tried again by itself")
            );
        }
        Ok(())
    }

    /// Notes that the device refused the PIN, and says so.
    pub fn refused(&self, why: &str) -> Failure {
        self.refused.store(true, Ordering::Relaxed);
        let told = "The device refused the PIN that the manifest refers to. tongguan does not try it \
                    again while this file is here.\n";
        match fs::write(&self.mark, told) {
            Ok(()) => self.failure(why),
            Err(error) => self.failure(&format!("{why}; and this cannot be remembered: {error}")),
        }
    }

    fn failure(&self, why: &str) -> Failure {
        Failure::misconfigured(&self.part, "use the device's PIN", why).remedy(format!(
            "put the right PIN where pin refers to, see with the vendor's tool that the device is not \
             locked, then remove {}",
            self.mark.display()
        ))
    }
}
