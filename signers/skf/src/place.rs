//! Where the key is: a device, an application on it, a container in that; and its PIN.

use std::ffi::{CStr, CString};
use std::path::Path;
use std::sync::Arc;

use tongguan_contracts::{Failure, FailureClass, PinGuard, SecretRef};
use tongguan_signer_device::Returned;
use zeroize::Zeroizing;

use crate::codes::{ALREADY_LOGGED_IN, CODES, is_doubtful, may_be_the_pin};
use crate::ffi::{Api, Application, Container, Device, Tries};

/// Which key the manifest means, and how it is reached.
pub(crate) struct Place {
    pub part: String,
    pub api: Arc<Api>,
    /// The device's serial number; once it was found, that which it has.
    pub serial: Option<String>,
    pub application: Option<String>,
    pub container: Option<String>,
    pub pin: Zeroizing<Vec<u8>>,
    pub guard: PinGuard,
}

/// A key that is open, and what it stands on. Dropped in this order.
pub(crate) struct Open {
    pub container: Container,
    application: Application,
    _device: Device,
    pub serial: String,
}

/// A name as people see it: vendors write UTF-8 or GBK.
fn shown(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::GBK.decode(name).0.into_owned(),
    }
}

/// The PIN's octets, with the 0 that C wants at the end.
pub(crate) fn pin(
    part: &str,
    given: &SecretRef,
    base: &Path,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let value = given.resolve(part, base)?;
    let mut octets = Zeroizing::new(Vec::with_capacity(value.len() + 1));
    octets.extend_from_slice(value.as_bytes());
    octets.push(0);
    if CStr::from_bytes_with_nul(&octets).is_err() {
        return Err(Failure::misconfigured(
            part,
            "use the device's PIN",
            "there is a 0 octet in it",
        )
        .remedy("put the PIN alone where pin refers to"));
    }
    Ok(octets)
}

impl Place {
    fn failed(&self, doing: &str, returned: Returned) -> Failure {
        CODES.failed(&self.part, doing, returned)
    }

    /// Finds the key and opens it, without the PIN.
    pub(crate) fn open(&self) -> Result<Open, Failure> {
        let (device, serial) = self.device()?;
        let doing = "look for the application on the KEY";
        let there = device
            .applications()
            .map_err(|returned| self.failed(doing, returned))?;
        let name = self.choose(doing, "application", self.application.as_deref(), there)?;
        let application = device
            .application(&name)
            .map_err(|returned| self.failed("open the application on the KEY", returned))?;
        let doing = "look for the container on the KEY";
        let there = application
            .containers()
            .map_err(|returned| self.failed(doing, returned))?;
        let name = self.choose(doing, "container", self.container.as_deref(), there)?;
        let container = application
            .container(&name)
            .map_err(|returned| self.failed("open the container on the KEY", returned))?;
        Ok(Open {
            container,
            application,
            _device: device,
            serial,
        })
    }

    /// The one device that the manifest means, with its serial number.
    fn device(&self) -> Result<(Device, String), Failure> {
        let doing = "look for the KEY";
        let names = self
            .api
            .devices()
            .map_err(|returned| self.failed(doing, returned))?;
        let wanted = self.serial.as_ref();
        let (mut fitting, mut there) = (Vec::new(), Vec::new());
        for name in names {
            let called = shown(name.to_bytes());
            let known = self.api.connect(&name).and_then(|device| {
                let (label, serial) = device.info()?;
                Ok((device, shown(&label), shown(&serial)))
            });
            match known {
                Ok((device, label, serial)) => {
                    there.push(format!("{called} (label {label:?}, serial {serial})"));
                    if wanted.is_none_or(|wanted| *wanted == serial) {
                        fitting.push((device, serial));
                    }
                }
                // Another program may have it, or it is going.
                Err(returned) => there.push(format!("{called} ({})", CODES.told(returned))),
            }
        }
        let gone = |reason: String, remedy: &str| {
            Err(Failure::new(FailureClass::DeviceGone, &self.part, doing, reason).remedy(remedy))
        };
        if there.is_empty() {
            return gone(
                "the library sees no device".to_owned(),
                "plug the KEY in, and see with the vendor's tool that this machine knows it",
            );
        }
        if fitting.len() > 1 {
            let reason = format!("several are in: {}", there.join(", "));
            return Err(Failure::misconfigured(&self.part, doing, reason)
                .remedy("say which by serial in the manifest"));
        }
        fitting.pop().map_or_else(
            || {
                gone(
                    match wanted {
                        Some(wanted) => {
                            format!("{wanted} is not in; there is: {}", there.join(", "))
                        }
                        None => format!("it does not answer: {}", there.join(", ")),
                    },
                    "plug it in, or correct serial in the manifest and start again",
                )
            },
            Ok,
        )
    }

    /// The name of that kind that the manifest means, or the only one.
    fn choose(
        &self,
        doing: &str,
        option: &str,
        wanted: Option<&str>,
        mut there: Vec<CString>,
    ) -> Result<CString, Failure> {
        let all: Vec<String> = there.iter().map(|name| shown(name.to_bytes())).collect();
        let list = all.join(", ");
        let refuse = |reason: String, remedy: String| {
            Err(Failure::misconfigured(&self.part, doing, reason).remedy(remedy))
        };
        let at = match wanted {
            Some(wanted) => all.iter().position(|name| name == wanted),
            None if there.len() == 1 => Some(0),
            None => None,
        };
        match (at, wanted) {
            (Some(at), _) => Ok(there.swap_remove(at)),
            _ if there.is_empty() => refuse(
                "there is none".to_owned(),
                "see with the vendor's tool what is on the device; its issuer makes it".to_owned(),
            ),
            (None, Some(wanted)) => refuse(
                format!("there is no {wanted:?}; there is: {list}"),
                format!("correct {option} in the manifest"),
            ),
            (None, None) => refuse(
                format!("there are several: {list}"),
                format!("say which by {option} in the manifest"),
            ),
        }
    }

    /// Gives the PIN. Where the device says that one try is left, that is a person's.
    pub(crate) fn log_in(&self, open: &Open) -> Result<(), Failure> {
        let doing = "give the PIN to the KEY";
        self.guard.may_try()?;
        let refuse = |reason: &str, remedy: &str| {
            Err(Failure::misconfigured(&self.part, doing, reason).remedy(remedy))
        };
        let tries = open.application.tries();
        match tries.map_err(|returned| self.failed("look at the PIN's tries", returned))? {
            Some(Tries { left: 0, .. }) => {
                return refuse("its PIN is locked", "have it unlocked by the KEY's issuer");
            }
            Some(Tries { left: 1, most }) if most > 1 => {
                return refuse(
                    "one try is left before it locks itself: tongguan leaves it to a person",
                    "give the right PIN once by the vendor's tool, then start again",
                );
            }
            _ => {}
        }
        let pin = CStr::from_bytes_with_nul(&self.pin).unwrap_or_default();
        match open.application.verify_pin(pin) {
            Ok(()) => Ok(()),
            Err(returned) if returned.code == ALREADY_LOGGED_IN => Ok(()),
            // A device that went meanwhile refused nothing.
            Err(returned) if is_doubtful(returned) && self.device().is_err() => {
                let reason = CODES.told(returned);
                Err(
                    Failure::new(FailureClass::DeviceGone, &self.part, doing, reason)
                        .remedy("plug the KEY in"),
                )
            }
            Err(returned) if may_be_the_pin(returned) => {
                Err(self.guard.refused(&CODES.told(returned)))
            }
            Err(returned) => Err(self.failed(doing, returned)),
        }
    }
}
