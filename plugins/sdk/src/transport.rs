#![allow(unsafe_code, reason = "the plugin's side of the C ABI")]

use std::ffi::c_void;
use std::marker::PhantomData;
use tongguan_plugin_abi as abi;

use crate::entry::{called, create, destroy, info, octets, text};
use crate::{Context, Failure, Plugin};

/// An envelope on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// A repeat carries the same one: derive ids and file names from it.
    pub cop_msg_id: &'a str,
    /// The message's name, `CEB311Message`; for headers and file names only.
    pub message: &'a str,
    /// The octets.
    pub envelope: &'a [u8],
}

/// Something that came in. It stays the other side's until it is settled.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where it came from, for people.
    pub origin: String,
    /// What [`Transport::settle`] is given to know it by.
    pub id: Vec<u8>,
    /// The octets, as they came.
    pub octets: Vec<u8>,
}

/// A way to the exchange platform. It knows nothing of customs messages.
pub trait Transport: Plugin {
    /// Hands over an envelope; returns, with the other side's word for it, once that has taken
    /// responsibility.
    ///
    /// # Errors
    /// A [`Failure`]; [`Failure::unsent`] where nothing of the envelope can have left.
    fn send(&self, context: &Context, outgoing: Outgoing<'_>) -> Result<String, Failure>;

    /// Waits for the next delivery until [`Context::remaining`] is over. May run beside the other
    /// calls.
    ///
    /// # Errors
    /// Nothing can be received.
    fn receive(&self, context: &Context) -> Result<Option<Delivery>, Failure>;

    /// Settles a delivery: taken (it need not come again), or given back.
    ///
    /// # Errors
    /// The other side does not know of it; the delivery comes again.
    fn settle(&self, context: &Context, delivery: &[u8], taken: bool) -> Result<(), Failure>;

    /// Tries both directions without carrying anything.
    ///
    /// # Errors
    /// What is wrong and what to do.
    fn check(&self, context: &Context) -> Result<(), Failure>;
}

struct Made<T>(PhantomData<T>);

impl<T: Transport> Made<T> {
    const CALLS: &'static abi::Transport = &abi::Transport {
        size: abi::size_of::<abi::Transport>(),
        reserved: 0,
        send: Some(send::<T>),
        receive: Some(receive::<T>),
        settle: Some(settle::<T>),
        check: Some(check::<T>),
    };
    const PLUGIN: &'static abi::Plugin = &abi::Plugin {
        size: abi::size_of::<abi::Plugin>(),
        abi: abi::ABI,
        info: Some(about::<T>),
        create: Some(create::<T>),
        destroy: Some(destroy::<T>),
        signer: std::ptr::null(),
        transport: Self::CALLS,
        role: std::ptr::null(),
    };
}

#[doc(hidden)]
pub fn descriptor<T: Transport>() -> *const abi::Plugin {
    Made::<T>::PLUGIN
}

unsafe extern "C" fn about<T: Transport>(to: *mut abi::Info) -> i32 {
    // SAFETY: the ABI's promise.
    unsafe { info::<T>(abi::TRANSPORT, to) }
}

unsafe extern "C" fn send<T: Transport>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
    outgoing: *const abi::Outgoing,
) -> i32 {
    // SAFETY: the ABI's promise, for the envelope too; the ABI's first version has all its fields.
    unsafe {
        called::<T>(instance, call, timeout_ms, |transport, context| {
            let outgoing = outgoing
                .as_ref()
                .ok_or_else(|| Failure::rejected("the host gave no envelope"))?;
            let evidence = transport.send(
                context,
                Outgoing {
                    cop_msg_id: text(outgoing.cop_msg_id)?,
                    message: text(outgoing.message)?,
                    envelope: octets(outgoing.envelope),
                },
            )?;
            context.put(abi::EVIDENCE, evidence.as_bytes())
        })
    }
}

unsafe extern "C" fn receive<T: Transport>(
    instance: *mut c_void,
    call: abi::Call,
    wait_ms: u32,
) -> i32 {
    // SAFETY: the ABI's promise.
    unsafe {
        called::<T>(instance, call, wait_ms, |transport, context| {
            let Some(delivery) = transport.receive(context)? else {
                return Ok(());
            };
            context.put(abi::ORIGIN, delivery.origin.as_bytes())?;
            context.put(abi::DELIVERY, &delivery.id)?;
            context.put(abi::OCTETS, &delivery.octets)
        })
    }
}

unsafe extern "C" fn settle<T: Transport>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
    delivery: abi::Bytes,
    taken: u32,
) -> i32 {
    // SAFETY: the ABI's promise, for the delivery too.
    unsafe {
        called::<T>(instance, call, timeout_ms, |transport, context| {
            transport.settle(context, octets(delivery), taken != 0)
        })
    }
}

unsafe extern "C" fn check<T: Transport>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
) -> i32 {
    // SAFETY: the ABI's promise.
    unsafe {
        called::<T>(instance, call, timeout_ms, |transport, context| {
            transport.check(context)
        })
    }
}
