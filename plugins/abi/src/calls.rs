use std::ffi::c_void;

use crate::{Bytes, Call, Host, Info};

/// The calls of a signer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Signer {
    /// Of this structure.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Whom it signs as.
    pub identity: Option<unsafe extern "C" fn(*mut c_void, Call, u32) -> i32>,
    /// Signs.
    pub sign: Option<unsafe extern "C" fn(*mut c_void, Call, u32, u32, Bytes) -> i32>,
}

/// An envelope on its way out.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Outgoing {
    /// Of this structure.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// A repeat carries the same one.
    pub cop_msg_id: Bytes,
    /// The message's name.
    pub message: Bytes,
    /// The octets.
    pub envelope: Bytes,
}

/// The calls of a transport.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Transport {
    /// Of this structure.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Hands over an envelope.
    pub send: Option<unsafe extern "C" fn(*mut c_void, Call, u32, *const Outgoing) -> i32>,
    /// Waits for the next delivery.
    pub receive: Option<unsafe extern "C" fn(*mut c_void, Call, u32) -> i32>,
    /// Settles a delivery.
    pub settle: Option<unsafe extern "C" fn(*mut c_void, Call, u32, Bytes, u32) -> i32>,
    /// Tries both directions.
    pub check: Option<unsafe extern "C" fn(*mut c_void, Call, u32) -> i32>,
}

/// A document as an enterprise hands it over.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// Of this structure.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// For messages: the file's path.
    pub name: Bytes,
    /// Hostile until shown otherwise.
    pub octets: Bytes,
    /// The message to read it as; empty where the document tells.
    pub message: Bytes,
}

/// A receipt for one declaration.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Receipt {
    /// Of this structure.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// The declaration's message.
    pub message: Bytes,
    /// The declaration's guid.
    pub guid: Bytes,
    /// The receipt's message.
    pub receipt: Bytes,
    /// `returnStatus`.
    pub code: Bytes,
    /// `returnInfo`, without personal data.
    pub text: Bytes,
}

/// The calls of a role.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Role {
    /// Of this structure.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Puts each message that it may declare.
    pub declares: Option<unsafe extern "C" fn(*mut c_void, Call, u32) -> i32>,
    /// Reads a document.
    pub read: Option<unsafe extern "C" fn(*mut c_void, Call, u32, *const Document) -> i32>,
    /// Hears of a receipt.
    pub on_receipt: Option<unsafe extern "C" fn(*mut c_void, Call, u32, *const Receipt) -> i32>,
}

/// What a plugin's entry gives. `size` and `abi` stay where they are in every version.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// Of this structure.
    pub size: u32,
    /// The version that the plugin was compiled for.
    pub abi: u32,
    /// Fills in what there is room for.
    pub info: Option<unsafe extern "C" fn(*mut Info) -> i32>,
    /// Makes an instance.
    pub create:
        Option<unsafe extern "C" fn(Call, u32, *const Host, Bytes, *mut *mut c_void) -> i32>,
    /// Ends an instance.
    pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    /// A signer's calls; null for others.
    pub signer: *const Signer,
    /// A transport's calls; null for others.
    pub transport: *const Transport,
    /// A role's calls; null for others.
    pub role: *const Role,
}
