//! An HSM behind its vendor's SDF library, which is a double here (tests/doubles/sdf.c).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::sdf::*;
use stage::{TONGGUAN, files, good, keys, orders, parts, refused};
use std::fs;
use std::time::Duration;

const LIST: &[&str] = &["status", "--list"];

#[test]
fn others_verify_what_an_hsm_signs_however_its_vendor_reads_the_standard() {
    let ways: [(&str, &[&str]); 4] = [
        ("sm2", &[]),
        ("sm2", &["-DECCref_MAX_BITS=256"]),
        ("rsa", &[]),
        ("rsa", &["-DRSAref_MAX_BITS=4096"]),
    ];
    for (scheme, variant) in ways {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        prepare(dir, variant, scheme);
        good(dir, TONGGUAN, &["check"]);
        keys::others_verify(dir, scheme);
        let sign = match scheme {
            "sm2" => "SDF_InternalSign_ECC",
            _ => "SDF_InternalPrivateKeyOperation_RSA",
        };
        assert!(keys::calls(dir, sign) >= 3, "the HSM has signed");
    }
}

#[test]
fn the_page_on_signers_tells_what_works() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[], "sm2");
    let own = [
        ("/usr/lib/vendor/libvendorsdf.so", "device/vendor.so"),
        ("env:TONGGUAN_KEY_PASSWORD", "file:password"),
    ];
    keys::sign_by(dir, &keys::documented("sdf", &own));
    good(dir, TONGGUAN, &["check"]);
}

#[test]
fn a_wrong_password_is_tried_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[], "sm2");
    fs::write(dir.join("password"), "87654321\n").unwrap();
    let told = refused(dir, &["check"], 3);
    for word in [
        "SDF_GetPrivateKeyAccessRight",
        "0x01000018",
        "SDR_PRKRERR",
        "where password refers to",
    ] {
        assert!(told.contains(word), "no {word} in {told}");
    }
    fs::write(dir.join("password"), "00000000\n").unwrap();
    for _ in 0..3 {
        let told = refused(dir, &["run"], 3);
        assert!(told.contains("refused before"), "{told}");
    }
    let tried = || keys::calls(dir, "SDF_GetPrivateKeyAccessRight");
    assert_eq!(tried(), 1);
    // A person acts.
    fs::write(dir.join("password"), "12345678\n").unwrap();
    fs::remove_file(&files(dir, "pin-refused-H_2026_1")[0]).unwrap();
    good(dir, TONGGUAN, &["check"]);
    assert_eq!(tried(), 2);
    // What is not about the password does not count as such; a vendor's own code may be.
    let answer = dir.join("device/answer");
    fs::write(&answer, "SDF_GetPrivateKeyAccessRight 0x01000003").unwrap();
    refused(dir, &["check"], 4);
    assert!(files(dir, "pin-refused").is_empty());
    fs::write(&answer, "SDF_GetPrivateKeyAccessRight 0x01010007").unwrap();
    let told = refused(dir, &["check"], 3);
    assert!(
        told.contains("0x01010007") && told.contains("pin-refused"),
        "{told}"
    );
}

#[test]
fn what_is_wrong_with_an_hsm_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[], "sm2");
    let device = dir.join("device");
    let told = |table: &str, words: &[&str]| {
        keys::sign_by(dir, table);
        let told = refused(dir, &["check"], 3);
        for word in words {
            assert!(told.contains(word), "{table}: no {word:?} in {told}");
        }
    };
    let args = ["genpkey", "-algorithm", "SM2", "-out", "device/7.pem"];
    good(dir, "openssl", &args);
    // No such key: which there are, and which is the certificate's.
    told(
        &signer(2, PASSWORD),
        &["SDR_KEYNOTEXIST", "at index 3, 7", "key = 3"],
    );
    // Another's: told before its password is tried.
    let words = ["the key at index 7 does not belong", "key = 3"];
    told(&signer(7, PASSWORD), &words);
    assert_eq!(keys::calls(dir, "SDF_GetPrivateKeyAccessRight"), 0);
    told(
        &signer(3, ""),
        &["SDF_InternalSign_ECC", "0x01000007", "SDR_PARDENY"],
    );
    told(&signer(3, "pasword = \"file:password\""), &["pasword"]);
    let no_certificate = signer(3, PASSWORD).replace("enterprise.pem", "none.pem");
    told(&no_certificate, &["none.pem"]);
    // The key of the same index in another HSM.
    fs::copy(device.join("7.pem"), device.join("3.pem")).unwrap();
    fs::remove_file(device.join("7.pem")).unwrap();
    let words = ["index 3 does not belong", "issued for its key"];
    told(&signer(3, PASSWORD), &words);
    // A key that wants no password.
    fs::copy(dir.join("enterprise.key"), device.join("5.pem")).unwrap();
    keys::sign_by(dir, &signer(5, ""));
    good(dir, TONGGUAN, &["check"]);
    // It may be switched on later.
    fs::remove_file(device.join("power")).unwrap();
    let gone = refused(dir, &["check"], 4);
    assert!(
        gone.contains("SDF_OpenDevice") && gone.contains("0x01000005"),
        "{gone}"
    );
    fs::write(dir.join("text.so"), "no library").unwrap();
    told(
        &signer(3, PASSWORD).replace("device/vendor.so", "text.so"),
        &["SDF", "text.so"],
    );
}

#[test]
fn an_hsm_that_comes_back_signs_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[], "sm2");
    let mut customs = parts::start(dir, &["simulate"], "customs.log");
    let mut client = parts::start(dir, &["run"], "client.log");
    let submit = |n: usize| {
        fs::write(dir.join("one.json"), orders(n, 1)).unwrap();
        good(dir, TONGGUAN, &["submit", "one.json"]);
    };
    let accepted = |what: &str, n: usize| {
        parts::until(dir, what, LIST, |told| {
            told.matches("accepted").count() == n
        });
    };
    let power = dir.join("device/power");
    submit(0);
    accepted("signed", 1);
    // Off and on again between two signatures.
    fs::write(&power, "2").unwrap();
    submit(1);
    accepted("signed after it was off", 2);
    let log = fs::read_to_string(dir.join("client.log")).unwrap();
    assert!(
        log.contains("opened anew") && !log.contains("cannot sign"),
        "{log}"
    );
    // Off while something waits for it.
    fs::remove_file(&power).unwrap();
    submit(2);
    std::thread::sleep(Duration::from_secs(2));
    // On, and off again before the right to use the key is given.
    let asked = "SDF_GetPrivateKeyAccessRight";
    let answer = dir.join("device/answer");
    fs::write(&answer, format!("{asked} 0x01000003")).unwrap();
    let before = keys::calls(dir, asked);
    fs::write(&power, "3").unwrap();
    keys::until_called(dir, asked, before + 1);
    fs::write(&power, "4").unwrap();
    fs::remove_file(answer).unwrap();
    accepted("signed again", 3);
    // Busy; then it answers what is no signature, which never leaves.
    let played = |file: &str, content: &str, n: usize| {
        fs::write(dir.join("device").join(file), content).unwrap();
        submit(n);
        let before = keys::calls(dir, "SDF_InternalSign_ECC");
        keys::until_called(dir, "SDF_InternalSign_ECC", before + 2);
        fs::remove_file(dir.join("device").join(file)).unwrap();
        accepted(file, n + 1);
    };
    played("answer", "SDF_InternalSign_ECC 0x0100001C", 3);
    played("spoil", "", 4);
    let log = fs::read_to_string(dir.join("client.log")).unwrap();
    for word in ["SDR_COMMFAIL", "SDR_NOBUFFER", "no signature by"] {
        assert!(log.contains(word), "no {word} in {log}");
    }
    assert!(client.try_wait().unwrap().is_none(), "it still runs");
    for process in [&mut client, &mut customs] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[test]
fn an_hsm_signs_in_several_sessions_at_once() {
    for sessions in [1, 3] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        prepare(dir, &[], "sm2");
        let options = format!("{PASSWORD}sessions = {sessions}\n");
        keys::sign_by(dir, &signer(3, &options));
        let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
        let manifest = manifest.replace("batch = 100", "batch = 1");
        fs::write(dir.join("tongguan.toml"), manifest).unwrap();
        fs::write(dir.join("device/pace"), "30").unwrap();
        fs::write(dir.join("many.json"), orders(0, 30)).unwrap();
        good(dir, TONGGUAN, &["submit", "many.json"]);
        let mut client = parts::start(dir, &["run"], "client.log");
        parts::until(dir, "all signed", &["status"], |told| {
            !told.contains(" submitted")
        });
        client.kill().unwrap();
        client.wait().unwrap();
        let together = fs::read_to_string(dir.join("device/together")).unwrap();
        assert_eq!(together, sessions.to_string());
        // Once for each session.
        let opened = keys::calls(dir, "SDF_GetPrivateKeyAccessRight");
        assert!((1..=sessions).contains(&opened), "{opened}");
    }
}
