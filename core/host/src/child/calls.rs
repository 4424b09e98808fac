//! What the host does for a plugin, and the calls that it does that for.
#![allow(unsafe_code, reason = "the host's side of the C ABI")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use tongguan_contracts::{FailureClass, SecretRef};
use tongguan_plugin_abi as abi;

use super::serve::tell;
use crate::told::{Told, Wrong};
use crate::wire::{Field, Frame, Verb};

/// How many octets a call may give.
const MOST_GIVEN: usize = 128 << 20;
/// How many results and problems a call may give.
const MOST_RESULTS: usize = 10_000;
const MOST_PROBLEMS: usize = 1000;
/// How long a text about a failure may be.
const MOST_TEXT: usize = 4000;

/// What a call has given so far.
#[derive(Default)]
pub(super) struct Given {
    pub fields: Vec<(Field, Vec<u8>)>,
    pub problems: Vec<Wrong>,
    pub failure: Option<Told>,
    octets: usize,
    /// The failure is the host's own: it knows more than the plugin makes of it.
    own: bool,
}

static LIVE: OnceLock<Mutex<HashMap<abi::Call, Given>>> = OnceLock::new();
/// Never used twice, and not easily guessed by chance: what is stale or made up is found out.
static NEXT: AtomicU64 = AtomicU64::new(0x7467_0001);
/// The part and the folder that secrets are found from.
static PLACE: OnceLock<(String, PathBuf)> = OnceLock::new();

/// Says where secrets are found from.
pub(super) fn placed(part: String, base: PathBuf) {
    // There is one part a process.
    let _ = PLACE.set((part, base));
}

fn live() -> MutexGuard<'static, HashMap<abi::Call, Given>> {
    let live = LIVE.get_or_init(Mutex::default);
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a call.
pub(super) fn begin() -> abi::Call {
    let call = NEXT.fetch_add(1, Ordering::Relaxed);
    live().insert(call, Given::default());
    call
}

/// Ends a call: what it gave. From here on it is refused.
pub(super) fn end(call: abi::Call) -> Given {
    live().remove(&call).unwrap_or_default()
}

/// The table that plugins are given.
pub(super) static HOST: abi::Host = abi::Host {
    size: abi::size_of::<abi::Host>(),
    abi: abi::ABI,
    put: Some(put),
    fail: Some(fail),
    problem: Some(problem),
    secret: Some(secret),
    log: Some(log),
};

/// Copies what a plugin lends, or says what is wrong with it.
///
/// # Safety
/// The plugin's promise: the octets are there. One that lies breaks only this process.
unsafe fn copied(bytes: abi::Bytes, most: usize) -> Result<Vec<u8>, &'static str> {
    if bytes.size == 0 {
        return Ok(Vec::new());
    }
    if bytes.data.is_null() {
        return Err("octets without an address");
    }
    if bytes.size > most {
        return Err("more octets than are taken");
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(bytes.data, bytes.size) }.to_vec())
}

/// Text for people, cut where it is long.
///
/// # Safety
/// As [`copied`].
unsafe fn shown(bytes: abi::Bytes) -> String {
    // SAFETY: the caller's promise.
    let octets = unsafe { copied(bytes, MOST_GIVEN) }.unwrap_or_default();
    let text = String::from_utf8_lossy(&octets);
    let printable = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    text.chars().take(MOST_TEXT).map(printable).collect()
}

/// A plugin did what it must not: that is told, whatever becomes of the call.
fn misbehaved(what: &str) -> i32 {
    warn(&format!("misbehaves: {what}"));
    abi::REJECTED
}

fn over(function: &str) -> i32 {
    misbehaved(&format!("{function} for a call that is over, or never was"))
}

pub(super) fn warn(text: &str) {
    tell(
        &Frame::new(Verb::Log)
            .number(Field::Level, abi::LOG_WARN)
            .with(Field::Text, text),
    );
}

unsafe extern "C" fn put(call: abi::Call, field: u32, value: abi::Bytes) -> i32 {
    if !live().contains_key(&call) {
        return over("put");
    }
    let Some(field) = Field::put(field) else {
        return misbehaved(&format!("it puts the unknown field {field}"));
    };
    // SAFETY: the plugin's promise.
    let octets = match unsafe { copied(value, MOST_GIVEN) } {
        Ok(octets) => octets,
        Err(what) => return misbehaved(&format!("it puts {what} ({} of them)", value.size)),
    };
    let mut live = live();
    let Some(given) = live.get_mut(&call) else {
        return over("put");
    };
    if given.octets + octets.len() > MOST_GIVEN || given.fields.len() >= MOST_RESULTS {
        drop(live);
        return misbehaved("it puts more than is taken");
    }
    given.octets += octets.len();
    given.fields.push((field, octets));
    abi::OK
}

unsafe extern "C" fn fail(call: abi::Call, failure: *const abi::Failure) -> i32 {
    // SAFETY: the plugin's promise.
    let Some(failure) = (unsafe { failure.as_ref() }) else {
        return misbehaved("it tells of a failure without one");
    };
    if failure.size < abi::size_of::<abi::Failure>() {
        return misbehaved("its failure is too small");
    }
    // SAFETY: the plugin's promise.
    let told = unsafe {
        Told {
            // The class is what the call answers.
            class: FailureClass::Transient,
            flags: failure.flags,
            code: failure.code,
            function: shown(failure.function),
            reason: shown(failure.reason),
            remedy: shown(failure.remedy),
        }
    };
    let mut live = live();
    let Some(given) = live.get_mut(&call) else {
        drop(live);
        return over("fail");
    };
    if !given.own {
        given.failure = Some(told);
    }
    abi::OK
}

unsafe extern "C" fn problem(call: abi::Call, problem: *const abi::Problem) -> i32 {
    // SAFETY: the plugin's promise.
    let Some(problem) = (unsafe { problem.as_ref() }) else {
        return misbehaved("it tells of a problem without one");
    };
    if problem.size < abi::size_of::<abi::Problem>() {
        return misbehaved("its problem is too small");
    }
    // SAFETY: the plugin's promise.
    let wrong = unsafe {
        Wrong {
            line: problem.line,
            column: problem.column,
            path: shown(problem.path),
            field_en: shown(problem.field_en),
            field_zh: shown(problem.field_zh),
            rule: shown(problem.rule),
            text: shown(problem.text),
            remedy: shown(problem.remedy),
        }
    };
    let mut live = live();
    let Some(given) = live.get_mut(&call) else {
        drop(live);
        return over("problem");
    };
    if given.problems.len() < MOST_PROBLEMS {
        given.problems.push(wrong);
    }
    abi::OK
}

unsafe extern "C" fn secret(
    call: abi::Call,
    reference: abi::Bytes,
    buffer: *mut u8,
    capacity: usize,
    size: *mut usize,
) -> i32 {
    if size.is_null() || (buffer.is_null() && capacity > 0) {
        return misbehaved("it asks for a secret without room for it");
    }
    // SAFETY: the plugin's promise.
    let reference = unsafe { copied(reference, MOST_TEXT) }
        .ok()
        .and_then(|octets| String::from_utf8(octets).ok());
    let Some(reference) = reference else {
        return misbehaved("its reference of a secret is no text");
    };
    let Some((part, base)) = PLACE.get() else {
        return abi::REJECTED;
    };
    let found = SecretRef::parse(&reference)
        .map_err(|rule| Told::misconfigured(rule, "mend the reference in the manifest"))
        .and_then(|reference| {
            reference.resolve(part, base).map_err(|failure| {
                Told::misconfigured(&failure, failure.how_to_mend().unwrap_or_default())
            })
        });
    let mut live = live();
    let Some(given) = live.get_mut(&call) else {
        drop(live);
        return over("secret");
    };
    match found {
        Err(told) => {
            given.failure = Some(told);
            given.own = true;
            abi::MISCONFIGURED
        }
        Ok(secret) => {
            // SAFETY: `size` is not null, and the plugin's promise.
            unsafe { *size = secret.len() };
            if secret.len() > capacity {
                return abi::REJECTED;
            }
            // SAFETY: the buffer has that much room, by the plugin's promise; it is its own.
            unsafe { std::ptr::copy_nonoverlapping(secret.as_ptr(), buffer, secret.len()) };
            abi::OK
        }
    }
}

unsafe extern "C" fn log(level: u32, text: abi::Bytes) {
    // SAFETY: the plugin's promise.
    let text = unsafe { shown(text) };
    tell(
        &Frame::new(Verb::Log)
            .number(Field::Level, level)
            .with(Field::Text, text),
    );
}
