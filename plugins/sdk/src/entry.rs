//! What every entry does: looks at what it is given, catches panics, tells failures.
#![allow(unsafe_code, reason = "the plugin's side of the C ABI")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tongguan_plugin_abi as abi;

use crate::{Context, Failure, Plugin};

/// An instance, as its opaque handle points to it.
pub(crate) struct Instance<P> {
    plugin: P,
    host: *const abi::Host,
}

/// Octets that the host lent for the call.
///
/// # Safety
/// They are the host's, and live until the call returns.
pub(crate) unsafe fn octets<'a>(bytes: abi::Bytes) -> &'a [u8] {
    if bytes.data.is_null() || bytes.size == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(bytes.data, bytes.size) }
}

/// Text that the host lent for the call.
///
/// # Safety
/// As [`octets`].
pub(crate) unsafe fn text<'a>(bytes: abi::Bytes) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise.
    std::str::from_utf8(unsafe { octets(bytes) })
        .map_err(|_| Failure::rejected("the host gave text that is no UTF-8"))
}

/// Runs what a call does; a panic is a failure of this call alone.
fn guarded(context: &Context, work: impl FnOnce() -> Result<(), Failure>) -> i32 {
    let ended = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        // What a panic carries may panic when it is dropped.
        std::mem::forget(panic);
        Err(Failure::transient(format!(
            "it panicked: {}",
            said.unwrap_or_default()
        )))
    });
    match ended {
        Ok(()) => abi::OK,
        Err(failure) => context.fail(&failure),
    }
}

/// A call of an instance.
///
/// # Safety
/// `instance` came from [`create`] for the same plugin, and is not destroyed.
pub(crate) unsafe fn called<P: Plugin>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
    work: impl FnOnce(&P, &Context) -> Result<(), Failure>,
) -> i32 {
    // SAFETY: the caller's promise; a null pointer is an error of the host's, told as one.
    let Some(instance) = (unsafe { instance.cast::<Instance<P>>().as_ref() }) else {
        return abi::MISCONFIGURED;
    };
    // SAFETY: the host gave it to `create`, and it lives as long as the process.
    let Some(context) = (unsafe { Context::new(instance.host, call, timeout_ms) }) else {
        return abi::MISCONFIGURED;
    };
    guarded(&context, || work(&instance.plugin, &context))
}

/// `create` of the ABI.
///
/// # Safety
/// As the ABI says.
pub(crate) unsafe extern "C" fn create<P: Plugin>(
    call: abi::Call,
    timeout_ms: u32,
    host: *const abi::Host,
    config: abi::Bytes,
    instance: *mut *mut c_void,
) -> i32 {
    // SAFETY: the ABI's promise.
    let Some(context) = (unsafe { Context::new(host, call, timeout_ms) }) else {
        return abi::MISCONFIGURED;
    };
    guarded(&context, || {
        // SAFETY: the ABI's promise.
        let config = unsafe { octets(config) };
        let config = serde_json::from_slice(config).map_err(|e| {
            Failure::misconfigured(format!("its options in the manifest are wrong: {e}"))
                .remedy("mend the part's table in the manifest")
        })?;
        let made = Box::new(Instance {
            plugin: P::create(config, &context)?,
            host: context.host(),
        });
        // SAFETY: the ABI's promise: `instance` is where the handle goes.
        unsafe { *instance = Box::into_raw(made).cast() };
        Ok(())
    })
}

/// `destroy` of the ABI.
///
/// # Safety
/// As [`called`]; no call is under way, and none follows.
pub(crate) unsafe extern "C" fn destroy<P: Plugin>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    // SAFETY: it came from `create`, which gave up the box.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<P>>()) };
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(instance)));
    // Nobody is left to tell of a panic; what it carries may panic when it is dropped.
    std::mem::forget(dropped);
}

/// `info` of the ABI.
///
/// # Safety
/// `info` is null, or as large as its `size` says.
pub(crate) unsafe fn info<P: Plugin>(kind: u32, info: *mut abi::Info) -> i32 {
    // SAFETY: the ABI's promise.
    let Some(room) = (unsafe { info.as_ref() }).map(|info| info.size as usize) else {
        return abi::MISCONFIGURED;
    };
    let told = P::ABOUT.info(kind);
    let size = room.min(size_of::<abi::Info>());
    // SAFETY: no more is written than there is room for, and than `told` has.
    unsafe {
        std::ptr::copy_nonoverlapping((&raw const told).cast::<u8>(), info.cast::<u8>(), size);
    }
    abi::OK
}
