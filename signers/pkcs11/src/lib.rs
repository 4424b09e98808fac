//! Signs with a card, a key or an HSM through its vendor's PKCS#11 module.
//!
//! | file | holds |
//! | --- | --- |
//! | `module` | the vendor's library, loaded once |
//! | `token` | which token, key and certificate the manifest means |
//! | `pool` | sessions, opened anew after a reset |
//! | `trouble` | what return values mean |
//!
//! RSA only so far: PKCS#11 has no standard mechanism for SM2, and no token at hand to try a
//! vendor's own.
#![forbid(unsafe_code)]

mod module;
mod pool;
mod token;
mod trouble;

use cryptoki::mechanism::{Mechanism, MechanismType};
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use tongguan_contracts::{Algorithm, Failure, Identity, PartOptions, SecretRef, Signer};
use tongguan_crypto::{Certificate, Scheme, provider};
use tongguan_signer_device::{certificate_file, prove, sha1_digest_info};

use module::Module;
use pool::Pool;
use token::Wanted;

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
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

struct Token {
    part: String,
    identity: Identity,
    pool: Pool,
    /// The token makes the digest itself.
    digests: bool,
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
    let can = |mechanism| module.calls.get_mechanism_info(slot, mechanism).is_ok();
    let digests = can(MechanismType::SHA1_RSA_PKCS);
    if !digests && !can(MechanismType::RSA_PKCS) {
        return Err(Failure::misconfigured(
            part,
            "use the token",
            "it has neither CKM_SHA1_RSA_PKCS nor CKM_RSA_PKCS",
        )
        .remedy("a token for rsa-sha1 is needed; SM2 is not supported through PKCS#11 yet"));
    }
    let pool = Pool::new(part, module, wanted, given.pin.as_ref(), &options.base)?;
    let certificate = certificate(&options, &given, &pool)?;
    if certificate.key.scheme() != Scheme::RsaSha1 {
        return Err(Failure::misconfigured(
            part,
            "use the certificate",
            format!("the key of {} is not RSA", certificate.subject),
        )
        .remedy("name the RSA key and its certificate; SM2 is not supported through PKCS#11 yet"));
    }
    let name = given.key_name.unwrap_or_else(|| certificate.serial.clone());
    let signer = Token {
        part: part.to_owned(),
        identity: Identity {
            key_name: name,
            certificate: certificate.der.clone(),
        },
        pool,
        digests,
        sessions: given.sessions,
    };
    prove(part, &certificate, |text| {
        signer.sign(Algorithm::RsaSha1, text)
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

impl Signer for Token {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn algorithms(&self) -> &[Algorithm] {
        &[Algorithm::RsaSha1]
    }

    fn concurrency(&self) -> NonZeroUsize {
        self.sessions
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        algorithm.must_be(Algorithm::RsaSha1, &self.part)?;
        self.pool.with("sign on the token", |open| {
            if self.digests {
                return open.session.sign(&Mechanism::Sha1RsaPkcs, open.key, text);
            }
            let info = sha1_digest_info(text);
            open.session.sign(&Mechanism::RsaPkcs, open.key, &info)
        })
    }
}
