//! A folder with a client in it, driven as a user does.
#![allow(dead_code, reason = "each test uses its own part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

pub mod as2;
pub mod desktop;
pub mod ftp;
pub mod ibmmq;
pub mod keys;
pub mod parts;
pub mod plugins;
pub mod roles;
pub mod sdf;
pub mod skf;
pub mod sshd;
pub mod token;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program under test.
pub const TONGGUAN: &str = env!("CARGO_BIN_EXE_tongguan");

/// Runs a program in a folder.
pub fn run(dir: &Path, program: &str, args: &[&str]) -> Output {
    Command::new(program)
        .args(args)
        .current_dir(dir)
        .env_remove("TONGGUAN_MANIFEST")
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e} (tests/setup installs it)"))
}

/// Runs a program that must succeed; gives what it printed.
pub fn good(dir: &Path, program: &str, args: &[&str]) -> String {
    let out = run(dir, program, args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        out.status.success(),
        "{program} {args:?}: {:?}\n{text}\n{}",
        out.status,
        String::from_utf8_lossy(&out.stderr)
    );
    text
}

/// Runs tongguan, which must end with `code`; gives all that it printed.
pub fn refused(dir: &Path, args: &[&str], code: i32) -> String {
    let out = run(dir, TONGGUAN, args);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    assert_eq!(out.status.code(), Some(code), "tongguan {args:?}\n{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// Sends a signal to a process.
pub fn signal(process: &std::process::Child, signal: &str) {
    good(Path::new("."), "kill", &[signal, &process.id().to_string()]);
}

/// The files of a folder whose name holds `part`.
pub fn files(dir: &Path, part: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().contains(part))
        .collect();
    all.sort();
    all
}

/// xmllint takes the files by a schema.
pub fn valid(dir: &Path, schema: &Path, files: &[PathBuf]) {
    assert!(!files.is_empty());
    let mut args = vec!["--noout", "--schema", schema.to_str().unwrap()];
    args.extend(files.iter().map(|f| f.to_str().unwrap()));
    good(dir, "xmllint", &args);
}

/// Writes our own schemas into a folder.
pub fn export_schemas(dir: &Path) {
    for name in tongguan_messages::schemas() {
        let xsd = tongguan_messages::xsd(name).unwrap();
        std::fs::write(dir.join(format!("{name}.xsd")), xsd).unwrap();
    }
}

/// The official standard, where it is at hand.
pub fn standard() -> Option<PathBuf> {
    let path = std::env::var_os("TONGGUAN_SPEC").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec"),
        PathBuf::from,
    );
    if path.join("xsd").is_dir() {
        return Some(path);
    }
    println!("skipped: the official standard is not at hand (TONGGUAN_SPEC)");
    None
}

/// `count` orders as JSON, the first with number `from`.
pub fn orders(from: usize, count: usize) -> String {
    let one = |n: usize| {
        format!(
            r#"{{"OrderHead": {{"orderNo": "ORDER-{n:06}", "ebpCode": "3301960T02",
 "ebpName": "示例平台", "ebcCode": "3301960T01", "ebcName": "示例企业", "goodsValue": "20.00",
 "freight": "0", "discount": "0", "taxTotal": "1.82", "acturalPaid": "21.82",
 "buyerRegNo": "u{n}", "buyerName": "测试", "buyerTelephone": "13800000000",
 "buyerIdNumber": "110101199001010015", "consignee": "测试",
 "consigneeTelephone": "13800000000", "consigneeAddress": "北京市示例街道"}},
 "OrderList": [{{"itemName": "红茶", "gmodel": "200克", "unit": "035", "qty": "2",
 "price": "10.00", "totalPrice": "20.00", "country": "110"}}]}}"#
        )
    };
    let all: Vec<String> = (from..from + count).map(one).collect();
    format!("[{}]", all.join(",\n"))
}

/// SHA-256 as another program computes it.
pub fn sha256sum(octets: &[u8]) -> String {
    use std::io::Write as _;
    let mut child = Command::new("sha256sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(octets).unwrap();
    let out = child.wait_with_output().unwrap();
    String::from_utf8(out.stdout).unwrap()[..64].to_owned()
}

/// Has openssl verify the signature value of an SM2-signed message over its canonical SignedInfo.
pub fn openssl_verifies(dir: &Path, message: &Path, public_key: &str, encoding: &str) {
    let text = std::fs::read_to_string(message).unwrap();
    let between = |open: &str, close: &str| {
        let start = text.find(open).unwrap() + open.len();
        text[start..start + text[start..].find(close).unwrap()].to_owned()
    };
    // SignedInfo as a document of its own, with the namespaces that are in scope there.
    let info = format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
         xmlns:ceb=\"http://www.chinaport.gov.cn/ceb\">{}</ds:SignedInfo>",
        between("<ds:SignedInfo>", "</ds:SignedInfo>")
    );
    std::fs::write(dir.join("info.xml"), info).unwrap();
    let canonical = good(dir, "xmllint", &["--c14n", "info.xml"]);
    std::fs::write(dir.join("info.c14n"), canonical).unwrap();
    std::fs::write(
        dir.join("value.b64"),
        between("<ds:SignatureValue>", "</ds:SignatureValue>"),
    )
    .unwrap();
    good(
        dir,
        "openssl",
        &["base64", "-d", "-A", "-in", "value.b64", "-out", "value"],
    );
    let value = std::fs::read(dir.join("value")).unwrap();
    let der = if encoding == "raw" {
        tongguan_crypto::raw_to_der(&value).unwrap()
    } else {
        value
    };
    std::fs::write(dir.join("value.der"), der).unwrap();
    let id = "distid:1234567812345678";
    good(
        dir,
        "openssl",
        &[
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            public_key,
            "-rawin",
            "-digest",
            "sm3",
            "-pkeyopt",
            id,
            "-sigfile",
            "value.der",
            "-in",
            "info.c14n",
        ],
    );
}
