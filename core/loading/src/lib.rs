//! A vendor's library, loaded at run time: signers' devices have one, and so has IBM MQ. Loaded into this
//! process, where the interface is a standard one that is known at build time; plugins are core/host's.
#![allow(unsafe_code, reason = "a vendor's library is loaded")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tongguan_contracts::Failure;

/// Never closed while the process lives: threads of the vendor's may run in it.
static LOADED: OnceLock<Mutex<HashMap<PathBuf, &'static Library>>> = OnceLock::new();

/// A vendor's library that is loaded.
#[derive(Debug)]
pub struct Library {
    library: libloading::Library,
    path: PathBuf,
    turn: Mutex<()>,
}

impl Library {
    /// The library of that file, loaded once, whoever asks for it. `interface` is the one that it
    /// should have, for people: `SKF`.
    ///
    /// # Errors
    /// Misconfigured: there is no such file, or it cannot be loaded.
    pub fn load(part: &str, interface: &str, path: &Path) -> Result<&'static Self, Failure> {
        // Two names of one file are one library.
        let known = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut loaded = LOADED
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = loaded.get(&known) {
            return Ok(library);
        }
        let library = open(&known).map_err(|e| {
            let said =
                std::error::Error::source(&e).map_or_else(|| e.to_string(), |s| s.to_string());
            Failure::misconfigured(
                part,
                format!("load the {interface} library {}", path.display()),
                said,
            )
            .remedy(format!(
                "module must name the library (.so, .dll) that the device's vendor ships for \
                 {interface}, of this program's architecture, with all libraries that it needs"
            ))
        })?;
        let library: &'static Self = Box::leak(Box::new(Self {
            library,
            path: path.to_owned(),
            turn: Mutex::default(),
        }));
        loaded.insert(known, library);
        Ok(library)
    }

    /// Keeps others' calls away, for an interface that takes one call at a time.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A function of the library; `None` where it has none of that name.
    ///
    /// # Safety
    /// `T` must be the type of a pointer to that function.
    pub unsafe fn find<T: Copy>(&self, name: &str) -> Option<T> {
        // SAFETY: the caller promises the type; the library is never closed.
        unsafe { self.library.get::<T>(name.as_bytes()) }
            .ok()
            .map(|symbol| *symbol)
    }

    /// A function that the library must have.
    ///
    /// # Safety
    /// As [`find`](Self::find).
    ///
    /// # Errors
    /// Misconfigured: there is none.
    pub unsafe fn function<T: Copy>(
        &self,
        part: &str,
        interface: &str,
        name: &str,
    ) -> Result<T, Failure> {
        // SAFETY: as the caller promises.
        unsafe { self.find(name) }.ok_or_else(|| {
            Failure::misconfigured(
                part,
                format!("use the library {}", self.path.display()),
                format!("it has no function {name}, which {interface} asks for"),
            )
            .remedy(format!(
                "name the vendor's library for {interface}; where it is that, it does not keep the \
                 standard: ask its vendor"
            ))
        })
    }
}

#[cfg(unix)]
fn open(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // At once: a function that is missing is told now, not in the middle of a signature.
    // SAFETY: what the library does when it is loaded is its vendor's; the manifest names it as one
    // to be trusted.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(windows)]
fn open(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: as above.
    unsafe { libloading::Library::new(path) }
}
