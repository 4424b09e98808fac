//! What a verifier must not take.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use tongguan_crypto::{TestSubject, provider};
use tongguan_xmldsig::{
    Enveloping, KeyInfo, Policy, Profile, Sm2Encoding, Trust, VerifyError, canonicalize, verify,
};

const HEAD: &str = "<m:Order xmlns:m=\"urn:m\"><m:no>17</m:no>";

/// A signed document, and the certificate.
fn signed(profile: Profile, encoding: Sm2Encoding) -> (String, Vec<u8>) {
    let subject = TestSubject {
        common_name: "signer".into(),
        days: 2,
        from_days: 0,
    };
    let issued = provider()
        .issue_for_tests(profile.scheme(), &subject, None, None)
        .unwrap();
    let key = provider().key_file(&issued.key_pem, None).unwrap().key;
    let certificate = provider().certificate(&issued.certificate_pem).unwrap();
    let mut document = Enveloping::new(profile, &[("m", "urn:m")]);
    document.push(HEAD.as_bytes());
    let pending = document.prepare(b"</m:Order>");
    let value = key.sign(pending.signed_info()).unwrap();
    let info = KeyInfo {
        key_name: "0<1",
        certificate: &certificate.der,
    };
    let document = pending.complete(&value, &info, encoding).unwrap();
    (String::from_utf8(document).unwrap(), issued.certificate_pem)
}

fn refused(document: &str) -> VerifyError {
    verify(document.as_bytes(), &Policy::default()).expect_err("must be refused")
}

#[test]
fn every_profile_verifies_and_says_by_whom() {
    for profile in Profile::ALL {
        for encoding in [Sm2Encoding::Raw, Sm2Encoding::Der] {
            let (document, _) = signed(profile, encoding);
            let verified = verify(document.as_bytes(), &Policy::default()).unwrap();
            assert_eq!(verified.profile, profile);
            assert_eq!(verified.key_name.as_deref(), Some("0<1"));
            // Ours is canonical as it stands.
            assert_eq!(
                canonicalize(document.as_bytes(), 1 << 20).unwrap(),
                document.as_bytes()
            );
        }
    }
}

#[test]
fn wrapping_is_refused() {
    let (document, _) = signed(Profile::RsaSha1, Sm2Encoding::Raw);
    let start = document.find("<ds:Signature ").unwrap();
    let end = document.find("</m:Order>").unwrap();
    let signature = &document[start..end];
    // The signed order moves into a corner, another takes its place.
    let forged =
        format!("<m:Order xmlns:m=\"urn:m\"><m:no>666</m:no><m:old>{document}</m:old></m:Order>");
    assert!(matches!(refused(&forged), VerifyError::Form(_)));
    // A second signature, a nested one, one outside its place.
    let twice = document.replace("</m:Order>", &format!("{signature}</m:Order>"));
    assert!(matches!(refused(&twice), VerifyError::Form(_)));
    let nested = format!("{HEAD}<m:in>{signature}</m:in></m:Order>");
    assert!(matches!(refused(&nested), VerifyError::Form(_)));
    let object = document.replace("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object>more</ds:Object>");
    assert!(matches!(refused(&object), VerifyError::Form(_)));
    // Other references, transforms, algorithms.
    for (from, to) in [
        ("URI=\"\"", "URI=\"#a\""),
        (" URI=\"\"", ""),
        (
            "<ds:Transforms>",
            "<ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"></ds:Transform>",
        ),
        ("xmldsig#enveloped-signature", "xmldsig#base64"),
        ("xmldsig#rsa-sha1", "xmldsig#hmac-sha1"),
        ("xmldsig#rsa-sha1", "xmldsig#sm2-sm3"),
        ("xmldsig#sha1", "xmldsig#md5"),
        (
            "REC-xml-c14n-20010315\"",
            "REC-xml-c14n-20010315#WithComments\"",
        ),
        (
            "</ds:X509Data>",
            "<ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
        ),
        ("<ds:SignatureValue>", "<ds:SignatureValue>!"),
    ] {
        let forged = document.replacen(from, to, 1);
        assert_ne!(forged, document, "{from}");
        assert!(matches!(refused(&forged), VerifyError::Form(_)), "{to}");
    }
    let twice = document.replace(
        "</ds:SignedInfo>",
        "<ds:Reference URI=\"\"></ds:Reference></ds:SignedInfo>",
    );
    assert!(matches!(refused(&twice), VerifyError::Form(_)));
    assert!(matches!(
        refused(&format!("{HEAD}</m:Order>")),
        VerifyError::Unsigned
    ));
}

#[test]
fn what_was_changed_is_refused() {
    let (document, _) = signed(Profile::Sm2Sm3, Sm2Encoding::Raw);
    assert!(matches!(
        refused(&document.replace(">17<", ">18<")),
        VerifyError::DigestMismatch
    ));
    assert!(matches!(
        refused(&document.replace(">17<", ">17 <")),
        VerifyError::DigestMismatch
    ));
    // The declaration is not signed, but says how the rest is read.
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes'?>";
    let declared = format!("{head}{document}");
    verify(declared.as_bytes(), &Policy::default()).unwrap();
    assert!(matches!(
        refused(&declared.replace("UTF-8", "GBK")),
        VerifyError::Document(_)
    ));
    // No XML, though some take it: the first would count for one reader, the last for another.
    let twice = "<m:Order xmlns=\"\" xmlns=\"urn:other\" ";
    assert!(matches!(
        refused(&document.replace("<m:Order ", twice)),
        VerifyError::Document(_)
    ));
    // A digest that fits the changed text is not what was signed.
    let changed = document.replace(">17<", ">18<");
    let body = format!("{}</m:Order>", HEAD.replace(">17<", ">18<"));
    let digest = tongguan_crypto::digest(tongguan_crypto::Hash::Sm3, &[body.as_bytes()]);
    use base64::Engine as _;
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    let start = changed.find("<ds:DigestValue>").unwrap() + 16;
    let end = changed.find("</ds:DigestValue>").unwrap();
    let changed = format!("{}{digest}{}", &changed[..start], &changed[end..]);
    assert!(matches!(refused(&changed), VerifyError::BadSignature));
}

#[test]
fn trust_is_by_issuer_and_time() {
    let (document, own) = signed(Profile::Sm2Sm3, Sm2Encoding::Raw);
    let own = provider().certificate(&own).unwrap();
    let (_, other) = signed(Profile::Sm2Sm3, Sm2Encoding::Raw);
    let other = provider().certificate(&other).unwrap();
    let by = |trust, at| {
        verify(
            document.as_bytes(),
            &Policy {
                trust,
                at,
                ..Policy::default()
            },
        )
    };
    by(Trust::Anchors(vec![own.clone()]), Some(own.not_before)).unwrap();
    let untrusted = by(Trust::Anchors(vec![other]), None);
    assert!(matches!(untrusted, Err(VerifyError::Untrusted { .. })));
    let late = by(Trust::Any, Some(own.not_after + 1));
    assert!(matches!(late, Err(VerifyError::OutsideValidity { .. })));
}

#[test]
fn no_changed_octet_is_taken_unless_it_says_the_same() {
    let (document, own) = signed(Profile::Sm2Sm3, Sm2Encoding::Raw);
    // A certificate is covered by its issuer's signature, so only with trust does it hold.
    let trust = Trust::Anchors(vec![provider().certificate(&own).unwrap()]);
    let policy = Policy {
        trust,
        ..Policy::default()
    };
    let octets = document.as_bytes();
    let canonical = canonicalize(octets, 1 << 20).unwrap();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..5000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = (state % octets.len() as u64) as usize;
        let mut changed = octets.to_vec();
        changed[at] ^= 1 << (state >> 60 & 7);
        if verify(&changed, &policy).is_ok() {
            // KeyName is the one thing in the document that no signature covers.
            let key_name =
                document.find("<ds:KeyName>").unwrap()..document.find("</ds:KeyName>").unwrap();
            let same = canonicalize(&changed, 1 << 20).unwrap() == canonical;
            assert!(
                same || key_name.contains(&at),
                "octet {at}: {}",
                String::from_utf8_lossy(&changed[at - 20..at + 20])
            );
        }
    }
}
