//! The functions of GM/T 0018 that signing needs, as they are in a vendor's library.
//!
//! What is taken for granted of a library, beyond the standard's prototypes:
//!
//! - **Structures** are read from octets, at their offsets, from buffers that are far longer: those
//!   that are read begin with an unsigned int or with octets, so packing changes nothing. Vendors'
//!   headers give an ECC number 64 octets, as the standard, or 32, as before it; and an RSA number
//!   256 or 512.
//! - **Sessions** are independent: calls in several may be made at once, from any thread. What opens
//!   and closes is called one at a time.
#![allow(unsafe_code, reason = "a vendor's library is called")]

use std::ffi::{c_int, c_uint, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use tongguan_contracts::Failure;
use tongguan_signer_device::{Library, Returned};

use crate::codes::{NOT_SUPPORTED, OK};

type Handle = *mut c_void;

/// More than DEVICEINFO (100 octets), ECCrefPublicKey (132) and RSArefPublicKey (up to 1028) have.
const ROOM: usize = 2048;
/// An RSA modulus has at most so many bits.
const MOST_BITS: u32 = 4096;

/// A library's functions.
pub(crate) struct Api {
    library: &'static Library,
    open_device: unsafe extern "system" fn(*mut Handle) -> c_int,
    close_device: unsafe extern "system" fn(Handle) -> c_int,
    open_session: unsafe extern "system" fn(Handle, *mut Handle) -> c_int,
    close_session: unsafe extern "system" fn(Handle) -> c_int,
    get_device_info: unsafe extern "system" fn(Handle, *mut u8) -> c_int,
    get_access: unsafe extern "system" fn(Handle, c_uint, *const u8, c_uint) -> c_int,
    export_ecc: unsafe extern "system" fn(Handle, c_uint, *mut u8) -> c_int,
    sign_ecc: unsafe extern "system" fn(Handle, c_uint, *const u8, c_uint, *mut u8) -> c_int,
    export_rsa: Option<unsafe extern "system" fn(Handle, c_uint, *mut u8) -> c_int>,
    private_rsa: Option<
        unsafe extern "system" fn(Handle, c_uint, *const u8, c_uint, *mut u8, *mut c_uint) -> c_int,
    >,
}

fn ok(function: &'static str, code: c_int) -> Result<(), Returned> {
    match code.cast_unsigned() {
        OK => Ok(()),
        code => Err(Returned { function, code }),
    }
}

/// Octets that are aligned for whatever a library takes them for.
struct Room([u64; ROOM / 8]);

impl Room {
    fn new() -> Self {
        Self([0; ROOM / 8])
    }

    fn at(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }

    fn octets(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }
}

fn bits(octets: &[u8]) -> u32 {
    u32::from_ne_bytes([octets[0], octets[1], octets[2], octets[3]])
}

impl Api {
    /// The library of that file.
    pub(crate) fn load(part: &str, path: &Path) -> Result<Arc<Self>, Failure> {
        let sdf = "SDF (GM/T 0018)";
        let library = Library::load(part, sdf, path)?;
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the field's type is the standard's prototype of that function.
                unsafe { library.function(part, sdf, $name) }?
            };
        }
        Ok(Arc::new(Self {
            library,
            open_device: function!("SDF_OpenDevice"),
            close_device: function!("SDF_CloseDevice"),
            open_session: function!("SDF_OpenSession"),
            close_session: function!("SDF_CloseSession"),
            get_device_info: function!("SDF_GetDeviceInfo"),
            get_access: function!("SDF_GetPrivateKeyAccessRight"),
            export_ecc: function!("SDF_ExportSignPublicKey_ECC"),
            sign_ecc: function!("SDF_InternalSign_ECC"),
            // SAFETY: the standard's prototype.
            export_rsa: unsafe { library.find("SDF_ExportSignPublicKey_RSA") },
            // SAFETY: the standard's prototype.
            private_rsa: unsafe { library.find("SDF_InternalPrivateKeyOperation_RSA") },
        }))
    }

    /// Opens the device.
    pub(crate) fn open(self: &Arc<Self>) -> Result<Arc<Device>, Returned> {
        let _turn = self.library.turn();
        let mut raw: Handle = ptr::null_mut();
        // SAFETY: there is room for a handle.
        ok("SDF_OpenDevice", unsafe {
            (self.open_device)(&raw mut raw)
        })?;
        Ok(Arc::new(Device {
            api: Arc::clone(self),
            raw,
        }))
    }
}

/// A device that is open; closed when the last session on it is.
pub(crate) struct Device {
    api: Arc<Api>,
    raw: Handle,
}

// SAFETY: a handle is a library's name for something of its own; the standard ties none to a thread,
// and what is called with a device's is called one at a time.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

impl Drop for Device {
    fn drop(&mut self) {
        let _turn = self.api.library.turn();
        // What it says does not matter: a device that is gone has nothing to close.
        // SAFETY: the handle was given for this, and is closed once, after its sessions.
        let _ = unsafe { (self.api.close_device)(self.raw) };
    }
}

impl Device {
    /// Opens a session.
    pub(crate) fn session(self: &Arc<Self>) -> Result<Session, Returned> {
        let _turn = self.api.library.turn();
        let mut raw: Handle = ptr::null_mut();
        // SAFETY: the handle is open; there is room for another.
        let code = unsafe { (self.api.open_session)(self.raw, &raw mut raw) };
        ok("SDF_OpenSession", code)?;
        Ok(Session {
            device: Arc::clone(self),
            raw,
        })
    }
}

/// A session, in which one call is made at a time.
pub(crate) struct Session {
    device: Arc<Device>,
    raw: Handle,
}

// SAFETY: as a device's handle; a session has one owner, who calls.
unsafe impl Send for Session {}

impl Drop for Session {
    fn drop(&mut self) {
        let api = &self.device.api;
        let _turn = api.library.turn();
        // SAFETY: the handle was given for this, and is closed once.
        let _ = unsafe { (api.close_session)(self.raw) };
    }
}

impl Session {
    /// The device's serial number, of DEVICEINFO: IssuerName 40 octets, DeviceName 16, DeviceSerial
    /// 16.
    pub(crate) fn serial(&self) -> Result<String, Returned> {
        let mut room = Room::new();
        // SAFETY: the session is open; there is far more room than DEVICEINFO needs.
        let code = unsafe { (self.device.api.get_device_info)(self.raw, room.at()) };
        ok("SDF_GetDeviceInfo", code)?;
        let octets = room.octets();
        let field = &octets[40 + 16..40 + 16 + 16];
        let end = field.iter().position(|o| *o == 0).unwrap_or(field.len());
        Ok(String::from_utf8_lossy(field[..end].trim_ascii()).into_owned())
    }

    /// Gets the right to use a private key in this session.
    pub(crate) fn get_access(&self, key: u32, password: &[u8]) -> Result<(), Returned> {
        // The standard's passwords have at most 16 octets or so; longer than this none can be.
        let length = c_uint::try_from(password.len()).unwrap_or(c_uint::MAX);
        // SAFETY: the session is open; the password has that many octets.
        let code =
            unsafe { (self.device.api.get_access)(self.raw, key, password.as_ptr(), length) };
        ok("SDF_GetPrivateKeyAccessRight", code)
    }

    /// The public point x‖y of a key for signatures.
    pub(crate) fn public_ecc(&self, key: u32) -> Result<Vec<u8>, Returned> {
        let mut room = Room::new();
        // SAFETY: the session is open; there is far more room than ECCrefPublicKey needs.
        let code = unsafe { (self.device.api.export_ecc)(self.raw, key, room.at()) };
        ok("SDF_ExportSignPublicKey_ECC", code)?;
        let octets = room.octets();
        let mut point = [0; 128];
        point.copy_from_slice(&octets[4..132]);
        // Its two numbers are laid out as a signature's are.
        Ok(tongguan_signer_device::sm2_value(&point))
    }

    /// Signs a digest by SM2: an ECCSignature.
    pub(crate) fn sign_ecc(&self, key: u32, digest: &[u8; 32]) -> Result<[u8; 128], Returned> {
        let mut value = [0; 128];
        // SAFETY: the session is open; the digest has 32 octets, and there is room for the wider of
        // the two forms of a signature.
        let code = unsafe {
            (self.device.api.sign_ecc)(self.raw, key, digest.as_ptr(), 32, value.as_mut_ptr())
        };
        ok("SDF_InternalSign_ECC", code)?;
        Ok(value)
    }

    /// The octets of an RSA key's modulus.
    pub(crate) fn modulus(&self, key: u32) -> Result<usize, Returned> {
        const FUNCTION: &str = "SDF_ExportSignPublicKey_RSA";
        let mut room = Room::new();
        let Some(export) = self.device.api.export_rsa else {
            return Err(missing(FUNCTION));
        };
        // SAFETY: the session is open; there is far more room than RSArefPublicKey needs.
        ok(FUNCTION, unsafe { export(self.raw, key, room.at()) })?;
        Ok(bits(&room.octets()).min(MOST_BITS).div_ceil(8) as usize)
    }

    /// An RSA private key's operation on what is as long as its modulus.
    pub(crate) fn private_rsa(&self, key: u32, padded: &[u8]) -> Result<Vec<u8>, Returned> {
        const FUNCTION: &str = "SDF_InternalPrivateKeyOperation_RSA";
        let Some(operate) = self.device.api.private_rsa else {
            return Err(missing(FUNCTION));
        };
        let mut value = vec![0; ROOM];
        let given = c_uint::try_from(padded.len()).unwrap_or(0);
        let mut length = ROOM as c_uint;
        // SAFETY: the session is open; what is given has that many octets, the room those that
        // `length` says.
        let code = unsafe {
            operate(
                self.raw,
                key,
                padded.as_ptr(),
                given,
                value.as_mut_ptr(),
                &raw mut length,
            )
        };
        ok(FUNCTION, code)?;
        value.truncate(length as usize);
        Ok(value)
    }
}

fn missing(function: &'static str) -> Returned {
    Returned {
        function,
        code: NOT_SUPPORTED,
    }
}
