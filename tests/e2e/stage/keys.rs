//! What tests of cards, keys and HSMs do alike: a vendor's library, which is a double in C, built
//! into a folder that holds its state.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{TONGGUAN, files, good, openssl_verifies, orders, parts, plugins};

/// Compiles a double into the folder `device`, and has the client sign by this table.
pub fn prepare(dir: &Path, double: &str, variant: &[&str], scheme: &str, signer: &str) {
    plugins::prepare(dir, scheme, signer);
    fs::create_dir_all(dir.join("device")).unwrap();
    let args = [variant, &["-fvisibility=default", "-lcrypto"]].concat();
    let source = format!("tests/doubles/{double}.c");
    plugins::c(dir, &source, "device/vendor.so", &args);
}

/// Puts another table in the place of the signer's.
pub fn sign_by(dir: &Path, signer: &str) {
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, rest) = manifest.split_once("[signers.main]").unwrap();
    let (_, after) = rest.split_once("[transports.main]").unwrap();
    let manifest = format!("{before}[signers.main]\n{signer}\n[transports.main]{after}");
    fs::write(path, manifest).unwrap();
}

/// How often a function of the double was called.
pub fn calls(dir: &Path, function: &str) -> usize {
    let calls = fs::read_to_string(dir.join("device/calls")).unwrap_or_default();
    calls.lines().filter(|line| *line == function).count()
}

/// Waits until a function of the double was called so often.
pub fn until_called(dir: &Path, function: &str, times: usize) {
    let end = Instant::now() + Duration::from_secs(60);
    while calls(dir, function) < times {
        assert!(Instant::now() < end, "{function} {times} times");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Declares orders; the stand-in of customs accepts them, and independent programs verify them:
/// openssl SM2, xmlsec1 RSA.
pub fn others_verify(dir: &Path, scheme: &str) {
    fs::write(dir.join("orders.json"), orders(0, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "orders.json"]);
    let mut customs = parts::start(dir, &["simulate", "--keep", "customs"], "customs.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    customs.kill().unwrap();
    customs.wait().unwrap();
    let told = good(dir, TONGGUAN, &["status", "--list"]);
    assert_eq!(told.matches("accepted").count(), 3, "{told}");
    let messages = files(&dir.join("customs"), ".received.message.xml");
    assert!(!messages.is_empty());
    if scheme == "rsa" {
        return xmlsec1_verifies(dir, &messages);
    }
    let public = [
        "x509",
        "-in",
        "enterprise.pem",
        "-pubkey",
        "-noout",
        "-out",
        "public",
    ];
    good(dir, "openssl", &public);
    for message in &messages {
        openssl_verifies(dir, message, "public", "raw");
    }
}

/// xmlsec1 verifies what was signed by a certificate of the test CA.
pub fn xmlsec1_verifies(dir: &Path, messages: &[PathBuf]) {
    assert!(!messages.is_empty());
    for message in messages {
        let verify = ["--verify", "--enabled-key-data", "x509", "--trusted-pem"];
        let which = ["certificates/test-ca.pem", message.to_str().unwrap()];
        good(dir, "xmlsec1", &[&verify[..], &which].concat());
    }
}

/// The first of these libraries that is there.
pub fn library(names: &[&str]) -> PathBuf {
    let folders = [
        "/usr/lib/softhsm",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib64",
    ];
    folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| Path::new(folder).join(name)))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("none of {names:?} (tests/setup installs them)"))
}

/// The table of that kind in docs/signers.md, as it stands there, with these values in place of its own;
/// the Chinese page has the same.
pub fn documented(kind: &str, values: &[(&str, &str)]) -> String {
    let page = |name: &str| {
        let text =
            fs::read_to_string(super::plugins::repository().join("docs").join(name)).unwrap();
        let start = text.find(&format!("kind = \"{kind}\"")).unwrap();
        let table = text[start..].split("```").next().unwrap();
        let bare = |line: &str| line.split('#').next().unwrap().trim_end().to_owned();
        table.lines().map(bare).collect::<Vec<_>>().join("\n")
    };
    let mut table = page("signers.md");
    assert_eq!(table, page("signers.zh.md"), "both pages");
    for (its, own) in values {
        assert!(table.contains(its), "no {its} in {table}");
        table = table.replace(its, own);
    }
    table
}
