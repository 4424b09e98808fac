use std::path::Path;

use tongguan_contracts::{Algorithm, Failure, key_file};
use tongguan_crypto::{Certificate, Scheme, provider};

/// The certificate in a file, PEM or DER.
///
/// # Errors
/// Misconfigured: the file cannot be read, or holds no certificate.
pub fn certificate_file(part: &str, path: &Path) -> Result<Certificate, Failure> {
    let octets = key_file(part, "certificate", path)?;
    provider().certificate(&octets).map_err(|e| {
        Failure::misconfigured(part, format!("read certificate {}", path.display()), e)
            .remedy("certificate must name an X.509 certificate, PEM or DER")
    })
}

/// What the certificate's key signs with.
pub fn algorithm(certificate: &Certificate) -> Algorithm {
    match certificate.key.scheme() {
        Scheme::RsaSha1 => Algorithm::RsaSha1,
        Scheme::Sm2Sm3 => Algorithm::Sm2Sm3,
    }
}

/// Has a key sign, in each of these ways until the certificate verifies what comes: as a signer must
/// before it is used. Gives the way.
///
/// # Errors
/// Misconfigured where the key is not the certificate's; what signing gives where it signs in no way.
pub fn prove<W: Copy>(
    part: &str,
    certificate: &Certificate,
    ways: &[W],
    sign: impl Fn(W, &[u8]) -> Result<Vec<u8>, Failure>,
) -> Result<W, Failure> {
    let text = b"<ds:SignedInfo></ds:SignedInfo>";
    let (mut another, mut failed) = (false, None);
    for way in ways {
        match sign(*way, text) {
            Ok(value) if certificate.key.verify(text, &value).is_ok() => return Ok(*way),
            Ok(_) => another = true,
            // What it says to the likeliest way is what tells.
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    match failed {
        Some(failure) if !another => Err(failure),
        _ => Err(Failure::misconfigured(
            part,
            "use the private key on the device",
            format!(
                "it does not belong to the certificate of {}",
                certificate.subject
            ),
        )
        .remedy("name the key and the certificate that were issued together")),
    }
}

/// That the certificate verifies what a device answered: nothing leaves that customs would refuse,
/// whatever the device does.
///
/// # Errors
/// Transient: it does not.
pub fn verified(
    part: &str,
    doing: &str,
    certificate: &Certificate,
    text: &[u8],
    value: &[u8],
) -> Result<(), Failure> {
    certificate.key.verify(text, value).map_err(|error| {
        let reason = format!("it answers what is no signature by its certificate's key: {error}");
        Failure::transient(part, doing, reason)
            .remedy("see with the vendor's tool that the device is well")
    })
}
