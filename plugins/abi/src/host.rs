use crate::{Bytes, Call};

/// What went wrong, told so that a person can act on it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// Of this structure.
    pub size: u32,
    /// [`UNSENT`](crate::UNSENT), [`PIN_REFUSED`](crate::PIN_REFUSED).
    pub flags: u32,
    /// The vendor's error code; 0 where there is none.
    pub code: i64,
    /// The vendor's function that failed.
    pub function: Bytes,
    /// What is wrong, without a full stop.
    pub reason: Bytes,
    /// What the operator should do; empty where nobody knows.
    pub remedy: Bytes,
}

/// One thing wrong in a document.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Problem {
    /// Of this structure.
    pub size: u32,
    /// From 1; 0 when unknown.
    pub line: u32,
    /// From 1; 0 when unknown.
    pub column: u32,
    /// 0.
    pub reserved: u32,
    /// The place in the document.
    pub path: Bytes,
    /// The field's English name; empty when it is not a field's.
    pub field_en: Bytes,
    /// Its Chinese name.
    pub field_zh: Bytes,
    /// The rule's stable name.
    pub rule: Bytes,
    /// What is wrong, without a full stop.
    pub text: Bytes,
    /// What to do, without a full stop.
    pub remedy: Bytes,
}

/// What the host does for a plugin.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Of this structure.
    pub size: u32,
    /// The host's version of the ABI.
    pub abi: u32,
    /// Gives a result.
    pub put: Option<unsafe extern "C" fn(Call, u32, Bytes) -> i32>,
    /// Tells why the call is about to fail.
    pub fail: Option<unsafe extern "C" fn(Call, *const Failure) -> i32>,
    /// Tells one thing wrong in the document.
    pub problem: Option<unsafe extern "C" fn(Call, *const Problem) -> i32>,
    /// Fetches a secret by its reference.
    pub secret: Option<unsafe extern "C" fn(Call, Bytes, *mut u8, usize, *mut usize) -> i32>,
    /// Logs a line.
    pub log: Option<unsafe extern "C" fn(u32, Bytes)>,
}

/// What a plugin says of itself.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// How much room there is.
    pub size: u32,
    /// [`SIGNER`](crate::SIGNER), [`TRANSPORT`](crate::TRANSPORT), [`ROLE`](crate::ROLE).
    pub kind: u32,
    /// Its name.
    pub name: Bytes,
    /// Its version.
    pub version: Bytes,
    /// Who made it.
    pub vendor: Bytes,
    /// Signers: [`RSA_SHA1`](crate::RSA_SHA1), [`SM2_SM3`](crate::SM2_SM3).
    pub algorithms: u32,
    /// [`THREAD_AFFINE`](crate::THREAD_AFFINE) and the others.
    pub flags: u32,
    /// How many calls at once; at least 1.
    pub max_concurrency: u32,
    /// No more than these are asked for; 0: no bound.
    pub operations_per_minute: u32,
}
