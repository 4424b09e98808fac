//! Makes the signed documents that the target `signature` changes. The keys are thrown away.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

use std::path::Path;

use tongguan_crypto::{TestSubject, provider};
use tongguan_xmldsig::{Enveloping, KeyInfo, Profile, Sm2Encoding};

#[test]
#[ignore = "makes new originals; inputs that were found no longer fit them"]
fn make_originals() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("signed");
    for profile in Profile::ALL {
        let subject = TestSubject {
            common_name: "signer".into(),
            days: 3650,
            from_days: 0,
        };
        let issued = provider()
            .issue_for_tests(profile.scheme(), &subject, None, None)
            .unwrap();
        let key = provider().key_file(&issued.key_pem, None).unwrap().key;
        let certificate = provider().certificate(&issued.certificate_pem).unwrap();
        let mut document = Enveloping::new(profile, &[("m", "urn:m")]);
        document.uncovered(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        document.push(
            "<m:Order xmlns:m=\"urn:m\" id=\"1\"><m:no>17</m:no>\n<m:name>税</m:name>".as_bytes(),
        );
        let pending = document.prepare(b"</m:Order>");
        let value = key.sign(pending.signed_info()).unwrap();
        let info = KeyInfo {
            key_name: &certificate.serial,
            certificate: &certificate.der,
        };
        let octets = pending.complete(&value, &info, Sm2Encoding::Raw).unwrap();
        std::fs::write(folder.join(format!("{profile}.xml")), octets).unwrap();
        let pem = folder.join(format!("{profile}.pem"));
        std::fs::write(pem, issued.certificate_pem).unwrap();
    }
}
