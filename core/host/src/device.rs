//! A loaded part: its process, started again with backoff when it ends, and given up where only a
//! person can help.

mod calls;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};
use tongguan_contracts::{Failure, FailureClass, PartOptions, Stage, Standing};

use crate::board;
use crate::options::Options;
use crate::process::{Ended, Event, Process};
use crate::told::{Info, Kind, Launch, Told};
use crate::wire::{Field, Frame, Verb};

/// The first wait before a new start, and the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(60);
/// A process that lived so long did well: the next wait is the first again.
const WELL: Duration = Duration::from_secs(30);
/// What a person must mend is looked at again so often: a file may have been replaced.
const MENDED: Duration = Duration::from_secs(60);
/// How long a call waits for a process that is being started.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much longer than its plugin the process may take to answer.
const GRACE: Duration = Duration::from_secs(1);

pub(crate) struct Device {
    launch: Launch,
    timeout: Duration,
    own: Options,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    process: Option<Arc<Process>>,
    /// Counts processes: what one promised is void with it.
    generation: u64,
    /// How many ended too soon, one after the other.
    deaths: u32,
    restarts: u64,
    /// When the next start may be.
    next: Instant,
    stage: Stage,
    why: Told,
    info: Option<Info>,
    /// What the first start answered; a later one must answer the same.
    opened: Option<Frame>,
    /// A person must act before anything is tried again.
    refused: bool,
    closed: bool,
    /// How many calls are under way, and when the next may begin.
    under_way: u32,
    turn: Instant,
}

fn nothing_wrong() -> Told {
    Told::new(FailureClass::Transient, "", "")
}

impl Device {
    /// Prepares a part and tries a first start. That may fail, and is tried again by itself; what
    /// the manifest itself has wrong is an error.
    pub(crate) fn start(
        options: PartOptions,
        kind: Kind,
    ) -> Result<(Arc<Self>, Result<(), Failure>), Failure> {
        let (own, launch) = Options::read(options, kind)?;
        let device = Arc::new(Self {
            timeout: Duration::from_secs(own.timeout_seconds.into()),
            own,
            state: Mutex::new(State {
                process: None,
                generation: 0,
                deaths: 0,
                restarts: 0,
                next: Instant::now(),
                stage: Stage::Declared,
                why: nothing_wrong(),
                info: None,
                opened: None,
                refused: false,
                closed: false,
                under_way: 0,
                turn: Instant::now(),
            }),
            changed: Condvar::new(),
            launch,
        });
        device.publish(&device.state());
        let started = device.open();
        if device.own.required
            && let Err(failure) = started
        {
            return Err(failure);
        }
        let weak = Arc::downgrade(&device);
        thread::spawn(move || supervise(&weak));
        Ok((device, started))
    }

    pub(crate) fn part(&self) -> &str {
        &self.launch.part
    }

    pub(crate) fn base(&self) -> &Path {
        &self.launch.base
    }

    /// What the library says of itself, once it was loaded.
    pub(crate) fn info(&self) -> Option<Info> {
        self.state().info.clone()
    }

    /// What the first start answered.
    pub(crate) fn opened(&self) -> Option<Frame> {
        self.state().opened.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts up where it stands; logs what is new.
    fn publish(&self, state: &State) {
        if state.closed {
            return;
        }
        let standing = Standing {
            part: self.launch.part.clone(),
            library: self.launch.library.display().to_string(),
            stage: state.stage,
            plugin: state.info.as_ref().map(Info::title).unwrap_or_default(),
            why: state.why.reason.clone(),
            remedy: state.why.remedy.clone(),
            restarts: state.restarts,
            process: state.process.as_ref().map_or(0, |process| process.id()),
        };
        let before = board::set(standing.clone());
        if before.is_some_and(|b| b.stage == standing.stage && b.why == standing.why) {
            return;
        }
        let Standing {
            part,
            plugin,
            why,
            remedy,
            ..
        } = standing;
        match standing.stage {
            Stage::Failed => {
                tracing::error!(
                    part,
                    plugin,
                    why,
                    remedy,
                    "a plugin failed: a person must act"
                );
            }
            Stage::Degraded => {
                tracing::warn!(part, plugin, why, remedy, "a plugin does not work now");
            }
            Stage::Started => tracing::info!(part, plugin, "a plugin works"),
            _ => {}
        }
    }

    /// Starts a process and opens the plugin in it.
    fn open(self: &Arc<Self>) -> Result<(), Failure> {
        let part = self.launch.part.as_str();
        if let Some(told) = board::pin_refused(part, &self.launch.base) {
            let mut state = self.state();
            state.refused = true;
            state.stage = Stage::Failed;
            state.why = told.clone();
            self.publish(&state);
            return Err(told.failure(part, "start its plugin"));
        }
        let generation = {
            let mut state = self.state();
            state.generation += 1;
            state.generation
        };
        let weak = Arc::downgrade(self);
        let tell = move |process: &Arc<Process>, event| {
            if let Some(device) = weak.upgrade() {
                device.told(process, event);
            }
        };
        let begun = Instant::now();
        let base = &self.launch.base;
        let asked = self
            .own
            .command(base)
            .and_then(|command| Process::start(part, command, base, &self.own.environment, tell))
            .map_err(|e| Told::transient(format!("its process cannot be started: {e}")))
            .and_then(|process| {
                let frame = Frame::new(Verb::Open).json(Field::Launch, &self.launch);
                let answer = self.answered(&process, frame, self.timeout);
                answer.map(|frame| (process, frame))
            });
        let opened = asked.and_then(|(process, frame)| match refusal(&frame) {
            Some(told) => {
                process.goodbye();
                Err(told)
            }
            None => Ok((process, frame)),
        });
        let mut state = self.state();
        let ended = match opened {
            Ok((process, mut frame)) => {
                frame.id = 0;
                if let Some(info) = frame.parsed::<Info>(Field::Info) {
                    state.info = Some(info);
                }
                match &state.opened {
                    Some(first) if *first != frame => {
                        process.goodbye();
                        Err(Told::misconfigured(
                            "after a new start it is another one: another certificate, key name, \
                             version or library",
                            "put back what was there, or restart tongguan to take this one",
                        ))
                    }
                    // It may have ended since; that was told before it could be ours.
                    _ if process.over().is_some() => {
                        Err(Told::transient(process.over().unwrap_or_default()))
                    }
                    _ => {
                        state.opened = Some(frame);
                        state.process = Some(process);
                        state.stage = Stage::Started;
                        state.why = nothing_wrong();
                        Ok(generation)
                    }
                }
            }
            Err(told) => Err(told),
        };
        let result = match ended {
            Ok(_) => {
                tracing::debug!(part, ms = %begun.elapsed().as_millis(), "a plugin was started");
                Ok(())
            }
            Err(told) => {
                self.failed(&mut state, &told);
                Err(told.failure(part, "start its plugin"))
            }
        };
        self.publish(&state);
        self.changed.notify_all();
        result
    }

    /// A start failed, or a call told that nothing will work.
    fn failed(&self, state: &mut State, told: &Told) {
        state.why = told.clone();
        if told.pin_refused() {
            let remedy = board::refuse_pin(&self.launch.part, &self.launch.base, told.clone());
            state.why.remedy = remedy;
            state.refused = true;
        }
        if told.class == FailureClass::Misconfigured {
            state.stage = Stage::Failed;
            state.next = Instant::now() + MENDED;
        } else {
            state.stage = Stage::Degraded;
            state.deaths += 1;
            state.next = Instant::now() + backoff(state.deaths);
        }
    }

    /// Asks a process; one that is late is killed.
    fn answered(&self, process: &Process, frame: Frame, timeout: Duration) -> Result<Frame, Told> {
        process
            .ask(frame, timeout + GRACE)
            .map_err(|ended| match ended {
                Ended::Late => {
                    let why = format!("it hangs: no answer in {} s", timeout.as_secs());
                    process.kill(&why);
                    Told::transient(format!("{why}; its process was killed"))
                }
                Ended::Gone(why) => Told::transient(why),
            })
    }

    /// A process told something unasked.
    fn told(&self, process: &Arc<Process>, event: Event) {
        let mut state = self.state();
        match event {
            Event::Loaded(frame) => {
                if state.stage != Stage::Started {
                    state.info = frame.parsed(Field::Info);
                    state.stage = Stage::Loaded;
                }
            }
            Event::Over(why) => {
                let ours = |one: &Arc<Process>| Arc::ptr_eq(one, process);
                if !state.process.as_ref().is_some_and(ours) {
                    return;
                }
                state.process = None;
                if process.born.elapsed() > WELL {
                    state.deaths = 0;
                }
                let told = Told::transient(why);
                self.failed(&mut state, &told);
            }
        }
        self.publish(&state);
        self.changed.notify_all();
    }

    /// The process, as soon as there is one.
    fn running(&self, patience: Duration) -> Result<(Arc<Process>, u64), Told> {
        let until = Instant::now() + patience.min(PATIENCE);
        let mut state = self.state();
        loop {
            if let Some(process) = &state.process {
                return Ok((Arc::clone(process), state.generation));
            }
            let now = Instant::now();
            let mut told = state.why.clone();
            if state.refused {
                return Err(told);
            }
            if state.closed || state.stage == Stage::Failed || now >= until || state.next > until {
                if told.class != FailureClass::Misconfigured {
                    let wait = state.next.saturating_duration_since(now).as_secs();
                    told.reason = format!("{}; it is started again in {wait} s", told.reason);
                }
                return Err(told);
            }
            let wait = until.saturating_duration_since(now);
            let waited = self.changed.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends it.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let process = state.process.take();
        drop(state);
        if let Some(process) = process {
            process.goodbye();
        }
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.close();
    }
}

/// What an answer fails with, if it does.
fn refusal(frame: &Frame) -> Option<Told> {
    frame.get(Field::Failure)?;
    let told = frame.parsed(Field::Failure);
    Some(told.unwrap_or_else(|| Told::transient("it failed, and what it said is no failure")))
}

/// How long to wait after so many ends.
fn backoff(deaths: u32) -> Duration {
    let doubled = FIRST.saturating_mul(1 << deaths.saturating_sub(1).min(16));
    doubled.min(LONGEST)
}

/// Starts what ended, when its time has come, for as long as it is wanted.
fn supervise(device: &Weak<Device>) {
    loop {
        let Some(device) = device.upgrade() else {
            return;
        };
        let mut state = device.state();
        if state.closed || state.refused {
            return;
        }
        let now = Instant::now();
        if state.process.is_none() && state.next <= now {
            state.restarts += 1;
            drop(state);
            // What is wrong stands on the board.
            let _ = device.open();
            continue;
        }
        let wait = match state.process {
            Some(_) => Duration::from_millis(500),
            None => (state.next - now).min(Duration::from_millis(500)),
        };
        // Not longer: whoever drops the device should not wait for this thread's share of it.
        drop(device.changed.wait_timeout(state, wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_bounded() {
        assert_eq!(backoff(1), FIRST);
        assert_eq!(backoff(3), FIRST * 4);
        assert_eq!(backoff(u32::MAX), LONGEST);
    }
}
