use serde::Serialize;
use std::fs;
use tongguan_contracts::Failure;

use crate::cli::{PluginKind, PluginLanguage, PluginNew};
use crate::output::{GOOD, Output, paint};
use crate::trouble::{Trouble, While};

// The examples are what is written: they are built and loaded by the tests.
const SIGNER_C: &str = include_str!("../../../../examples/plugins/signer-c/signer.c");
const SIGNER: &str = include_str!("signer.rs.txt");
const TRANSPORT: &str = include_str!("../../../../examples/plugins/transport-rust/src/lib.rs");
const ROLE: &str = include_str!("../../../../examples/plugins/role-rust/src/lib.rs");

const MAKEFILE: &str = "\
# The device's library in place of -lcrypto.
plugin.so: signer.c tongguan_plugin.h
\tcc -shared -fPIC -fvisibility=hidden -O2 -Wall -Wextra -I . -o $@ signer.c -lcrypto
";

#[derive(Serialize)]
struct Written<'a> {
    wrote: &'a [String],
}

/// Writes a folder to start from.
pub fn run(args: &PluginNew, out: &mut Output) -> Result<(), Trouble> {
    let name = args.dir.file_name().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default().into_owned();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(good) || !name.starts_with(char::is_alphabetic) {
        let doing = format!("call a plugin {name:?}");
        return Err(Failure::misconfigured("plugin new", doing, "it is no name")
            .remedy("use small letters, digits and hyphens: my-signer")
            .into());
    }
    let (files, built): (Vec<(&str, String)>, String) = match args.language {
        PluginLanguage::C if args.kind != PluginKind::Signer => {
            let doing = "write a transport or role in C";
            return Err(
                Failure::misconfigured("plugin new", doing, "there is no example of one")
                    .remedy("take --language rust, or start from the header: --kind signer")
                    .into(),
            );
        }
        PluginLanguage::C => (
            vec![
                ("tongguan_plugin.h", tongguan_plugin_abi::HEADER.to_owned()),
                ("signer.c", SIGNER_C.replace("example-signer-c", &name)),
                ("Makefile", MAKEFILE.to_owned()),
            ],
            format!("make -C {}", args.dir.display()),
        ),
        PluginLanguage::Rust => {
            let Some(sdk) = &args.sdk else {
                let why = "its SDK is not named";
                return Err(
                    Failure::misconfigured("plugin new", "write one in Rust", why)
                        .remedy("add --sdk DIR, the folder plugins/sdk of Tongguan's source")
                        .into(),
                );
            };
            let sdk = fs::canonicalize(sdk).doing(|| format!("find {}", sdk.display()))?;
            let (code, example) = match args.kind {
                PluginKind::Signer => (SIGNER, "example-signer"),
                PluginKind::Transport => (TRANSPORT, "example-transport-rust"),
                PluginKind::Role => (ROLE, "example-role-rust"),
            };
            let manifest = format!(
                "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\n\
                 serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n\
                 tongguan-plugin-sdk = {{ path = {sdk:?} }}\n\n[workspace]\n"
            );
            let build = args.dir.join("Cargo.toml");
            (
                vec![
                    ("Cargo.toml", manifest),
                    ("src/lib.rs", code.replace(example, &name)),
                ],
                format!("cargo build --manifest-path {}", build.display()),
            )
        }
    };
    let mut wrote = Vec::new();
    for (file, text) in files {
        let path = args.dir.join(file);
        if path.exists() {
            let doing = format!("write {}", path.display());
            let why = "it exists already, and nothing is overwritten";
            return Err(Failure::misconfigured("plugin new", doing, why)
                .remedy("choose another folder, or move it away")
                .into());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))?;
        }
        fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
        wrote.push(path.display().to_string());
    }
    out.object(&Written { wrote: &wrote })?;
    for file in &wrote {
        out.line(format!("{} {file}", paint(GOOD, "wrote")))?;
    }
    out.line("")?;
    out.line(format!(
        "Next: {built}, then tongguan plugin check and tongguan plugin test on what it builds"
    ))?;
    Ok(())
}
