//! USB KEYs behind a vendor's SKF library, which is a double (tests/doubles/skf.c).

use std::fs;
use std::path::{Path, PathBuf};

use super::good;
use super::keys::prepare as prepare_device;

pub const SERIAL: &str = "K0330196001";
pub const SIGNER: &str = "kind = \"skf\"\nmodule = \"device/vendor.so\"\npin = \"file:pin\"\n";

/// A folder whose client signs by the one key of the one KEY that is plugged in.
pub fn prepare(dir: &Path, variant: &[&str], scheme: &str) {
    prepare_device(dir, "skf", variant, scheme, SIGNER);
    fs::write(dir.join("pin"), "88888888\n").unwrap();
    container(dir, SERIAL, "CUSTOMS", "SIGN");
    write_key(dir, SERIAL, "CUSTOMS", "SIGN", "enterprise");
}

pub fn key(dir: &Path, serial: &str) -> PathBuf {
    dir.join("device").join(serial)
}

/// Plugs a KEY in that has that container in that application.
pub fn container(dir: &Path, serial: &str, application: &str, container: &str) {
    let key = key(dir, serial);
    fs::create_dir_all(key.join(application).join(container)).unwrap();
    fs::write(key.join("plugged"), "1").unwrap();
    fs::write(key.join("pin"), "88888888").unwrap();
}

pub fn write_key(dir: &Path, serial: &str, application: &str, container: &str, name: &str) {
    let place = key(dir, serial).join(application).join(container);
    fs::copy(dir.join(format!("{name}.key")), place.join("key.pem")).unwrap();
    let (from, to) = (format!("{name}.pem"), place.join("certificate.der"));
    let to = to.to_str().unwrap();
    good(
        dir,
        "openssl",
        &["x509", "-in", &from, "-outform", "DER", "-out", to],
    );
}
