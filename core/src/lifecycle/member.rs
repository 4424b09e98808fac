//! A signer at work: how fast it is, what it has in hand, and whether it is left alone for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

use tongguan_contracts::{Failure, FailureClass, Signer};

use super::backoff::pause;
use crate::clock::now_ms;
use crate::diagnosis::certificates::Validity;

/// What a signer takes for a signature, until it has shown it and while others wait for it.
const GUESS: Duration = Duration::from_secs(1);

/// So long may a try of one that failed take before the next is due.
const TRY: Duration = Duration::from_secs(120);

/// One signer of a route.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) signer: Arc<dyn Signer>,
    pub(super) validity: Validity,
    /// A card or a key signs one text at a time.
    pub(super) turns: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How long a signature takes.
    pace: Option<Duration>,
    /// How many texts it was given that it has not signed yet.
    in_hand: usize,
    failures: u32,
    /// Why it is left alone, and until when; without an end, until a person acts.
    resting: Option<(Failure, Option<Instant>)>,
}

impl Member {
    pub(super) fn new(name: &str, signer: Arc<dyn Signer>, validity: Validity) -> Self {
        Self {
            name: name.to_owned(),
            turns: Arc::new(Semaphore::new(signer.concurrency().get())),
            signer,
            validity,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its certificate is valid now.
    pub(super) fn holds(&self) -> bool {
        self.validity.holds(now_ms() / 1000)
    }

    /// Whether it will not sign before a person acts.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.state().resting, Some((_, None)))
    }

    /// When a text that it is given now would be signed; nothing while it is left alone.
    pub(super) fn ready_in(&self) -> Option<Duration> {
        let state = self.state();
        if state.resting.is_some() {
            return None;
        }
        let at_once = self.signer.concurrency().get();
        let rounds = u32::try_from(state.in_hand / at_once).unwrap_or(u32::MAX);
        Some(match state.pace {
            Some(pace) => pace.saturating_mul(rounds.saturating_add(1)),
            // It is tried soon, so that its pace is known.
            None => GUESS.saturating_mul(rounds),
        })
    }

    /// How many texts it signs within a time; at least one at each of its turns.
    pub(super) fn within(&self, time: Duration) -> usize {
        let state = self.state();
        let each = match state.pace {
            Some(pace) => time.as_nanos() / pace.as_nanos().max(1),
            None => 1,
        };
        let each = usize::try_from(each).unwrap_or(usize::MAX).max(1);
        each.saturating_mul(self.signer.concurrency().get())
    }

    /// Gives it one text more.
    pub(super) fn hand(self: &Arc<Self>) -> InHand {
        self.state().in_hand += 1;
        InHand(Arc::clone(self))
    }

    /// It signed.
    pub(super) fn signed(&self, took: Duration) {
        let mut state = self.state();
        state.pace = Some(state.pace.map_or(took, |pace| (pace * 3 + took) / 4));
    }

    /// Whether it is to be tried again now, which is then the caller's to do: with a text that
    /// nobody waits for, since a device that is gone may take long to say so.
    pub(super) fn to_be_tried(&self) -> bool {
        let mut state = self.state();
        match &mut state.resting {
            Some((_, Some(until))) if *until <= Instant::now() => {
                // One try at a time.
                *until += TRY;
                true
            }
            _ => false,
        }
    }

    /// It is well again.
    pub(super) fn back(&self) {
        let mut state = self.state();
        state.failures = 0;
        state.resting = None;
    }

    /// It failed: it is left alone for a while, or until a person acts. A wrong PIN locks a
    /// device. Says for how long, where it has an end.
    pub(super) fn failed(&self, failure: &Failure) -> Option<Duration> {
        let mut state = self.state();
        if matches!(state.resting, Some((_, None))) {
            return None;
        }
        let wait = match failure.class() {
            FailureClass::Transient | FailureClass::DeviceGone => {
                let wait = pause(failure.class(), state.failures);
                state.failures = state.failures.saturating_add(1);
                Some(wait)
            }
            _ => None,
        };
        state.resting = Some((failure.again(), wait.map(|wait| Instant::now() + wait)));
        wait
    }

    /// As [`Member::failed`], and tells of it.
    pub(super) fn left_alone(&self, failure: &Failure) {
        let remedy = failure.how_to_mend().unwrap_or_default();
        let signer = &self.name;
        match self.failed(failure) {
            Some(wait) => {
                let again_ms = wait.as_millis();
                tracing::warn!(signer, %failure, remedy, %again_ms, "a signer is left alone");
            }
            None => {
                tracing::error!(signer, %failure, remedy, "a signer is left alone until the next start");
            }
        }
    }

    /// Why it is left alone.
    pub(super) fn trouble(&self) -> Option<Failure> {
        let state = self.state();
        state.resting.as_ref().map(|(failure, _)| failure.again())
    }
}

/// A text that a signer was given; it counts until this is dropped.
pub(super) struct InHand(Arc<Member>);

impl std::ops::Deref for InHand {
    type Target = Arc<Member>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.state().in_hand -= 1;
    }
}
