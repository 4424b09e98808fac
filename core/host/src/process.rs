//! A plugin's process, as the client sees it: started, asked, watched, killed.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tongguan_plugin_abi as abi;

use crate::told::Launch;
use crate::wire::{Field, Frame, Verb};

/// How long a process may take to end by itself, once it is asked to.
const GOODBYE: Duration = Duration::from_secs(4);
/// How long a line of standard error may be.
const MOST_LINE: u64 = 2000;
/// How many lines of a plugin are logged in how long: it must not fill the disk.
const MOST_LINES: u32 = 200;
const LINES_IN: Duration = Duration::from_secs(10);
/// What of the environment a plugin's process has in any case.
const ENVIRONMENT: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SystemRoot",
    "TEMP",
];

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says which program is a plugin's process: one that calls [`serve`](crate::serve) where its first
/// argument is `plugin-host`. Unless this is called before any plugin is loaded, it is this program.
pub fn set_program(program: PathBuf) {
    // The first word counts.
    let _ = PROGRAM.set(program);
}

/// This program, as something else.
pub(crate) fn command(what: &str) -> std::io::Result<Command> {
    let mut command = match PROGRAM.get() {
        Some(program) => Command::new(program),
        // The program's file may be replaced while it runs; the link leads to the one that runs.
        None if cfg!(target_os = "linux") => Command::new("/proc/self/exe"),
        None => Command::new(std::env::current_exe()?),
    };
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        command.arg0("tongguan");
        // Ctrl-C is for the client, which ends in good order, and its plugins with it.
        command.process_group(0);
    }
    command.arg(what);
    Ok(command)
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Ended {
    /// None came in time.
    Late,
    /// The process is gone, and why.
    Gone(String),
}

/// What is told without being asked for.
pub(crate) enum Event {
    /// The library is loaded.
    Loaded(Frame),
    /// The process does no more, and why.
    Over(String),
}

/// How much of what a plugin says is logged.
struct Lines {
    since: Instant,
    count: u32,
}

impl Lines {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            count: 0,
        }
    }

    /// Whether there is room for one more; what there is none for is told once.
    fn admit(&mut self, plugin: &str) -> bool {
        if self.since.elapsed() > LINES_IN {
            *self = Self::new();
        }
        self.count = self.count.saturating_add(1);
        if self.count == MOST_LINES {
            let seconds = LINES_IN.as_secs();
            tracing::warn!(plugin, "it says too much: no more of it for {seconds} s");
        }
        self.count < MOST_LINES
    }
}

pub(crate) struct Process {
    part: String,
    child: Mutex<Child>,
    frames: Mutex<Option<Sender<Vec<u8>>>>,
    waiting: Mutex<HashMap<u64, SyncSender<Frame>>>,
    next: AtomicU64,
    /// Why it was killed.
    doom: Mutex<Option<String>>,
    /// Why it takes no more calls.
    over: Mutex<Option<String>>,
    asked_to_end: AtomicBool,
    pub born: Instant,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Process {
    /// Starts one; what it tells unasked goes to `tell`.
    pub(crate) fn start(
        part: &str,
        mut command: Command,
        folder: &Path,
        environment: &[String],
        tell: impl Fn(&Arc<Self>, Event) + Send + 'static,
    ) -> std::io::Result<Arc<Self>> {
        command.env_clear();
        let wanted = environment.iter().map(String::as_str);
        for name in ENVIRONMENT.iter().copied().chain(wanted) {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let mut child = command
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(output), Some(errors)) = pipes else {
            return Err(std::io::Error::other("a pipe is missing"));
        };
        let (frames, to_write) = channel::<Vec<u8>>();
        let process = Arc::new(Self {
            part: part.to_owned(),
            child: Mutex::new(child),
            frames: Mutex::new(Some(frames)),
            waiting: Mutex::default(),
            next: AtomicU64::new(1),
            doom: Mutex::default(),
            over: Mutex::default(),
            asked_to_end: AtomicBool::new(false),
            born: Instant::now(),
        });
        // A process that reads nothing blocks only this thread; killing it frees that.
        thread::spawn(move || {
            use std::io::Write as _;
            while let Ok(octets) = to_write.recv() {
                if input
                    .write_all(&octets)
                    .and_then(|()| input.flush())
                    .is_err()
                {
                    return;
                }
            }
        });
        let named = part.to_owned();
        thread::spawn(move || log_lines(&named, errors));
        let reading = Arc::clone(&process);
        thread::spawn(move || reading.read(output, tell));
        Ok(process)
    }

    fn read(self: Arc<Self>, output: std::process::ChildStdout, tell: impl Fn(&Arc<Self>, Event)) {
        let mut output = BufReader::new(output);
        let mut lines = Lines::new();
        let broken = loop {
            let frame = match Frame::read(&mut output) {
                Ok(Some(frame)) => frame,
                Ok(None) => break None,
                Err(error) => break Some(format!("what it says is no answer: {error}")),
            };
            match frame.verb {
                Verb::Answer => {
                    let waits = locked(&self.waiting).remove(&frame.id);
                    if let Some(waits) = waits {
                        // Whoever asked may have stopped waiting.
                        let _ = waits.try_send(frame);
                    }
                }
                Verb::Log => {
                    if lines.admit(&self.part) {
                        self.log(&frame);
                    }
                }
                Verb::Loaded => tell(&self, Event::Loaded(frame)),
                Verb::Leaving => {
                    let why = frame.text(Field::Text);
                    if self.end(&why) {
                        tell(&self, Event::Over(why));
                    }
                }
                _ => break Some("it answers what nobody asked".to_owned()),
            }
        };
        if let Some(why) = broken {
            self.kill(&why);
        }
        let status = self.reap();
        let why = locked(&self.doom).take().unwrap_or_else(|| told(status));
        let first = self.end(&why);
        // Who waits learns it by this.
        locked(&self.waiting).clear();
        if first {
            tell(&self, Event::Over(why));
        }
    }

    fn log(&self, frame: &Frame) {
        let (plugin, text) = (self.part.as_str(), frame.text(Field::Text));
        match frame.value(Field::Level) {
            abi::LOG_ERROR => tracing::error!(plugin, "{text}"),
            abi::LOG_WARN => tracing::warn!(plugin, "{text}"),
            abi::LOG_INFO => tracing::info!(plugin, "{text}"),
            _ => tracing::debug!(plugin, "{text}"),
        }
    }

    /// Takes no more calls; says whether that is new.
    fn end(&self, why: &str) -> bool {
        let mut over = locked(&self.over);
        let first = over.is_none();
        if first {
            *over = Some(why.to_owned());
        }
        first
    }

    /// Waits for its end, which has come or is near.
    fn reap(&self) -> Option<ExitStatus> {
        let until = Instant::now() + GOODBYE;
        loop {
            let mut child = locked(&self.child);
            match child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => {
                    drop(child);
                    thread::sleep(Duration::from_millis(10));
                }
                _ => {
                    // It closed its side and lives on.
                    let _ = child.kill();
                    return child.wait().ok();
                }
            }
        }
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        locked(&self.child).id()
    }

    /// Why it takes no more calls, if it does not.
    pub(crate) fn over(&self) -> Option<String> {
        locked(&self.over).clone()
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&self, mut frame: Frame, patience: Duration) -> Result<Frame, Ended> {
        frame.id = self.next.fetch_add(1, Ordering::Relaxed);
        let octets = frame.encode().map_err(|e| Ended::Gone(e.to_string()))?;
        let (answer, answered) = sync_channel(1);
        locked(&self.waiting).insert(frame.id, answer);
        // Looked at after the entry is made: who ends it clears all entries after that.
        let gone = |process: &Self| {
            locked(&process.waiting).remove(&frame.id);
            Ended::Gone(process.over().unwrap_or_else(|| "it ended".to_owned()))
        };
        let sent = match locked(&self.frames).as_ref() {
            Some(frames) if self.over().is_none() => frames.send(octets).is_ok(),
            _ => false,
        };
        if !sent {
            return Err(gone(self));
        }
        match answered.recv_timeout(patience) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => {
                locked(&self.waiting).remove(&frame.id);
                Err(Ended::Late)
            }
            Err(RecvTimeoutError::Disconnected) => Err(gone(self)),
        }
    }

    /// Makes an end at once, and says why.
    pub(crate) fn kill(&self, why: &str) {
        locked(&self.doom).get_or_insert_with(|| why.to_owned());
        // It may have ended by itself just now.
        let _ = locked(&self.child).kill();
    }

    /// Lets it log out and end; kills it where it does not. Does not wait.
    pub(crate) fn goodbye(self: &Arc<Self>) {
        if self.asked_to_end.swap(true, Ordering::SeqCst) {
            return;
        }
        self.end("it was ended");
        // Its input ends with the last sender.
        locked(&self.frames).take();
        let process = Arc::clone(self);
        thread::spawn(move || process.reap());
    }
}

/// Logs what a process writes to standard error, within bounds.
fn log_lines(plugin: &str, errors: std::process::ChildStderr) {
    let mut errors = BufReader::new(errors);
    let mut lines = Lines::new();
    loop {
        let mut line = Vec::new();
        match errors.by_ref().take(MOST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if !lines.admit(plugin) {
            continue;
        }
        let line = String::from_utf8_lossy(&line);
        let printable = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        let line: String = line.trim_end().chars().map(printable).collect();
        tracing::warn!(plugin, "{line}");
    }
}

/// How a process ended, for people.
fn told(status: Option<ExitStatus>) -> String {
    let Some(status) = status else {
        return "its process ended".to_owned();
    };
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            let name = match signal {
                4 => " (SIGILL)",
                6 => " (SIGABRT)",
                7 => " (SIGBUS)",
                8 => " (SIGFPE)",
                9 => " (SIGKILL)",
                11 => " (SIGSEGV)",
                15 => " (SIGTERM)",
                _ => "",
            };
            return format!("its process crashed: signal {signal}{name}");
        }
    }
    match status.code() {
        Some(code) => format!("its process ended by itself, with exit code {code}"),
        None => "its process ended".to_owned(),
    }
}

/// Loads a library in a process of its own, and lets that say what it is.
pub(crate) fn inspect(launch: &Launch) -> Result<Frame, String> {
    let process = command("plugin-host")
        .and_then(|command| Process::start("plugin", command, &launch.base, &[], |_, _| {}))
        .map_err(|e| format!("its process cannot be started: {e}"))?;
    let frame = Frame::new(Verb::Inspect).json(Field::Launch, launch);
    let patience = Duration::from_millis(launch.timeout_ms.into());
    let answer = process.ask(frame, patience);
    if matches!(answer, Err(Ended::Late)) {
        process.kill("it took too long");
    }
    process.goodbye();
    answer.map_err(|ended| match ended {
        Ended::Late => "it hangs while it is loaded".to_owned(),
        Ended::Gone(why) => format!("{why}, while the library was loaded"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_says_too_much_is_cut_short() {
        let mut lines = Lines::new();
        let admitted = (0..MOST_LINES * 3).filter(|_| lines.admit("test")).count();
        assert_eq!(admitted, MOST_LINES as usize - 1);
        lines.since -= LINES_IN * 2;
        assert!(lines.admit("test"));
    }
}
