//! What TLS needs from the disk, and what its errors mean.

use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use std::path::{Path, PathBuf};

use tongguan_contracts::{Failure, PartOptions, SecretRef, key_file};

/// The files that the manifest names.
pub(crate) struct Files {
    pub ca: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub certificate_password: Option<SecretRef>,
}

impl Files {
    pub(crate) fn any(&self) -> bool {
        self.ca.is_some() || self.certificate.is_some() || self.key.is_some()
    }

    pub(crate) fn read(&self, given: &PartOptions) -> Result<OwnedTLSConfig, Failure> {
        let octets = |key: &str, path: &Path| key_file(&given.part, key, &given.base.join(path));
        let cert_chain = match &self.ca {
            Some(path) => {
                let text = String::from_utf8_lossy(&octets("ca", path)?).into_owned();
                if !text.contains("BEGIN CERTIFICATE") {
                    let doing = format!("use ca {}", path.display());
                    let failure = Failure::misconfigured(&given.part, doing, "it is no PEM");
                    return Err(failure.remedy("turn it with openssl x509 -inform DER -out ca.pem"));
                }
                Some(text)
            }
            None => None,
        };
        let identity = match (&self.certificate, &self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                let (pem, key_pem) = (octets("certificate", certificate)?, octets("key", key)?);
                // OpenSSL would ask the terminal for its password.
                if String::from_utf8_lossy(&key_pem).contains("ENCRYPTED") {
                    let doing = format!("use key {}", key.display());
                    let why = "it is encrypted";
                    return Err(Failure::misconfigured(&given.part, doing, why).remedy(
                        "put certificate and key into a PKCS#12 file (openssl pkcs12 -export), \
                         and give it as certificate, with certificate_password",
                    ));
                }
                Some(OwnedIdentity::PKCS8 {
                    pem: pem.to_vec(),
                    key: key_pem.to_vec(),
                })
            }
            (Some(certificate), None) => {
                let Some(reference) = &self.certificate_password else {
                    let why = "it has a certificate, and neither its key nor a PKCS#12's password";
                    return Err(
                        Failure::misconfigured(&given.part, "show its certificate", why)
                            .remedy("give key, PEM; or certificate_password = \"file:PATH\""),
                    );
                };
                let password = reference.resolve(&given.part, &given.base)?;
                Some(OwnedIdentity::PKCS12 {
                    der: octets("certificate", certificate)?.to_vec(),
                    password: password.as_str().to_owned(),
                })
            }
            (None, Some(_)) => {
                let why = "it has a key without a certificate";
                let failure = Failure::misconfigured(&given.part, "show its certificate", why);
                return Err(failure.remedy("give certificate, PEM, beside key"));
            }
        };
        Ok(OwnedTLSConfig {
            identity,
            cert_chain,
        })
    }
}

/// What to do where TLS does not come about for good; `None` for what may pass. OpenSSL tells it in
/// words only.
pub(crate) fn remedy(said: &str) -> Option<&'static str> {
    let table: &[(&[&str], &str)] = &[
        (
            &["certificate verify failed", "Hostname mismatch"],
            "give ca, the PEM of who issued the server's certificate; the certificate must be valid \
             and name the host that url names",
        ),
        (
            &["alert"],
            "the server does not accept this client's certificate: check certificate and key, and \
             that the server trusts who issued it",
        ),
        (
            &[
                "wrong version number",
                "packet length too long",
                "unexpected eof",
                "record layer",
            ],
            "what listens there does not speak TLS: check the port (5671 is usual), or write amqp://",
        ),
        (
            &[
                "key values mismatch",
                "PKCS12",
                "pkcs12",
                "PEM",
                "mac verify",
            ],
            "check certificate, key and certificate_password: they must belong together",
        ),
    ];
    let row = table
        .iter()
        .find(|(words, _)| words.iter().any(|word| said.contains(word)));
    row.filter(|_| said.contains("error:") || said.contains("SSL"))
        .map(|(_, remedy)| *remedy)
}
