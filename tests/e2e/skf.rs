//! A USB KEY behind its vendor's SKF library, which is a double here (tests/doubles/skf.c).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::skf::*;
use stage::{TONGGUAN, files, good, keys, orders, parts, refused};
use std::fs;

const LIST: &[&str] = &["status", "--list"];

#[test]
fn others_verify_what_a_key_signs_however_its_vendor_reads_the_standard() {
    let ways: [(&str, &[&str]); 4] = [
        ("sm2", &[]),
        ("sm2", &["-DSKF_WIDE", "-DSKF_PACKED"]),
        ("rsa", &["-DSKF_WIDE"]),
        ("rsa", &["-DSKF_TAKES_DIGEST", "-DSKF_PACKED"]),
    ];
    for (scheme, variant) in ways {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        prepare(dir, variant, scheme);
        good(dir, TONGGUAN, &["check"]);
        keys::others_verify(dir, scheme);
        let sign = if scheme == "sm2" {
            "SKF_ECCSignData"
        } else {
            "SKF_RSASignData"
        };
        assert!(keys::calls(dir, sign) >= 3, "the KEY has signed");
        // One by check, one by run: kept open between signatures, closed at the end.
        assert_eq!(keys::calls(dir, "SKF_VerifyPIN"), 2);
        assert!(!dir.join("device/overlaps").exists());
    }
}

#[test]
fn the_page_on_signers_tells_what_works() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[], "sm2");
    let own = [
        ("/usr/lib/vendor/libvendorskf.so", "device/vendor.so"),
        ("env:TONGGUAN_PIN", "file:pin"),
    ];
    keys::sign_by(dir, &keys::documented("skf", &own));
    good(dir, TONGGUAN, &["check"]);
}

#[test]
fn a_wrong_pin_is_tried_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[], "sm2");
    fs::write(dir.join("pin"), "12345678\n").unwrap();
    let told = refused(dir, &["check"], 3);
    for word in ["SKF_VerifyPIN", "0x0A000024", "SAR_PIN_INCORRECT", SERIAL] {
        assert!(told.contains(word), "no {word} in {told}");
    }
    // Whatever starts it again, and however often, even with another wrong PIN.
    fs::write(dir.join("pin"), "87654321\n").unwrap();
    for _ in 0..3 {
        let told = refused(dir, &["run"], 3);
        assert!(told.contains("refused before"), "{told}");
    }
    assert_eq!(keys::calls(dir, "SKF_VerifyPIN"), 1);
    let wrong = fs::read_to_string(key(dir, SERIAL).join("wrong")).unwrap();
    assert_eq!(wrong, "1", "of the six that lock it");
    // A person acts.
    fs::write(dir.join("pin"), "88888888\n").unwrap();
    fs::remove_file(dir.join(format!("pin-refused-{SERIAL}"))).unwrap();
    good(dir, TONGGUAN, &["check"]);
    assert_eq!(keys::calls(dir, "SKF_VerifyPIN"), 2);
    // The last try is a person's, and a locked PIN is not tried.
    for (wrong, word) in [("5", "one try is left"), ("6", "locked")] {
        fs::write(key(dir, SERIAL).join("wrong"), wrong).unwrap();
        let told = refused(dir, &["check"], 3);
        assert!(told.contains(word), "{told}");
    }
    assert_eq!(keys::calls(dir, "SKF_VerifyPIN"), 2);
    assert!(files(dir, "pin-refused").is_empty());
    // A vendor's own code may be about the PIN, too, and one that says nothing; but not where the KEY
    // is gone after it.
    fs::write(key(dir, SERIAL).join("wrong"), "0").unwrap();
    for code in ["0x0B000012", "0x0A000001"] {
        fs::write(dir.join("device/answer"), format!("SKF_VerifyPIN {code}")).unwrap();
        let told = refused(dir, &["check"], 3);
        assert!(
            told.contains(code) && told.contains("pin-refused"),
            "{told}"
        );
        fs::remove_file(&files(dir, "pin-refused")[0]).unwrap();
    }
    let gone = format!("SKF_VerifyPIN 0x0A000001 {SERIAL}/plugged");
    fs::write(dir.join("device/answer"), gone).unwrap();
    refused(dir, &["check"], 4);
    assert!(files(dir, "pin-refused").is_empty());
}

#[test]
fn what_is_wrong_with_a_key_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir, &[], "sm2");
    let told = |options: &str, words: &[&str]| {
        keys::sign_by(dir, &format!("{SIGNER}{options}"));
        let told = refused(dir, &["check"], 3);
        for word in words {
            assert!(told.contains(word), "{options}: no {word:?} in {told}");
        }
    };
    told(
        "application = \"OTHER\"",
        &["no \"OTHER\"", "CUSTOMS", "correct application"],
    );
    told(
        "container = \"OTHER\"",
        &["no \"OTHER\"", "SIGN", "correct container"],
    );
    told("containr = \"SIGN\"", &["containr"]);
    container(dir, SERIAL, "CUSTOMS", "SECOND");
    told("", &["several", "SECOND", "SIGN", "container"]);
    told(
        "container = \"SECOND\"",
        &["SKF_ExportCertificate", "0x0A00001C", "certificate ="],
    );
    told(
        "container = \"SECOND\"\ncertificate = \"enterprise.pem\"",
        &["SKF_ECCSignData", "0x0A00001B", "no such key"],
    );
    // A key of its own, with another's certificate.
    let args = ["genpkey", "-algorithm", "SM2", "-out", "other.key"];
    good(dir, "openssl", &args);
    let second = key(dir, SERIAL).join("CUSTOMS/SECOND");
    fs::copy(dir.join("other.key"), second.join("key.pem")).unwrap();
    told(
        "container = \"SECOND\"\ncertificate = \"enterprise.pem\"",
        &["does not belong"],
    );
    container(dir, SERIAL, "BANK", "SIGN");
    told(
        "container = \"SIGN\"",
        &["several", "BANK", "CUSTOMS", "application"],
    );
    let all = "application = \"CUSTOMS\"\ncontainer = \"SIGN\"";
    container(dir, "K2", "CUSTOMS", "SIGN");
    told(all, &["several are in", "K2", SERIAL, "serial"]);
    let all = format!("{all}\nserial = \"{SERIAL}\"");
    keys::sign_by(dir, &format!("{SIGNER}{all}"));
    good(dir, TONGGUAN, &["check"]);
    // It may be plugged in later.
    fs::remove_file(key(dir, SERIAL).join("plugged")).unwrap();
    let gone = refused(dir, &["check"], 4);
    assert!(
        gone.contains(&format!("{SERIAL} is not in")) && gone.contains("K2"),
        "{gone}"
    );
    fs::remove_file(key(dir, "K2").join("plugged")).unwrap();
    let gone = refused(dir, &["check"], 4);
    assert!(gone.contains("sees no device"), "{gone}");
    // No library, and one of another interface.
    fs::write(dir.join("text.so"), "no library").unwrap();
    let module = |name: &str| format!("kind = \"skf\"\nmodule = {name:?}\npin = \"file:pin\"\n");
    for (name, word) in [
        ("text.so", "load"),
        ("other.so", "SKF_EnumDev"),
        ("none.so", "load"),
    ] {
        if name == "other.so" {
            fs::write(
                dir.join("other.c"),
                "int it(void) { return 0; }\nint it(void);\n",
            )
            .unwrap();
            good(dir, "gcc", &["-shared", "-fPIC", "-o", name, "other.c"]);
        }
        keys::sign_by(dir, &module(name));
        let told = refused(dir, &["check"], 3);
        assert!(told.contains(word) && told.contains(name), "{told}");
    }
}

#[test]
fn a_key_that_comes_back_signs_on() {
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
    let plugged = key(dir, SERIAL).join("plugged");
    submit(0);
    accepted("signed", 1);
    // Out and in again between two signatures.
    fs::write(&plugged, "2").unwrap();
    submit(1);
    accepted("signed after it was out", 2);
    let log = fs::read_to_string(dir.join("client.log")).unwrap();
    assert!(
        log.contains("opened anew") && !log.contains("cannot sign"),
        "{log}"
    );
    // Out while something waits for it; another KEY is in, which is not asked for a signature.
    fs::remove_file(&plugged).unwrap();
    container(dir, "K2", "CUSTOMS", "SIGN");
    submit(2);
    std::thread::sleep(std::time::Duration::from_secs(2));
    fs::write(&plugged, "3").unwrap();
    accepted("signed again", 3);
    assert!(
        !key(dir, "K2").join("wrong").exists(),
        "no PIN was given to it"
    );
    // Busy; then it answers what is no signature, which never leaves.
    let played = |file: &str, content: &str, n: usize| {
        fs::write(dir.join("device").join(file), content).unwrap();
        submit(n);
        let before = keys::calls(dir, "SKF_ECCSignData");
        keys::until_called(dir, "SKF_ECCSignData", before + 2);
        fs::remove_file(dir.join("device").join(file)).unwrap();
        accepted(file, n + 1);
    };
    played("answer", "SKF_ECCSignData 0x0A00000F", 3);
    played("spoil", "", 4);
    let log = fs::read_to_string(dir.join("client.log")).unwrap();
    for word in ["SAR_DEVICE_REMOVED", "SAR_TIMEOUTERR", "no signature by"] {
        assert!(log.contains(word), "no {word} in {log}");
    }
    assert!(client.try_wait().unwrap().is_none(), "it still runs");
    for process in [&mut client, &mut customs] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    assert!(!dir.join("device/overlaps").exists());
}

#[test]
fn several_keys_of_a_vendor_sign_side_by_side() {
    for parallel in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        prepare(dir, &[], "sm2");
        container(dir, "K2", "CUSTOMS", "SIGN");
        write_key(dir, "K2", "CUSTOMS", "SIGN", "enterprise");
        let of = |serial: &str| format!("{SIGNER}serial = \"{serial}\"\nparallel = {parallel}\n");
        let both = format!("{}\n[signers.second]\n{}", of(SERIAL), of("K2"));
        keys::sign_by(dir, &both);
        let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
        let manifest = manifest.replace("batch = 100", "batch = 1").replace(
            "\nsigner = \"main\"",
            "\nsigners = [\"main\", \"second\"]\nshare = true",
        );
        fs::write(dir.join("tongguan.toml"), manifest).unwrap();
        fs::write(dir.join("device/pace"), "30").unwrap();
        fs::write(dir.join("many.json"), orders(0, 20)).unwrap();
        good(dir, TONGGUAN, &["submit", "many.json"]);
        let mut client = parts::start(dir, &["run"], "client.log");
        parts::until(dir, "all signed", &["status"], |told| {
            !told.contains(" submitted")
        });
        client.kill().unwrap();
        client.wait().unwrap();
        for serial in [SERIAL, "K2"] {
            let signed = fs::read(key(dir, serial).join("signed")).unwrap().len();
            assert!(signed > 4, "{serial} signed {signed} times");
        }
        assert_eq!(dir.join("device/overlaps").exists(), parallel);
    }
}
