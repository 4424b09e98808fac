//! AS2: what partner and strangers send. The key is made anew for each process, so nobody else can have
//! signed; what the partner signs is signed by OpenSSL itself.

use std::sync::LazyLock;

use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use serde_json::json;
use tongguan_contracts::PartOptions;
use tongguan_crypto::{Scheme, TestSubject, provider};
use tongguan_transport_as2::Agreement;

/// No message is larger, and none becomes larger.
const MOST: usize = 1 << 18;
/// What is changed on its way.
const ENVELOPE: &[u8] = b"<DxpMsg>\xE6\x8A\xA5\xE5\x85\xB3 no line ends with a line break</DxpMsg>";
/// Between the parts that OpenSSL's side writes.
const BOUNDARY: &str = "7Q7Q7Q7Q7Q7Q";

/// Both sides have the same key: what we send, we can read.
struct World {
    key: PKey<Private>,
    certificate: X509,
    /// Signed; compressed, too; encrypted, too.
    agreements: [Agreement; 3],
    /// An envelope as each of them writes it.
    wrapped: [Vec<u8>; 3],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let subject = TestSubject {
        common_name: "partner".to_owned(),
        days: 1,
        from_days: 0,
    };
    let issued = provider().issue_for_tests(Scheme::RsaSha1, &subject, None, None);
    let issued = issued.expect("a key and certificate");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key.pem"), &issued.key_pem).expect("a file");
    std::fs::write(folder.path().join("a.pem"), &issued.certificate_pem).expect("a file");
    let agreements =
        [("none", false), ("none", true), ("aes256", true)].map(|(encrypt, compress)| {
            let options = json!({
                "url": "http://127.0.0.1:9/as2",
                "as2_from": "A", "as2_to": "A", "key": "key.pem", "certificate": "a.pem",
                "partner_certificate": "a.pem", "encrypt": encrypt, "compress": compress,
                "state": "state", "evidence": "evidence", "max_octets": MOST,
            });
            let options = PartOptions {
                part: "fuzz".to_owned(),
                options,
                base: folder.path().to_owned(),
            };
            Agreement::read(&options).expect("an agreement")
        });
    let wrapped = [0, 1, 2].map(|i: usize| agreements[i].wrap(ENVELOPE, "a.xml").unwrap());
    World {
        key: PKey::private_key_from_pem(&issued.key_pem).unwrap(),
        certificate: X509::from_pem(&issued.certificate_pem).unwrap(),
        agreements,
        wrapped,
    }
});

/// The first octet says what the others are.
pub fn target(octets: &[u8]) {
    let Some((what, rest)) = octets.split_first() else {
        return;
    };
    match what % 5 {
        0 => by_a_stranger(rest),
        1 => by_the_partner(rest),
        2 => notification(rest),
        3 => there_and_back(rest),
        _ => changed(rest),
    }
}

/// Nobody signed it.
fn by_a_stranger(message: &[u8]) {
    for agreement in &WORLD.agreements {
        if let Ok(taken) = agreement.open(message) {
            panic!(
                "a stranger's message is taken: {:?}",
                String::from_utf8_lossy(&taken)
            );
        }
        assert!(agreement.notification(message).is_err());
    }
}

/// A message whose signed part is this.
fn signed(inside: &[u8]) -> Vec<u8> {
    let flags = CMSOptions::DETACHED | CMSOptions::BINARY;
    let (key, certificate) = (&WORLD.key, &WORLD.certificate);
    let signature = CmsContentInfo::sign(Some(certificate), Some(key), None, Some(inside), flags);
    let signature = signature.unwrap().to_der().unwrap();
    let head = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; \
         micalg=sha-256; boundary={BOUNDARY}\r\n\r\n--{BOUNDARY}\r\n"
    );
    let middle = format!(
        "\r\n--{BOUNDARY}\r\nContent-Type: application/pkcs7-signature\r\n\
         Content-Transfer-Encoding: binary\r\n\r\n"
    );
    let foot = format!("\r\n--{BOUNDARY}--\r\n");
    [
        head.as_bytes(),
        inside,
        middle.as_bytes(),
        &signature,
        foot.as_bytes(),
    ]
    .concat()
}

/// What the partner signed is taken as it is written, or not at all.
fn by_the_partner(inside: &[u8]) {
    let taken = WORLD.agreements[0].open(&signed(inside));
    let plain = |word: &[u8]| {
        !inside
            .to_ascii_lowercase()
            .windows(word.len())
            .any(|w| w == word)
    };
    match taken {
        Ok(taken) => {
            assert!(taken.len() <= MOST, "{} octets", taken.len());
            if plain(b"base64") && plain(b"pkcs7-mime") {
                assert!(inside.ends_with(&taken), "it is not what was signed");
            }
        }
        Err(refusal) => {
            // The signature is good: what is wrong is within.
            let within = ["unexpected-processing-error", "decompression-failed"];
            let cut = inside
                .windows(BOUNDARY.len())
                .any(|w| w == BOUNDARY.as_bytes());
            assert!(cut || within.contains(&refusal.modifier), "{refusal}");
        }
    }
}

/// What a notification says is short, and cannot write to a terminal.
fn notification(inside: &[u8]) {
    let Ok(read) = WORLD.agreements[0].notification(&signed(inside)) else {
        return;
    };
    for said in [&read.text, &read.disposition] {
        assert!(said.chars().count() <= 400 && !said.contains(char::is_control));
    }
}

/// What we write we read, and OpenSSL reads it.
fn there_and_back(envelope: &[u8]) {
    for (agreement, encrypted) in WORLD.agreements.iter().zip([false, false, true]) {
        let message = agreement.wrap(envelope, "a.xml").unwrap();
        let opened = agreement.open(&message);
        assert_eq!(opened.unwrap(), envelope);
        if encrypted {
            let head = message.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
            let cms = CmsContentInfo::from_der(&message[head + 4..]).unwrap();
            let within = cms.decrypt(&WORLD.key, &WORLD.certificate).unwrap();
            assert!(within.starts_with(b"Content-Type: multipart/signed"));
        }
    }
    // OpenSSL's reader of S/MIME takes a line's end for a line's end, whatever it is.
    if !envelope
        .iter()
        .any(|octet| matches!(octet, b'\r' | b'\n' | 0))
    {
        let message = WORLD.agreements[0].wrap(envelope, "a.xml").unwrap();
        let (pkcs7, content) = Pkcs7::from_smime(&message).unwrap();
        let content = content.unwrap();
        let none = Stack::new().unwrap();
        let store = X509StoreBuilder::new().unwrap().build();
        let (mut out, flags) = (Vec::new(), Pkcs7Flags::NOVERIFY | Pkcs7Flags::BINARY);
        pkcs7
            .verify(&none, &store, Some(&content), Some(&mut out), flags)
            .expect("OpenSSL verifies it");
        assert!(out.ends_with(envelope));
    }
}

/// Three octets a change: where, and by what it is replaced. Nothing else is taken than what was sent.
fn changed(changes: &[u8]) {
    for (agreement, wrapped) in WORLD.agreements.iter().zip(&WORLD.wrapped) {
        let mut message = wrapped.clone();
        for change in changes.chunks_exact(3) {
            let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % message.len();
            message[at] = change[2];
        }
        if let Ok(taken) = agreement.open(&message) {
            assert_eq!(taken, ENVELOPE, "another envelope is taken than was sent");
        }
    }
}
