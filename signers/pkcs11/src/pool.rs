//! Sessions on a token: as many as may sign at once, opened when they are needed, and all anew
//! when the token was reset.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use tongguan_contracts::{Failure, FailureClass, PinGuard, SecretRef};

use crate::module::Module;
use crate::token::{self, Wanted, failed};
use crate::trouble::{Pin, is_lost, named, pin};

pub(crate) struct Pool {
    part: String,
    module: Module,
    wanted: Wanted,
    pin: Option<(AuthPin, PinGuard)>,
    idle: Mutex<Idle>,
    /// Who calls the module shares it; who restarts the module has it alone.
    calling: RwLock<()>,
    /// Who gives the PIN for a signature.
    asking: Mutex<()>,
    /// What came of a PIN, where it is not known whether it was refused or the token was gone: that
    /// it is there after all says which.
    doubt: Mutex<Option<String>>,
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
    /// The key wants the PIN for each signature.
    pub pin_each_time: bool,
    age: u64,
}

/// Why work in a session came to nothing.
pub(crate) enum Stop {
    /// What the module said, as yet without a meaning.
    Said(Error),
    /// What is a failure already.
    Failed(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

impl Pool {
    /// Finds the token. Does not log in yet.
    pub(crate) fn new(
        part: &str,
        module: Module,
        mut wanted: Wanted,
        pin: Option<&SecretRef>,
        base: &Path,
    ) -> Result<Self, Failure> {
        let (_, info) = token::find(part, &module.calls, &wanted)?;
        let serial = info.serial_number().trim_end();
        // Another in its place is given no PIN.
        wanted.serial = Some(serial.to_owned());
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
            asking: Mutex::default(),
            doubt: Mutex::default(),
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
        work: impl Fn(&Open) -> Result<T, Stop>,
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
        work: impl Fn(&Open) -> Result<T, Stop>,
    ) -> Result<T, Failure> {
        let _calling = self.calling.read().unwrap_or_else(PoisonError::into_inner);
        let open = self.take()?;
        match work(&open) {
            Ok(done) => {
                self.give_back(open);
                return Ok(done);
            }
            Err(Stop::Said(error)) if is_lost(&error) => {
                tracing::warn!(
                    part = self.part,
                    error = named(&error),
                    "the session is lost: opened anew"
                );
                self.forget(open);
            }
            Err(stop) => return Err(self.stopped(doing, open, stop)),
        }
        let open = self.take()?;
        match work(&open) {
            Ok(done) => {
                self.give_back(open);
                Ok(done)
            }
            Err(stop) => Err(self.stopped(doing, open, stop)),
        }
    }

    fn stopped(&self, doing: &str, open: Open, stop: Stop) -> Failure {
        match stop {
            Stop::Said(error) => {
                self.give_back(open);
                failed(&self.part, doing, &error)
            }
            // What was begun in that session never ends: the session does.
            Stop::Failed(failure) => failure,
        }
    }

    /// Signs; a key that wants the PIN for it gets it (PKCS#11 3.0, 5.6.8: between the beginning of an
    /// operation and its data, by CKU_CONTEXT_SPECIFIC). A refusal is remembered: no other signature
    /// tries it.
    pub(crate) fn sign(
        &self,
        open: &Open,
        mechanism: &Mechanism<'_>,
        given: &[u8],
    ) -> Result<Vec<u8>, Stop> {
        if !open.pin_each_time {
            return Ok(open.session.sign(mechanism, open.key, given)?);
        }
        let (value, guard) = self.pin().map_err(Stop::Failed)?;
        // One after the other, so that two do not try a PIN that is wrong by now.
        let _one = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        guard.may_try().map_err(Stop::Failed)?;
        open.session.sign_init(mechanism, open.key)?;
        match open.session.login(UserType::ContextSpecific, Some(value)) {
            Ok(()) => {}
            Err(error) => {
                let doing = "give the PIN for a signature";
                return Err(Stop::Failed(self.refusal(guard, doing, &error)));
            }
        }
        // Data in parts: the one way after a beginning of its own that the binding has.
        open.session.sign_update(given)?;
        Ok(open.session.sign_final()?)
    }

    fn pin(&self) -> Result<&(AuthPin, PinGuard), Failure> {
        self.pin.as_ref().ok_or_else(|| {
            Failure::misconfigured(
                &self.part,
                "log in to the token",
                "it asks for a PIN, and none is given",
            )
            .remedy("add pin = \"file:PATH\" or \"env:NAME\" to the signer")
        })
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
        let found = token::find(part, &self.module.calls, &self.wanted);
        if found.is_err() {
            // It was gone, and the PIN not refused.
            self.doubt().take();
        }
        let (slot, info) = found?;
        let session = self
            .module
            .calls
            .open_ro_session(slot)
            .map_err(|e| failed(part, "open a session on the token", &e))?;
        if info.login_required() {
            self.log_in(&session, info.user_pin_locked(), info.user_pin_final_try())?;
        }
        let key = token::key(part, &session, &self.wanted)?;
        Ok(Open {
            pin_each_time: token::pin_each_time(&session, key),
            session,
            key,
            age,
        })
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
        let (value, guard) = self.pin()?;
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
        if let Some(why) = self.doubt().take() {
            return Err(guard.refused(&why));
        }
        match session.login(UserType::User, Some(value)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => Err(self.refusal(guard, "log in to the token", &error)),
        }
    }

    /// A PIN came to nothing. Unless it certainly was not the PIN, it is not tried again, but where the
    /// token turns out to be gone.
    fn refusal(&self, guard: &PinGuard, doing: &str, error: &Error) -> Failure {
        match pin(error) {
            Pin::Refused => guard.refused(&named(error)),
            Pin::Untouched => failed(&self.part, doing, error),
            Pin::Doubtful => {
                *self.doubt() = Some(named(error));
                // It is looked for from the beginning.
                Failure::new(FailureClass::DeviceGone, &self.part, doing, named(error))
                    .remedy("see that the device is in and well")
            }
        }
    }

    fn doubt(&self) -> MutexGuard<'_, Option<String>> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
