//! libxml2, in process.
#![allow(unsafe_code, reason = "the peer is a C library")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::NonNull;

unsafe extern "C" {
    fn peer_schema(path: *const c_char) -> *mut c_void;
    fn peer_validate(schema: *mut c_void, document: *const u8, len: c_int) -> c_int;
}

/// A compiled schema. It lives as long as the program.
pub struct Schema(NonNull<c_void>);

impl Schema {
    /// Compiles the schema in a file.
    pub fn compile(path: &Path) -> Result<Self, String> {
        let name = CString::new(path.to_string_lossy().as_bytes()).map_err(|e| e.to_string())?;
        // SAFETY: `name` ends in a zero and is only read; everything runs on one thread.
        let schema = unsafe { peer_schema(name.as_ptr()) };
        NonNull::new(schema)
            .map(Self)
            .ok_or_else(|| format!("libxml2 does not take {}", path.display()))
    }

    /// Whether the document is valid.
    pub fn validate(&self, document: &[u8]) -> Result<bool, String> {
        let len = c_int::try_from(document.len()).map_err(|e| e.to_string())?;
        // SAFETY: the schema was compiled by the same library and is never freed; `document` is
        // valid and only read for `len`.
        match unsafe { peer_validate(self.0.as_ptr(), document.as_ptr(), len) } {
            0 => Ok(true),
            1 | -1 => Ok(false),
            code => Err(format!("libxml2 does not validate: {code}")),
        }
    }
}
