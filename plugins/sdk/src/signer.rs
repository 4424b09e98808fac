#![allow(unsafe_code, reason = "the plugin's side of the C ABI")]

use std::ffi::c_void;
use std::marker::PhantomData;
use tongguan_plugin_abi as abi;

use crate::entry::{called, create, destroy, info, octets};
use crate::{Algorithm, Context, Failure, Plugin};

/// Whom a signer signs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What goes into `KeyName`: the number of the card or certificate; its serial number where
    /// none is given.
    pub key_name: Option<String>,
    /// The signing certificate, DER.
    pub certificate: Vec<u8>,
}

/// Signs with a key that it alone holds. It knows nothing of XML.
pub trait Signer: Plugin {
    /// Whom it signs as.
    ///
    /// # Errors
    /// The certificate cannot be read.
    fn identity(&self, context: &Context) -> Result<Identity, Failure>;

    /// Signs `text`; its digest where [`About::takes_digest`](crate::About::takes_digest) is set.
    ///
    /// # Errors
    /// A [`Failure`]. A wrong PIN is [`Failure::pin_refused`].
    fn sign(
        &self,
        context: &Context,
        algorithm: Algorithm,
        text: &[u8],
    ) -> Result<Vec<u8>, Failure>;
}

struct Made<S>(PhantomData<S>);

impl<S: Signer> Made<S> {
    const CALLS: &'static abi::Signer = &abi::Signer {
        size: abi::size_of::<abi::Signer>(),
        reserved: 0,
        identity: Some(identity::<S>),
        sign: Some(sign::<S>),
    };
    const PLUGIN: &'static abi::Plugin = &abi::Plugin {
        size: abi::size_of::<abi::Plugin>(),
        abi: abi::ABI,
        info: Some(about::<S>),
        create: Some(create::<S>),
        destroy: Some(destroy::<S>),
        signer: Self::CALLS,
        transport: std::ptr::null(),
        role: std::ptr::null(),
    };
}

#[doc(hidden)]
pub fn descriptor<S: Signer>() -> *const abi::Plugin {
    Made::<S>::PLUGIN
}

unsafe extern "C" fn about<S: Signer>(to: *mut abi::Info) -> i32 {
    // SAFETY: the ABI's promise.
    unsafe { info::<S>(abi::SIGNER, to) }
}

unsafe extern "C" fn identity<S: Signer>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
) -> i32 {
    // SAFETY: the ABI's promise.
    unsafe {
        called::<S>(instance, call, timeout_ms, |signer, context| {
            let identity = signer.identity(context)?;
            if let Some(name) = &identity.key_name {
                context.put(abi::KEY_NAME, name.as_bytes())?;
            }
            context.put(abi::CERTIFICATE, &identity.certificate)
        })
    }
}

unsafe extern "C" fn sign<S: Signer>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
    algorithm: u32,
    text: abi::Bytes,
) -> i32 {
    // SAFETY: the ABI's promise, for the text too.
    unsafe {
        called::<S>(instance, call, timeout_ms, |signer, context| {
            let algorithm = Algorithm::of(algorithm)
                .ok_or_else(|| Failure::misconfigured("the host asks for an unknown algorithm"))?;
            let value = signer.sign(context, algorithm, octets(text))?;
            context.put(abi::SIGNATURE, &value)
        })
    }
}
