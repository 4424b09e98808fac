//! A client that declares by AS2, and its partner's keys.

use std::fs;
use std::path::Path;

use super::good;
use super::parts::declare_by;

/// A key and its certificate: `NAME.key`, `NAME.pem`, and both in `NAME.both`.
pub fn keys(dir: &Path, name: &str) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    let subject = format!("/CN={name}");
    let new = [
        "req", "-x509", "-nodes", "-days", "30", "-newkey", "rsa:2048",
    ];
    let names = ["-keyout", &key, "-out", &certificate, "-subj", &subject];
    good(dir, "openssl", &[&new[..], &names[..]].concat());
    let text = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
    let both = format!("{}{}", text(&key), text(&certificate));
    fs::write(dir.join(format!("{name}.both")), both).unwrap();
}

/// Makes a folder's client declare by AS2, from one port to another. The partner's key is there, too:
/// `tongguan simulate` stands in for it.
pub fn client(dir: &Path, ours: u16, theirs: u16, extra: &str) {
    keys(dir, "as2");
    keys(dir, "platform");
    let table = format!(
        "[transports.main]\nkind = \"as2\"\nurl = \"http://127.0.0.1:{theirs}/as2\"\n\
         as2_from = \"ENTERPRISE\"\nas2_to = \"PLATFORM\"\nkey = \"as2.key\"\n\
         certificate = \"as2.pem\"\npartner_certificate = \"platform.pem\"\n\
         listen = \"127.0.0.1:{ours}\"\nstate = \"as2\"\nevidence = \"mdns\"\n{extra}\n"
    );
    declare_by(dir, &table);
}
