//! Signs with an HSM through its vendor's SDF library (GM/T 0018-2012, cryptography device
//! application interface).
//!
//! | file | holds |
//! | --- | --- |
//! | `ffi` | the vendor's functions; what is taken for granted of them |
//! | `codes` | what they return, and what that means |
//! | `pool` | sessions, opened anew after the HSM was lost |
//!
//! SM2, of which the HSM gets the digest with Z (GM/T 0009), and RSA with SHA-1, of which it does the
//! private key's operation. What it answers is verified before it counts.

mod codes;
mod ffi;
mod pool;

use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tongguan_contracts::{Algorithm, Failure, Identity, PartOptions, PinGuard, SecretRef, Signer};
use tongguan_crypto::{Certificate, sm2_digest, sm2_point};
use tongguan_signer_device::{
    Returned, algorithm, certificate_file, prove, rsa_sha1_padded, sm2_value, verified,
};

use codes::{CODES, is_no_key};
use ffi::{Api, Session};
use pool::Pool;

/// A signer's table in the manifest, `kind = "sdf"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The vendor's SDF library.
    module: PathBuf,
    /// The index of the key pair.
    key: u32,
    /// The password of the right to use the private key, where the HSM asks for one.
    password: Option<SecretRef>,
    /// The certificate, PEM or DER: HSMs keep none.
    certificate: PathBuf,
    /// What goes into `KeyName`; the certificate's serial number unless given.
    key_name: Option<String>,
    /// How many signatures may be made at once.
    #[serde(default = "usual_sessions")]
    sessions: NonZeroUsize,
}

fn usual_sessions() -> NonZeroUsize {
    const { NonZeroUsize::new(4).unwrap() }
}

/// Indices that are looked at to tell which have a key.
const LOOKED_AT: std::ops::RangeInclusive<u32> = 1..=64;

const SIGN: &str = "sign on the HSM";

struct Sdf {
    identity: Identity,
    certificate: Certificate,
    algorithms: [Algorithm; 1],
    /// The octets of an RSA key's modulus.
    modulus: usize,
    pool: Pool,
    sessions: NonZeroUsize,
}

/// Builds the signer: opens the HSM, gets the right to use the key, and sees that it signs what the
/// certificate verifies.
///
/// # Errors
/// Device gone: the HSM is not reached. Misconfigured: the library, key, certificate or password is
/// wrong; a wrong password is tried once, and never again until a person has acted.
pub fn build(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
    let given: Options = options.parse()?;
    let part = options.part.as_str();
    let certificate = certificate_file(part, &options.base.join(&given.certificate))?;
    let password = given.password.as_ref();
    let mut pool = Pool {
        part: part.to_owned(),
        api: Api::load(part, &options.base.join(&given.module))?,
        key: given.key,
        password: password
            .map(|password| password.resolve(part, &options.base))
            .transpose()?,
        // Until the HSM has told its own name.
        guard: PinGuard::new(part, &options.base, "").for_password(),
        idle: Mutex::default(),
    };
    let session = pool.look()?;
    let serial = session
        .serial()
        .map_err(|returned| pool.failed("ask the HSM for its serial number", returned))?;
    // Each key has a password of its own.
    let name = format!("{serial}-{}", given.key);
    pool.guard = PinGuard::new(part, &options.base, &name).for_password();
    let algorithm = algorithm(&certificate);
    let mut own = true;
    let modulus = match algorithm {
        Algorithm::RsaSha1 => session.modulus(given.key),
        _ => session.public_ecc(given.key).map(|point| {
            // Before a password is tried that is not this key's.
            own = sm2_point(&certificate).is_some_and(|it| point == it);
            0
        }),
    };
    let modulus = match modulus {
        Ok(modulus) if own => modulus,
        Ok(_) => {
            let reason = format!(
                "the key at index {} does not belong to the certificate of {}",
                given.key, certificate.subject
            );
            return Err(not_it(part, &session, &certificate, reason));
        }
        Err(returned) if is_no_key(returned) => {
            let reason = CODES.told(returned);
            return Err(not_it(part, &session, &certificate, reason));
        }
        Err(returned) => return Err(pool.failed("look at the key in the HSM", returned)),
    };
    drop(session);
    let signer = Sdf {
        identity: Identity {
            key_name: given.key_name.unwrap_or_else(|| certificate.serial.clone()),
            certificate: certificate.der.clone(),
        },
        algorithms: [algorithm],
        modulus,
        certificate,
        pool,
        sessions: given.sessions,
    };
    prove(part, &signer.certificate, &[()], |(), text| {
        let asked = |session: &Session| signer.ask(session, text);
        signer.pool.with(SIGN, asked, |_| Ok(()))
    })?;
    Ok(Arc::new(signer))
}

/// The key at the index is not there, or not the certificate's: tells which are.
fn not_it(part: &str, session: &Session, certificate: &Certificate, reason: String) -> Failure {
    let rsa = algorithm(certificate) == Algorithm::RsaSha1;
    let certified = sm2_point(certificate);
    let (mut there, mut its) = (Vec::new(), None);
    for index in LOOKED_AT {
        if rsa && session.modulus(index).is_ok() {
            there.push(index.to_string());
        } else if !rsa && let Ok(point) = session.public_ecc(index) {
            there.push(index.to_string());
            if certified.is_some_and(|it| point == it) {
                its = Some(index);
            }
        }
    }
    let there = if there.is_empty() {
        let (first, last) = (LOOKED_AT.start(), LOOKED_AT.end());
        format!("no index from {first} to {last} has a key of its kind")
    } else {
        format!("there is one of its kind at index {}", there.join(", "))
    };
    let remedy = match its {
        Some(index) => format!("the certificate's key is at index {index}: key = {index}"),
        None => "name the index that the HSM's administrator gave, and the certificate that was \
                 issued for its key"
            .to_owned(),
    };
    Failure::misconfigured(part, "use the key in the HSM", format!("{reason}; {there}"))
        .remedy(remedy)
}

impl Sdf {
    /// What the HSM answers to a text.
    fn ask(&self, session: &Session, text: &[u8]) -> Result<Vec<u8>, Returned> {
        let key = self.pool.key;
        if self.algorithms[0] == Algorithm::RsaSha1 {
            let padded = rsa_sha1_padded(text, self.modulus).unwrap_or_default();
            return session.private_rsa(key, &padded);
        }
        let mut digest = [0; 32];
        // The certificate's key is SM2, or the algorithm were another.
        if let Some(value) = sm2_digest(&self.certificate, text) {
            digest.copy_from_slice(&value);
        }
        session
            .sign_ecc(key, &digest)
            .map(|value| sm2_value(&value))
    }
}

impl Signer for Sdf {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    fn concurrency(&self) -> NonZeroUsize {
        self.sessions
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        algorithm.must_be(self.algorithms[0], &self.pool.part)?;
        self.pool.with(
            SIGN,
            |session| self.ask(session, text),
            |value| verified(&self.pool.part, SIGN, &self.certificate, text, value),
        )
    }
}
