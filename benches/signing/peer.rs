//! libxmlsec1, in process.
#![allow(unsafe_code, reason = "the peer is a C library")]

use std::ffi::c_int;

unsafe extern "C" {
    fn peer_init(pem: *const u8, pem_len: c_int, cert: *const u8, cert_len: c_int) -> c_int;
    fn peer_sign(doc: *const u8, len: c_int, out: *mut u8, room: c_int) -> c_int;
}

/// The peer, with its key.
pub struct Peer(());

impl Peer {
    /// Loads the key and certificate, PEM.
    pub fn new(key: &[u8], certificate: &[u8]) -> Result<Self, String> {
        let lengths = (
            c_int::try_from(key.len()),
            c_int::try_from(certificate.len()),
        );
        let (Ok(key_len), Ok(cert_len)) = lengths else {
            return Err("too long".to_owned());
        };
        // SAFETY: both pointers are valid for the lengths given, and only read. Called once,
        // from one thread.
        let code = unsafe { peer_init(key.as_ptr(), key_len, certificate.as_ptr(), cert_len) };
        if code == 0 {
            Ok(Self(()))
        } else {
            Err(format!("libxmlsec1 does not start: {code}"))
        }
    }

    /// Signs a template into `out`; gives the length.
    pub fn sign(&self, template: &[u8], out: &mut [u8]) -> Result<usize, String> {
        let lengths = (c_int::try_from(template.len()), c_int::try_from(out.len()));
        let (Ok(len), Ok(room)) = lengths else {
            return Err("too long".to_owned());
        };
        // SAFETY: `template` is valid and read for `len`, `out` valid and written for at most
        // `room`; the library was started by `new`, and everything runs on one thread.
        let size = unsafe { peer_sign(template.as_ptr(), len, out.as_mut_ptr(), room) };
        usize::try_from(size).map_err(|_| format!("libxmlsec1 does not sign: {size}"))
    }
}
