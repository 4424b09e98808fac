//! A signer for Tongguan in Rust. Its "device" is a key in a file; a real one opens its vendor's
//! library in `create` and signs by it.
//!
//! ```toml
//! [signers.main]
//! library = "libtongguan_example_signer_rust.so"
//! key = "enterprise.key"
//! certificate = "enterprise.pem"
//! password = "file:password"
//! ```

use std::sync::Arc;

use tongguan_crypto::{PrivateKey, Scheme, provider};
use tongguan_plugin_sdk::{About, Algorithm, Context, Failure, Identity, Plugin, Signer, export};

/// The part's table in the manifest.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    key: String,
    certificate: String,
    password: Option<String>,
}

struct FromFile {
    key: Arc<dyn PrivateKey>,
    certificate: Vec<u8>,
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| {
        Failure::misconfigured(format!("{path} cannot be read: {e}"))
            .remedy("paths start at the manifest's folder")
    })
}

impl Plugin for FromFile {
    type Config = Config;

    const ABOUT: About = About {
        algorithms: &[Algorithm::RsaSha1, Algorithm::Sm2Sm3],
        max_concurrency: 4,
        ..About::new("example-signer-rust", "1.0.0", "Tongguan examples")
    };

    fn create(config: Config, context: &Context) -> Result<Self, Failure> {
        let password = match &config.password {
            Some(reference) => Some(context.secret(reference)?),
            None => None,
        };
        let certificate = provider()
            .certificate(&read(&config.certificate)?)
            .map_err(|e| Failure::misconfigured(format!("{}: {e}", config.certificate)))?;
        let file = provider()
            .key_file(&read(&config.key)?, password.as_ref().map(|p| p.as_str()))
            .map_err(|e| match e {
                tongguan_crypto::CryptoError::WrongPassword => {
                    Failure::pin_refused("the password of the key is wrong")
                }
                other => Failure::misconfigured(format!("{}: {other}", config.key)),
            })?;
        if !file.key.matches(&certificate) {
            return Err(Failure::misconfigured(
                "the key does not belong to the certificate",
            ));
        }
        Ok(Self {
            key: file.key,
            certificate: certificate.der,
        })
    }
}

impl Signer for FromFile {
    fn identity(&self, _: &Context) -> Result<Identity, Failure> {
        Ok(Identity {
            key_name: None,
            certificate: self.certificate.clone(),
        })
    }

    fn sign(&self, _: &Context, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let is = match self.key.scheme() {
            Scheme::RsaSha1 => Algorithm::RsaSha1,
            Scheme::Sm2Sm3 => Algorithm::Sm2Sm3,
        };
        if is != algorithm {
            return Err(Failure::misconfigured("the key is for the other algorithm"));
        }
        self.key
            .sign(text)
            .map_err(|e| Failure::transient(e).function("sign", 0))
    }
}

export!(signer: FromFile);
