#![allow(
    unsafe_code,
    reason = "calls the host through its table of C functions"
)]

use std::time::{Duration, Instant};
use tongguan_plugin_abi as abi;
use zeroize::Zeroizing;

use crate::Failure;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// An error.
    Error,
    /// A warning.
    Warn,
    /// Worth knowing.
    Info,
    /// For whoever looks for a mistake.
    Debug,
}

/// Logs by way of the host; from any thread, at any time.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    host: *const abi::Host,
}

// SAFETY: the host's table is constant and lives as long as the process; its `log` may be called
// from any thread (tongguan_plugin.h).
unsafe impl Send for Log {}
// SAFETY: as above.
unsafe impl Sync for Log {}

impl Log {
    /// Logs a line.
    pub fn line(&self, level: Level, text: &str) {
        let level = match level {
            Level::Error => abi::LOG_ERROR,
            Level::Warn => abi::LOG_WARN,
            Level::Info => abi::LOG_INFO,
            Level::Debug => abi::LOG_DEBUG,
        };
        // SAFETY: the table lives as long as the process, and its `size` was checked when the
        // instance was made; the text lives until the call returns.
        unsafe {
            if let Some(log) = (*self.host).log {
                log(level, abi::Bytes::of(text.as_bytes()));
            }
        }
    }
}

/// The call under way: how long it may take, and what the host does for it.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    host: *const abi::Host,
    call: abi::Call,
    until: Instant,
}

// SAFETY: the host's functions may be called from any thread; one that belongs to a call that is
// over is refused by the host.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// `None` for a host that is older than the ABI's first version can be.
    ///
    /// # Safety
    /// `host` is null, or the table of a host, which lives as long as the process.
    pub(crate) unsafe fn new(
        host: *const abi::Host,
        call: abi::Call,
        timeout_ms: u32,
    ) -> Option<Self> {
        // SAFETY: the caller's promise.
        let size = unsafe { host.as_ref() }?.size;
        (size >= abi::size_of::<abi::Host>()).then(|| Self {
            host,
            call,
            until: Instant::now() + Duration::from_millis(timeout_ms.into()),
        })
    }

    pub(crate) fn host(&self) -> *const abi::Host {
        self.host
    }

    /// How much time is left. The process of a plugin that takes longer is killed.
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// For logging, also after this call.
    pub fn log(&self) -> Log {
        Log { host: self.host }
    }

    /// Fetches a secret by its reference in the configuration: `env:NAME` or `file:PATH`.
    ///
    /// # Errors
    /// It cannot be had; the host knows why.
    pub fn secret(&self, reference: &str) -> Result<Zeroizing<String>, Failure> {
        let cannot = |reason: &str| {
            Failure::misconfigured(format!("the secret {reference:?} {reason}"))
                .remedy("write env:NAME or file:PATH, and put the secret there")
        };
        let mut buffer = Zeroizing::new(vec![0u8; 4096]);
        let mut size = 0usize;
        // SAFETY: the table was checked in `new`; the buffer has the room that is said.
        let answer = unsafe {
            match (*self.host).secret {
                Some(secret) => secret(
                    self.call,
                    abi::Bytes::of(reference.as_bytes()),
                    buffer.as_mut_ptr(),
                    buffer.len(),
                    &raw mut size,
                ),
                None => abi::MISCONFIGURED,
            }
        };
        if answer == abi::MISCONFIGURED {
            // The host has told more itself.
            return Err(cannot("cannot be had"));
        }
        let octets = buffer.get(..size).filter(|_| answer == abi::OK);
        let text = octets.and_then(|octets| std::str::from_utf8(octets).ok());
        let text = text.ok_or_else(|| cannot("is longer than 4096 octets, or no text"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn put(&self, field: u32, value: &[u8]) -> Result<(), Failure> {
        // SAFETY: the table was checked in `new`; the value lives until the call returns.
        let answer = unsafe {
            match (*self.host).put {
                Some(put) => put(self.call, field, abi::Bytes::of(value)),
                None => abi::REJECTED,
            }
        };
        if answer == abi::OK {
            Ok(())
        } else {
            Err(Failure::rejected(format!(
                "the host does not take field {field} with {} octets",
                value.len()
            )))
        }
    }

    pub(crate) fn problem(&self, problem: &abi::Problem) {
        // SAFETY: the table was checked in `new`; the problem lives until the call returns.
        unsafe {
            if let Some(tell) = (*self.host).problem {
                tell(self.call, problem);
            }
        }
    }

    /// Tells the host of a failure; gives its class.
    pub(crate) fn fail(&self, failure: &Failure) -> i32 {
        let told = abi::Failure {
            size: abi::size_of::<abi::Failure>(),
            flags: failure.flags,
            code: failure.code,
            function: abi::Bytes::of(failure.function.as_bytes()),
            reason: abi::Bytes::of(failure.reason.as_bytes()),
            remedy: abi::Bytes::of(failure.remedy.as_bytes()),
        };
        // SAFETY: the table was checked in `new`; the texts live until the call returns.
        unsafe {
            if let Some(fail) = (*self.host).fail {
                fail(self.call, &raw const told);
            }
        }
        failure.class
    }
}
