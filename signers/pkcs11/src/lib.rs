//! Signs with a card, a key or an HSM through its vendor's PKCS#11 module.
//!
//! | file | holds |
//! | --- | --- |
//! | `module` | the vendor's library, loaded once |
//! | `token` | which token, key and certificate the manifest means |
//! | `pool` | sessions, opened anew after a reset |
//! | `way` | by which mechanism it signs |
//! | `trouble` | what return values mean |
//!
//! RSA, and SM2 by a vendor's own mechanism: PKCS#11 has none. Keys that want the PIN for each
//! signature (CKA_ALWAYS_AUTHENTICATE) get it.
#![forbid(unsafe_code)]

mod module;
mod pool;
mod token;
mod trouble;
mod way;

use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use tongguan_contracts::{Algorithm, Failure, Identity, PartOptions, SecretRef, Signer};
use tongguan_crypto::{Certificate, provider};
use tongguan_signer_device::{algorithm, certificate_file, prove, verified};

use module::Module;
use pool::Pool;
use token::Wanted;
use way::Way;

/// A signer's table in the manifest, `kind = "pkcs11"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The vendor's PKCS#11 library.
    module: PathBuf,
    /// The token's label; needed where the module sees more than one token.
    token: Option<String>,
    /// The token's serial number, likewise.
    serial: Option<String>,
    /// The private key's label; needed where the token has more than one key.
    key_label: Option<String>,
    /// The private key's id, in hexadecimal, likewise.
    key_id: Option<String>,
    /// The PIN.
    pin: Option<SecretRef>,
    /// The certificate, PEM or DER, where it is not on the token.
    certificate: Option<PathBuf>,
    /// What goes into `KeyName`; the certificate's serial number unless given.
    key_name: Option<String>,
    /// How many signatures may be made at once. 1 for a card or a key.
    #[serde(default = "one")]
    sessions: NonZeroUsize,
    /// The number of the vendor's mechanism for SM2, where the key is that.
    sm2_mechanism: Option<u64>,
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

const SIGN: &str = "sign on the token";

struct Token {
    part: String,
    identity: Identity,
    certificate: Certificate,
    algorithms: [Algorithm; 1],
    pool: Pool,
    way: Way,
    sessions: NonZeroUsize,
}

/// Builds the signer: finds the token, logs in, and sees that its key signs what the certificate
/// verifies.
///
/// # Errors
/// Device gone: the token is not there. Misconfigured: the module, key, certificate or PIN is
/// wrong; a wrong PIN is tried once, and never again until a person has acted.
pub fn build(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
    let given: Options = options.parse()?;
    let part = options.part.as_str();
    let key_id = given.key_id.as_deref().map(|id| {
        hex::decode(id).map_err(|e| {
            Failure::misconfigured(part, "read key_id", e)
                .remedy("write it in hexadecimal, as pkcs11-tool -O shows it: key_id = \"01\"")
        })
    });
    let wanted = Wanted {
        label: given.token.clone(),
        serial: given.serial.clone(),
        key_label: given.key_label.clone(),
        key_id: key_id.transpose()?,
    };
    let module = Module::load(part, &options.base.join(&given.module))?;
    let (slot, _) = token::find(part, &module.calls, &wanted)?;
    // Asked one by one: of a list, the binding leaves out what is a vendor's own.
    let calls = module.calls.clone();
    let can = |mechanism| calls.get_mechanism_info(slot, mechanism).is_ok();
    let pool = Pool::new(part, module, wanted, given.pin.as_ref(), &options.base)?;
    let certificate = certificate(&options, &given, &pool)?;
    let ways = Way::all(part, &certificate, given.sm2_mechanism, can)?;
    // A key that wants the PIN each time signs once at a time.
    let each = pool.with("look at the key", |open| Ok(open.pin_each_time))?;
    let mut signer = Token {
        part: part.to_owned(),
        identity: Identity {
            key_name: given.key_name.unwrap_or_else(|| certificate.serial.clone()),
            certificate: certificate.der.clone(),
        },
        algorithms: [algorithm(&certificate)],
        certificate,
        pool,
        way: ways[0],
        sessions: if each { one() } else { given.sessions },
    };
    signer.way = prove(part, &signer.certificate, &ways, |way, text| {
        signer.ask(way, text)
    })?;
    Ok(Arc::new(signer))
}

/// The certificate of the file, or the one on the token that goes with the key.
fn certificate(
    options: &PartOptions,
    given: &Options,
    pool: &Pool,
) -> Result<Certificate, Failure> {
    let part = options.part.as_str();
    if let Some(file) = &given.certificate {
        return certificate_file(part, &options.base.join(file));
    }
    let doing = "read the certificate from the token";
    let found = pool.with(doing, |open| {
        Ok(token::certificates(part, &open.session, open.key))
    })??;
    match found.first() {
        Some(der) => provider()
            .certificate(der)
            .map_err(|e| Failure::misconfigured(part, doing, e)),
        None => Err(Failure::misconfigured(
            part,
            doing,
            "there is none with the id or label of the private key",
        )
        .remedy(
            "add certificate = \"PATH\" to the signer, or write the certificate onto the token",
        )),
    }
}

impl Token {
    fn ask(&self, way: Way, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let given = way.given(&self.certificate, text);
        let mechanism = way.mechanism();
        let answer = self
            .pool
            .with(SIGN, |open| self.pool.sign(open, &mechanism, &given))?;
        Ok(way.value(answer))
    }
}

impl Signer for Token {
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
        algorithm.must_be(self.algorithms[0], &self.part)?;
        let value = self.ask(self.way, text)?;
        verified(&self.part, SIGN, &self.certificate, text, &value)?;
        Ok(value)
    }
}
