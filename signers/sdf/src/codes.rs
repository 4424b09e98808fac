//! The return values of GM/T 0018-2012, Annex A, and what they mean for the client.

use tongguan_contracts::FailureClass::{self, DeviceGone, Misconfigured, Transient};
use tongguan_signer_device::{Code, Codes, Returned};

pub(crate) const CODES: Codes = Codes {
    standard: "GM/T 0018",
    all: ALL,
};

pub(crate) const OK: u32 = 0;
pub(crate) const NOT_SUPPORTED: u32 = 0x0100_0002;
pub(crate) const KEY_NOT_THERE: u32 = 0x0100_0008;

/// What is opened anew, once, before it counts.
const LOST: bool = true;
const KEPT: bool = false;

const fn code(
    number: u32,
    name: &'static str,
    class: FailureClass,
    lost: bool,
    meaning: &'static str,
) -> Code {
    Code {
        value: 0x0100_0000 + number,
        name,
        meaning,
        class,
        lost,
    }
}

#[rustfmt::skip]
const ALL: &[Code] = &[
    code(0x01, "SDR_UNKNOWERR", Transient, LOST, "an unknown error"),
    code(0x02, "SDR_NOTSUPPORT", Misconfigured, KEPT, "the device does not offer this"),
    code(0x03, "SDR_COMMFAIL", DeviceGone, LOST, "the device is not reached"),
    code(0x04, "SDR_HARDFAIL", DeviceGone, LOST, "the device does not answer"),
    code(0x05, "SDR_OPENDEVICE", DeviceGone, LOST, "the device cannot be opened"),
    code(0x06, "SDR_OPENSESSION", Transient, LOST, "no session can be opened"),
    code(0x07, "SDR_PARDENY", Misconfigured, LOST, "there is no right to use the private key"),
    code(0x08, "SDR_KEYNOTEXIST", Misconfigured, KEPT, "there is no such key"),
    code(0x09, "SDR_ALGNOTSUPPORT", Misconfigured, KEPT, "the device does not have the algorithm"),
    code(0x0A, "SDR_ALGMODNOTSUPPORT", Misconfigured, KEPT, "the device does not have the mode"),
    code(0x0B, "SDR_PKOPERR", Transient, KEPT, "the public key's operation failed"),
    code(0x0C, "SDR_SKOPERR", Transient, KEPT, "the private key's operation failed"),
    code(0x0D, "SDR_SIGNERR", Transient, KEPT, "signing failed"),
    code(0x0E, "SDR_VERIFYERR", Transient, KEPT, "verifying failed"),
    code(0x0F, "SDR_SYMOPERR", Transient, KEPT, "a symmetric operation failed"),
    code(0x10, "SDR_STEPERR", Transient, LOST, "a step is out of order"),
    code(0x11, "SDR_FILESIZEERR", Misconfigured, KEPT, "a file is too large"),
    code(0x12, "SDR_FILENOEXIST", Misconfigured, KEPT, "there is no such file"),
    code(0x13, "SDR_FILEOFSERR", Misconfigured, KEPT, "a place in a file is wrong"),
    code(0x14, "SDR_KEYTYPEERR", Misconfigured, KEPT, "the key is of the wrong type"),
    code(0x15, "SDR_KEYERR", Misconfigured, KEPT, "the key is wrong"),
    code(0x16, "SDR_ENCDATAERR", Misconfigured, KEPT, "encrypted data is wrong"),
    code(0x17, "SDR_RANDERR", Transient, KEPT, "no random number could be made"),
    code(0x18, "SDR_PRKRERR", Misconfigured, KEPT, "the right to use the private key is refused"),
    code(0x19, "SDR_MACERR", Transient, KEPT, "a MAC is wrong"),
    code(0x1A, "SDR_FILEEXISTS", Misconfigured, KEPT, "the file is there already"),
    code(0x1B, "SDR_FILEWERR", Transient, KEPT, "writing a file failed"),
    code(0x1C, "SDR_NOBUFFER", Transient, KEPT, "there is no room"),
    code(0x1D, "SDR_INARGERR", Misconfigured, KEPT, "it refuses a parameter"),
    code(0x1E, "SDR_OUTARGERR", Misconfigured, KEPT, "it refuses where to write"),
];

/// Whether a value that `SDF_GetPrivateKeyAccessRight` returned may mean that the password was
/// refused, and counted. All that certainly says something else is listed; a vendor's own value may.
pub(crate) fn may_be_the_password(returned: Returned) -> bool {
    const NEVER: &[u32] = &[0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x14, 0x1C];
    !NEVER.contains(&returned.code.wrapping_sub(0x0100_0000))
}

/// Whether a value says that an index has no key, rather than that it could not be looked at.
pub(crate) fn is_no_key(returned: Returned) -> bool {
    matches!(returned.code, KEY_NOT_THERE | 0x0100_0014 | 0x0100_001D)
}
