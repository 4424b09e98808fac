//! Calls of a loaded part: each waits for its turn, and has an end.

use std::sync::PoisonError;
use std::time::{Duration, Instant};
use tongguan_contracts::{Failure, FailureClass};

use super::{Device, refusal};
use crate::process::Process;
use crate::told::Told;
use crate::wire::{Field, Frame};

/// A call's end: the answer, and which process gave it.
pub(crate) struct Answer {
    pub frame: Frame,
    pub generation: u64,
}

impl Device {
    /// Waits for a turn: no more calls at once, and no faster, than the plugin says.
    fn turn(&self, patience: Duration) -> Result<Turn<'_>, Told> {
        let until = Instant::now() + patience;
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let (most, pace) = state.info.as_ref().map_or((1, 0), |info| {
                (info.max_concurrency, info.operations_per_minute)
            });
            let wait = if state.under_way >= most {
                until.saturating_duration_since(now)
            } else if state.turn > now && pace > 0 {
                state.turn - now
            } else {
                state.under_way += 1;
                if pace > 0 {
                    state.turn = now.max(state.turn) + Duration::from_secs(60) / pace;
                }
                return Ok(Turn(self));
            };
            if now >= until {
                return Err(Told::transient("it is busy"));
            }
            let waited = self.changed.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Calls the plugin.
    pub(crate) fn call(&self, doing: &str, frame: Frame) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let asked = self
            .turn(self.timeout)
            .and_then(|turn| {
                let (process, generation) = self.running(self.timeout)?;
                Ok((turn, process, generation))
            })
            // Nothing has left this process.
            .map_err(|told| told.failure(self.part(), doing).unsent())?;
        let (_turn, process, generation) = asked;
        tracing::trace!(part = self.part(), doing, waited = ?begun.elapsed(), "a plugin is called");
        self.call_of(&process, generation, doing, frame, self.timeout)
    }

    /// Lets the plugin wait for something, beside its other calls unless it is thread-affine.
    pub(crate) fn wait(
        &self,
        doing: &str,
        frame: Frame,
        wait: Duration,
    ) -> Result<Answer, Failure> {
        let affine = self.info().is_none_or(|info| info.thread_affine);
        let refused = |told: Told| told.failure(self.part(), doing);
        let _turn = match affine {
            true => Some(self.turn(self.timeout).map_err(refused)?),
            false => None,
        };
        let (process, generation) = self.running(self.timeout).map_err(refused)?;
        let frame = frame.number(Field::TimeoutMs, millis(wait));
        self.call_raw(&process, generation, doing, frame, self.timeout + wait)
    }

    /// Calls the plugin if it is still that process.
    pub(crate) fn call_same(
        &self,
        generation: u64,
        doing: &str,
        frame: Frame,
    ) -> Result<Answer, Failure> {
        let refused = |told: Told| told.failure(self.part(), doing);
        let turn = self.turn(self.timeout).map_err(refused)?;
        let (process, now) = self.running(self.timeout).map_err(refused)?;
        if now != generation {
            return Err(refused(Told::transient(
                "its process was started again since: the delivery comes again",
            )));
        }
        let answer = self.call_of(&process, generation, doing, frame, self.timeout);
        drop(turn);
        answer
    }

    fn call_of(
        &self,
        process: &Process,
        generation: u64,
        doing: &str,
        frame: Frame,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let frame = frame.number(Field::TimeoutMs, millis(timeout));
        self.call_raw(process, generation, doing, frame, timeout)
    }

    fn call_raw(
        &self,
        process: &Process,
        generation: u64,
        doing: &str,
        frame: Frame,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let answer = self.answered(process, frame, timeout);
        let told = match answer {
            Ok(frame) => match refusal(&frame) {
                // A refused document's problems are for the role to tell.
                Some(told) if frame.get(Field::Problem).is_none() => told,
                _ => return Ok(Answer { frame, generation }),
            },
            Err(told) => told,
        };
        let pin_per_operation = self.info().is_some_and(|info| info.pin_per_operation);
        let for_good = told.class == FailureClass::Misconfigured;
        if told.pin_refused() || (pin_per_operation && for_good) {
            let mut state = self.state();
            let told = Told {
                flags: told.flags | tongguan_plugin_abi::PIN_REFUSED,
                class: FailureClass::Misconfigured,
                ..told.clone()
            };
            self.failed(&mut state, &told);
            let process = state.process.take();
            self.publish(&state);
            drop(state);
            if let Some(process) = process {
                process.goodbye();
            }
        }
        Err(told.failure(self.part(), doing))
    }

    /// What it answers cannot be: its process is ended, and another started.
    pub(crate) fn misbehaved(&self, generation: u64, doing: &str, what: &str) -> Failure {
        let process = {
            let state = self.state();
            let same = state.generation == generation;
            state.process.clone().filter(|_| same)
        };
        if let Some(process) = process {
            process.kill(what);
        }
        Told::transient(what).failure(self.part(), doing)
    }
}

/// A turn; it ends when it is dropped.
struct Turn<'a>(&'a Device);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
        self.0.changed.notify_all();
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
