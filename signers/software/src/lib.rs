//! Signs with a key held in a file: PEM, PKCS#8 or PKCS#12; RSA or SM2.
#![forbid(unsafe_code)]

mod memory;

use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tongguan_contracts::{Algorithm, Failure, Identity, PartOptions, SecretRef, Signer, key_file};
use tongguan_crypto::{CryptoError, PrivateKey, Scheme, provider};

/// A signer's table in the manifest, `kind = "software"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The private key: PEM, PKCS#8 DER, or PKCS#12.
    key: PathBuf,
    /// The certificate, PEM or DER. A PKCS#12 key brings its own.
    certificate: Option<PathBuf>,
    /// The password of an encrypted key.
    password: Option<SecretRef>,
    /// What goes into `KeyName`; the certificate's serial number unless given.
    key_name: Option<String>,
}

struct Software {
    part: String,
    identity: Identity,
    key: Arc<dyn PrivateKey>,
    algorithms: [Algorithm; 1],
}

/// Builds the signer: loads the key and certificate, and refuses a pair that cannot sign.
///
/// # Errors
/// Names the file, what is wrong with it, and what to do.
pub fn build(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
    let given: Options = options.parse()?;
    let part = options.part.as_str();
    let path = options.base.join(&given.key);
    let password = given
        .password
        .as_ref()
        .map(|p| p.resolve(part, &options.base))
        .transpose()?;
    let loaded = provider()
        .key_file(
            &key_file(part, "key", &path)?,
            password.as_ref().map(|p| p.as_str()),
        )
        .map_err(|error| {
            let remedy = match &error {
                CryptoError::WrongPassword => {
                    "give the key's password: password = \"file:PATH\" or \"env:NAME\""
                }
                _ => "key must name the file of the private key: PEM, PKCS#8 or PKCS#12",
            };
            failed(part, "private key", &path, &error).remedy(remedy)
        })?;
    let certificate = match (&given.certificate, loaded.certificate) {
        (Some(file), _) => {
            let path = options.base.join(file);
            provider()
                .certificate(&key_file(part, "certificate", &path)?)
                .map_err(|error| {
                    failed(part, "certificate", &path, &error)
                        .remedy("certificate must name an X.509 certificate, PEM or DER")
                })?
        }
        (None, Some(certificate)) => certificate,
        (None, None) => {
            return Err(
                Failure::misconfigured(part, "find the certificate", "none is given")
                    .remedy("add certificate = \"PATH\" beside key"),
            );
        }
    };
    if !loaded.key.matches(&certificate) {
        return Err(Failure::misconfigured(
            part,
            format!("use the private key {}", path.display()),
            format!(
                "it does not belong to the certificate of {}",
                certificate.subject
            ),
        )
        .remedy("name the key and the certificate that were issued together"));
    }
    // Now all is in memory that a key has there: the first signature makes more of it.
    loaded
        .key
        .sign(b"<ds:SignedInfo></ds:SignedInfo>")
        .map_err(|error| failed(part, "private key", &path, &error))?;
    memory::keep();
    let algorithm = match loaded.key.scheme() {
        Scheme::RsaSha1 => Algorithm::RsaSha1,
        Scheme::Sm2Sm3 => Algorithm::Sm2Sm3,
    };
    Ok(Arc::new(Software {
        part: options.part.clone(),
        identity: Identity {
            key_name: given.key_name.unwrap_or_else(|| certificate.serial.clone()),
            certificate: certificate.der,
        },
        key: loaded.key,
        algorithms: [algorithm],
    }))
}

fn failed(part: &str, what: &str, path: &Path, error: &CryptoError) -> Failure {
    Failure::misconfigured(part, format!("load the {what} {}", path.display()), error)
}

impl Signer for Software {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    fn concurrency(&self) -> NonZeroUsize {
        std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        algorithm.must_be(self.algorithms[0], &self.part)?;
        self.key
            .sign(text)
            .map_err(|error| Failure::transient(&self.part, "sign", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;
    use tongguan_contracts::FailureClass;
    use tongguan_crypto::TestSubject;

    fn issue(dir: &Path, name: &str, scheme: Scheme, password: Option<&str>) {
        let subject = TestSubject {
            common_name: name.into(),
            days: 30,
            from_days: 0,
        };
        let issued = provider()
            .issue_for_tests(scheme, &subject, None, password)
            .unwrap();
        fs::write(dir.join(format!("{name}.key")), issued.key_pem).unwrap();
        fs::write(dir.join(format!("{name}.crt")), issued.certificate_pem).unwrap();
    }

    fn build_from(dir: &Path, options: serde_json::Value) -> Result<Arc<dyn Signer>, Failure> {
        build(PartOptions {
            part: "signer \"main\"".into(),
            options,
            base: dir.into(),
        })
    }

    fn refused(dir: &Path, options: serde_json::Value) -> (String, String) {
        match build_from(dir, options) {
            Ok(_) => panic!("must be refused"),
            Err(failure) => {
                assert_eq!(failure.class(), FailureClass::Misconfigured);
                (
                    failure.to_string(),
                    failure.how_to_mend().unwrap_or_default().to_owned(),
                )
            }
        }
    }

    #[test]
    fn signs_what_its_certificate_verifies() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("pw"), "秘密\n").unwrap();
        for (name, scheme, algorithm) in [
            ("rsa", Scheme::RsaSha1, Algorithm::RsaSha1),
            ("sm2", Scheme::Sm2Sm3, Algorithm::Sm2Sm3),
        ] {
            issue(dir.path(), name, scheme, Some("秘密"));
            let signer = build_from(
                dir.path(),
                json!({ "key": format!("{name}.key"), "certificate": format!("{name}.crt"),
                        "password": "file:pw" }),
            )
            .unwrap();
            let value = signer.sign(algorithm, b"text").unwrap();
            let certificate = provider()
                .certificate(&signer.identity().certificate)
                .unwrap();
            certificate.key.verify(b"text", &value).unwrap();
            assert_eq!(signer.identity().key_name, certificate.serial);
            let other = match algorithm {
                Algorithm::RsaSha1 => Algorithm::Sm2Sm3,
                _ => Algorithm::RsaSha1,
            };
            assert!(signer.sign(other, b"text").is_err());
        }
    }

    #[test]
    fn refuses_with_the_file_the_reason_and_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        fs::write(at.join("pw"), "wrong\n").unwrap();
        issue(at, "a", Scheme::RsaSha1, Some("right"));
        issue(at, "b", Scheme::Sm2Sm3, None);
        issue(at, "c", Scheme::Sm2Sm3, None);
        let pair = |key: &str, certificate: &str| json!({ "key": key, "certificate": certificate });

        let (text, remedy) = refused(
            at,
            json!({ "key": "a.key", "certificate": "a.crt", "password": "file:pw" }),
        );
        assert!(
            text.contains("a.key") && text.contains("wrong password"),
            "{text}"
        );
        assert!(remedy.contains("password"));
        let (text, _) = refused(at, pair("b.key", "c.crt"));
        assert!(
            text.contains("b.key") && text.contains("does not belong"),
            "{text}"
        );
        let (text, _) = refused(at, pair("b.crt", "b.crt"));
        assert!(text.contains("holds a certificate"), "{text}");
        let (text, _) = refused(at, pair("none.key", "b.crt"));
        assert!(text.contains("none.key"), "{text}");
        let (text, _) = refused(at, json!({ "key": "b.key", "certificat": "b.crt" }));
        assert!(text.contains("certificat"), "{text}");
    }
}
