//! Plugins that the tests build and load.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{TONGGUAN, good};

/// This repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A plugin of examples/plugins in Rust: `stress`.
pub fn rust(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let folder = Path::new(TONGGUAN).parent().unwrap();
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut build = Command::new(cargo);
        build.args(["build", "--locked", "--quiet", "--target-dir"]);
        build.arg(folder.parent().unwrap());
        for name in ["signer-rust", "transport-rust", "role-rust", "stress"] {
            build.args(["-p", &format!("tongguan-example-{name}")]);
        }
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.current_dir(repository()).status().unwrap().success());
        folder.to_owned()
    });
    let name = name.replace('-', "_");
    folder.join(format!("libtongguan_example_{name}.so"))
}

/// Compiles a plugin in C into the folder: with the header, and nothing else of ours.
pub fn c(dir: &Path, source: &str, to: &str, args: &[&str]) -> PathBuf {
    let repository = repository();
    let (source, header) = (repository.join(source), repository.join("plugins/abi"));
    let mut all = vec!["-shared", "-fPIC", "-fvisibility=hidden", "-std=c11"];
    all.extend([
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I",
        header.to_str().unwrap(),
    ]);
    all.extend(["-o", to, source.to_str().unwrap()]);
    all.extend(args);
    good(dir, "gcc", &all);
    dir.join(to)
}

/// A folder that declares, with this table in place of [signers.main]'s. The test enterprise's key is
/// in `enterprise.key`, unencrypted, its certificate in `enterprise.pem`.
pub fn prepare(dir: &Path, scheme: &str, signer: &str) {
    good(dir, TONGGUAN, &["init", "--scheme", scheme, "."]);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let (before, rest) = manifest.split_once("[signers.main]").unwrap();
    let (_, after) = rest.split_once("[transports.main]").unwrap();
    let manifest = format!("{before}[signers.main]\n{signer}\n[transports.main]{after}");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    let (key, password) = ("certificates/enterprise.key", "certificates/password");
    let by = format!("file:{password}");
    good(
        dir,
        "openssl",
        &["pkey", "-in", key, "-passin", &by, "-out", "enterprise.key"],
    );
    fs::copy(
        dir.join("certificates/enterprise.pem"),
        dir.join("enterprise.pem"),
    )
    .unwrap();
}

/// Puts another library in the place of the signer's.
pub fn prepare_over(dir: &Path, library: &str) {
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let lines = manifest.lines().map(|line| match line {
        line if line.starts_with("library = ") => format!("library = {library:?}"),
        line => line.to_owned(),
    });
    let manifest: Vec<String> = lines.collect();
    fs::write(dir.join("tongguan.toml"), manifest.join("\n")).unwrap();
}
