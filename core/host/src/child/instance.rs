//! An instance of a plugin, and its calls.
#![allow(unsafe_code, reason = "the host's side of the C ABI")]

use std::ffi::c_void;
use tongguan_contracts::FailureClass;
use tongguan_plugin_abi as abi;

use super::calls::{self, Given};
use super::library::{Calls, Library};
use crate::told::{Kind, Launch, Told, class};
use crate::wire::{Field, Frame, Verb};

/// What `create` made.
pub(super) struct Instance {
    library: Library,
    handle: *mut c_void,
}

// SAFETY: the ABI's promise: a plugin that is not thread-affine is called from any thread, and
// serve.rs calls one that is from one thread only.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

/// Puts what a call gave into an answer.
fn answer(status: i32, given: Given) -> Frame {
    let mut frame = Frame::new(Verb::Answer);
    if status == abi::OK {
        frame.fields = given.fields;
        return frame;
    }
    for problem in &given.problems {
        frame = frame.json(Field::Problem, problem);
    }
    let told = match class(status) {
        Some(class) => Told {
            class,
            ..given
                .failure
                .unwrap_or_else(|| Told::transient("it failed, and did not say why"))
        },
        None => Told::transient(format!(
            "it answers {status}, which is no class of a failure"
        )),
    };
    frame.json(Field::Failure, &told)
}

/// An answer of the host's own.
pub(super) fn refused(told: &Told) -> Frame {
    Frame::new(Verb::Answer).json(Field::Failure, told)
}

impl Instance {
    /// Makes one; its first words are what the client must know of it.
    pub(super) fn create(library: Library, launch: &Launch) -> (Option<Self>, Frame) {
        let config = launch.config.to_string();
        let mut handle = std::ptr::null_mut();
        let call = calls::begin();
        let status = match library.plugin.create {
            // SAFETY: the ABI's promise; what is lent lives until it returns.
            Some(create) => unsafe {
                create(
                    call,
                    launch.timeout_ms,
                    &raw const calls::HOST,
                    abi::Bytes::of(config.as_bytes()),
                    &raw mut handle,
                )
            },
            None => abi::MISCONFIGURED,
        };
        let given = calls::end(call);
        if status != abi::OK {
            return (None, answer(status, given));
        }
        let instance = Self { library, handle };
        let call = calls::begin();
        let timeout = launch.timeout_ms;
        let status = match &instance.library.calls {
            Calls::Signer(table) => match table.identity {
                // SAFETY: the ABI's promise; the handle is what `create` made.
                Some(identity) => unsafe { identity(handle, call, timeout) },
                None => abi::MISCONFIGURED,
            },
            Calls::Role(table) => match table.declares {
                // SAFETY: as above.
                Some(declares) => unsafe { declares(handle, call, timeout) },
                None => abi::MISCONFIGURED,
            },
            Calls::Transport(_) => abi::OK,
        };
        let frame = answer(status, calls::end(call));
        (Some(instance), frame)
    }

    /// How it wants to be called: how many at once, all on one thread; and its kind.
    pub(super) fn manners(&self) -> (u32, bool, Kind) {
        let info = &self.library.info;
        (info.max_concurrency, info.thread_affine, info.kind)
    }

    /// Does what a frame asks for.
    pub(super) fn call(&self, frame: &Frame) -> Frame {
        let call = calls::begin();
        let status = self.dispatch(call, frame);
        let given = calls::end(call);
        match status {
            Some(status) => answer(status, given),
            None => refused(&Told::new(
                FailureClass::Rejected,
                "no such call is there for a plugin of its kind",
                "",
            )),
        }
    }

    fn dispatch(&self, call: abi::Call, frame: &Frame) -> Option<i32> {
        let (handle, timeout) = (self.handle, frame.value(Field::TimeoutMs));
        let lent = |field| abi::Bytes::of(frame.get(field).unwrap_or_default());
        // SAFETY of every call below: the ABI's promise; the handle is what `create` made and is
        // not destroyed, and what is lent lives in `frame` until the call returns.
        Some(match (&self.library.calls, frame.verb) {
            (Calls::Signer(table), Verb::Sign) => {
                let algorithm = frame.value(Field::Algorithm);
                // SAFETY: as above.
                unsafe { table.sign?(handle, call, timeout, algorithm, lent(Field::Text)) }
            }
            (Calls::Transport(table), Verb::Send) => {
                let outgoing = abi::Outgoing {
                    size: abi::size_of::<abi::Outgoing>(),
                    reserved: 0,
                    cop_msg_id: lent(Field::CopMsgId),
                    message: lent(Field::Message),
                    envelope: lent(Field::Octets),
                };
                // SAFETY: as above.
                unsafe { table.send?(handle, call, timeout, &raw const outgoing) }
            }
            (Calls::Transport(table), Verb::Receive) => {
                // SAFETY: as above.
                unsafe { table.receive?(handle, call, timeout) }
            }
            (Calls::Transport(table), Verb::Settle) => {
                let taken = frame.value(Field::Taken);
                // SAFETY: as above.
                unsafe { table.settle?(handle, call, timeout, lent(Field::Delivery), taken) }
            }
            (Calls::Transport(table), Verb::Check) => {
                // SAFETY: as above.
                unsafe { table.check?(handle, call, timeout) }
            }
            (Calls::Role(table), Verb::Read) => {
                let document = abi::Document {
                    size: abi::size_of::<abi::Document>(),
                    reserved: 0,
                    name: lent(Field::Name),
                    octets: lent(Field::Octets),
                    message: lent(Field::Message),
                };
                // SAFETY: as above.
                unsafe { table.read?(handle, call, timeout, &raw const document) }
            }
            (Calls::Role(table), Verb::Receipt) => {
                let receipt = abi::Receipt {
                    size: abi::size_of::<abi::Receipt>(),
                    reserved: 0,
                    message: lent(Field::Message),
                    guid: lent(Field::Guid),
                    receipt: lent(Field::Receipt),
                    code: lent(Field::Code),
                    text: lent(Field::Text),
                };
                // SAFETY: as above.
                unsafe { table.on_receipt?(handle, call, timeout, &raw const receipt) }
            }
            _ => return None,
        })
    }

    /// Ends it; no call is under way, and none follows.
    pub(super) fn destroy(&self) {
        if let Some(destroy) = self.library.plugin.destroy {
            // SAFETY: the ABI's promise; the handle is what `create` made.
            unsafe { destroy(self.handle) };
        }
    }
}
