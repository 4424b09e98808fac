use serde::de::DeserializeOwned;
use tongguan_plugin_abi as abi;

use crate::{Context, Failure};

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1. The value is as long as the modulus.
    RsaSha1,
    /// SM2 with SM3 and the user id 1234567812345678. The value is r‖s, 64 octets.
    Sm2Sm3,
}

impl Algorithm {
    pub(crate) const fn bit(self) -> u32 {
        match self {
            Self::RsaSha1 => abi::RSA_SHA1,
            Self::Sm2Sm3 => abi::SM2_SM3,
        }
    }

    pub(crate) fn of(bit: u32) -> Option<Self> {
        [Self::RsaSha1, Self::Sm2Sm3]
            .into_iter()
            .find(|one| one.bit() == bit)
    }
}

/// What a plugin says of itself; the host keeps to it.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Who made it.
    pub vendor: &'static str,
    /// Signers: what there are keys for, in general.
    pub algorithms: &'static [Algorithm],
    /// How many calls at once; 1 for a card or a key.
    pub max_concurrency: u32,
    /// Every call on one and the same thread, one at a time.
    pub thread_affine: bool,
    /// [`Signer::sign`](crate::Signer::sign) is given the digest, not the text.
    pub takes_digest: bool,
    /// Each signature needs the PIN again.
    pub pin_per_operation: bool,
    /// No more than these are asked for; 0: no bound.
    pub operations_per_minute: u32,
}

impl About {
    /// One call at a time, and nothing unusual.
    pub const fn new(name: &'static str, version: &'static str, vendor: &'static str) -> Self {
        Self {
            name,
            version,
            vendor,
            algorithms: &[],
            max_concurrency: 1,
            thread_affine: false,
            takes_digest: false,
            pin_per_operation: false,
            operations_per_minute: 0,
        }
    }

    pub(crate) fn info(&self, kind: u32) -> abi::Info {
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        abi::Info {
            size: abi::size_of::<abi::Info>(),
            kind,
            name: abi::Bytes::of(self.name.as_bytes()),
            version: abi::Bytes::of(self.version.as_bytes()),
            vendor: abi::Bytes::of(self.vendor.as_bytes()),
            algorithms: self.algorithms.iter().fold(0, |all, one| all | one.bit()),
            flags: flag(self.thread_affine, abi::THREAD_AFFINE)
                | flag(self.takes_digest, abi::TAKES_DIGEST)
                | flag(self.pin_per_operation, abi::PIN_PER_OPERATION),
            max_concurrency: self.max_concurrency,
            operations_per_minute: self.operations_per_minute,
        }
    }
}

/// What every plugin is. Dropping it logs out and closes.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// The part's table in the manifest. The type should refuse unknown fields
    /// (`#[serde(deny_unknown_fields)]`), so that a misspelt option is an error.
    type Config: DeserializeOwned;

    /// What it says of itself.
    const ABOUT: About;

    /// Makes an instance: opens the device, logs in.
    ///
    /// # Errors
    /// What is wrong and what to do; of class misconfigured where only a person can mend it.
    fn create(config: Self::Config, context: &Context) -> Result<Self, Failure>;
}
