//! Certificates that were read before: messages by the thousand come from a handful of signers,
//! and reading a certificate takes longer than verifying a signature by it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tongguan_crypto::{Certificate, CryptoError, provider};

/// So many are kept: a hostile sender can push others out, and no more.
const MOST: usize = 64;

static KNOWN: Mutex<VecDeque<Certificate>> = Mutex::new(VecDeque::new());

/// The certificate in these octets (DER).
///
/// # Errors
/// As the provider's `certificate`; an octet string that is none is not remembered.
pub(crate) fn certificate(der: &[u8]) -> Result<Certificate, CryptoError> {
    // Whole between any two operations, even after a panic.
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known().iter().find(|c| c.der == der) {
        return Ok(found.clone());
    }
    let certificate = provider().certificate(der)?;
    // PEM, or DER with something behind it, is read as what is in it; it would never be found.
    if certificate.der == der {
        let mut known = known();
        known.truncate(MOST - 1);
        known.push_front(certificate.clone());
    }
    Ok(certificate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongguan_crypto::{Scheme, TestSubject};

    #[test]
    fn the_newest_are_known_and_stay_within_bounds() {
        let subject = TestSubject {
            common_name: "known".into(),
            days: 1,
            from_days: 0,
        };
        let mut first = Vec::new();
        for _ in 0..MOST + 2 {
            let issued = provider()
                .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
                .unwrap();
            let der = provider().certificate(&issued.certificate_pem).unwrap().der;
            assert_eq!(certificate(&der).unwrap().der, der);
            assert_eq!(KNOWN.lock().unwrap()[0].der, der);
            first = if first.is_empty() { der } else { first };
        }
        let known = KNOWN.lock().unwrap();
        assert!(known.len() <= MOST && known.iter().all(|c| c.der != first));
    }

    #[test]
    fn what_is_no_certificate_is_refused_every_time() {
        for _ in 0..2 {
            assert!(certificate(b"no certificate").is_err());
        }
    }
}
