//! What a module's return values mean for the client.

use cryptoki::error::{Error, RvError};

use tongguan_contracts::FailureClass;

/// An error with the function that gave it, as vendors ask for it: `C_Login: CKR_PIN_INCORRECT`.
pub(crate) fn named(error: &Error) -> String {
    match error {
        Error::Pkcs11(value, function) => {
            let value = format!("{value:?}");
            format!("C_{function:?}: {}", constant(&value))
        }
        other => other.to_string(),
    }
}

/// The standard's name of a return value: `PinIncorrect` is `CKR_PIN_INCORRECT`.
fn constant(value: &str) -> String {
    let mut name = "CKR".to_owned();
    let mut number = false;
    for c in value.chars() {
        number |= c == '(';
        if c.is_ascii_uppercase() && !number {
            name.push('_');
        }
        name.push(if number { c } else { c.to_ascii_uppercase() });
    }
    name
}

/// Whether trying again can help.
pub(crate) fn class(error: &Error) -> FailureClass {
    let Error::Pkcs11(value, _) = error else {
        return FailureClass::Misconfigured;
    };
    match value {
        RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::DeviceRemoved
        | RvError::SlotIdInvalid
        // A module that could not be started again without its device.
        | RvError::CryptokiNotInitialized => FailureClass::DeviceGone,
        RvError::PinIncorrect
        | RvError::PinLocked
        | RvError::PinExpired
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::UserPinNotInitialized
        | RvError::MechanismInvalid
        | RvError::KeyTypeInconsistent
        | RvError::KeyFunctionNotPermitted => FailureClass::Misconfigured,
        _ => FailureClass::Transient,
    }
}

/// What a value that `C_Login` returned says of the PIN.
pub(crate) enum Pin {
    /// It is refused, or may be: OpenSC, for one, says CKR_USER_NOT_LOGGED_IN to a wrong PIN where a
    /// card does not say that it is one (tests/e2e/card.rs).
    Refused,
    /// Nothing: it may be refused, or the token be gone.
    Doubtful,
    /// It certainly was not the PIN.
    Untouched,
}

/// What an error of `C_Login` says of the PIN.
pub(crate) fn pin(error: &Error) -> Pin {
    use RvError as R;
    let Error::Pkcs11(value, _) = error else {
        return Pin::Untouched;
    };
    match value {
        R::GeneralError | R::FunctionFailed | R::DeviceError => Pin::Doubtful,
        R::TokenNotPresent
        | R::TokenNotRecognized
        | R::DeviceRemoved
        | R::DeviceMemory
        | R::HostMemory
        | R::SlotIdInvalid
        | R::SessionHandleInvalid
        | R::SessionClosed
        | R::CryptokiNotInitialized
        | R::FunctionNotSupported
        | R::OperationActive
        | R::OperationNotInitialized
        | R::UserAlreadyLoggedIn
        | R::UserAnotherAlreadyLoggedIn
        | R::UserPinNotInitialized
        | R::UserTooManyTypes
        | R::UserTypeInvalid => Pin::Untouched,
        _ => Pin::Refused,
    }
}

/// Whether what was opened before is gone: the token was reset, taken out and put in again, or
/// somebody logged out.
pub(crate) fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::UserNotLoggedIn
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::SlotIdInvalid
                | RvError::CryptokiNotInitialized
                | RvError::GeneralError
                | RvError::DeviceError,
            _
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    #[test]
    fn errors_are_told_as_vendors_know_them() {
        let told = |value| named(&Error::Pkcs11(value, Function::Login));
        assert_eq!(told(RvError::PinIncorrect), "C_Login: CKR_PIN_INCORRECT");
        assert!(told(RvError::DeviceRemoved).ends_with("CKR_DEVICE_REMOVED"));
    }
}
