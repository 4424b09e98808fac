//! Certificates and signature values: what anybody may put into KeyInfo and SignatureValue.

use tongguan_crypto::{der_to_raw, provider, raw_to_der};

pub fn target(octets: &[u8]) {
    // One encoding for each value.
    if let Ok(raw) = der_to_raw(octets) {
        assert_eq!(raw_to_der(&raw).expect("r and s are there"), octets);
    }
    if let Ok(der) = raw_to_der(octets) {
        assert_eq!(der_to_raw(&der).expect("it is DER"), octets);
    }
    let Ok(certificate) = provider().certificate(octets) else {
        return;
    };
    for name in [
        &certificate.subject,
        &certificate.issuer,
        &certificate.serial,
    ] {
        assert!(!name.chars().any(char::is_control), "{name:?}");
    }
    // What was understood is understood again.
    let again = provider()
        .certificate(&certificate.der)
        .expect("its own DER");
    assert_eq!(again.subject, certificate.subject);
    assert_eq!(again.not_after, certificate.not_after);
    // The answer does not matter, that there is one does.
    let _ = provider().issued(&certificate, &certificate);
    let value = octets.get(..64).unwrap_or(octets);
    assert!(
        certificate
            .key
            .verify(b"not signed by anyone", value)
            .is_err()
    );
}
