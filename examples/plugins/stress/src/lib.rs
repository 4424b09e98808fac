//! A signer that misbehaves as its configuration says: what the tests of the plugin host are held
//! to. It signs well where it is not told to do otherwise.
//!
//! `how` names what it does, `first` how many signatures go well before (in each process).
#![allow(unsafe_code, clippy::panic, reason = "does what no plugin should")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tongguan_crypto::{PrivateKey, provider};
use tongguan_plugin_sdk::{About, Algorithm, Context, Failure, Identity, Level, Plugin, Signer};

mod raw;

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    /// Nothing wrong.
    Well,
    Panic,
    Hang,
    HangInCreate,
    Leak,
    Segfault,
    SegfaultInCreate,
    Abort,
    Exit,
    /// Octets that are no signature.
    Garbage,
    /// A signature that is too short.
    Short,
    /// No signature, and no failure.
    Nothing,
    /// More octets than it has.
    WrongSize,
    /// A status that is no class.
    WrongStatus,
    /// A failure that says that it is smaller than it is.
    WrongFailure,
    /// Gives the value from another thread after the call has ended.
    LateThread,
    /// Gives the value from another thread, in time.
    OtherThread,
    /// Prints on standard output, where the protocol was.
    Print,
    /// Writes into the pipe that it finds.
    Forge,
    /// The device is gone.
    Gone,
    /// The PIN is refused when it signs.
    Pin,
    /// The PIN is refused when it starts.
    PinInCreate,
    /// Another certificate each time.
    OtherCertificate,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    how: How,
    #[serde(default)]
    first: u64,
    key: String,
    certificate: String,
    /// A file to which a line is written for each attempt with the PIN.
    attempts: Option<String>,
    /// A file; while it is there, everything goes well.
    well_while: Option<String>,
    /// What is presented in place of the certificate after the first start, for `OtherCertificate`.
    other: Option<String>,
}

struct Stress {
    config: Config,
    key: Arc<dyn PrivateKey>,
    certificate: Vec<u8>,
    signed: AtomicU64,
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::misconfigured(format!("{path}: {e}")))
}

fn hang() {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn segfault() {
    // SAFETY: none; that is what it is for.
    unsafe { std::ptr::write_volatile(8 as *mut u8, 1) };
}

/// Writes into every pipe that this process has: one is the protocol's.
fn forge() {
    for fd in 3..64 {
        let path = format!("/proc/self/fd/{fd}");
        let link = std::fs::read_link(&path).unwrap_or_default();
        if link.to_string_lossy().starts_with("pipe:") {
            let _ = std::fs::write(&path, b"\x40\0\0\0 a forged answer that is none, long enough to be read as one whole frame");
        }
    }
}

impl Config {
    fn attempt(&self) {
        use std::io::Write as _;
        if let Some(path) = &self.attempts {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path);
            let _ = file.and_then(|mut file| file.write_all(b"attempt\n"));
        }
    }

    fn well(&self) -> bool {
        let well_while = self.well_while.as_ref();
        well_while.is_some_and(|path| std::path::Path::new(path).exists())
    }
}

impl Plugin for Stress {
    type Config = Config;

    const ABOUT: About = About {
        algorithms: &[Algorithm::RsaSha1, Algorithm::Sm2Sm3],
        ..About::new("stress", "1.0.0", "Tongguan tests")
    };

    fn create(config: Config, _: &Context) -> Result<Self, Failure> {
        config.attempt();
        raw::told(config.how, config.first, config.well_while.clone());
        if !config.well() {
            match config.how {
                How::HangInCreate => hang(),
                How::SegfaultInCreate => segfault(),
                How::PinInCreate => {
                    return Err(Failure::pin_refused("the PIN is wrong").function("Login", 0xA0));
                }
                _ => {}
            }
        }
        let certificate = match (&config.other, config.how) {
            (Some(other), How::OtherCertificate) if std::path::Path::new(other).exists() => other,
            _ => &config.certificate,
        };
        let certificate = provider()
            .certificate(&read(certificate)?)
            .map_err(Failure::misconfigured)?;
        let file = provider()
            .key_file(&read(&config.key)?, None)
            .map_err(Failure::misconfigured)?;
        Ok(Self {
            key: file.key,
            certificate: certificate.der,
            config,
            signed: AtomicU64::new(0),
        })
    }
}

impl Signer for Stress {
    fn identity(&self, _: &Context) -> Result<Identity, Failure> {
        Ok(Identity {
            key_name: None,
            certificate: self.certificate.clone(),
        })
    }

    fn sign(&self, context: &Context, _: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let good = self.key.sign(text).map_err(Failure::transient)?;
        let before = self.signed.fetch_add(1, Ordering::Relaxed);
        if before < self.config.first || self.config.well() {
            return Ok(good);
        }
        match self.config.how {
            How::Panic => panic!("on purpose"),
            How::Hang => hang(),
            How::Segfault => segfault(),
            How::Abort => std::process::abort(),
            How::Exit => std::process::exit(0),
            How::Leak => {
                let leaked = vec![1u8; 40 << 20];
                std::mem::forget(leaked);
            }
            How::Garbage => return Ok(vec![0x5A; good.len()]),
            How::Short => return Ok(good.get(..10).unwrap_or_default().to_vec()),
            How::Print => {
                use std::io::Write as _;
                // Past Rust's own buffer, as a C library does.
                let mut out = std::io::stdout();
                let _ = out
                    .write_all(b"the vendor prints\n")
                    .and_then(|()| out.flush());
            }
            How::Gone => {
                return Err(Failure::device_gone("it was pulled out").function("Sign", 0x0A00_0023));
            }
            How::Pin => {
                self.config.attempt();
                return Err(Failure::pin_refused("the PIN is wrong").function("Login", 0xA0));
            }
            How::Forge => forge(),
            How::OtherCertificate => std::process::abort(),
            How::OtherThread => {
                let log = context.log();
                let talking = std::thread::spawn(move || log.line(Level::Info, "from a thread"));
                let _ = talking.join();
            }
            _ => {}
        }
        Ok(good)
    }
}

/// The entry that Tongguan looks for: as the SDK makes it, but for what the SDK does not let one do.
// SAFETY: nothing else of that name is here; its type is the ABI's.
#[unsafe(no_mangle)]
pub extern "C" fn tongguan_plugin() -> *const tongguan_plugin_sdk::abi::Plugin {
    raw::spoiled(tongguan_plugin_sdk::exported::signer::<Stress>())
}
