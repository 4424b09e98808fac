//! What the SDK does not let one do: the calls of the ABI, wrongly.

use std::ffi::c_void;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

use tongguan_plugin_sdk::abi;

use crate::How;

/// How it is to misbehave, after how many good signatures, and unless which file is there.
static TOLD: OnceLock<(How, u64, Option<String>)> = OnceLock::new();
static SIGNED: AtomicU64 = AtomicU64::new(0);
static HOST: AtomicPtr<abi::Host> = AtomicPtr::new(std::ptr::null_mut());
static GOOD: AtomicPtr<abi::Plugin> = AtomicPtr::new(std::ptr::null_mut());
static PLUGIN: OnceLock<Spoiled> = OnceLock::new();

struct Spoiled {
    plugin: abi::Plugin,
    _calls: Box<abi::Signer>,
}

// SAFETY: addresses of functions and of constants.
unsafe impl Send for Spoiled {}
// SAFETY: as above.
unsafe impl Sync for Spoiled {}

pub fn told(how: How, first: u64, well_while: Option<String>) {
    let _ = TOLD.set((how, first, well_while));
}

/// The same plugin, with its `create` and `sign` replaced.
pub fn spoiled(good: *const abi::Plugin) -> *const abi::Plugin {
    GOOD.store(good.cast_mut(), Ordering::SeqCst);
    let spoiled = PLUGIN.get_or_init(|| {
        // SAFETY: the SDK's descriptor, a constant.
        let mut plugin = unsafe { *good };
        // SAFETY: as above.
        let mut calls = Box::new(unsafe { *plugin.signer });
        calls.sign = Some(sign);
        plugin.signer = &raw const *calls;
        plugin.create = Some(create);
        Spoiled {
            plugin,
            _calls: calls,
        }
    });
    &raw const spoiled.plugin
}

unsafe extern "C" fn create(
    call: abi::Call,
    timeout_ms: u32,
    host: *const abi::Host,
    config: abi::Bytes,
    instance: *mut *mut c_void,
) -> i32 {
    HOST.store(host.cast_mut(), Ordering::SeqCst);
    // SAFETY: the SDK's descriptor, and what the host gave.
    unsafe {
        match (*GOOD.load(Ordering::SeqCst)).create {
            Some(create) => create(call, timeout_ms, host, config, instance),
            None => abi::MISCONFIGURED,
        }
    }
}

/// Gives a signature.
///
/// # Safety
/// The octets are there, or that is the point.
unsafe fn put(call: abi::Call, bytes: abi::Bytes) -> i32 {
    // SAFETY: the host's table; the octets are the caller's matter.
    unsafe {
        match (*HOST.load(Ordering::SeqCst)).put {
            Some(put) => put(call, abi::SIGNATURE, bytes),
            None => abi::OK,
        }
    }
}

unsafe extern "C" fn sign(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
    algorithm: u32,
    text: abi::Bytes,
) -> i32 {
    let before = SIGNED.fetch_add(1, Ordering::SeqCst);
    let due = TOLD.get().filter(|(_, first, well_while)| {
        let well = well_while
            .as_ref()
            .is_some_and(|path| Path::new(path).exists());
        before >= *first && !well
    });
    let how = due.map_or(How::Well, |(how, ..)| *how);
    static VALUE: [u8; 256] = [0x5A; 256];
    match how {
        How::Nothing => return abi::OK,
        How::WrongStatus => return 4711,
        How::WrongSize => {
            // SAFETY: none: there are not so many.
            return unsafe {
                put(
                    call,
                    abi::Bytes {
                        data: VALUE.as_ptr(),
                        size: 100 << 20,
                    },
                )
            };
        }
        How::WrongFailure => {
            let failure = abi::Failure {
                size: 8,
                flags: 0,
                code: 0,
                function: abi::Bytes::NONE,
                reason: abi::Bytes::NONE,
                remedy: abi::Bytes::NONE,
            };
            // SAFETY: the host's table; it is told that the failure is smaller than it is.
            unsafe {
                if let Some(fail) = (*HOST.load(Ordering::SeqCst)).fail {
                    fail(call, &raw const failure);
                }
            }
            return abi::TRANSIENT;
        }
        How::LateThread => {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(100));
                // SAFETY: the octets are a constant.
                unsafe { put(call, abi::Bytes::of(&VALUE)) };
            });
            return abi::TRANSIENT;
        }
        _ => {}
    }
    // SAFETY: the SDK's descriptor, and what the host gave.
    unsafe {
        match (*(*GOOD.load(Ordering::SeqCst)).signer).sign {
            Some(sign) => sign(instance, call, timeout_ms, algorithm, text),
            None => abi::MISCONFIGURED,
        }
    }
}
