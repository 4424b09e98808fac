//! The functions of GM/T 0016 that signing needs, as they are in a vendor's library.
//!
//! What is taken for granted of a library, beyond the standard's prototypes:
//!
//! - **ULONG and BOOL.** The standard's ULONG has 32 bits; many headers for Linux make it `unsigned
//!   long`, of 64. Both are called alike: a number goes in a whole register, and one that comes back
//!   is in the low half of a word that was 0 before, for no machine that this runs on puts the high
//!   half first. Of a return value the low 32 bits are looked at.
//! - **Packing.** Vendors' headers pack structures to 1 octet, or do not. Only such are read whose
//!   fields are all octets up to the last one needed: DEVINFO as far as the serial number, and
//!   ECCSIGNATUREBLOB. They are read from octets, at their offsets.
//! - **Calls** are made one at a time for a library, from any thread; for a KEY only, where the manifest
//!   says that the library takes several.
#![allow(unsafe_code, reason = "a vendor's library is called")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tongguan_contracts::Failure;
use tongguan_signer_device::{Library, Returned};

use crate::codes::{BUFFER_TOO_SMALL, NOT_SUPPORTED, OK};

/// DEVHANDLE, HAPPLICATION, HCONTAINER.
type Handle = *mut c_void;
/// ULONG and BOOL as they are passed (see above).
type Number = usize;

/// The type of PIN that signs.
const USER: Number = 1;
/// The signature certificate, not the one for encryption.
const SIGNING: Number = 1;
/// DEVINFO has some 300 octets; a library with wider numbers writes a few more.
const DEVINFO: usize = 1024;
/// What a list of names or a certificate may need at most.
const MOST: usize = 1 << 20;
/// A signature by a key of 4096 bits.
const RSA_VALUE: usize = 512;

/// A library's functions.
pub(crate) struct Api {
    library: &'static Library,
    /// The turn of this KEY alone, where the library takes calls for several at once.
    own: Option<Mutex<()>>,
    enum_dev: unsafe extern "system" fn(Number, *mut c_char, *mut Number) -> u32,
    connect_dev: unsafe extern "system" fn(*const c_char, *mut Handle) -> u32,
    disconnect_dev: unsafe extern "system" fn(Handle) -> u32,
    get_dev_info: unsafe extern "system" fn(Handle, *mut u8) -> u32,
    enum_application: unsafe extern "system" fn(Handle, *mut c_char, *mut Number) -> u32,
    open_application: unsafe extern "system" fn(Handle, *const c_char, *mut Handle) -> u32,
    close_application: unsafe extern "system" fn(Handle) -> u32,
    get_pin_info: Option<
        unsafe extern "system" fn(Handle, Number, *mut Number, *mut Number, *mut Number) -> u32,
    >,
    verify_pin: unsafe extern "system" fn(Handle, Number, *const c_char, *mut Number) -> u32,
    enum_container: unsafe extern "system" fn(Handle, *mut c_char, *mut Number) -> u32,
    open_container: unsafe extern "system" fn(Handle, *const c_char, *mut Handle) -> u32,
    close_container: unsafe extern "system" fn(Handle) -> u32,
    export_certificate: unsafe extern "system" fn(Handle, Number, *mut u8, *mut Number) -> u32,
    ecc_sign_data: unsafe extern "system" fn(Handle, *const u8, Number, *mut u8) -> u32,
    rsa_sign_data:
        Option<unsafe extern "system" fn(Handle, *const u8, Number, *mut u8, *mut Number) -> u32>,
}

fn ok(function: &'static str, code: u32) -> Result<(), Returned> {
    match code {
        OK => Ok(()),
        code => Err(Returned { function, code }),
    }
}

/// What a library fills that says how long it is: asked again with what it says it needs.
fn filled(
    function: &'static str,
    first: usize,
    mut call: impl FnMut(*mut u8, *mut Number) -> u32,
) -> Result<Vec<u8>, Returned> {
    let mut room = first;
    loop {
        let mut octets = vec![0u8; room];
        let mut length: Number = room;
        let code = call(octets.as_mut_ptr(), &raw mut length);
        if code == BUFFER_TOO_SMALL && length > room && length <= MOST {
            room = length;
            continue;
        }
        ok(function, code)?;
        octets.truncate(length);
        return Ok(octets);
    }
}

/// Names that each end with a 0, the list with one more.
fn names(octets: &[u8]) -> Vec<CString> {
    let names = octets.split(|octet| *octet == 0);
    names
        .take_while(|name| !name.is_empty())
        .filter_map(|name| CString::new(name).ok())
        .collect()
}

impl Api {
    /// The library of that file.
    pub(crate) fn load(part: &str, path: &Path, parallel: bool) -> Result<Arc<Self>, Failure> {
        let skf = "SKF (GM/T 0016)";
        let library = Library::load(part, skf, path)?;
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the field's type is the standard's prototype of that function, with
                // numbers as told above.
                unsafe { library.function(part, skf, $name) }?
            };
        }
        Ok(Arc::new(Self {
            library,
            own: parallel.then(Mutex::default),
            enum_dev: function!("SKF_EnumDev"),
            connect_dev: function!("SKF_ConnectDev"),
            disconnect_dev: function!("SKF_DisConnectDev"),
            get_dev_info: function!("SKF_GetDevInfo"),
            enum_application: function!("SKF_EnumApplication"),
            open_application: function!("SKF_OpenApplication"),
            close_application: function!("SKF_CloseApplication"),
            // SAFETY: the standard's prototype.
            get_pin_info: unsafe { library.find("SKF_GetPINInfo") },
            verify_pin: function!("SKF_VerifyPIN"),
            enum_container: function!("SKF_EnumContainer"),
            open_container: function!("SKF_OpenContainer"),
            close_container: function!("SKF_CloseContainer"),
            export_certificate: function!("SKF_ExportCertificate"),
            ecc_sign_data: function!("SKF_ECCSignData"),
            // SAFETY: the standard's prototype.
            rsa_sign_data: unsafe { library.find("SKF_RSASignData") },
        }))
    }

    /// Keeps other calls away.
    fn turn(&self) -> MutexGuard<'_, ()> {
        match &self.own {
            Some(own) => own.lock().unwrap_or_else(PoisonError::into_inner),
            None => self.library.turn(),
        }
    }

    /// The names of the devices that are plugged in.
    pub(crate) fn devices(&self) -> Result<Vec<CString>, Returned> {
        let _turn = self.turn();
        let found = filled("SKF_EnumDev", 4096, |to, length| {
            // SAFETY: the buffer has the octets that `length` says.
            unsafe { (self.enum_dev)(1, to.cast(), length) }
        })?;
        Ok(names(&found))
    }

    /// Connects a device.
    pub(crate) fn connect(self: &Arc<Self>, name: &CStr) -> Result<Device, Returned> {
        let _turn = self.turn();
        let mut raw: Handle = ptr::null_mut();
        // SAFETY: a text with a 0 at its end, and room for a handle.
        let code = unsafe { (self.connect_dev)(name.as_ptr(), &raw mut raw) };
        ok("SKF_ConnectDev", code)?;
        Ok(Device(Opened::new(self, raw, self.disconnect_dev)))
    }
}

/// What a library opened, closed when it is dropped.
struct Opened {
    api: Arc<Api>,
    raw: Handle,
    close: unsafe extern "system" fn(Handle) -> u32,
}

// SAFETY: a handle is a library's name for something of its own; the standard ties none to a thread,
// and calls with it are made one at a time.
unsafe impl Send for Opened {}

impl Opened {
    fn new(api: &Arc<Api>, raw: Handle, close: unsafe extern "system" fn(Handle) -> u32) -> Self {
        Self {
            api: Arc::clone(api),
            raw,
            close,
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _turn = self.api.turn();
        // What it says does not matter: a device that is gone has nothing to close.
        // SAFETY: the handle was given for this, and is closed once.
        let _ = unsafe { (self.close)(self.raw) };
    }
}

/// A device that is connected.
pub(crate) struct Device(Opened);

impl Device {
    /// Its label and serial number, of DEVINFO: Version 2 octets, Manufacturer 64, Issuer 64, Label
    /// 32, SerialNumber 32.
    pub(crate) fn info(&self) -> Result<(Vec<u8>, Vec<u8>), Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        // Words, so that it is aligned for whatever the library takes it for.
        let mut room = [0u64; DEVINFO / 8];
        // SAFETY: the handle is open; there is far more room than DEVINFO needs.
        let code = unsafe { (api.get_dev_info)(self.0.raw, room.as_mut_ptr().cast()) };
        ok("SKF_GetDevInfo", code)?;
        let octets: Vec<u8> = room.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let text = |from: usize| {
            let field = &octets[from..from + 32];
            let end = field.iter().position(|o| *o == 0).unwrap_or(field.len());
            field[..end].trim_ascii().to_vec()
        };
        Ok((text(2 + 64 + 64), text(2 + 64 + 64 + 32)))
    }

    /// The names of its applications.
    pub(crate) fn applications(&self) -> Result<Vec<CString>, Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        let found = filled("SKF_EnumApplication", 4096, |to, length| {
            // SAFETY: the handle is open; the buffer has the octets that `length` says.
            unsafe { (api.enum_application)(self.0.raw, to.cast(), length) }
        })?;
        Ok(names(&found))
    }

    /// Opens an application.
    pub(crate) fn application(&self, name: &CStr) -> Result<Application, Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        let mut raw: Handle = ptr::null_mut();
        // SAFETY: the handle is open; a text with a 0 at its end, and room for a handle.
        let code = unsafe { (api.open_application)(self.0.raw, name.as_ptr(), &raw mut raw) };
        ok("SKF_OpenApplication", code)?;
        Ok(Application(Opened::new(api, raw, api.close_application)))
    }
}

/// How often a PIN may be tried, at most and still.
pub(crate) struct Tries {
    pub most: usize,
    pub left: usize,
}

/// An application that is open.
pub(crate) struct Application(Opened);

impl Application {
    /// How often the PIN may be tried; `None` where the library does not say.
    pub(crate) fn tries(&self) -> Result<Option<Tries>, Returned> {
        let api = &self.0.api;
        let Some(get_pin_info) = api.get_pin_info else {
            return Ok(None);
        };
        let _turn = api.turn();
        let (mut most, mut left, mut default) = (0, 0, 0);
        // SAFETY: the handle is open; there is room for each number.
        let code = unsafe {
            get_pin_info(
                self.0.raw,
                USER,
                &raw mut most,
                &raw mut left,
                &raw mut default,
            )
        };
        if code == NOT_SUPPORTED {
            return Ok(None);
        }
        ok("SKF_GetPINInfo", code)?;
        Ok(Some(Tries { most, left }))
    }

    /// Gives the PIN, which a 0 must end.
    pub(crate) fn verify_pin(&self, pin: &CStr) -> Result<(), Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        let mut left: Number = 0;
        // SAFETY: the handle is open; a text with a 0 at its end, and room for a number.
        let code = unsafe { (api.verify_pin)(self.0.raw, USER, pin.as_ptr(), &raw mut left) };
        ok("SKF_VerifyPIN", code)
    }

    /// The names of its containers.
    pub(crate) fn containers(&self) -> Result<Vec<CString>, Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        let found = filled("SKF_EnumContainer", 4096, |to, length| {
            // SAFETY: the handle is open; the buffer has the octets that `length` says.
            unsafe { (api.enum_container)(self.0.raw, to.cast(), length) }
        })?;
        Ok(names(&found))
    }

    /// Opens a container.
    pub(crate) fn container(&self, name: &CStr) -> Result<Container, Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        let mut raw: Handle = ptr::null_mut();
        // SAFETY: the handle is open; a text with a 0 at its end, and room for a handle.
        let code = unsafe { (api.open_container)(self.0.raw, name.as_ptr(), &raw mut raw) };
        ok("SKF_OpenContainer", code)?;
        Ok(Container(Opened::new(api, raw, api.close_container)))
    }
}

/// A container that is open: a key pair with its certificate.
pub(crate) struct Container(Opened);

impl Container {
    /// The signature certificate, DER.
    pub(crate) fn certificate(&self) -> Result<Vec<u8>, Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        filled("SKF_ExportCertificate", 16 << 10, |to, length| {
            // SAFETY: the handle is open; the buffer has the octets that `length` says.
            unsafe { (api.export_certificate)(self.0.raw, SIGNING, to, length) }
        })
    }

    /// Signs a digest by SM2: an ECCSIGNATUREBLOB, r and s of 64 octets each.
    pub(crate) fn sign_ecc(&self, digest: &[u8]) -> Result<[u8; 128], Returned> {
        let api = &self.0.api;
        let _turn = api.turn();
        let mut blob = [0; 128];
        // SAFETY: the handle is open; the digest has that many octets, the blob its 128.
        let code = unsafe {
            (api.ecc_sign_data)(self.0.raw, digest.as_ptr(), digest.len(), blob.as_mut_ptr())
        };
        ok("SKF_ECCSignData", code)?;
        Ok(blob)
    }

    /// Signs by RSA what the device pads.
    pub(crate) fn sign_rsa(&self, data: &[u8]) -> Result<Vec<u8>, Returned> {
        const FUNCTION: &str = "SKF_RSASignData";
        let api = &self.0.api;
        let Some(rsa_sign_data) = api.rsa_sign_data else {
            return Err(Returned {
                function: FUNCTION,
                code: NOT_SUPPORTED,
            });
        };
        let _turn = api.turn();
        filled(FUNCTION, RSA_VALUE, |to, length| {
            // SAFETY: the handle is open; the data has that many octets, the buffer those that
            // `length` says.
            unsafe { rsa_sign_data(self.0.raw, data.as_ptr(), data.len(), to, length) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_ends_where_it_says() {
        let list = |octets: &[u8]| -> Vec<String> {
            let names = names(octets).into_iter();
            names.map(|name| name.into_string().unwrap()).collect()
        };
        assert_eq!(list(b"a\0bc\0\0rest\0"), ["a", "bc"]);
        assert_eq!(list(b"\0"), Vec::<String>::new());
        assert_eq!(list(b""), Vec::<String>::new());
        // Not ended: what is there counts.
        assert_eq!(list(b"a\0b"), ["a", "b"]);
    }
}
