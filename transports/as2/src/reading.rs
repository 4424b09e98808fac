//! Messages and notifications without a port, a partner or a memory: to read again what was kept, or to
//! see that two programs agree.

use bytes::Bytes;
use openssl::error::ErrorStack;

use tongguan_contracts::{Failure, PartOptions};

use crate::message::{self, Refusal, UNEXPECTED};
use crate::mime::Entity;
use crate::options::Options;
use crate::{mdn, message::Mic};

/// What two partners agreed on: names, certificates, encryption, compression.
pub struct Agreement(Options);

/// What a notification (MDN) says that the partner signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Of the message that it is about, as it stands there.
    pub message_id: String,
    /// `processed`, `processed/error: decryption-failed`.
    pub disposition: String,
    /// The digest of what was taken, base64, and its algorithm's name.
    pub mic: Option<(String, String)>,
    /// The sentence for people.
    pub text: String,
}

impl Agreement {
    /// The agreement that a transport's table tells.
    ///
    /// # Errors
    /// Misconfigured: an option is wrong, or a secret, key or certificate cannot be used.
    pub fn read(options: &PartOptions) -> Result<Self, Failure> {
        Options::read(options).map(Self)
    }

    /// A message for the partner: the header fields that belong to its body, and the body.
    ///
    /// # Errors
    /// Misconfigured: the key does not sign, or the partner's certificate is none to encrypt to.
    pub fn wrap(&self, envelope: &[u8], file_name: &str) -> Result<Vec<u8>, Failure> {
        let wrong = |e: ErrorStack| {
            Failure::misconfigured(&self.0.part, "sign and encrypt", e)
                .remedy("check key and partner_certificate")
        };
        let wrapped = message::wrap(&self.0, envelope, file_name).map_err(wrong)?;
        Ok(wrapped.entity.octets())
    }

    /// What the partner put into a message.
    ///
    /// # Errors
    /// It is not written as agreed, or not signed by the partner.
    pub fn open(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let opened = message::open(&self.0, entity(message)?)?;
        Ok(opened.payload)
    }

    /// What a notification says, such as is kept in the folder `evidence`.
    ///
    /// # Errors
    /// It is none, or not signed by the partner.
    pub fn notification(&self, mdn: &[u8]) -> Result<Notification, Refusal> {
        let report = mdn::read(&self.0, &entity(mdn)?)?;
        Ok(Notification {
            message_id: report.message_id,
            disposition: report.disposition.to_string(),
            mic: report
                .mic
                .map(|Mic { value, algorithm }| (value, algorithm)),
            text: report.text,
        })
    }
}

fn entity(octets: &[u8]) -> Result<Entity, Refusal> {
    let read = Entity::parse(&Bytes::copy_from_slice(octets));
    read.map_err(|why| Refusal {
        modifier: UNEXPECTED,
        why,
    })
}
