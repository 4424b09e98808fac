//! The openssl command line judges: keys and certificates that it made load here, its signatures
//! verify here, ours verify there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::path::Path;
use std::process::Command;

use tongguan_crypto::{
    CryptoError, Provider, Scheme, TestSubject, der_to_raw, provider, providers, raw_to_der,
};

fn openssl(dir: &Path, args: &str) -> String {
    let out = Command::new("openssl")
        .args(args.split_whitespace())
        .current_dir(dir)
        .output()
        .expect("the openssl command line is installed (tests/setup)");
    assert!(
        out.status.success(),
        "openssl {args}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).into_owned()
}

const ID: &str = "-sigopt distid:1234567812345678";

fn make(dir: &Path) {
    openssl(
        dir,
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key",
    );
    openssl(
        dir,
        "req -x509 -new -key rsa.key -subj /CN=rsa-test -days 30 -out rsa.crt",
    );
    openssl(dir, "genpkey -algorithm SM2 -out sm2.key");
    openssl(
        dir,
        &format!("req -x509 -new -sm3 {ID} -key sm2.key -subj /CN=sm2-test -days 30 -out sm2.crt"),
    );
    for kind in ["rsa", "sm2"] {
        openssl(
            dir,
            &format!("pkcs8 -topk8 -in {kind}.key -passout pass:secret -out {kind}.enc"),
        );
        openssl(
            dir,
            &format!("pkcs8 -topk8 -in {kind}.key -nocrypt -outform DER -out {kind}.der"),
        );
        openssl(
            dir,
            &format!(
                "pkcs12 -export -inkey {kind}.key -in {kind}.crt -passout pass:secret -out {kind}.p12"
            ),
        );
        openssl(
            dir,
            &format!("x509 -in {kind}.crt -pubkey -noout -out {kind}.pub"),
        );
    }
    openssl(
        dir,
        "pkcs12 -export -legacy -inkey rsa.key -in rsa.crt -passout pass:secret -out old.p12",
    );
    openssl(dir, "genpkey -algorithm ED25519 -out ed.key");
    openssl(dir, "rsa -traditional -in rsa.key -out rsa.trad");
    std::fs::write(dir.join("text"), "规范化 SignedInfo").unwrap();
}

/// Each of the things, by each backend of this build.
fn each<T: Copy, const N: usize>(things: [T; N]) -> Vec<(&'static dyn Provider, T)> {
    let all = providers().iter();
    all.flat_map(|backend| things.map(|thing| (*backend, thing)))
        .collect()
}

#[test]
fn every_form_of_key_signs_and_openssl_agrees() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    make(dir);
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    let text = read("text");
    for (backend, (file, kind, password)) in each([
        ("rsa.key", "rsa", None),
        ("rsa.trad", "rsa", None),
        ("rsa.enc", "rsa", Some("secret")),
        ("rsa.der", "rsa", None),
        ("rsa.p12", "rsa", Some("secret")),
        ("old.p12", "rsa", Some("secret")),
        ("sm2.key", "sm2", None),
        ("sm2.enc", "sm2", Some("secret")),
        ("sm2.der", "sm2", None),
        ("sm2.p12", "sm2", Some("secret")),
    ]) {
        // The portable backend reads no PKCS#12, and says so.
        if backend.name() == "rust" && file.ends_with("p12") {
            let refused = backend.key_file(&read(file), None).err().unwrap();
            assert!(refused.to_string().contains("PKCS#12"), "{refused}");
            continue;
        }
        let certificate = backend.certificate(&read(&format!("{kind}.crt"))).unwrap();
        assert!(certificate.subject.contains(&format!("CN={kind}-test")));
        let loaded = backend.key_file(&read(file), password);
        let loaded = loaded.unwrap_or_else(|e| panic!("{file}: {e}"));
        assert!(loaded.key.matches(&certificate), "{file}");
        assert_eq!(
            loaded.certificate.is_some(),
            file.ends_with("p12"),
            "{file}"
        );
        let value = loaded.key.sign(&text).unwrap();
        // Every backend verifies what any of them signed, and reads the same certificate.
        for other in providers() {
            let theirs = other.certificate(&read(&format!("{kind}.crt"))).unwrap();
            theirs.key.verify(&text, &value).unwrap();
            assert_eq!(
                (
                    &theirs.serial,
                    theirs.not_before,
                    theirs.not_after,
                    &theirs.der
                ),
                (
                    &certificate.serial,
                    certificate.not_before,
                    certificate.not_after,
                    &certificate.der
                )
            );
        }
        assert!(matches!(
            certificate.key.verify(b"another text", &value),
            Err(CryptoError::BadSignature)
        ));
        if kind == "rsa" {
            std::fs::write(dir.join("value"), &value).unwrap();
            openssl(dir, "dgst -sha1 -verify rsa.pub -signature value text");
        } else {
            assert_eq!(value.len(), 64);
            std::fs::write(dir.join("value"), raw_to_der(&value).unwrap()).unwrap();
            openssl(
                dir,
                &format!(
                    "pkeyutl -verify -pubin -inkey sm2.pub -rawin -digest sm3 {} -sigfile value -in text",
                    ID.replace("-sigopt", "-pkeyopt")
                ),
            );
        }
    }
}

#[test]
fn openssl_signatures_verify_here() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    make(dir);
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    openssl(dir, "dgst -sha1 -sign rsa.key -out rsa.sig text");
    openssl(
        dir,
        &format!("dgst -sm3 {ID} -sign sm2.key -out sm2.sig text"),
    );
    for backend in providers() {
        let rsa = backend.certificate(&read("rsa.crt")).unwrap();
        rsa.key.verify(&read("text"), &read("rsa.sig")).unwrap();
        let sm2 = backend.certificate(&read("sm2.crt")).unwrap();
        sm2.key
            .verify(&read("text"), &der_to_raw(&read("sm2.sig")).unwrap())
            .unwrap();
        assert!(backend.issued(&sm2, &sm2) && !backend.issued(&rsa, &sm2));
        // The portable backend does not judge RSA chains: see its `issued`.
        assert_eq!(backend.issued(&rsa, &rsa), backend.name() == "openssl");
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    make(dir);
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    for backend in providers() {
        let refused = |file: &str, password| match backend.key_file(&read(file), password) {
            Ok(_) => panic!("{file} must be refused"),
            Err(error) => error,
        };
        assert!(matches!(
            refused("rsa.enc", Some("wrong")),
            CryptoError::WrongPassword
        ));
        assert!(matches!(
            refused("sm2.enc", None),
            CryptoError::WrongPassword
        ));
        assert!(matches!(refused("rsa.pub", None), CryptoError::NotAKey(_)));
        assert!(matches!(refused("rsa.crt", None), CryptoError::NotAKey(_)));
        assert!(matches!(
            refused("ed.key", None),
            CryptoError::UnsupportedKey(_)
        ));
        if backend.name() == "openssl" {
            assert!(matches!(
                refused("rsa.p12", Some("wrong")),
                CryptoError::WrongPassword
            ));
        }
        assert!(matches!(
            backend.certificate(b"junk"),
            Err(CryptoError::NotACertificate(_))
        ));
        let rsa = backend.key_file(&read("rsa.key"), None).unwrap();
        let sm2 = backend.certificate(&read("sm2.crt")).unwrap();
        assert!(!rsa.key.matches(&sm2));
    }
}

#[test]
fn test_certificates_hold_before_openssl() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let subject = |name: &str| TestSubject {
        common_name: name.into(),
        days: 30,
        from_days: 0,
    };
    for scheme in [Scheme::RsaSha1, Scheme::Sm2Sm3] {
        let ca = provider()
            .issue_for_tests(scheme, &subject("Test CA"), None, None)
            .unwrap();
        let leaf = provider()
            .issue_for_tests(scheme, &subject("Enterprise"), Some(&ca), Some("pw"))
            .unwrap();
        std::fs::write(dir.join("ca.crt"), &ca.certificate_pem).unwrap();
        std::fs::write(dir.join("leaf.crt"), &leaf.certificate_pem).unwrap();
        let id = if scheme == Scheme::Sm2Sm3 {
            "-vfyopt distid:1234567812345678"
        } else {
            ""
        };
        openssl(dir, &format!("verify {id} -CAfile ca.crt leaf.crt"));
        let ca = provider().certificate(&ca.certificate_pem).unwrap();
        let certificate = provider().certificate(&leaf.certificate_pem).unwrap();
        assert!(provider().issued(&ca, &certificate));
        let key = provider().key_file(&leaf.key_pem, Some("pw")).unwrap();
        assert!(key.key.matches(&certificate) && key.key.scheme() == scheme);
    }
    let expired = TestSubject {
        common_name: "Old".into(),
        days: 10,
        from_days: -20,
    };
    let old = provider()
        .issue_for_tests(Scheme::RsaSha1, &expired, None, None)
        .unwrap();
    let old = provider().certificate(&old.certificate_pem).unwrap();
    assert!(old.not_after < old.not_before + 11 * 86_400 && old.not_before < old.not_after);
}

#[test]
fn a_name_does_not_reach_the_terminal_as_it_is() {
    let subject = TestSubject {
        common_name: "\u{1B}[2J name".into(),
        days: 1,
        from_days: 0,
    };
    for provider in providers() {
        let issuing = tongguan_crypto::provider();
        let issued = issuing.issue_for_tests(Scheme::Sm2Sm3, &subject, None, None);
        let certificate = provider.certificate(&issued.unwrap().certificate_pem);
        let certificate = certificate.unwrap();
        for name in [certificate.subject, certificate.issuer] {
            assert!(!name.chars().any(char::is_control), "{name:?}");
            assert!(name.contains("[2J name"), "{name:?}");
        }
    }
}
