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
    /// The option that refers to it, and what people call it.
    option: &'static str,
    called: &'static str,
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
            option: "pin",
            called: "PIN",
            refused: AtomicBool::new(false),
            mark: base.join(format!("pin-refused-{name}")),
        }
    }

    /// The same, where it is a password, which the option `password` refers to.
    #[must_use]
    pub fn for_password(mut self) -> Self {
        (self.option, self.called) = ("password", "password");
        self
    }

    /// Whether the PIN may be tried.
    ///
    /// # Errors
    /// Misconfigured: it was refused before.
    pub fn may_try(&self) -> Result<(), Failure> {
        if self.refused.load(Ordering::Relaxed) || self.mark.exists() {
            return Err(self.failure("it was refused before, and is not tried again by itself"));
        }
        Ok(())
    }

    /// Notes that the device refused the PIN, and says so.
    pub fn refused(&self, why: &str) -> Failure {
        self.refused.store(true, Ordering::Relaxed);
        let told = format!(
            "The device refused the {} that the manifest refers to. tongguan does not try it again \
             while this file is here.\n",
            self.called
        );
        match fs::write(&self.mark, told) {
            Ok(()) => self.failure(why),
            Err(error) => self.failure(&format!("{why}; and this cannot be remembered: {error}")),
        }
    }

    fn failure(&self, why: &str) -> Failure {
        let Self { option, called, .. } = self;
        Failure::misconfigured(&self.part, format!("use the device's {called}"), why).remedy(format!(
            "put the right {called} where {option} refers to, see with the vendor's tool that the \
             device is not locked, then remove {}",
            self.mark.display()
        ))
    }
}
