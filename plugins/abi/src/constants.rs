/// Constants with their names and meanings, and a list of all of them for the header's test.
macro_rules! constants {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $value:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: $type = $value;)*

        /// Each constant's name in the header, without `TONGGUAN_`, and its value.
        pub const CONSTANTS: &[(&str, i64)] = &[$((stringify!($name), $value),)*];
    };
}

constants! {
    /// The version of this ABI.
    ABI: u32 = 1;

    /// A signer.
    SIGNER: u32 = 1;
    /// A transport.
    TRANSPORT: u32 = 2;
    /// A role.
    ROLE: u32 = 3;

    /// The call ended well.
    OK: i32 = 0;
    /// It may work later.
    TRANSIENT: i32 = 1;
    /// This input will never be taken.
    REJECTED: i32 = 2;
    /// Nothing will work until a person changes something.
    MISCONFIGURED: i32 = 3;
    /// The device is gone; it may come back.
    DEVICE_GONE: i32 = 4;

    /// A failure's flag: nothing of the envelope can have left.
    UNSENT: u32 = 1;
    /// A failure's flag: the PIN or password was wrong; nobody tries it again by himself.
    PIN_REFUSED: u32 = 2;

    /// RSASSA-PKCS1-v1_5 with SHA-1.
    RSA_SHA1: u32 = 1;
    /// SM2 with SM3; the value is r and s.
    SM2_SM3: u32 = 2;

    /// Every call on one and the same thread, one at a time.
    THREAD_AFFINE: u32 = 1;
    /// `sign` is given the digest, not the text.
    TAKES_DIGEST: u32 = 2;
    /// Each signature needs the PIN again.
    PIN_PER_OPERATION: u32 = 4;

    /// `identity`: what goes into KeyName.
    KEY_NAME: u32 = 1;
    /// `identity`: the signing certificate, DER.
    CERTIFICATE: u32 = 2;
    /// `sign`: the value.
    SIGNATURE: u32 = 3;
    /// `send`: the other side's word for it.
    EVIDENCE: u32 = 4;
    /// `receive`: where it came from.
    ORIGIN: u32 = 5;
    /// `receive`: what `settle` is given to know it by.
    DELIVERY: u32 = 6;
    /// `receive`: what came in.
    OCTETS: u32 = 7;
    /// `declares`: a message.
    MESSAGE: u32 = 8;
    /// `read`: a document in a form that Tongguan itself reads.
    DOCUMENT: u32 = 9;

    /// A log line that tells of an error.
    LOG_ERROR: u32 = 1;
    /// A log line that warns.
    LOG_WARN: u32 = 2;
    /// A log line worth knowing.
    LOG_INFO: u32 = 3;
    /// A log line for whoever looks for a mistake.
    LOG_DEBUG: u32 = 4;
}
