//! Sessions on an HSM: as many as may sign at once, opened when they are needed, and all anew when
//! the HSM was lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tongguan_contracts::{Failure, PinGuard, Secret};
use tongguan_signer_device::Returned;

use crate::codes::{CODES, may_be_the_password};
use crate::ffi::{Api, Device, Session};

pub(crate) struct Pool {
    pub part: String,
    pub api: Arc<Api>,
    pub key: u32,
    /// The right to use the key, where the HSM asks for one.
    pub password: Option<Secret>,
    pub guard: PinGuard,
    pub idle: Mutex<Idle>,
}

/// What waits for work.
#[derive(Default)]
pub(crate) struct Idle {
    device: Option<Arc<Device>>,
    sessions: Vec<Session>,
    /// How often everything was opened anew: what is of an older age is not taken back.
    age: u64,
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        // Whole between any two operations, even after a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn failed(&self, doing: &str, returned: Returned) -> Failure {
        CODES.failed(&self.part, doing, returned)
    }

    /// A session without the right to use the key.
    pub(crate) fn look(&self) -> Result<Session, Failure> {
        self.session(&mut self.idle())
    }

    fn session(&self, idle: &mut Idle) -> Result<Session, Failure> {
        let failed = |returned| self.failed("open a session on the HSM", returned);
        if let Some(device) = &idle.device {
            match device.session() {
                // What it was opened on may be gone, too.
                Err(returned) if CODES.is_lost(returned) => idle.device = None,
                done => return done.map_err(failed),
            }
        }
        let device = self.api.open();
        let device = device.map_err(|returned| self.failed("open the HSM", returned))?;
        let session = device.session().map_err(failed)?;
        idle.device = Some(device);
        Ok(session)
    }

    /// A session that may use the key, and its age.
    fn take(&self) -> Result<(Session, u64), Failure> {
        // One at a time opens, so that a wrong password is tried once.
        let mut idle = self.idle();
        if let Some(session) = idle.sessions.pop() {
            return Ok((session, idle.age));
        }
        let session = self.session(&mut idle)?;
        self.log_in(&session)?;
        Ok((session, idle.age))
    }

    fn log_in(&self, session: &Session) -> Result<(), Failure> {
        let Some(password) = &self.password else {
            return Ok(());
        };
        self.guard.may_try()?;
        match session.get_access(self.key, password.as_bytes()) {
            Ok(()) => Ok(()),
            Err(returned) if may_be_the_password(returned) => {
                Err(self.guard.refused(&CODES.told(returned)))
            }
            Err(returned) => Err(self.failed("get the right to use the key", returned)),
        }
    }

    fn give_back(&self, session: Session, age: u64) {
        let mut idle = self.idle();
        if age == idle.age {
            idle.sessions.push(session);
        }
    }

    /// Everything of the lost one's age is lost with it. Sessions that still work end by themselves.
    pub(crate) fn forget(&self, session: Session, age: u64) {
        let mut idle = self.idle();
        let mut lost = vec![session];
        if age == idle.age {
            idle.age += 1;
            lost.append(&mut idle.sessions);
            idle.device = None;
        }
        // Closed before the next is opened: where an HSM has few sessions, there is room.
        drop(lost);
    }

    /// Does something in a session; once more in a new one where the old one was lost.
    pub(crate) fn with<T>(
        &self,
        doing: &str,
        work: impl Fn(&Session) -> Result<T, Returned>,
        well: impl Fn(&T) -> Result<(), Failure>,
    ) -> Result<T, Failure> {
        let (mut session, mut age) = self.take()?;
        let mut answer = work(&session);
        if let Err(returned) = answer
            && CODES.is_lost(returned)
        {
            tracing::warn!(
                part = self.part,
                error = CODES.told(returned),
                "the session on the HSM is lost: opened anew"
            );
            self.forget(session, age);
            (session, age) = self.take()?;
            answer = work(&session);
        }
        match answer {
            Ok(done) => {
                match well(&done) {
                    Ok(()) => self.give_back(session, age),
                    Err(failure) => {
                        self.forget(session, age);
                        return Err(failure);
                    }
                }
                Ok(done)
            }
            Err(returned) => {
                if CODES.is_lost(returned) {
                    self.forget(session, age);
                } else {
                    self.give_back(session, age);
                }
                Err(self.failed(doing, returned))
            }
        }
    }
}
