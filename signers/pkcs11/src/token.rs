//! The token in a slot: which one it is, and what is on it.

use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::{Slot, TokenInfo};

use tongguan_contracts::{Failure, FailureClass};

use crate::trouble::{class, named};

/// Which token and key the manifest means.
pub(crate) struct Wanted {
    pub label: Option<String>,
    pub serial: Option<String>,
    pub key_label: Option<String>,
    pub key_id: Option<Vec<u8>>,
}

/// A failure of a module's call.
pub(crate) fn failed(part: &str, doing: &str, error: &Error) -> Failure {
    let failure = Failure::new(class(error), part, doing, named(error));
    match class(error) {
        FailureClass::DeviceGone => failure.remedy("plug the device in, or see that it has power"),
        _ => failure,
    }
}

/// The one token that the manifest means.
pub(crate) fn find(
    part: &str,
    module: &Pkcs11,
    wanted: &Wanted,
) -> Result<(Slot, TokenInfo), Failure> {
    let doing = "look for the token";
    let slots = module
        .get_slots_with_token()
        .map_err(|e| failed(part, doing, &e))?;
    let mut there = Vec::new();
    for slot in slots {
        // A slot whose token is taken out at this moment has none.
        if let Ok(info) = module.get_token_info(slot) {
            there.push((slot, info));
        }
    }
    let is_it = |info: &TokenInfo| {
        let like = |wanted: &Option<String>, is: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == is.trim_end())
        };
        info.token_initialized()
            && like(&wanted.label, info.label())
            && like(&wanted.serial, info.serial_number())
    };
    let shown: Vec<String> = there
        .iter()
        .map(|(_, i)| format!("{:?} (serial {})", i.label(), i.serial_number()))
        .collect();
    let mut fitting = there.into_iter().filter(|(_, info)| is_it(info));
    let Some(found) = fitting.next() else {
        let reason = if shown.is_empty() {
            "the module sees no token".to_owned()
        } else {
            format!("none of these is it: {}", shown.join(", "))
        };
        return Err(Failure::new(FailureClass::DeviceGone, part, doing, reason)
            .remedy("plug the device in, or correct token (its label) or serial in the manifest"));
    };
    if fitting.next().is_some() {
        let reason = format!("several fit: {}", shown.join(", "));
        return Err(Failure::misconfigured(part, doing, reason)
            .remedy("say which by token (its label) or serial in the manifest"));
    }
    Ok(found)
}

/// The one private key that the manifest means.
pub(crate) fn key(part: &str, session: &Session, wanted: &Wanted) -> Result<ObjectHandle, Failure> {
    let doing = "look for the private key on the token";
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    if let Some(label) = &wanted.key_label {
        template.push(Attribute::Label(label.as_bytes().to_vec()));
    }
    if let Some(id) = &wanted.key_id {
        template.push(Attribute::Id(id.clone()));
    }
    let found = session
        .find_objects(&template)
        .map_err(|e| failed(part, doing, &e))?;
    let (reason, remedy) = match found.as_slice() {
        [one] => return Ok(*one),
        [] => (
            "there is none of that label and id".to_owned(),
            "see what is there: pkcs11-tool --module FILE --login -O; then correct key_label or \
             key_id in the manifest",
        ),
        several => (
            format!("there are {}", several.len()),
            "say which by key_label or key_id in the manifest",
        ),
    };
    Err(Failure::misconfigured(part, doing, reason).remedy(remedy))
}

/// Whether a key wants the PIN for each signature. A token that does not say so wants it once.
pub(crate) fn pin_each_time(session: &Session, key: ObjectHandle) -> bool {
    session
        .get_attributes(key, &[AttributeType::AlwaysAuthenticate])
        .is_ok_and(|found| found.contains(&Attribute::AlwaysAuthenticate(true)))
}

/// The certificates on the token that go with a key: of its id first, then of its label.
pub(crate) fn certificates(
    part: &str,
    session: &Session,
    key: ObjectHandle,
) -> Result<Vec<Vec<u8>>, Failure> {
    let doing = "read the certificate from the token";
    let fail = |e: Error| failed(part, doing, &e);
    let own = session
        .get_attributes(key, &[AttributeType::Id, AttributeType::Label])
        .map_err(fail)?;
    let mut all = Vec::new();
    for attribute in own {
        let empty = match &attribute {
            Attribute::Id(value) | Attribute::Label(value) => value.is_empty(),
            _ => true,
        };
        if empty {
            continue;
        }
        let template = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            attribute,
        ];
        for object in session.find_objects(&template).map_err(fail)? {
            let values = session
                .get_attributes(object, &[AttributeType::Value])
                .map_err(fail)?;
            all.extend(values.into_iter().filter_map(|value| match value {
                Attribute::Value(der) => Some(der),
                _ => None,
            }));
        }
    }
    Ok(all)
}
