//! How fast signers sign, beside what is under them: the software signer beside OpenSSL's own
//! signature, and on two threads; SoftHSM through our pool of sessions beside bare calls of its module.
//!
//! benches/run makes the token: `TONGGUAN_BENCH_MODULE` is its module, its label is `bench`, its PIN
//! 123456.
#![allow(clippy::print_stdout, reason = "it prints its figures")]
#![allow(missing_docs, reason = "a program")]

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use std::path::Path;
use std::time::{Duration, Instant};

use tongguan_benches::{Contenders, Outcome, how};
use tongguan_contracts::{Algorithm, PartOptions};
use tongguan_crypto::{Scheme, TestSubject, provider};

/// As long as a canonical SignedInfo is.
const TEXT: &[u8] = &[b'x'; 560];

fn main() -> Outcome<()> {
    println!("{}", how());
    let folder = tempfile::tempdir()?;
    software(folder.path())?;
    match std::env::var("TONGGUAN_BENCH_MODULE") {
        Ok(module) => token(&module, folder.path()),
        Err(_) => {
            println!("\nSoftHSM: skipped, benches/run makes its token");
            Ok(())
        }
    }
}

fn software(folder: &Path) -> Outcome<()> {
    for (scheme, algorithm) in [
        (Scheme::RsaSha1, Algorithm::RsaSha1),
        (Scheme::Sm2Sm3, Algorithm::Sm2Sm3),
    ] {
        let subject = TestSubject {
            common_name: "bench".into(),
            days: 2,
            from_days: 0,
        };
        let issued = provider().issue_for_tests(scheme, &subject, None, None)?;
        std::fs::write(folder.join("key.pem"), &issued.key_pem)?;
        std::fs::write(folder.join("certificate.pem"), &issued.certificate_pem)?;
        let options = serde_json::json!({ "key": "key.pem", "certificate": "certificate.pem" });
        let signer = tongguan_signer_software::build(part(options, folder))?;

        println!("\nsoftware signer, {scheme}, one thread");
        let bare = PKey::private_key_from_pem(&issued.key_pem)?;
        let key = provider().key_file(&issued.key_pem, None)?.key;
        let mut contenders = Contenders::default();
        contenders.add("the signer", || {
            signer.sign(algorithm, TEXT)?;
            Ok(())
        });
        contenders.add("the library under it", || {
            if scheme == Scheme::RsaSha1 {
                let mut bare = openssl::sign::Signer::new(MessageDigest::sha1(), &bare)?;
                bare.sign_oneshot_to_vec(TEXT)?;
            } else {
                key.sign(TEXT)?;
            }
            Ok(())
        });
        for line in contenders.compare(TEXT.len())? {
            println!("{line}");
        }
        let bare = PKey::private_key_from_pem(&issued.key_pem)?;
        let [ours, under] = taking_turns([&|| signer.sign(algorithm, TEXT).is_ok(), &|| {
            if scheme != Scheme::RsaSha1 {
                return key.sign(TEXT).is_ok();
            }
            let signed = openssl::sign::Signer::new(MessageDigest::sha1(), &bare)
                .and_then(|mut bare| bare.sign_oneshot_to_vec(TEXT));
            signed.is_ok()
        }]);
        println!("  on two threads {ours:.2} of one; what is under it {under:.2} of one");
    }
    Ok(())
}

fn part(options: serde_json::Value, base: &Path) -> PartOptions {
    PartOptions {
        part: "signer \"bench\"".into(),
        options,
        base: base.to_owned(),
    }
}

/// How much more two threads make than one, of each; taking turns, medians.
fn taking_turns<const N: usize>(all: [&(dyn Fn() -> bool + Sync); N]) -> [f64; N] {
    let mut ratios = all.map(|_| Vec::new());
    for _ in 0..9 {
        for (sign, ratios) in all.iter().zip(&mut ratios) {
            let one = on_threads(*sign, 1);
            ratios.push(on_threads(*sign, 2) / one);
        }
    }
    ratios.map(|mut ratios| {
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    })
}

/// Signatures a second on so many threads at once, over a third of a second.
fn on_threads(sign: &(dyn Fn() -> bool + Sync), threads: usize) -> f64 {
    let begun = Instant::now();
    let work = || {
        let mut count = 0_u32;
        while begun.elapsed() < Duration::from_millis(333) && sign() {
            count += 1;
        }
        count
    };
    let count: u32 = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().filter_map(|t| t.join().ok()).sum()
    });
    f64::from(count) / begun.elapsed().as_secs_f64()
}

fn token(module: &str, folder: &Path) -> Outcome<()> {
    std::fs::write(folder.join("pin"), "123456\n")?;
    let options = serde_json::json!({
        "module": module, "token": "bench", "pin": "file:pin", "sessions": 2
    });
    let signer = tongguan_signer_pkcs11::build(part(options, folder))?;
    println!("\nSoftHSM, RSA-SHA1, one thread");
    // The module is the process's: ours has started it, and logged in.
    let calls = Pkcs11::new(module)?;
    let _ = calls.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let mut slot = None;
    for one in calls.get_slots_with_initialized_token()? {
        if calls.get_token_info(one)?.label() == "bench" {
            slot = Some(one);
        }
    }
    let session = calls.open_ro_session(slot.ok_or("no token of that label")?)?;
    let _ = session.login(UserType::User, Some(&AuthPin::new("123456".into())));
    let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])?;
    let key = *keys.first().ok_or("no key on the token")?;
    let mut contenders = Contenders::default();
    contenders.add("the signer", || {
        signer.sign(Algorithm::RsaSha1, TEXT)?;
        Ok(())
    });
    contenders.add("C_SignInit + C_Sign", || {
        session.sign(&Mechanism::Sha1RsaPkcs, key, TEXT)?;
        Ok(())
    });
    for line in contenders.compare(TEXT.len())? {
        println!("{line}");
    }
    // A session is one thread's: the bare calls of two need two.
    let sign = || signer.sign(Algorithm::RsaSha1, TEXT).is_ok();
    println!("  on two threads {:.2} of one", taking_turns([&sign])[0]);
    Ok(())
}
