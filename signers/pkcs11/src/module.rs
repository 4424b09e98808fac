//! A vendor's library: loaded and initialised once in a process, whoever asks for it.

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tongguan_contracts::Failure;

use crate::trouble::named;

/// Never closed while the process lives: threads of the vendor's may run in it.
static LOADED: OnceLock<Mutex<HashMap<PathBuf, Module>>> = OnceLock::new();

/// A library that is loaded and started.
#[derive(Clone)]
pub(crate) struct Module {
    pub calls: Pkcs11,
    /// One for each that has it, and one for the list of all.
    users: Arc<()>,
}

impl Module {
    /// The module of that file.
    ///
    /// # Errors
    /// Misconfigured: there is no such file, it is no PKCS#11 module, or it refuses to start.
    pub fn load(part: &str, path: &Path) -> Result<Self, Failure> {
        let failed = |doing: &str, error: &Error| {
            Failure::misconfigured(
                part,
                format!("{doing} the PKCS#11 module {}", path.display()),
                named(error),
            )
            .remedy(
                "module must name the library (.so, .dll) that the device's vendor ships for \
                 PKCS#11, of this program's architecture; try it with: pkcs11-tool --module FILE -L",
            )
        };
        // Two names of one file are one module.
        let known = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut loaded = LOADED
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.get(&known) {
            return Ok(module.clone());
        }
        let module = Self {
            calls: Pkcs11::new(&known).map_err(|e| failed("load", &e))?,
            users: Arc::default(),
        };
        module.start().map_err(|e| failed("start", &e))?;
        loaded.insert(known, module.clone());
        Ok(module)
    }

    fn start(&self) -> Result<(), Error> {
        let flags = CInitializeFlags::OS_LOCKING_OK;
        match self.calls.initialize(CInitializeArgs::new(flags)) {
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            done => done,
        }
    }

    /// Stops and starts it: some modules see a token that comes back only then. Not where another
    /// signer has it too. Nobody may be calling it, and sessions are gone after it.
    pub fn restart(&self) -> bool {
        if Arc::strong_count(&self.users) > 2 {
            return false;
        }
        // Where the last start came to nothing, there is nothing to stop.
        let _ = self.calls.clone().finalize();
        self.start().is_ok()
    }
}
