use std::num::NonZeroUsize;
use std::sync::Arc;
use tongguan_contracts::{Algorithm, Failure, Identity, PartOptions, Signer};
use tongguan_crypto::{Certificate, Hash, Scheme, digest, provider, sm2_digest};

use crate::device::Device;
use crate::told::Kind;
use crate::wire::{Field, Frame, Verb};

struct Loaded {
    device: Arc<Device>,
    identity: Identity,
    certificate: Certificate,
    algorithms: [Algorithm; 1],
    concurrency: NonZeroUsize,
    takes_digest: bool,
}

/// Builds a signer from a library.
///
/// # Errors
/// It cannot be loaded or started, or its certificate is none that customs knows.
pub fn signer(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
    let (device, started) = Device::start(options, Kind::Signer)?;
    started?;
    let part = device.part().to_owned();
    let wrong = |doing: &str, why: String| {
        Failure::misconfigured(&part, doing, why)
            .remedy("see what the device holds; tongguan plugin test tells more")
    };
    let (Some(opened), Some(info)) = (device.opened(), device.info()) else {
        return Err(Failure::transient(&part, "start its plugin", "it ended"));
    };
    let der = opened.get(Field::Certificate).unwrap_or_default();
    let certificate = provider()
        .certificate(der)
        .map_err(|e| wrong("use the certificate that it gives", e.to_string()))?;
    let (algorithm, able) = match certificate.key.scheme() {
        Scheme::RsaSha1 => (Algorithm::RsaSha1, info.rsa_sha1),
        Scheme::Sm2Sm3 => (Algorithm::Sm2Sm3, info.sm2_sm3),
    };
    if !able {
        let why = format!("it is for {algorithm:?}, which the plugin does not sign with");
        return Err(wrong("use its certificate", why));
    }
    let key_name = match opened.text(Field::KeyName) {
        name if name.is_empty() => certificate.serial.clone(),
        name => name,
    };
    Ok(Arc::new(Loaded {
        identity: Identity {
            key_name,
            certificate: certificate.der.clone(),
        },
        algorithms: [algorithm],
        concurrency: NonZeroUsize::new(info.max_concurrency as usize).unwrap_or(NonZeroUsize::MIN),
        takes_digest: info.takes_digest,
        certificate,
        device,
    }))
}

impl Signer for Loaded {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    fn concurrency(&self) -> NonZeroUsize {
        self.concurrency
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        const DOING: &str = "sign";
        algorithm.must_be(self.algorithms[0], self.device.part())?;
        let (number, digested) = match algorithm {
            Algorithm::RsaSha1 => (
                tongguan_plugin_abi::RSA_SHA1,
                Some(digest(Hash::Sha1, &[text])),
            ),
            _ => (
                tongguan_plugin_abi::SM2_SM3,
                sm2_digest(&self.certificate, text),
            ),
        };
        let asked = match (self.takes_digest, digested) {
            (false, _) => text.to_vec(),
            (true, Some(digest)) => digest,
            (true, None) => {
                return Err(Failure::misconfigured(
                    self.device.part(),
                    "digest the text",
                    "its certificate has no SM2 key",
                ));
            }
        };
        let frame = Frame::new(Verb::Sign)
            .number(Field::Algorithm, number)
            .with(Field::Text, asked);
        let answer = self.device.call(DOING, frame)?;
        let value = answer.frame.get(Field::Signature).unwrap_or_default();
        // Nothing leaves that customs would refuse, whatever the device does.
        if let Err(error) = self.certificate.key.verify(text, value) {
            return Err(self.device.misbehaved(
                answer.generation,
                DOING,
                &format!(
                    "it answers {} octets that are no signature by its certificate's key: {error}",
                    value.len()
                ),
            ));
        }
        Ok(value.to_vec())
    }
}
