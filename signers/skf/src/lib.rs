//! Signs with a USB KEY through its vendor's SKF library (GM/T 0016-2012, smart card and KEY
//! cryptography application interface).
//!
//! | file | holds |
//! | --- | --- |
//! | `ffi` | the vendor's functions; what is taken for granted of them |
//! | `codes` | what they return, and what that means |
//! | `place` | the device, application and container that the manifest means; the PIN |
//!
//! SM2, of which the device gets the digest with Z (GM/T 0009), and RSA with SHA-1. One call at a
//! time, for all KEYs of a library unless it takes several. What the device answers is verified before it counts.

mod codes;
mod ffi;
mod place;

use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tongguan_contracts::{Algorithm, Failure, Identity, PartOptions, PinGuard, SecretRef, Signer};
use tongguan_crypto::{Certificate, Hash, digest, provider, sm2_digest};
use tongguan_signer_device::{
    Returned, algorithm, certificate_file, prove, sha1_digest_info, sm2_value, verified,
};

use codes::{CERTIFICATE_NOT_FOUND, CODES};
use ffi::Api;
use place::{Open, Place};

/// A signer's table in the manifest, `kind = "skf"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The vendor's SKF library.
    module: PathBuf,
    /// The device's serial number; needed where several are plugged in.
    serial: Option<String>,
    /// The application on the device; needed where it has several.
    application: Option<String>,
    /// The container in the application, likewise.
    container: Option<String>,
    /// The user's PIN.
    pin: SecretRef,
    /// The certificate, PEM or DER, where it is not in the container.
    certificate: Option<PathBuf>,
    /// What goes into `KeyName`; the certificate's serial number unless given.
    key_name: Option<String>,
    /// The library takes calls for several KEYs at once: its vendor says so.
    #[serde(default)]
    parallel: bool,
}

/// What the device is given to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// SM3 of Z and the text.
    Sm2Digest,
    /// SHA-1 of the text with what names it, which the device pads.
    DigestInfo,
    /// SHA-1 of the text alone: a device that adds the rest. The standard leaves it open.
    Digest,
}

const SIGN: &str = "sign on the KEY";

struct Skf {
    part: String,
    identity: Identity,
    certificate: Certificate,
    algorithms: [Algorithm; 1],
    form: Form,
    place: Place,
    /// One signature at a time; what was opened is kept between them.
    open: Mutex<Option<Open>>,
}

/// Builds the signer: finds the device and the key, gives the PIN, and sees that the key signs what
/// the certificate verifies.
///
/// # Errors
/// Device gone: it is not plugged in. Misconfigured: the library, key, certificate or PIN is wrong;
/// a wrong PIN is tried once, and never again until a person has acted.
pub fn build(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
    let given: Options = options.parse()?;
    let part = options.part.as_str();
    let mut place = Place {
        part: part.to_owned(),
        api: Api::load(part, &options.base.join(&given.module), given.parallel)?,
        serial: given.serial.clone(),
        application: given.application.clone(),
        container: given.container.clone(),
        pin: place::pin(part, &given.pin, &options.base)?,
        // Until the device has told its own name.
        guard: PinGuard::new(part, &options.base, ""),
    };
    let open = place.open()?;
    place.guard = PinGuard::new(part, &options.base, &open.serial);
    place.serial = Some(open.serial.clone());
    let certificate = match &given.certificate {
        Some(file) => certificate_file(part, &options.base.join(file))?,
        None => on_the_device(part, &open)?,
    };
    place.log_in(&open)?;
    let algorithm = algorithm(&certificate);
    let forms: &[Form] = match algorithm {
        Algorithm::RsaSha1 => &[Form::DigestInfo, Form::Digest],
        _ => &[Form::Sm2Digest],
    };
    let mut signer = Skf {
        part: part.to_owned(),
        identity: Identity {
            key_name: given.key_name.unwrap_or_else(|| certificate.serial.clone()),
            certificate: certificate.der.clone(),
        },
        form: forms[0],
        algorithms: [algorithm],
        certificate,
        place,
        open: Mutex::default(),
    };
    signer.form = prove(part, &signer.certificate, forms, |form, text| {
        let answer = signer.ask(&open, form, text);
        answer.map_err(|returned| signer.failed(returned))
    })?;
    signer.open = Mutex::new(Some(open));
    Ok(Arc::new(signer))
}

/// The certificate in the container.
fn on_the_device(part: &str, open: &Open) -> Result<Certificate, Failure> {
    let doing = "read the certificate from the KEY";
    let none = |reason: String| {
        Failure::misconfigured(part, doing, reason).remedy(
            "add certificate = \"PATH\" to the signer, or have the certificate written onto the KEY",
        )
    };
    let der = match open.container.certificate() {
        Ok(der) => der,
        Err(returned) if returned.code == CERTIFICATE_NOT_FOUND => {
            return Err(none(CODES.told(returned)));
        }
        Err(returned) => return Err(CODES.failed(part, doing, returned)),
    };
    if der.is_empty() {
        return Err(none("there is none in the container".to_owned()));
    }
    provider()
        .certificate(&der)
        .map_err(|error| none(error.to_string()))
}

impl Skf {
    fn failed(&self, returned: Returned) -> Failure {
        CODES.failed(&self.part, SIGN, returned)
    }

    /// What the device answers to a text.
    fn ask(&self, open: &Open, form: Form, text: &[u8]) -> Result<Vec<u8>, Returned> {
        match form {
            Form::Sm2Digest => {
                // The certificate's key is SM2, or the form were another.
                let digest = sm2_digest(&self.certificate, text).unwrap_or_default();
                open.container
                    .sign_ecc(&digest)
                    .map(|blob| sm2_value(&blob))
            }
            Form::DigestInfo => open.container.sign_rsa(&sha1_digest_info(text)),
            Form::Digest => open.container.sign_rsa(&digest(Hash::Sha1, &[text])),
        }
    }

    /// The same key, opened anew.
    fn open(&self) -> Result<Open, Failure> {
        let open = self.place.open()?;
        self.place.log_in(&open)?;
        Ok(open)
    }
}

impl Signer for Skf {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    fn concurrency(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        algorithm.must_be(self.algorithms[0], &self.part)?;
        let mut kept = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken before anything can be amiss with it.
        let (open, answer) = match kept
            .take()
            .map(|open| (self.ask(&open, self.form, text), open))
        {
            Some((Err(returned), open)) if CODES.is_lost(returned) => {
                tracing::warn!(
                    part = self.part,
                    error = CODES.told(returned),
                    "the KEY is lost: opened anew"
                );
                drop(open);
                let open = self.open()?;
                let answer = self.ask(&open, self.form, text);
                (open, answer)
            }
            Some((answer, open)) => (open, answer),
            None => {
                let open = self.open()?;
                let answer = self.ask(&open, self.form, text);
                (open, answer)
            }
        };
        let value = match answer {
            Ok(value) => value,
            Err(returned) => {
                if !CODES.is_lost(returned) {
                    *kept = Some(open);
                }
                return Err(self.failed(returned));
            }
        };
        verified(&self.part, SIGN, &self.certificate, text, &value)?;
        *kept = Some(open);
        Ok(value)
    }
}
