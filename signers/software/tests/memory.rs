//! A key is in locked memory while its signer is there, and nowhere once that is gone: seen by
//! looking through all the memory of a process that did nothing else.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use tongguan_contracts::{Algorithm, PartOptions};

/// What is looked for is never in our memory as it is.
const MASK: u8 = 0xA5;
/// How many octets of a secret are looked for.
const LENGTH: usize = 16;

fn run(dir: &Path, script: &str) {
    let mut command = Command::new("sh");
    command.args(["-ec", script]).current_dir(dir);
    let out = command.output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{script}: {told}");
}

/// Masked octets that tell the key: a line of its PEM, and a number that makes it (RSA: a prime;
/// SM2: the private key), with its first octet first, last, and in the form that SM2 is computed
/// with (times 2^256, modulo the curve's order).
fn masked(dir: &Path, field: &str) -> Vec<(String, Vec<u8>)> {
    let script = format!(
        "openssl pkey -in key.pem -noout -text > text
         python3 - <<'END'
import re
text = open('text').read()
number = bytes.fromhex(re.sub(r'[\\s:]', '', re.search(r'{field}:\\n((?:    .*\\n)+)', text)[1]))
number = number.lstrip(b'\\0')
line = open('key.pem').read().split('\\n')[2].encode()
order = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
computed = ((int.from_bytes(number, 'big') << 256) % order).to_bytes(32, 'little')
forms = [('line', line), ('number', number), ('reversed', number[::-1]), ('computed', computed)]
for name, octets in forms:
    open(name, 'wb').write(bytes(o ^ {MASK} for o in octets[8:8 + {LENGTH}]))
END
         rm text"
    );
    run(dir, &script);
    ["line", "number", "reversed", "computed"]
        .map(|name| (name.to_owned(), fs::read(dir.join(name)).unwrap()))
        .into()
}

/// Where it is: the kind of secret, the mapping, and whether that is locked.
fn found(secrets: &[(String, Vec<u8>)], buffer: &mut [u8]) -> Vec<(String, String, bool)> {
    let memory = fs::File::open("/proc/self/mem").unwrap();
    let own = buffer.as_ptr_range();
    let own = own.start as u64..own.end as u64;
    let mut all = Vec::new();
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = smaps.lines().peekable();
    while let Some(head) = lines.next() {
        let mut flags = "";
        while let Some(line) = lines.next_if(|line| line.split(' ').next().unwrap().ends_with(':'))
        {
            flags = line.strip_prefix("VmFlags:").unwrap_or(flags);
        }
        let (range, rest) = head.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let [mut at, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        while at + (LENGTH as u64) < to {
            let most = usize::try_from(to - at).unwrap().min(buffer.len());
            let Ok(read) = memory.read_at(&mut buffer[..most], at) else {
                break;
            };
            for (kind, secret) in secrets {
                let here = |window: &[u8]| window.iter().zip(secret).all(|(a, b)| a ^ MASK == *b);
                for place in buffer[..read].windows(LENGTH).enumerate() {
                    let address = at + place.0 as u64;
                    if here(place.1) && !own.contains(&address) {
                        all.push((kind.clone(), head.to_owned(), flags.contains(" lo")));
                    }
                }
            }
            if read < most || most < buffer.len() {
                break;
            }
            at += (read - LENGTH) as u64;
        }
    }
    buffer.fill(0);
    all
}

#[test]
fn a_key_is_locked_in_memory_and_wiped_from_it() {
    let mut buffer = vec![0; 1 << 20];
    for (kind, algorithm, field) in [
        (
            "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
            Algorithm::RsaSha1,
            "prime1",
        ),
        ("-algorithm SM2", Algorithm::Sm2Sm3, "priv"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        run(
            dir,
            &format!(
                "openssl genpkey {kind} -out key.pem 2>/dev/null
                 openssl req -x509 -new -key key.pem -subj /CN=a -days 2 -out cert.pem"
            ),
        );
        let secrets = masked(dir, field);
        assert!(found(&secrets, &mut buffer).is_empty(), "not read yet");
        let signer = tongguan_signer_software::build(PartOptions {
            part: "signer \"main\"".into(),
            options: serde_json::json!({ "key": "key.pem", "certificate": "cert.pem" }),
            base: dir.to_owned(),
        })
        .unwrap();
        for _ in 0..3 {
            signer.sign(algorithm, b"text").unwrap();
        }
        let there = found(&secrets, &mut buffer);
        assert!(
            !there.is_empty(),
            "{algorithm:?}: it is looked for in the wrong form"
        );
        assert!(there.iter().all(|(kind, ..)| kind != "line"), "{there:#?}");
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let locked = status.lines().find(|line| line.starts_with("VmLck"));
        if locked.unwrap().contains(" 0 kB") {
            println!("not locked: this process may not lock so much");
        } else {
            assert!(there.iter().all(|(.., locked)| *locked), "{there:#?}");
        }
        drop(signer);
        let left = found(&secrets, &mut buffer);
        assert!(left.is_empty(), "{algorithm:?}: {left:#?}");
    }
}
