//! An HSM behind its vendor's SDF library, which is a double (tests/doubles/sdf.c).

use std::fs;
use std::path::Path;

use super::keys::prepare as prepare_device;

/// The signer's table, with the key of that index.
pub fn signer(index: u32, options: &str) -> String {
    format!(
        "kind = \"sdf\"\nmodule = \"device/vendor.so\"\nkey = {index}\n\
         certificate = \"enterprise.pem\"\n{options}"
    )
}

pub const PASSWORD: &str = "password = \"file:password\"\n";

/// A folder whose client signs by the key at index 3 of an HSM.
pub fn prepare(dir: &Path, variant: &[&str], scheme: &str) {
    prepare_device(dir, "sdf", variant, scheme, &signer(3, PASSWORD));
    fs::write(dir.join("password"), "12345678\n").unwrap();
    let device = dir.join("device");
    fs::write(device.join("power"), "1").unwrap();
    fs::write(device.join("serial"), "H-2026/1").unwrap();
    fs::write(device.join("3.password"), "12345678").unwrap();
    fs::copy(dir.join("enterprise.key"), device.join("3.pem")).unwrap();
}
