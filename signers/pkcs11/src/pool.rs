//! Sessions on a token: as many as may sign at once, opened when they are needed, and all anew
//! when the token was reset.

use cryptoki::error::{Error, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use tongguan_contracts::{Failure, FailureClass, PinGuard, SecretRef};

use crate::module::Module;
use crate::token::{self, Wanted, failed};
use crate::trouble::{is_lost, named};

pub(crate) struct Pool {
    part: String,
    module: Module,
    wanted: Wanted,
    pin: Option<(AuthPin, PinGuard)>,
    idle: Mutex<Idle>,
    /// Who calls the module shares it; who restarts the module has it alone.
    calling: RwLock<()>,
}

/// What waits for work.
#[derive(Default)]
struct Idle {
    sessions: Vec<Open>,
    /// How often everything was opened anew: what is of an older age is not taken back.
    age: u64,
}

/// A session that is logged in, and the key in it.
pub(crate) struct Open {
    pub session: Session,
    pub key: ObjectHandle,
    age: u64,
}

impl Pool {
    /// Finds the token. Does not log in yet.
    pub(crate) fn new(
        part: &str,
        module: Module,
        wanted: Wanted,
        pin: Option<&SecretRef>,
        base: &Path,
    ) -> Result<Self, Failure> {
        let (_, info) = token::find(part, &module.calls, &wanted)?;
        let serial = info.serial_number().trim_end();
        let pin = pin
            .map(|given| {
                let value = AuthPin::new(given.resolve(part, base)?.as_str().into());
                Ok((value, PinGuard::new(part, base, serial)))
            })
            .transpose()?;
        Ok(Self {
            part: part.to_owned(),
            module,
            wanted,
            pin,
            idle: Mutex::default(),
            calling: RwLock::default(),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        // Whole between any two operations, even after a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something in a session; once more in a new one where the old one was lost.
    pub(crate) fn with<T>(
        &self,
        doing: &str,
        work: impl Fn(&Open) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        match self.attempt(doing, &work) {
            Err(failure) if failure.class() == FailureClass::DeviceGone && self.restart() => {
                self.attempt(doing, &work)
            }
            done => done,
        }
    }

    /// Has the module look for tokens from the beginning.
    fn restart(&self) -> bool {
        let _alone = self.calling.write().unwrap_or_else(PoisonError::into_inner);
        let mut idle = self.idle();
        idle.age += 1;
        idle.sessions.clear();
        self.module.restart()
    }

    fn attempt<T>(
        &self,
        doing: &str,
        work: impl Fn(&Open) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let _calling = self.calling.read().unwrap_or_else(PoisonError::into_inner);
        let open = self.take()?;
        match work(&open) {
            Ok(done) => {
                self.give_back(open);
                return Ok(done);
            }
            Err(error) if is_lost(&error) => {
                tracing::warn!(
                    part = self.part,
                    error = named(&error),
                    "the session is lost: opened anew"
                );
                self.forget(open);
            }
            Err(error) => {
                self.give_back(open);
                return Err(failed(&self.part, doing, &error));
            }
        }
        let open = self.take()?;
        let done = work(&open);
        self.give_back(open);
        done.map_err(|e| failed(&self.part, doing, &e))
    }

    fn take(&self) -> Result<Open, Failure> {
        // One at a time looks for the token and logs in.
        let mut idle = self.idle();
        match idle.sessions.pop() {
            Some(open) => Ok(open),
            None => self.open(idle.age),
        }
    }

    fn give_back(&self, open: Open) {
        let mut idle = self.idle();
        if open.age == idle.age {
            idle.sessions.push(open);
        }
    }

    /// Every session of the lost one's age is lost with it.
    fn forget(&self, lost: Open) {
        let mut idle = self.idle();
        if lost.age == idle.age {
            idle.age += 1;
            idle.sessions.clear();
        }
    }

    fn open(&self, age: u64) -> Result<Open, Failure> {
        let part = self.part.as_str();
        let (slot, info) = token::find(part, &self.module.calls, &self.wanted)?;
        let session = self
            .module
            .calls
            .open_ro_session(slot)
            .map_err(|e| failed(part, "open a session on the token", &e))?;
        if info.login_required() {
            self.log_in(&session, info.user_pin_locked(), info.user_pin_final_try())?;
        }
        let key = token::key(part, &session, &self.wanted)?;
        Ok(Open { session, key, age })
    }

    /// One login is good for all sessions of this process on the token.
    fn log_in(&self, session: &Session, locked: bool, last: bool) -> Result<(), Failure> {
        use cryptoki::session::SessionState::{RoUser, RwUser};
        let part = self.part.as_str();
        let info = session
            .get_session_info()
            .map_err(|e| failed(part, "look at a session", &e))?;
        if matches!(info.session_state(), RoUser | RwUser) {
            return Ok(());
        }
        let refuse = |reason: &str, remedy: &str| {
            Err(Failure::misconfigured(part, "log in to the token", reason).remedy(remedy))
        };
        let Some((value, guard)) = &self.pin else {
            return refuse(
                "it asks for a PIN, and none is given",
                "add pin = \"file:PATH\" or \"env:NAME\" to the signer",
            );
        };
        if locked {
            return refuse("its PIN is locked", "have it unlocked by the vendor's tool");
        }
        if last {
            return refuse(
                "one try is left before the token locks itself: tongguan leaves it to a person",
                "log in once by the vendor's tool with the right PIN, then start again",
            );
        }
        guard.may_try()?;
        match session.login(UserType::User, Some(value)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(
                error @ Error::Pkcs11(
                    RvError::PinIncorrect
                    | RvError::PinLocked
                    | RvError::PinInvalid
                    | RvError::PinLenRange
                    | RvError::PinExpired,
                    _,
                ),
            ) => Err(guard.refused(&named(&error))),
            Err(error) => Err(failed(part, "log in to the token", &error)),
        }
    }
}
