//! Plugins that behave: built as a vendor builds them, loaded, and judged by independent programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]
#![cfg(target_os = "linux")]

mod stage;

use stage::parts::start;
use stage::{TONGGUAN, files, good, openssl_verifies, orders, plugins, refused, sha256sum};
use std::fs;
use std::path::{Path, PathBuf};

const KEYS: &str = "key = \"certificates/enterprise.key\"\n\
                    certificate = \"certificates/enterprise.pem\"\n\
                    password = \"file:certificates/password\"\n";

fn signer_c(dir: &Path) -> PathBuf {
    let source = "examples/plugins/signer-c/signer.c";
    plugins::c(dir, source, "signer.so", &["-lcrypto"])
}

/// Declares three orders to a stand-in; gives the messages that it received.
fn declared(dir: &Path) -> Vec<PathBuf> {
    fs::write(dir.join("o.json"), orders(1, 3)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);
    let ca = "certificates/test-ca.pem";
    let args = ["simulate", "--keep", "customs", "--trust", ca];
    let mut customs = start(dir, &args, "customs.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    customs.kill().unwrap();
    customs.wait().unwrap();
    let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
    assert_eq!(list.matches("\"state\":\"accepted\"").count(), 3, "{list}");
    let messages = files(&dir.join("customs"), ".received.message.xml");
    assert_eq!(messages.len(), 1);
    messages
}

#[test]
fn xmlsec1_verifies_what_a_plugin_in_c_signs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let library = signer_c(dir);
    let sha256 = sha256sum(&fs::read(&library).unwrap());
    let signer = format!(
        "library = \"signer.so\"\nsha256 = \"{sha256}\"\nrequired = true\nkey_name = \"C-0042\"\n{KEYS}"
    );
    plugins::prepare(dir, "rsa", &signer);
    let check = good(dir, TONGGUAN, &["check"]);
    assert!(
        check.contains("plugin signer \"main\" example-signer-c 1.0.0 (Tongguan examples) started"),
        "{check}"
    );
    for message in declared(dir) {
        let message = message.to_str().unwrap();
        let trust = ["--trusted-pem", "certificates/test-ca.pem", message];
        let mut args = vec!["--verify", "--enabled-key-data", "x509"];
        args.extend(trust);
        good(dir, "xmlsec1", &args);
        let text = fs::read_to_string(message).unwrap();
        assert!(text.contains("<ds:KeyName>C-0042</ds:KeyName>"), "{text}");
    }
}

#[test]
fn openssl_verifies_what_a_plugin_in_c_signs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    signer_c(dir);
    plugins::prepare(dir, "sm2", &format!("library = \"signer.so\"\n{KEYS}"));
    let certificate = [
        "x509",
        "-in",
        "enterprise.pem",
        "-pubkey",
        "-noout",
        "-out",
        "p",
    ];
    good(dir, "openssl", &certificate);
    for message in declared(dir) {
        openssl_verifies(dir, &message, "p", "raw");
    }
}

/// An enterprise with signer, transport and role all loaded; customs.toml is the other side's.
fn all_loaded(dir: &Path) {
    let library = |name: &str| format!("library = {:?}\n", plugins::rust(name));
    plugins::prepare(dir, "sm2", &(library("signer-rust") + KEYS));
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    // The other side's is a folder transport of its own.
    fs::write(dir.join("customs.toml"), &manifest).unwrap();
    let (before, _) = manifest.split_once("[transports.main]").unwrap();
    let manifest = format!(
        "{before}[transports.main]\n{}to = \"exchange/outbox\"\nfrom = \"exchange/inbox\"\n\
         taken = \"exchange/taken\"\n[[routes]]\ntransport = \"main\"\nsigner = \"main\"\n\
         [roles.shop]\n{}platform_code = \"3301960T02\"\nplatform_name = \"示例平台\"\n\
         enterprise_code = \"3301960T01\"\nenterprise_name = \"示例企业\"\nlog = \"receipts.txt\"\n",
        library("transport-rust"),
        library("role-rust")
    );
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
}

const LINE: &str = "测试|110101199001010015|13800000000|北京市示例街道|红茶|2|10.00|1.82";

#[test]
fn an_enterprise_of_plugins_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    all_loaded(dir);
    let list = good(dir, TONGGUAN, &["plugin", "list"]);
    assert_eq!(list.matches("started").count(), 3, "{list}");
    good(dir, TONGGUAN, &["check"]);
    // What is wrong in a document is told by the role, or by the standard's tables.
    let line = LINE;
    fs::write(
        dir.join("bad.txt"),
        format!("S-1|{line}\nS-2|{line}|too|many\n"),
    )
    .unwrap();
    let told = refused(dir, &["submit", "bad.txt"], 1);
    assert!(
        told.contains("bad.txt:2:0: [shop-line] has 11 columns instead of 9"),
        "{told}"
    );
    let long = "x".repeat(80);
    fs::write(dir.join("bad.txt"), format!("{long}|{line}\n")).unwrap();
    let told = refused(dir, &["submit", "bad.txt"], 1);
    assert!(
        told.contains("订单编号") && told.contains("too-long"),
        "{told}"
    );
    let orders: String = (1..=3).map(|n| format!("SHOP-{n}|{line}\n")).collect();
    fs::write(dir.join("orders.txt"), orders).unwrap();
    let told = good(dir, TONGGUAN, &["submit", "orders.txt"]);
    assert!(told.contains("3 declaration(s) safe"), "{told}");
    let args = ["-m", "customs.toml", "simulate", "--keep", "customs"];
    let mut customs = start(dir, &args, "customs.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    customs.kill().unwrap();
    customs.wait().unwrap();
    let list = good(dir, TONGGUAN, &["status", "--list", "--json"]);
    assert_eq!(list.matches("\"state\":\"accepted\"").count(), 3, "{list}");
    // The role heard of each.
    let heard = fs::read_to_string(dir.join("receipts.txt")).unwrap();
    assert!(heard.matches(" 120 ").count() >= 3, "{heard}");
    // What was taken went to the plugin's folder, and nothing is left to come again.
    assert_eq!(files(&dir.join("exchange/inbox"), ".xml").len(), 0);
    assert!(!files(&dir.join("exchange/taken"), ".xml").is_empty());
    good(
        dir,
        "openssl",
        &[
            "x509",
            "-in",
            "enterprise.pem",
            "-pubkey",
            "-noout",
            "-out",
            "p",
        ],
    );
    for message in files(&dir.join("customs"), ".received.message.xml") {
        openssl_verifies(dir, &message, "p", "raw");
    }
}

#[test]
fn a_library_is_pinned_by_its_digest() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    signer_c(dir);
    let told = good(dir, TONGGUAN, &["plugin", "check", "signer.so"]);
    let line = told
        .lines()
        .find(|line| line.contains("sha256 = "))
        .unwrap();
    let signer = format!("library = \"signer.so\"\n{}\n{KEYS}", line.trim());
    plugins::prepare(dir, "rsa", &signer);
    good(dir, TONGGUAN, &["check", "--offline"]);
    let mut octets = fs::read(dir.join("signer.so")).unwrap();
    octets.push(0);
    fs::write(dir.join("signer.so"), octets).unwrap();
    let told = refused(dir, &["check", "--offline"], 3);
    assert!(
        told.contains("not the one that was pinned") && told.contains("failed"),
        "{told}"
    );
}

#[test]
fn mistakes_in_the_manifest_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let library = plugins::rust("signer-rust");
    for (signer, wanted) in [
        (
            "library = \"none.so\"\n".to_owned(),
            "none.so cannot be read",
        ),
        (
            format!("kind = \"software\"\nlibrary = {library:?}\n"),
            "it has a kind, and is a plugin",
        ),
        (
            format!("library = {library:?}\nsha256 = \"1\"\n"),
            "no SHA-256",
        ),
        (
            format!("library = {library:?}\n{KEYS}slot = 1\n"),
            "unknown field `slot`",
        ),
        (
            format!("library = {:?}\n", plugins::rust("role-rust")),
            "is a role, not a signer",
        ),
        (
            format!("library = {library:?}\n{}", KEYS.replace("file:", "")),
            "a secret is given by reference only",
        ),
    ] {
        let folder = dir.join(wanted.len().to_string());
        fs::create_dir(&folder).unwrap();
        plugins::prepare(&folder, "rsa", &signer);
        let told = refused(&folder, &["check", "--offline"], 3);
        assert!(told.contains(wanted), "{told}");
    }
}

/// A plugin of an earlier release, compiled with the header of then, still works.
#[test]
fn a_plugin_of_before_is_loaded() {
    let versions = plugins::repository().join("plugins/abi/tests/versions");
    let present = versions.join(tongguan_plugin_abi::ABI.to_string());
    assert!(present.is_dir(), "{}", present.display());
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut args = vec!["-shared", "-fPIC", "-fvisibility=hidden", "-std=c11", "-I"];
    let source = present.join("signer.c");
    args.extend([present.to_str().unwrap(), "-o", "before.so"]);
    args.extend([source.to_str().unwrap(), "-lcrypto"]);
    good(dir, "gcc", &args);
    plugins::prepare(dir, "sm2", &format!("library = \"before.so\"\n{KEYS}"));
    let told = good(dir, TONGGUAN, &["check", "--offline"]);
    assert!(told.contains("started"), "{told}");
    assert_eq!(declared(dir).len(), 1);
}

/// What `plugin new` writes is built and looked at, as a vendor would.
#[test]
fn a_new_plugin_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(
        dir,
        TONGGUAN,
        &["plugin", "new", "my-card", "--language", "c"],
    );
    good(dir, "make", &["-C", "my-card"]);
    let told = good(dir, TONGGUAN, &["plugin", "check", "my-card/plugin.so"]);
    assert!(told.contains("my-card 1.0.0"), "{told}");
    let args = [
        "plugin",
        "new",
        "my-way",
        "--language",
        "c",
        "--kind",
        "transport",
    ];
    good(dir, TONGGUAN, &args);
    good(dir, "make", &["-C", "my-way"]);
    let told = good(dir, TONGGUAN, &["plugin", "check", "my-way/plugin.so"]);
    assert!(told.contains("transport for version 1"), "{told}");
    let told = refused(dir, &["plugin", "new", "my-card", "--language", "c"], 3);
    assert!(told.contains("nothing is overwritten"), "{told}");
    let sdk = plugins::repository().join("plugins/sdk");
    for kind in ["signer", "transport", "role"] {
        let name = format!("my-{kind}");
        let args = ["plugin", "new", &name, "--kind", kind, "--sdk"];
        let args: Vec<&str> = args.into_iter().chain([sdk.to_str().unwrap()]).collect();
        good(dir, TONGGUAN, &args);
        let text = fs::read_to_string(dir.join(&name).join("src/lib.rs")).unwrap();
        assert!(text.contains("export!("), "{text}");
        let manifest = format!("{name}/Cargo.toml");
        // With the packages that are here already.
        let target = Path::new(TONGGUAN).ancestors().nth(2).unwrap().join("new");
        let mut args = vec![
            "build",
            "--offline",
            "--quiet",
            "--manifest-path",
            &manifest,
        ];
        args.extend(["--target-dir", target.to_str().unwrap()]);
        good(dir, "cargo", &args);
        let library = target.join(format!("debug/libmy_{kind}.so"));
        let told = good(
            dir,
            TONGGUAN,
            &["plugin", "check", library.to_str().unwrap()],
        );
        assert!(told.contains(&format!("{kind} for version 1")), "{told}");
    }
}

/// One thread, no faster, digests instead of texts: as the plugin says of itself.
#[test]
fn the_host_keeps_to_what_a_plugin_says() {
    use std::sync::Arc;
    use std::time::{Duration, Instant};
    use tongguan_contracts::{Algorithm, PartOptions};
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    plugins::c(
        dir,
        "tests/e2e/manners/manners.c",
        "manners.so",
        &["-lcrypto", "-lpthread"],
    );
    tongguan_plugin_host::set_program(TONGGUAN.into());
    let made = |name: &str, scheme: &str, library: &str| {
        let folder = dir.join(name);
        fs::create_dir(&folder).unwrap();
        plugins::prepare(&folder, scheme, "kind = \"software\"");
        let options = PartOptions {
            part: format!("signer {name:?}"),
            options: serde_json::json!({
                "library": dir.join(library), "key": "enterprise.key",
                "certificate": "enterprise.pem",
            }),
            base: folder,
        };
        tongguan_plugin_host::signer(options)
    };
    for (scheme, algorithm) in [("rsa", Algorithm::RsaSha1), ("sm2", Algorithm::Sm2Sm3)] {
        let signer = made(scheme, scheme, "manners.so").unwrap();
        assert_eq!(signer.concurrency().get(), 1);
        let begun = Instant::now();
        let threads: Vec<_> = (0..3)
            .map(|n| {
                let signer = Arc::clone(&signer);
                std::thread::spawn(move || {
                    for round in 0..2 {
                        let text = format!("text {n} {round}");
                        // The host verifies each; the plugin fails on another thread.
                        signer.sign(algorithm, text.as_bytes()).unwrap();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        // 600 a minute: the sixth begins half a second after the first.
        assert!(begun.elapsed() >= Duration::from_millis(500));
    }
    // One that wants its PIN each time is not asked again after it has refused.
    plugins::c(
        dir,
        "tests/e2e/manners/manners.c",
        "pin.so",
        &["-lcrypto", "-lpthread", "-DPIN_EACH"],
    );
    let signer = made("pin", "rsa", "pin.so").unwrap();
    for _ in 0..3 {
        let failure = signer.sign(Algorithm::RsaSha1, b"text").unwrap_err();
        assert!(
            failure.to_string().contains("does not like it"),
            "{failure}"
        );
    }
    let attempts = fs::read_to_string(dir.join("pin/attempts")).unwrap();
    assert_eq!(attempts.lines().count(), 1);
}

/// The processes of all plugins are killed again and again in the middle of the work: each declaration
/// is declared, as one, and every receipt is heard.
#[test]
fn killed_processes_lose_nothing() {
    use stage::parts::journal;
    use std::time::{Duration, Instant};
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    all_loaded(dir);
    let args = ["-m", "customs.toml", "simulate", "--journal", "journal"];
    let mut customs = start(dir, &args, "customs.log");
    let client = start(dir, &["run"], "client.log");
    let id = client.id().to_string();
    let mut killed = 0;
    for batch in 0..15 {
        let orders: String = (0..10).map(|n| format!("S-{batch}-{n}|{LINE}\n")).collect();
        fs::write(dir.join("orders.txt"), orders).unwrap();
        good(dir, TONGGUAN, &["submit", "orders.txt"]);
        std::thread::sleep(Duration::from_millis(300));
        let children = stage::run(dir, "pgrep", &["-P", &id]);
        for child in String::from_utf8_lossy(&children.stdout).split_whitespace() {
            // It may have ended since.
            stage::run(dir, "kill", &["-9", child]);
            killed += 1;
        }
    }
    assert!(killed >= 15, "{killed}");
    let begun = Instant::now();
    let log = || fs::read_to_string(dir.join("client.log")).unwrap();
    loop {
        let list = ["status", "--list", "--json", "--limit", "1000"];
        let list = good(dir, TONGGUAN, &list);
        assert_eq!(list.lines().count(), 150);
        if list.matches("\"state\":\"accepted\"").count() == 150 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{}", log());
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut client = client;
    stage::signal(&client, "-TERM");
    assert!(client.wait().unwrap().success(), "{}", log());
    customs.kill().unwrap();
    customs.wait().unwrap();
    let (declared, _) = journal(&dir.join("journal"));
    assert_eq!(declared.len(), 150);
    assert!(
        declared.values().all(|guids| guids.len() == 1),
        "{declared:?}"
    );
    assert!(log().contains("signal 9 (SIGKILL)"), "{}", log());
}
