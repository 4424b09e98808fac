//! The connections of one direction. Each carries one message at a time, since a connection has one
//! unit of work: so there are several, as many as there are messages under way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use tongguan_contracts::Failure;

use crate::options::Options;
use crate::session::{Direction, Session};

pub(crate) struct Pool {
    pub part: String,
    pub options: Arc<Options>,
    direction: Direction,
    idle: Mutex<Vec<Session>>,
    room: Arc<Semaphore>,
    closed: AtomicBool,
}

/// A connection in use.
pub(crate) struct Unit {
    pub session: Session,
    /// It has carried something before: its other end may be gone since.
    pub used: bool,
    /// Given back after the session.
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(part: &str, options: &Arc<Options>, direction: Direction) -> Arc<Self> {
        Arc::new(Self {
            part: part.to_owned(),
            options: Arc::clone(options),
            direction,
            idle: Mutex::default(),
            room: Arc::new(Semaphore::new(options.units_of_work)),
            closed: AtomicBool::new(false),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        // Whole between any two operations, even after a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for one message: an idle one, or a new one; waits where all are in use.
    pub(crate) async fn take(&self) -> Result<Unit, Failure> {
        let gone = |e| Failure::transient(&self.part, "wait for its thread", e);
        let place = Arc::clone(&self.room).acquire_owned().await;
        let place = place.map_err(|e| gone(e.to_string()))?;
        if let Some(session) = self.idle().pop() {
            return Ok(Unit {
                session,
                used: true,
                _place: place,
            });
        }
        let (part, options) = (self.part.clone(), Arc::clone(&self.options));
        let direction = self.direction;
        let opening = tokio::task::spawn_blocking(move || {
            let session = Session::open(&part, &options, direction)?;
            Ok(Unit {
                session,
                used: false,
                _place: place,
            })
        });
        match tokio::time::timeout(self.options.connect_timeout, opening).await {
            Ok(opened) => opened.unwrap_or_else(|e| Err(gone(e.to_string()))),
            Err(_) => Err(
                Failure::transient(&self.part, "connect to IBM MQ", "no answer in time")
                    .remedy("check connection, the network, and that the queue manager runs"),
            ),
        }
    }

    /// Takes a connection back whose unit of work has ended.
    pub(crate) fn give(&self, unit: Unit) {
        let Unit {
            session, _place, ..
        } = unit;
        if !self.closed.load(Ordering::Acquire) {
            self.idle().push(session);
        }
    }

    /// Where one connection broke, those that idle have, too.
    pub(crate) fn forget_idle(&self) {
        let idle = std::mem::take(&mut *self.idle());
        drop(idle);
    }

    /// Ends the idle ones; those in use end when they come back.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.idle());
        let ending = tokio::task::spawn_blocking(move || idle.into_iter().for_each(Session::end));
        // A thread that panicked has nothing left to end.
        let _ended = ending.await;
    }
}
