//! The return values of GM/T 0016-2012, Annex A, and what they mean for the client.

use tongguan_contracts::FailureClass::{self, DeviceGone, Misconfigured, Transient};
use tongguan_signer_device::{Code, Codes, Returned};

pub(crate) const CODES: Codes = Codes {
    standard: "GM/T 0016",
    all: ALL,
};

pub(crate) const OK: u32 = 0;
pub(crate) const NOT_SUPPORTED: u32 = 0x0A00_0003;
pub(crate) const CERTIFICATE_NOT_FOUND: u32 = 0x0A00_001C;
pub(crate) const BUFFER_TOO_SMALL: u32 = 0x0A00_0020;
pub(crate) const ALREADY_LOGGED_IN: u32 = 0x0A00_0028;

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
        value: 0x0A00_0000 + number,
        name,
        meaning,
        class,
        lost,
    }
}

#[rustfmt::skip]
const ALL: &[Code] = &[
    code(0x01, "SAR_FAIL", Transient, LOST, "it failed, for no reason given"),
    code(0x02, "SAR_UNKNOWNERR", Transient, LOST, "an unknown error"),
    code(0x03, "SAR_NOTSUPPORTYETERR", Misconfigured, KEPT, "the device does not offer this"),
    code(0x04, "SAR_FILEERR", Transient, LOST, "a file operation failed"),
    code(0x05, "SAR_INVALIDHANDLEERR", Transient, LOST, "what was opened is no longer valid"),
    code(0x06, "SAR_INVALIDPARAMERR", Misconfigured, KEPT, "it refuses a parameter"),
    code(0x07, "SAR_READFILEERR", Transient, LOST, "reading a file failed"),
    code(0x08, "SAR_WRITEFILEERR", Transient, LOST, "writing a file failed"),
    code(0x09, "SAR_NAMELENERR", Misconfigured, KEPT, "a name has the wrong length"),
    code(0x0A, "SAR_KEYUSAGEERR", Misconfigured, KEPT, "the key is not for this use"),
    code(0x0B, "SAR_MODULUSLENERR", Misconfigured, KEPT, "the modulus has the wrong length"),
    code(0x0C, "SAR_NOTINITIALIZEERR", Transient, LOST, "the device is not initialised"),
    code(0x0D, "SAR_OBJERR", Transient, LOST, "an object is wrong"),
    code(0x0E, "SAR_MEMORYERR", Transient, KEPT, "out of memory"),
    code(0x0F, "SAR_TIMEOUTERR", Transient, KEPT, "the device took too long"),
    code(0x10, "SAR_INDATALENERR", Misconfigured, KEPT, "the input has the wrong length"),
    code(0x11, "SAR_INDATAERR", Misconfigured, KEPT, "the input is wrong"),
    code(0x12, "SAR_GENRANDERR", Transient, KEPT, "no random number could be made"),
    code(0x13, "SAR_HASHOBJERR", Transient, KEPT, "a hash object is wrong"),
    code(0x14, "SAR_HASHERR", Transient, KEPT, "hashing failed"),
    code(0x15, "SAR_GENRSAKEYERR", Transient, KEPT, "no RSA key could be made"),
    code(0x16, "SAR_RSAMODULUSLENERR", Misconfigured, KEPT, "the RSA modulus has the wrong length"),
    code(0x17, "SAR_CSPIMPRTPUBKEYERR", Misconfigured, KEPT, "the public key could not be imported"),
    code(0x18, "SAR_RSAENCERR", Transient, KEPT, "the RSA operation failed"),
    code(0x19, "SAR_RSADECERR", Transient, KEPT, "the RSA private key's operation failed"),
    code(0x1A, "SAR_HASHNOTEQUALERR", Transient, KEPT, "the hash is another"),
    code(0x1B, "SAR_KEYNOTFOUNTERR", Misconfigured, KEPT, "there is no such key"),
    code(0x1C, "SAR_CERTNOTFOUNTERR", Misconfigured, KEPT, "there is no certificate"),
    code(0x1D, "SAR_NOTEXPORTERR", Misconfigured, KEPT, "it is not given out"),
    code(0x1E, "SAR_DECRYPTPADERR", Transient, KEPT, "the padding is wrong"),
    code(0x1F, "SAR_MACLENERR", Misconfigured, KEPT, "the MAC has the wrong length"),
    code(0x20, "SAR_BUFFER_TOO_SMALL", Transient, KEPT, "the buffer is too small"),
    code(0x21, "SAR_KEYINFOTYPEERR", Misconfigured, KEPT, "the key is of the wrong type"),
    code(0x22, "SAR_NOT_EVENTERR", Transient, KEPT, "there is no event"),
    code(0x23, "SAR_DEVICE_REMOVED", DeviceGone, LOST, "the device was taken out"),
    code(0x24, "SAR_PIN_INCORRECT", Misconfigured, KEPT, "the PIN is wrong"),
    code(0x25, "SAR_PIN_LOCKED", Misconfigured, KEPT, "the PIN is locked"),
    code(0x26, "SAR_PIN_INVALID", Misconfigured, KEPT, "the PIN is invalid"),
    code(0x27, "SAR_PIN_LEN_RANGE", Misconfigured, KEPT, "the PIN has the wrong length"),
    code(0x28, "SAR_USER_ALREADY_LOGGED_IN", Transient, KEPT, "the user is logged in already"),
    code(0x29, "SAR_USER_PIN_NOT_INITIALIZED", Misconfigured, KEPT, "no PIN was ever set"),
    code(0x2A, "SAR_USER_TYPE_INVALID", Misconfigured, KEPT, "the kind of PIN is wrong"),
    code(0x2B, "SAR_APPLICATION_NAME_INVALID", Misconfigured, KEPT, "the application's name is invalid"),
    code(0x2C, "SAR_APPLICATION_EXISTS", Misconfigured, KEPT, "the application is there already"),
    code(0x2D, "SAR_USER_NOT_LOGGED_IN", Misconfigured, LOST, "the PIN was not given"),
    code(0x2E, "SAR_APPLICATION_NOT_EXISTS", Misconfigured, KEPT, "there is no such application"),
    code(0x2F, "SAR_FILE_ALREADY_EXIST", Misconfigured, KEPT, "the file is there already"),
    code(0x30, "SAR_NO_ROOM", Misconfigured, KEPT, "there is no room"),
    code(0x31, "SAR_FILE_NOT_EXIST", Misconfigured, KEPT, "there is no such file"),
    code(0x32, "SAR_REACH_MAX_CONTAINER_COUNT", Misconfigured, KEPT, "there are too many containers"),
];

/// Whether a value that `SKF_VerifyPIN` returned may mean that the PIN was refused, and counted.
/// All that certainly says something else is listed; a vendor's own value may.
pub(crate) fn may_be_the_pin(returned: Returned) -> bool {
    const NEVER: &[u32] = &[0x03, 0x05, 0x0C, 0x0D, 0x0E, 0x23, 0x28, 0x29, 0x2A];
    !NEVER.contains(&returned.code.wrapping_sub(0x0A00_0000))
}

/// Whether it says nothing of what was wrong.
pub(crate) fn is_doubtful(returned: Returned) -> bool {
    matches!(returned.code, 0x0A00_0001 | 0x0A00_0002)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_with_function_number_and_meaning() {
        let told = |code| {
            CODES.told(Returned {
                function: "SKF_VerifyPIN",
                code,
            })
        };
        assert_eq!(
            told(0x0A00_0024),
            "SKF_VerifyPIN: 0x0A000024 SAR_PIN_INCORRECT (the PIN is wrong)"
        );
        assert!(told(0x0B00_0001).contains("0x0B000001") && told(0x0B00_0001).contains("vendor"));
    }
}
