//! Signs with an IC card or a KEY through the e-port's client control, which the operator's PC runs
//! beside the device (电子口岸客户端控件).
//!
//! One operation at a time. The PIN goes with each signature, so any refusal to sign may be a try
//! that the device counts: none is repeated until a person has acted.
#![forbid(unsafe_code)]

mod control;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tongguan_contracts::{
    Algorithm, Failure, FailureClass, Identity, PartOptions, PinGuard, Secret, SecretRef, Signer,
};
use tongguan_crypto::{Certificate, provider};
use tongguan_signer_device::{algorithm, verified};

use control::{Control, Trouble};

/// A signer's table in the manifest, `kind = "eport"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The machine that the device is plugged into.
    #[serde(default = "this_machine")]
    host: String,
    #[serde(default = "usual_port")]
    port: u16,
    /// The device's PIN.
    pin: SecretRef,
    /// How long an answer may take.
    #[serde(default = "usual_patience")]
    timeout_seconds: u64,
    /// What goes into `KeyName`; the number that the control tells unless given.
    key_name: Option<String>,
}

fn this_machine() -> String {
    "127.0.0.1".to_owned()
}

fn usual_port() -> u16 {
    61232
}

fn usual_patience() -> u64 {
    30
}

const SIGN: &str = "cus-sec_SpcSignDataAsPEM";
/// What it is doing, for people.
const SIGNING: &str = "sign through the e-port's control";
const CERTIFICATE: &str = "cus-sec_SpcGetSignCertAsPEM";

struct Eport {
    part: String,
    device: Device,
    identity: Identity,
    certificate: Certificate,
    algorithms: [Algorithm; 1],
}

/// The device behind the control.
struct Device {
    part: String,
    host: String,
    port: u16,
    patience: Duration,
    pin: Secret,
    guard: PinGuard,
    /// The certificate's number, as the control tells it with each signature.
    number: String,
    control: Mutex<Option<Control>>,
}

/// Builds the signer: reads the certificate, and sees that the device signs what it verifies.
///
/// # Errors
/// Device gone: there is no control, or no card in it. Misconfigured: the PIN is wrong, which is
/// tried once.
pub fn build(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
    let given: Options = options.parse()?;
    let part = options.part.as_str();
    let mut device = Device {
        part: part.to_owned(),
        pin: given.pin.resolve(part, &options.base)?,
        // Until it has told its own name.
        guard: PinGuard::new(part, &options.base, ""),
        host: given.host,
        port: given.port,
        patience: Duration::from_secs(given.timeout_seconds.clamp(1, 600)),
        number: String::new(),
        control: Mutex::default(),
    };
    let certificate = device.certificate()?;
    device.guard = PinGuard::new(part, &options.base, &certificate.serial);
    let algorithm = algorithm(&certificate);
    let text = b"<ds:SignedInfo></ds:SignedInfo>";
    let (value, number) = device.sign(text)?;
    certificate.key.verify(text, &value).map_err(|_| {
        Failure::misconfigured(
            part,
            "use the device",
            format!(
                "what it signs is not verified by its certificate, of {}",
                certificate.subject
            ),
        )
        .remedy("see in the control's own pages that the card and its certificate are well")
    })?;
    device.number = number;
    let key_name = given.key_name.unwrap_or_else(|| device.number.clone());
    Ok(Arc::new(Eport {
        part: part.to_owned(),
        device,
        identity: Identity {
            key_name,
            certificate: certificate.der.clone(),
        },
        certificate,
        algorithms: [algorithm],
    }))
}

impl Device {
    /// Asks the control, over a new connection where there is none.
    fn ask(&self, method: &str, args: &serde_json::Value) -> Result<Vec<String>, Trouble> {
        // A connection is dropped before anything can be amiss with it.
        let mut held = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let mut control = match held.take() {
            Some(control) => control,
            None => Control::connect(&self.host, self.port, self.patience)?,
        };
        let answer = control.ask(method, args);
        if !matches!(answer, Err(Trouble::Away(_) | Trouble::Odd(_))) {
            *held = Some(control);
        }
        answer
    }

    fn failed(&self, class: FailureClass, doing: &str, trouble: &Trouble) -> Failure {
        Failure::new(class, &self.part, doing, trouble).remedy(format!(
            "see that the e-port's control runs on {} (port {}), and that the card or KEY is in",
            self.host, self.port
        ))
    }

    fn certificate(&self) -> Result<Certificate, Failure> {
        let doing = "read the certificate through the e-port's control";
        let gone = |trouble: Trouble| self.failed(FailureClass::DeviceGone, doing, &trouble);
        let data = self.ask(CERTIFICATE, &json!({})).map_err(gone)?;
        let text = data.first().map(String::as_str).unwrap_or_default();
        // PEM, or its Base64 alone.
        let octets = if text.contains("-----BEGIN") {
            text.as_bytes().to_vec()
        } else {
            decoded(text).unwrap_or_default()
        };
        provider()
            .certificate(&octets)
            .map_err(|e| Failure::misconfigured(&self.part, doing, e))
    }

    /// The signature, and the number of the certificate.
    fn sign(&self, text: &[u8]) -> Result<(Vec<u8>, String), Failure> {
        let doing = SIGNING;
        self.guard.may_try()?;
        let text = std::str::from_utf8(text)
            .map_err(|e| Failure::rejected(&self.part, doing, format!("no text: {e}")))?;
        let args = json!({ "inData": text, "passwd": self.pin.as_str() });
        let data = match self.ask(SIGN, &args) {
            Ok(data) => data,
            // Its codes are not known: it may have been the PIN.
            Err(Trouble::Refused(why)) => {
                tracing::error!(part = self.part, "the device refused to sign");
                return Err(self.guard.refused(&why));
            }
            Err(trouble) => return Err(self.failed(FailureClass::Transient, doing, &trouble)),
        };
        let odd = |what: &str| Failure::transient(&self.part, doing, format!("{what} is missing"));
        let value = data.first().and_then(|value| decoded(value));
        let value = value.ok_or_else(|| odd("the signature in its answer"))?;
        let number = data.get(1).map(|n| n.trim().to_owned());
        let number = number.filter(|n| !n.is_empty());
        Ok((
            value,
            number.ok_or_else(|| odd("the certificate's number"))?,
        ))
    }
}

/// Base64, which may be broken into lines.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD
        .decode(text)
        .ok()
        .filter(|octets| !octets.is_empty())
}

impl Signer for Eport {
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
        let (value, number) = self.device.sign(text)?;
        if number != self.device.number {
            return Err(Failure::misconfigured(
                &self.part,
                SIGNING,
                format!("another card is in: {number}, not {}", self.device.number),
            )
            .remedy("put the card back, or start tongguan again to sign as the new one"));
        }
        verified(&self.part, SIGNING, &self.certificate, text, &value)?;
        Ok(value)
    }
}
