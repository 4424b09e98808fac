/// Why a cryptographic operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The password does not open the key.
    #[error("wrong password, or none given for an encrypted key")]
    WrongPassword,
    /// The octets hold no private key.
    #[error("no private key in it: {0}")]
    NotAKey(String),
    /// The octets hold no certificate.
    #[error("no X.509 certificate in it: {0}")]
    NotACertificate(String),
    /// No customs profile uses such a key.
    #[error("its key is {0}; only RSA of 1024 bits or more, and SM2, are used")]
    UnsupportedKey(String),
    /// The signature does not fit.
    #[error("the signature value does not fit the text and the key")]
    BadSignature,
    /// The value is not a signature at all.
    #[error("not a signature value: {0}")]
    Malformed(&'static str),
    /// The library failed.
    #[error("{0}")]
    Library(String),
}
